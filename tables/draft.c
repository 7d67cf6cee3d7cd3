#include "tables/draft_overlay.h"

#include "tables/address.h"
#include "tables/generate.h"

TblDraft *
tbl_draft_new(TblStore *store, GError **error)
{
    TblReader *reader = tbl_reader_new(store, error);
    if (!reader)
        return NULL;
    TblDraft *draft = g_new0(TblDraft, 1);
    draft->store = store;
    draft->snapshot = tbl_view_new();
    tbl_view_set_reader(draft->snapshot, reader);
    tbl_view_begin(draft->snapshot);
    if (!draft->snapshot->usable(draft->snapshot)) {
        g_set_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_CORRUPT, "the store cannot be read");
        tbl_view_free(draft->snapshot);
        g_free(draft);
        return NULL;
    }
    draft->base = *tbl_reader_meta(reader);
    draft->next_id = draft->base.next_id;
    draft->domains = tbl_domains_copy(draft->snapshot->domains(draft->snapshot));
    draft->changed_domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    draft->changed_tombstones = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    tbl_overlay_init(&draft->objects);
    tbl_overlay_init(&draft->names);
    tbl_overlay_init(&draft->addresses);
    draft->referrers =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
    draft->scratch = g_byte_array_new();
    draft->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    draft->displaced = g_array_new(FALSE, FALSE, sizeof(guint64));
    draft->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    tbl_draft_set_source(draft, 0, 0);
    tbl_draft_init_view(draft);
    return draft;
}

void
tbl_draft_free(TblDraft *draft)
{
    if (!draft)
        return;
    tbl_view_end(draft->snapshot);
    tbl_view_free(draft->snapshot);
    tbl_domains_free(draft->domains);
    g_hash_table_unref(draft->changed_domains);
    g_hash_table_unref(draft->changed_tombstones);
    tbl_overlay_clear(&draft->objects);
    tbl_overlay_clear(&draft->names);
    tbl_overlay_clear(&draft->addresses);
    g_hash_table_unref(draft->referrers);
    g_byte_array_unref(draft->scratch);
    g_hash_table_unref(draft->numbers);
    g_array_unref(draft->displaced);
    g_hash_table_unref(draft->kept);
    if (draft->rules)
        g_ptr_array_unref(draft->rules);
    tbl_draft_watch_free(draft->watch);
    g_free(draft);
}

const TblMeta *
tbl_draft_base(const TblDraft *draft)
{
    return &draft->base;
}

TblReader *
tbl_draft_reader(TblDraft *draft)
{
    return tbl_view_reader(draft->snapshot);
}

/* ---- Looking ---- */

/* A record as it would be: the overlay's, else the snapshot's. An empty overlay value is an
 * absence. */
static TblResult
draft_get(TblDraft *draft, TblDb db, const TblOverlay *overlay, TblSlice key, TblSlice *value)
{
    const TblOverlayEntry *entry = tbl_overlay_find(overlay, key);
    if (!entry)
        return tbl_reader_get(tbl_view_reader(draft->snapshot), db, key, value);
    *value = tbl_overlay_value(entry);
    return value->len ? TBL_FOUND : TBL_NOTFOUND;
}

/* For who watches: a record that only the snapshot has said something about. */
static void
note_read(TblDraft *draft, TblDb db, TblSlice key, TblResult result, TblSlice value)
{
    if (draft->watch && result != TBL_FAILED)
        tbl_draft_note_read(draft, db, key, result == TBL_FOUND ? value : (TblSlice){NULL, 0});
}

static TblResult
draft_view_rows(TblView *view, TblSlice key, TblRows *rows)
{
    TblDraft *draft = ((TblDraftView *)view)->draft;
    TblSlice bytes;
    rows->count = 0;
    TblResult result = draft_get(draft, TBL_DB_ADDRESSES, &draft->addresses, key, &bytes);
    note_read(draft, TBL_DB_ADDRESSES, key, result, bytes);
    return result == TBL_FOUND && !tbl_rows_decode(rows, key, bytes) ? TBL_FAILED : result;
}

