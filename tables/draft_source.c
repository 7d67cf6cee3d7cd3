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

/* An object has one row of a kind under a key, so kind, key and spelling name it. */
static char *
kept_key(TblSlice key, const TblRow *row)
{
    return g_strdup_printf("%d%.*s %.*s", (int)row->kind, (int)key.len, key.ptr,
                           (int)row->spelling.len, row->spelling.ptr);
}

void
tbl_draft_keep_source(TblDraft *draft, TblSlice key, const TblRow *row)
{
    if (!is_noted(&row->source))
        return;
    TblSource *source = g_new(TblSource, 1);
    *source = row->source;
    g_hash_table_replace(draft->kept, kept_key(key, row), source);
}

/* The row as the snapshot has it, if it is the same object's. What cannot be read here fails where
 * the rows themselves are read. */
static TblSource
source_in_snapshot(TblDraft *draft, TblSlice key, const TblRow *row)
{
    TblRows rows;
    if (draft->snapshot->rows(draft->snapshot, key, &rows) != TBL_FOUND)
        return (TblSource){0};
    const TblRow *was = tbl_rows_get(&rows, row->kind);
    bool same = was && was->object == row->object && tbl_slice_equal(was->spelling, row->spelling);
    return same ? was->source : (TblSource){0};
}

TblSource
tbl_draft_source_of(TblDraft *draft, TblSlice key, const TblRow *row)
{
    TblSource source = {0};
    if (g_hash_table_size(draft->kept) > 0) {
        g_autofree char *name = kept_key(key, row);
        const TblSource *kept = g_hash_table_lookup(draft->kept, name);
        if (kept)
            return *kept;
    }
    /* Taken away and given back: only then is there an entry, and nothing is read for new ones. */
    if (row->object != 0 && row->object < draft->base.next_id &&
        tbl_overlay_find(&draft->addresses, key))
        source = source_in_snapshot(draft, key, row);
    if (is_noted(&source))
        return source;
    /* A local batch brings no rows of the directory; rows of a rule may be made by either. */
    return is_of_directory(row->kind) && draft->source.batch ? (TblSource){0} : draft->source;
}
