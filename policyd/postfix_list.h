/*
 * What a domain list of main.cf holds besides our map: names, and tables to ask (match_list.c).
 * Reads files that the list names, and tables through postmap(1). One thread.
 */
#pragma once

#include "policyd/postfix_config.h"

typedef struct {
    GPtrArray *names;    /* char *: as written, lower case; ".d" as it stands */
    GPtrArray *tables;   /* char *: "type:name", without proxy: */
    GHashTable *negated; /* set of names that "!" takes out */
} PdPostfixList;

/* `value` with everything expanded; elements that are maps of ours are left out. Errors: a file
 * cannot be read. */
PdPostfixList *pd_postfix_list_new(const PdPostfixConfig *postfix, const TblConfig *config,
                                   const char *value, GError **error);
void pd_postfix_list_free(PdPostfixList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdPostfixList, pd_postfix_list_free)

/* Adds the keys of a table, at most `max`, to `keys` (char *). False with `error`: it cannot be
 * listed (postmap -s). */
bool pd_postfix_table_keys(const char *table, guint max, GPtrArray *keys, GError **error);
/* Those of `asked` (char *) that the table has, added to `found` (borrowed from `asked`); one run
 * of postmap -q - for all. */
bool pd_postfix_table_ask(const char *table, const GPtrArray *asked, GPtrArray *found,
                          GError **error);

/* ---- One table, many keys in order ---- */

typedef struct PdPostfixQuery PdPostfixQuery;

/* Starts postmap -q - for the keys in `file` (a descriptor, rewound; taken), one a line. */
PdPostfixQuery *pd_postfix_query_new(const char *table, int file, GError **error);
void pd_postfix_query_free(PdPostfixQuery *query);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdPostfixQuery, pd_postfix_query_free)
/* The table's value for the next of the keys, which are to be asked for in the file's order; NULL:
 * it has none, or `error`. Dies with the next call. */
const char *pd_postfix_query_next(PdPostfixQuery *query, const char *key, GError **error);
/* After the last key. False: the table failed somewhere, and what was absent is uncertain (75). */
bool pd_postfix_query_finish(PdPostfixQuery *query, GError **error);
