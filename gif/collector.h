/*
 * The attributes of one row of a descendant format, gathered value by value and turned into the
 * typed cells of a GifEntry. Here the case of a type decides what is a primary address (`SMTP:`)
 * and what a secondary one (`smtp:`), as in Active Directory's proxyAddresses. One thread.
 */
#pragma once

#include "gif/entry.h"

typedef enum {
    GIF_ROLE_COLUMN,    /* `column` says what it means */
    GIF_ROLE_ADDRESSES, /* TYPE:value, the case of TYPE decides */
    GIF_ROLE_MAIL,      /* the primary SMTP address, bare */
} GifRole;

/* A name that a format uses. */
typedef struct {
    const char *name;   /* as the format spells it */
    const char *column; /* folded name of the import format's column with this meaning */
    GifRole role;
} GifAlias;

typedef struct GifCollector GifCollector;
/* `aliases` end with a NULL name and live as long as the collector. */
GifCollector *gif_collector_new(const GifAlias *aliases, bool compat);
void gif_collector_free(GifCollector *collector);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifCollector, gif_collector_free)
/* How the header of the file spells an attribute, for messages; of two spellings the last. Before
 * gif_collector_schema. */
void gif_collector_spell(GifCollector *collector, int attribute, const char *name);
/* The columns of the cells that gif_collector_finish makes. A new schema. */
GifSchema *gif_collector_schema(const GifCollector *collector);

/* The attribute of a name in any case, or -1. */
int gif_collector_find(const GifCollector *collector, TblSlice name);
/* Whether an attribute has several values. */
bool gif_collector_is_list(const GifCollector *collector, int attribute);
/* Has the row values of this attribute, given or taken away. */
bool gif_collector_has(const GifCollector *collector, int attribute);
/* Whether the row says anything of any attribute. */
bool gif_collector_is_empty(const GifCollector *collector);

/* Forgets the last row. */
void gif_collector_begin(GifCollector *collector);
/* In the order of the file: a value comes, a value goes, all values go. Copied. `told` of a clear:
 * event 150 when there is none. */
void gif_collector_add(GifCollector *collector, int attribute, TblSlice value);
void gif_collector_remove(GifCollector *collector, int attribute, TblSlice value);
void gif_collector_clear(GifCollector *collector, int attribute, bool told);
/* Writes the cells; events 233 and 266, GIF0904, GIF0905 and GIF0901. `whole`: the row lists all
 * values of its attributes, and they replace (--overwrite). */
void gif_collector_finish(GifCollector *collector, bool whole, GifEntry *entry);
