/* What a draft would make of the store, for tables/resolve and for who decides changes. Part of
 * tables/draft.h. */
#include "tables/draft_overlay.h"

#include "tables/address.h"

/* A record of the snapshot. Every look into a store that has none yet would prove an absence. */
TblResult
tbl_draft_snapshot_get(TblDraft *draft, TblDb db, TblSlice key, TblSlice *value)
{
    if (draft->empty[db])
        return TBL_NOTFOUND;
    return tbl_reader_get(tbl_view_reader(draft->snapshot), db, key, value);
}

/* For who watches: a record that only the snapshot has said something about. */
static void
note_read(TblDraft *draft, TblDb db, TblSlice key, TblResult result, TblSlice value)
{
    if (draft->watch && result != TBL_FAILED)
        tbl_draft_note_read(draft, db, key, result == TBL_FOUND ? value : (TblSlice){NULL, 0});
}

static void
note_object(TblDraft *draft, guint64 id, TblResult result, TblSlice bytes)
{
    char key[8];
    tbl_store_key_number(id, key);
    note_read(draft, TBL_DB_OBJECTS, (TblSlice){key, sizeof key}, result, bytes);
}

TblResult
tbl_draft_rows_at(TblDraft *draft, TblSlice key, TblOverlaySpot spot, TblRows *rows)
{
    TblSlice bytes;
    rows->count = 0;
    if (spot.entry != TBL_OVERLAY_NONE) {
        if (!tbl_overlay_rows(&draft->addresses, spot.entry, key, rows))
            return TBL_FAILED;
        return rows->count > 0 ? TBL_FOUND : TBL_NOTFOUND;
    }
    TblResult result = tbl_draft_snapshot_get(draft, TBL_DB_ADDRESSES, key, &bytes);
    note_read(draft, TBL_DB_ADDRESSES, key, result, bytes);
    return result == TBL_FOUND && !tbl_rows_decode(rows, key, bytes) ? TBL_FAILED : result;
}

void
tbl_draft_reserve(TblDraft *draft, guint32 objects, guint32 addresses)
{
    tbl_key_index_reserve(&draft->names.index, objects);
    tbl_key_index_reserve(&draft->addresses.index, addresses);
}

guint32
tbl_draft_key_hash(TblSlice key)
{
    return tbl_key_index_hash(key);
}

void
tbl_draft_prefetch(const TblDraft *draft, guint32 key_hash, guint32 name_hash)
{
    if (key_hash)
        tbl_key_index_prefetch(&draft->addresses.index, key_hash);
    if (name_hash)
        tbl_key_index_prefetch(&draft->names.index, name_hash);
}

static TblResult
draft_view_rows(TblView *view, TblSlice key, TblRows *rows)
{
    TblDraft *draft = ((TblDraftView *)view)->draft;
    return tbl_draft_rows_at(draft, key, tbl_overlay_find(&draft->addresses, key), rows);
}

TblResult
tbl_draft_object_bytes_of(TblDraft *draft, guint64 id, TblSlice *bytes)
{
    guint32 number = tbl_draft_objects_find(&draft->objects, id);
    char key[8];
    if (number != TBL_DRAFT_OBJECT_NONE) {
        *bytes = tbl_draft_object_bytes(tbl_draft_objects_at(&draft->objects, number));
        return bytes->len ? TBL_FOUND : TBL_NOTFOUND;
    }
    tbl_store_key_number(id, key);
    return tbl_draft_snapshot_get(draft, TBL_DB_OBJECTS, (TblSlice){key, sizeof key}, bytes);
}

static TblResult
draft_view_object(TblView *view, guint64 id, TblObject **object)
{
    TblDraft *draft = ((TblDraftView *)view)->draft;
    TblSlice bytes;
    *object = NULL;
    TblResult result = tbl_draft_object_bytes_of(draft, id, &bytes);
    if (result == TBL_FOUND && !(*object = tbl_object_decode(bytes, id)))
        return TBL_FAILED;
    if (!*object || (*object)->origin != TBL_ORIGIN_LOCAL)
        note_object(draft, id, result, bytes);
    return result;
}

