/*
 * The proxy generator: a rule such as `%g.%s@domain` and a mailbox's names make an address, as
 * Exchange's site addressing does (KB Q153270, Q140933, Q151700, Q230331, Q258705). Pure.
 */
#pragma once

#include "tables/object.h"

/* A parsed rule. Immutable. */
typedef struct TblRule TblRule;

/* Parses `[SMTP:]FORMAT[@DOMAIN]`: %m alias, %g given name, %s surname, %i initials, %d display
 * name, %% a percent sign, %Ng the first N (1 to 99) characters, %rXY: X becomes Y in what is
 * expanded after it (X twice: X goes). An empty format is %m. `domain`: the domain when the rule
 * has none; when it has one, they must be the same unless `domain` is NULL. NULL with `error`
 * naming the character and what would be right. */
TblRule *tbl_rule_parse(const char *text, const char *domain, GError **error);
void tbl_rule_free(TblRule *rule);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblRule, tbl_rule_free)

/* Whether two rules make the same in `domain`, however they are written; NULL is none. */
bool tbl_rule_same(const char *a, const char *b, const char *domain);

const char *tbl_rule_domain(const TblRule *rule); /* canonical; borrowed */

/* How letters outside ASCII are written: German usage (ä is ae), or that of da, fo, fi, is, nb, nn,
 * no and sv (ä is a). */
typedef enum { TBL_RULE_GERMAN, TBL_RULE_NORDIC } TblRuleLetters;
/* Of the process's locale (LC_ALL, LC_CTYPE, LANG). */
TblRuleLetters tbl_rule_letters(void);

/* The local part for an object: expansions folded to ASCII, blanks and specials of RFC 5322 taken
 * out unless %r put them in, dots neither doubled nor at an end. Falls back to the alias, and the
 * name where there is none. NULL when nothing is left. Caller frees. */
char *tbl_rule_expand(const TblRule *rule, const TblObject *object, TblRuleLetters letters);