static TblResult
draft_view_object(TblView *view, guint64 id, TblObject **object)
{
    TblDraft *draft = ((TblDraftView *)view)->draft;
    TblSlice bytes;
    char id_key[8];
    *object = NULL;
    tbl_store_key_number(id, id_key);
    TblSlice key = {id_key, sizeof id_key};
    TblResult result = draft_get(draft, TBL_DB_OBJECTS, &draft->objects, key, &bytes);
    if (result == TBL_FOUND && !(*object = tbl_object_decode(bytes, id)))
        return TBL_FAILED;
    if (!*object || (*object)->origin != TBL_ORIGIN_LOCAL)
        note_read(draft, TBL_DB_OBJECTS, key, result, bytes);
    return result;
}

static TblResult
draft_view_name(TblView *view, TblOrigin origin, const char *folded, guint64 *id)
{
    TblDraft *draft = ((TblDraftView *)view)->draft;
    TblSlice bytes;
    g_autofree char *key = tbl_name_key(origin, folded);
    TblResult result = draft_get(draft, TBL_DB_NAMES, &draft->names, tbl_slice(key), &bytes);
    if (origin != TBL_ORIGIN_LOCAL)
        note_read(draft, TBL_DB_NAMES, tbl_slice(key), result, bytes);
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
                                 .referrers = tbl_draft_view_referrers};
    draft->view.draft = draft;
}

TblView *
tbl_draft_view(TblDraft *draft)
{
    return &draft->view.base;
}

TblObject *
tbl_draft_object(TblDraft *draft, guint64 id, GError **error)
{
    TblObject *object;
    if (draft_view_object(&draft->view.base, id, &object) == TBL_FAILED)
        tbl_store_set_unreadable(error);
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

/* ---- Changing ---- */

typedef struct {
    TblDraft *draft;
    bool add;  /* else remove */
    bool keep; /* removed to be put again: their sources stay */
    bool failed;
    char *taken; /* an address that another object holds */
} RowChange;

static void
store_rows(TblDraft *draft, TblSlice key, const TblRows *rows)
{
    g_byte_array_set_size(draft->scratch, 0);
    tbl_rows_encode(rows, key, draft->scratch);
    tbl_overlay_set(&draft->addresses, key,
                    (TblSlice){(const char *)draft->scratch->data, draft->scratch->len});
}

/* An explicit address: it has not gone, and nobody else's is generated. */
static void
make_way(TblDraft *draft, TblSlice key, TblRows *rows, guint64 owner)
{
    static const TblRowKind kinds[] = {TBL_ROW_LOCAL_GENERATED, TBL_ROW_DIRECTORY_GENERATED};
    if (tbl_rows_get(rows, TBL_ROW_TOMBSTONE))
        g_hash_table_add(draft->changed_tombstones, g_strndup(key.ptr, key.len));
    tbl_rows_remove(rows, TBL_ROW_TOMBSTONE);
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const TblRow *row = tbl_rows_get(rows, kinds[i]);
        if (row && row->object != owner) {
            g_array_append_val(draft->displaced, row->object);
            tbl_rows_remove(rows, kinds[i]);
        }
    }
}

static void
change_row(TblSlice key, const TblRow *row, gpointer data)
{
    RowChange *change = data;
    TblRows rows;
    TblRow put = *row;
    if (change->failed || change->taken)
        return;
    if (change->add)
        put.source = tbl_draft_source_of(change->draft, key, row);
    if (draft_view_rows(&change->draft->view.base, key, &rows) == TBL_FAILED) {
        change->failed = true;
        return;
    }
    const TblRow *there = tbl_rows_get(&rows, row->kind);
    bool others = there && there->object != row->object;
    if (change->add && others && row->kind == TBL_ROW_DIRECTORY_GENERATED) {
        g_array_append_val(change->draft->displaced,
                           there->object); /* the older one has the right to it */
    } else if (change->add && others && row->kind >= TBL_ROW_LOCAL_TARGET) {
        return; /* remotes that share a target: the first one reserves it */
    } else if (change->add && others) {
        change->taken = g_strndup(key.ptr, key.len);
        return;
    }
    if (change->add) {
        tbl_rows_put(&rows, &put);
        if (row->kind == TBL_ROW_LOCAL || row->kind == TBL_ROW_DIRECTORY)
            make_way(change->draft, key, &rows, row->object);
    } else if (there && there->object == row->object) {
        if (change->keep)
            tbl_draft_keep_source(change->draft, key, there);
        tbl_rows_remove(&rows, row->kind);
    } else {
        return;
    }
    store_rows(change->draft, key, &rows);
}

