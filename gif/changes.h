/* The net changes of a draft: counted for the summary and the guards, printed for a dry run. */
#pragma once

#include "gif/verdict.h"
#include "tables/draft.h"

typedef enum { GIF_PRINT_NOTHING, GIF_PRINT_TEXT, GIF_PRINT_JSON } GifPrint;

typedef struct {
    guint64 created, modified, deleted;
    guint64 addresses_added, addresses_removed; /* of objects; a move counts in both */
    guint64 addresses_gone;                     /* removed and nobody else's now */
} GifChanges;

/* Counts, prints to standard output, and has each change judged (`judge` may be NULL). False with
 * `error` when the store failed. */
bool gif_changes_collect(TblDraft *draft, GifPrint print, GifJudge *judge, GifChanges *changes,
                         GError **error);
