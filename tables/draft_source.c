/* Where the rows of a draft come from. Part of tables/draft.h. */
#include "tables/draft_overlay.h"

void
tbl_draft_set_source(TblDraft *draft, guint file, guint64 line)
{
    /* The commit takes this number or, when another batch came first, is stale. */
    draft->source = (TblSource){.batch = draft->base.batch + 1, .file = file, .line = line};
}

void
tbl_draft_set_synced(TblDraft *draft, gint64 synced)
{
    draft->source = (TblSource){.synced = synced};
}

static bool
is_of_directory(TblRowKind kind)
{
    return kind == TBL_ROW_DIRECTORY || kind == TBL_ROW_DIRECTORY_GENERATED ||
           kind == TBL_ROW_DIRECTORY_TARGET;
}

static bool
is_noted(const TblSource *source)
{
    return source->batch != 0 || source->synced != 0;
}

static bool
is_same(const TblRow *was, const TblRow *row)
{
    return was && was->object == row->object && tbl_slice_equal(was->spelling, row->spelling);
}

TblSource
tbl_draft_source_of(TblDraft *draft, TblSlice key, const TblRow *row, const TblRow *there,
                    bool known)
{
    if (is_same(there, row) && is_noted(&there->source))
        return there->source;
    /* Taken away and given back: only then has the overlay the key, and nothing is read for new
     * ones. */
    if (row->object < draft->base.next_id && row->object != 0 && known) {
        TblRows rows;
        const TblRow *was = NULL;
        /* What cannot be read here fails where the rows themselves are read. */
        if (draft->snapshot->rows(draft->snapshot, key, &rows) == TBL_FOUND)
            was = tbl_rows_get(&rows, row->kind);
        if (is_same(was, row) && is_noted(&was->source))
            return was->source;
    }
    /* A local batch brings no rows of the directory; rows of a rule may be made by either. */
    return is_of_directory(row->kind) && draft->source.batch ? (TblSource){0} : draft->source;
}