static bool
change_rows(TblDraft *draft, const TblObject *object, RowChange change, GError **error)
{
    change.draft = draft;
    bool complete = tbl_object_foreach_row(object, change_row, &change);
    g_autofree char *taken = change.taken;
    if (change.failed)
        tbl_store_set_unreadable(error);
    else if (taken)
        g_set_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_SYSTEM,
                    "%s: the address belongs to another object", taken);
    else if (change.add && !complete)
        g_set_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_SYSTEM, "%s: an address is not valid",
                    object->name);
    else
        return true;
    return false;
}

static void
set_name(TblDraft *draft, const TblObject *object, bool present)
{
    char id[8];
    g_autofree char *folded = tbl_text_fold(tbl_slice(object->name));
    g_autofree char *key = tbl_name_key(object->origin, folded ? folded : object->name);
    tbl_store_key_number(object->id, id);
    tbl_overlay_set(&draft->names, tbl_slice(key), (TblSlice){id, present ? sizeof id : 0});
}

static void
set_object(TblDraft *draft, guint64 id, const TblObject *object)
{
    char key[8];
    tbl_store_key_number(id, key);
    g_byte_array_set_size(draft->scratch, 0);
    if (object)
        tbl_object_encode(object, draft->scratch);
    tbl_overlay_set(&draft->objects, (TblSlice){key, sizeof key},
                    (TblSlice){(const char *)draft->scratch->data, draft->scratch->len});
}

/* An object that was deleted and comes back keeps its id: what is counted, guarded, compared and
 * undone is the net change. */
static bool
take_back_id(TblDraft *draft, TblObject *object, GError **error)
{
    if (object->id != 0 || !draft->deletes)
        return true;
    g_autofree char *folded = tbl_text_fold(tbl_slice(object->name));
    guint64 id = 0;
    TblResult result =
        draft->snapshot->name(draft->snapshot, object->origin, folded ? folded : object->name, &id);
    if (result == TBL_FAILED) {
        tbl_store_set_unreadable(error);
        return false;
    }
    g_autoptr(GError) lost = NULL;
    g_autoptr(TblObject) there = result == TBL_FOUND ? tbl_draft_object(draft, id, &lost) : NULL;
    if (lost) {
        g_propagate_error(error, g_steal_pointer(&lost));
        return false;
    }
    if (result == TBL_FOUND && !there)
        object->id = id;
    return true;
}

static bool
put_alone(TblDraft *draft, TblObject *object, GError **error)
{
    if (!take_back_id(draft, object, error))
        return false;
    bool create = object->id == 0;
    g_hash_table_remove_all(draft->kept);
    g_autoptr(TblObject) before = NULL;
    if (create) {
        object->id = draft->next_id++;
    } else {
        g_autoptr(GError) lost = NULL;
        before = tbl_draft_object(draft, object->id, &lost);
        if (lost) {
            g_propagate_error(error, g_steal_pointer(&lost));
            return false;
        }
        if (before && !change_rows(draft, before, (RowChange){.keep = true}, error))
            return false;
        create = !before; /* one that was deleted comes back under its id */
        draft->next_id = MAX(draft->next_id, object->id + 1);
    }
    if (!tbl_generate_update(draft, object, error) ||
        !change_rows(draft, object, (RowChange){.add = true}, error))
        return false;
    set_object(draft, object->id, object);
    tbl_draft_note_references(draft, object->id, before, object);
    if (create)
        set_name(draft, object, true);
    return true;
}

