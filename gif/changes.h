/* The net changes of a draft: counted for the summary and the guards, and judged. */
#pragma once

#include "gif/verdict.h"
#include "tables/draft.h"

typedef struct {
    guint64 created, modified, deleted;
    guint64 addresses_added, addresses_removed; /* of objects; a move counts in both */
    guint64 addresses_gone;                     /* removed and nobody else's now */
} GifChanges;

/* Counts, and has each change judged (`judge` may be NULL). False with `error` when the store
 * failed. */
bool gif_changes_collect(TblDraft *draft, GifJudge *judge, GifChanges *changes, GError **error);
