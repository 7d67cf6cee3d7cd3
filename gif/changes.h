/* The net changes of a draft: counted for the summary and the guards, judged, and shown. */
#pragma once

#include "gif/verdict.h"
#include "tables/draft.h"

typedef struct GifPreview GifPreview; /* gif/preview.h */

typedef struct {
    guint64 created, modified, deleted;
    guint64 addresses_added, addresses_removed; /* of objects; a move counts in both */
    guint64 addresses_gone;                     /* removed and nobody else's now */
} GifChanges;

/* Counts, shows each change in order (`preview` may be NULL: then there is none), and has it judged
 * (`judge` may be NULL). False with `error` when the store failed. */
bool gif_changes_collect(TblDraft *draft, GifPreview *preview, GifJudge *judge, GifChanges *changes,
                         GError **error);