/* Whether the row that answers for a generated address is still the object's own. */
static TblResult
owns_generated(TblDraft *draft, const TblObject *object, const char *address)
{
    TblRows rows;
    g_autofree char *key = tbl_proxy_key(tbl_slice("SMTP"), tbl_slice(address));
    TblResult result = tbl_draft_rows(draft, key, &rows);
    if (result != TBL_FOUND)
        return result;
    const TblRow *row =
        tbl_rows_get(&rows, object->origin == TBL_ORIGIN_LOCAL ? TBL_ROW_LOCAL_GENERATED
                                                               : TBL_ROW_DIRECTORY_GENERATED);
    return row && row->object == object->id ? TBL_FOUND : TBL_NOTFOUND;
}

/* Gives an object whose generated address was taken the next one. */
static bool
replace_generated(TblDraft *draft, guint64 id, GError **error)
{
    g_autoptr(GError) lost = NULL;
    g_autoptr(TblObject) object = tbl_draft_object(draft, id, &lost);
    if (lost) {
        g_propagate_error(error, g_steal_pointer(&lost));
        return false;
    }
    GPtrArray *generated = object ? object->refs[TBL_REFS_GENERATED] : NULL;
    for (guint i = generated ? generated->len : 0; i > 0; i--) {
        TblResult result = owns_generated(draft, object, g_ptr_array_index(generated, i - 1));
        if (result == TBL_FAILED) {
            tbl_store_set_unreadable(error);
            return false;
        }
        if (result == TBL_NOTFOUND)
            g_ptr_array_remove_index(generated, i - 1);
    }
    return !object || put_alone(draft, object, error);
}

bool
tbl_draft_put(TblDraft *draft, TblObject *object, GError **error)
{
    if (!put_alone(draft, object, error))
        return false;
    while (draft->displaced->len > 0) { /* each takes a free address, so it displaces nobody */
        guint64 id = g_array_index(draft->displaced, guint64, draft->displaced->len - 1);
        g_array_set_size(draft->displaced, draft->displaced->len - 1);
        if (!replace_generated(draft, id, error))
            return false;
    }
    return true;
}

bool
tbl_draft_delete(TblDraft *draft, guint64 id, GError **error)
{
    g_autoptr(GError) lost = NULL;
    g_autoptr(TblObject) before = tbl_draft_object(draft, id, &lost);
    if (lost) {
        g_propagate_error(error, g_steal_pointer(&lost));
        return false;
    }
    if (!before)
        return true;
    if (!change_rows(draft, before, (RowChange){0}, error))
        return false;
    set_object(draft, id, NULL);
    tbl_draft_note_references(draft, id, before, NULL);
    set_name(draft, before, false);
    draft->deletes = true;
    return true;
}

bool
tbl_draft_set_tombstone(TblDraft *draft, const char *key, const TblRow *tombstone, GError **error)
{
    TblRows rows;
    if (tbl_draft_rows(draft, key, &rows) == TBL_FAILED) {
        tbl_store_set_unreadable(error);
        return false;
    }
    if (tombstone) {
        TblRow put = *tombstone;
        put.source = tbl_draft_source_of(draft, tbl_slice(key), tombstone);
        tbl_rows_put(&rows, &put);
    } else {
        tbl_rows_remove(&rows, TBL_ROW_TOMBSTONE);
    }
    g_hash_table_add(draft->changed_tombstones, g_strdup(key));
    store_rows(draft, tbl_slice(key), &rows);
    return true;
}

void
tbl_draft_put_domain(TblDraft *draft, const TblDomain *domain)
{
    tbl_domains_add(draft->domains, tbl_domain_copy(domain));
    g_clear_pointer(&draft->rules, g_ptr_array_unref);
    g_hash_table_add(draft->changed_domains, g_strdup(domain->name));
}

void
tbl_draft_delete_domain(TblDraft *draft, const char *name)
{
    g_hash_table_add(draft->changed_domains,
                     g_strdup(name)); /* first: `name` may belong to the table */
    tbl_domains_remove(draft->domains, name);
    g_clear_pointer(&draft->rules, g_ptr_array_unref);
}