static TblResult
draft_view_brief(TblView *view, guint64 id, TblObjectBrief *brief)
{
    TblDraft *draft = ((TblDraftView *)view)->draft;
    TblSlice bytes;
    TblResult result = tbl_draft_object_bytes_of(draft, id, &bytes);
    if (result == TBL_FOUND && !tbl_object_brief(bytes, brief))
        return TBL_FAILED;
    if (result != TBL_FOUND || brief->origin != TBL_ORIGIN_LOCAL)
        note_object(draft, id, result, bytes);
    return result;
}

static TblResult
draft_view_name(TblView *view, TblOrigin origin, const char *folded, guint64 *id)
{
    TblDraft *draft = ((TblDraftView *)view)->draft;
    TblSlice bytes;
    g_autofree char *key_text = tbl_name_key(origin, folded);
    TblSlice key = tbl_slice(key_text);
    TblOverlaySpot spot = tbl_overlay_find(&draft->names, key);
    if (spot.entry != TBL_OVERLAY_NONE) {
        guint64 known = tbl_overlay_id(&draft->names, spot.entry);
        *id = known ? known : *id;
        return known ? TBL_FOUND : TBL_NOTFOUND;
    }
    TblResult result = tbl_draft_snapshot_get(draft, TBL_DB_NAMES, key, &bytes);
    if (origin != TBL_ORIGIN_LOCAL)
        note_read(draft, TBL_DB_NAMES, key, result, bytes);
    if (result == TBL_FOUND)
        *id = tbl_store_number_of_key(bytes);
    return result;
}

static const TblDomains *
draft_view_domains(TblView *view)
{
    return ((TblDraftView *)view)->draft->domains;
}

static bool
draft_view_usable(TblView *view)
{
    return true;
}

static bool
draft_view_populated(TblView *view)
{
    TblDraft *draft = ((TblDraftView *)view)->draft;
    return draft->base.populated || draft->next_id > draft->base.next_id;
}

void
tbl_draft_init_view(TblDraft *draft)
{
    draft->view.base = (TblView){.rows = draft_view_rows,
                                 .object = draft_view_object,
                                 .name = draft_view_name,
                                 .domains = draft_view_domains,
                                 .usable = draft_view_usable,
                                 .populated = draft_view_populated,
                                 .referrers = tbl_draft_view_referrers,
                                 .brief = draft_view_brief};
    draft->view.draft = draft;
}

TblView *
tbl_draft_view(TblDraft *draft)
{
    return &draft->view.base;
}

bool
tbl_draft_read_object(TblDraft *draft, guint64 id, TblObject **object, GError **error)
{
    return draft_view_object(&draft->view.base, id, object) != TBL_FAILED ||
           tbl_store_set_unreadable(error);
}

TblObject *
tbl_draft_object(TblDraft *draft, guint64 id, GError **error)
{
    TblObject *object;
    (void)tbl_draft_read_object(draft, id, &object, error);
    return object;
}

TblObject *
tbl_draft_find(TblDraft *draft, TblOrigin origin, const char *name, GError **error)
{
    guint64 id;
    g_autofree char *folded = tbl_text_fold(tbl_slice(name));
    if (!folded)
        return NULL;
    TblResult result = draft_view_name(&draft->view.base, origin, folded, &id);
    if (result == TBL_FAILED)
        tbl_store_set_unreadable(error);
    return result == TBL_FOUND ? tbl_draft_object(draft, id, error) : NULL;
}

TblResult
tbl_draft_rows(TblDraft *draft, const char *key, TblRows *rows)
{
    return draft_view_rows(&draft->view.base, tbl_slice(key), rows);
}
