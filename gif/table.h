/*
 * What csvde and PowerShell files have in common: comma separated records under one header, without
 * the import format's escapes. Pure.
 */
#pragma once

#include "gif/entry.h"

typedef struct {
    GifCsv *csv;
    GifRecord *record;
    GPtrArray *names; /* char *: the header */
    char separator;
    GString *text; /* of the cell that was read last */
} GifTable;

/* Reads the header; lines before it that begin with `skip` are left out (NULL: none). NULL with a
 * note when there is none, or it is misquoted. `text` outlives the table. */
GifTable *gif_table_new(TblSlice text, const char *skip, GifNotes *notes);
void gif_table_free(GifTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifTable, gif_table_free)
/* The column of a name in any case, or -1; `names`: of all columns. */
int gif_table_find(const GPtrArray *names, const char *name);
/* The next row: clears `entry`, tells lines and faults (220, 291, limits). False at the end. */
bool gif_table_next(GifTable *table, GifMode mode, bool compat, GifEntry *entry);
/* A cell without its quotes, outer blanks taken off; empty when there is none. Until the next call.
 */
TblSlice gif_table_cell(GifTable *table, guint index);
