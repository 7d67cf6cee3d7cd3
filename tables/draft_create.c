/* The short way of creating an object in a draft. Part of tables/draft.h. What tbl_draft_put finds
 * out by decoding, comparing and encoding is known here: nobody has the name or one of the keys,
 * and no rule makes anything of the object, so its rows are the only ones and follow from it. */
#include "tables/draft_overlay.h"
#include "tables/generate.h"

bool
tbl_draft_takes_creations(TblDraft *draft)
{
    return !draft->watch && !tbl_generate_has_rules(draft);
}

/* What this draft puts comes from a row that the object's state has room for. */
static bool
is_sourced(const TblDraft *draft)
{
    return draft->source.batch == draft->addresses.batch && draft->source.line <= G_MAXUINT32;
}

static TblCreationResult
compare(TblDraft *draft, const TblCreation *creation, guint64 id)
{
    TblSlice bytes;
    bool same = id != 0 && tbl_draft_object_bytes_of(draft, id, &bytes) == TBL_FOUND &&
                tbl_slice_equal(bytes, creation->bytes);
    return same ? TBL_CREATION_SAME : TBL_CREATION_OTHERWISE;
}

/* DONE: nobody has the name. A store that fails does so again on the long way, where it is told. */
static TblCreationResult
check_name(TblDraft *draft, const TblCreation *creation)
{
    TblSlice bytes;
    TblOverlaySpot spot =
        tbl_overlay_find_hashed(&draft->names, creation->name_key, creation->name_hash);
    if (spot.entry != TBL_OVERLAY_NONE)
        return compare(draft, creation, tbl_overlay_id(&draft->names, spot.entry));
    switch (tbl_draft_snapshot_get(draft, TBL_DB_NAMES, creation->name_key, &bytes)) {
    case TBL_NOTFOUND:
        return TBL_CREATION_DONE;
    case TBL_FOUND:
        return compare(draft, creation, tbl_store_number_of_key(bytes));
    default:
        return TBL_CREATION_OTHERWISE;
    }
}

/* Nothing is known under the key, not even a tombstone or a target. */
static bool
is_free(TblDraft *draft, const TblCreationRow *row)
{
    TblSlice key = {row->key, row->length}, bytes;
    TblOverlaySpot spot = tbl_overlay_find_hashed(&draft->addresses, key, row->hash);
    return spot.entry == TBL_OVERLAY_NONE &&
           tbl_draft_snapshot_get(draft, TBL_DB_ADDRESSES, key, &bytes) == TBL_NOTFOUND;
}

static void
add(TblDraft *draft, const TblCreation *creation, guint64 id)
{
    guint32 number =
        tbl_draft_objects_add(&draft->objects, id, creation->bytes, TBL_DRAFT_OBJECT_NONE);
    tbl_draft_objects_set_source(&draft->objects, number, draft->source.file,
                                 (guint32)draft->source.line);
    tbl_overlay_fill(&draft->names, tbl_overlay_extend(&draft->names, 1), creation->name_hash,
                     (TblOverlayEntry){.number = number,
                                       .place = (guint16)creation->name_place,
                                       .kind = TBL_ORIGIN_LOCAL});
    guint32 entry = tbl_overlay_extend(&draft->addresses, creation->n_rows);
    for (guint i = 0; i < creation->n_rows; i++) {
        const TblCreationRow *row = &creation->rows[i];
        tbl_overlay_fill(
            &draft->addresses, entry + i, row->hash,
            (TblOverlayEntry){.number = number, .place = row->place, .kind = TBL_ROW_LOCAL});
    }
}

TblCreationResult
tbl_draft_create(TblDraft *draft, const TblCreation *creation, guint64 *id)
{
    if (!tbl_draft_takes_creations(draft) || !is_sourced(draft) ||
        creation->bytes.len + sizeof(TblDraftObject) > TBL_DRAFT_OBJECT_SMALL)
        return TBL_CREATION_OTHERWISE;
    TblCreationResult result = check_name(draft, creation);
    for (guint i = 0; result == TBL_CREATION_DONE && i < creation->n_rows; i++)
        if (!is_free(draft, &creation->rows[i]))
            result = TBL_CREATION_OTHERWISE;
    if (result == TBL_CREATION_DONE) {
        *id = draft->next_id++;
        add(draft, creation, *id);
    }
    return result;
}
