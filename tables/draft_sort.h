/*
 * The records of an overlay in bytewise order of their keys, made a part at a time: so there is
 * never a copy of them all. Of many, a thread of its own makes the next part while this one is
 * used. Part of the inside of tables/draft.h; the overlay must not change meanwhile.
 */
#pragma once

#include "tables/draft_overlay.h"

typedef struct TblSort TblSort;
TblSort *tbl_sort_new(const TblOverlay *overlay);
void tbl_sort_free(TblSort *sort); /* at any time */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblSort, tbl_sort_free)
/* NOTFOUND: that was the last. The slices die with the next call; an empty value is a removal. */
TblResult tbl_sort_next(TblSort *sort, TblSlice *key, TblSlice *value);
