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
    for (int db = 0; db < TBL_DB_COUNT; db++)
        draft->empty[db] = tbl_reader_is_empty(reader, (TblDb)db);
    draft->next_id = draft->base.next_id;
    draft->domains = tbl_domains_copy(draft->snapshot->domains(draft->snapshot));
    draft->changed_domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    draft->changed_tombstones = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    tbl_draft_objects_init(&draft->objects, draft->next_id);
    tbl_overlay_init(&draft->names, TBL_OVERLAY_NAMES, &draft->objects, draft->base.batch + 1);
    tbl_overlay_init(&draft->addresses, TBL_OVERLAY_ADDRESSES, &draft->objects,
                     draft->base.batch + 1);
    draft->referrers =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
    draft->scratch = g_byte_array_new();
    draft->places = g_array_new(FALSE, FALSE, sizeof(guint32));
    draft->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    draft->displaced = g_array_new(FALSE, FALSE, sizeof(guint64));
    draft->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
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
    tbl_overlay_clear(&draft->names);
    tbl_overlay_clear(&draft->addresses);
    tbl_draft_objects_clear(&draft->objects);
    g_hash_table_unref(draft->referrers);
    g_byte_array_unref(draft->scratch);
    g_array_unref(draft->places);
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

TblView *
tbl_draft_snapshot(TblDraft *draft)
{
    return draft->snapshot;
}

TblReader *
tbl_draft_reader(TblDraft *draft)
{
    return tbl_view_reader(draft->snapshot);
}

typedef struct {
    TblDraft *draft;
    bool add;       /* else remove */
    guint32 number; /* add: the object's new state */
    guint next;     /* add: of its places */
    bool failed;
    char *taken; /* an address that another object holds */
} RowChange;

static void
set_rows(TblDraft *draft, TblOverlaySpot spot, TblSlice key, const TblRows *rows)
{
    g_byte_array_set_size(draft->scratch, 0);
    tbl_rows_encode(rows, key, draft->scratch);
    tbl_overlay_set(&draft->addresses, spot, key,
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
add_row(RowChange *change, TblSlice key, const TblRow *row)
{
    TblDraft *draft = change->draft;
    guint32 place = g_array_index(draft->places, guint32, change->next++);
    TblOverlaySpot spot = tbl_overlay_find(&draft->addresses, key);
    TblRows rows;
    if (tbl_draft_rows_at(draft, key, spot, &rows) == TBL_FAILED) {
        change->failed = true;
        return;
    }
    const TblRow *there = tbl_rows_get(&rows, row->kind);
    if (there && there->object != row->object) {
        bool target = tbl_row_is_target(row->kind);
        if (target && there->object < row->object)
            return; /* remotes that share a target: the one with the lowest id reserves it */
        if (!target && row->kind != TBL_ROW_DIRECTORY_GENERATED) {
            change->taken = g_strndup(key.ptr, key.len);
            return;
        }
        if (!target) /* the older one has the right to it */
            g_array_append_val(draft->displaced, there->object);
    }
    TblRow put = *row;
    put.source = tbl_draft_source_of(draft, key, row, there, spot.entry != TBL_OVERLAY_NONE);
    tbl_rows_put(&rows, &put);
    if (rows.count > 1 && (row->kind == TBL_ROW_LOCAL || row->kind == TBL_ROW_DIRECTORY))
        make_way(draft, key, &rows, row->object);
    if (rows.count > 1 ||
        !tbl_overlay_set_row(&draft->addresses, spot, key, &put, change->number, place))
        set_rows(draft, spot, key, &rows);
}

static void
remove_row(RowChange *change, TblSlice key, const TblRow *row)
{
    TblOverlaySpot spot = tbl_overlay_find(&change->draft->addresses, key);
    TblRows rows;
    if (tbl_draft_rows_at(change->draft, key, spot, &rows) == TBL_FAILED) {
        change->failed = true;
        return;
    }
    const TblRow *there = tbl_rows_get(&rows, row->kind);
    if (!there || there->object != row->object)
        return;
    g_autoptr(TblObject) heir = NULL;
    tbl_rows_remove(&rows, row->kind);
    TblResult result = tbl_row_is_target(row->kind)
                           ? tbl_draft_inherit_target(change->draft, key, row->kind, row->object,
                                                      spot.entry != TBL_OVERLAY_NONE, &rows, &heir)
                           : tbl_draft_wake(change->draft, key);
    change->failed = result == TBL_FAILED;
    set_rows(change->draft, spot, key, &rows);
}

static char *
kept_key(TblSlice key, const TblRow *row)
{
    return g_strdup_printf("%d%.*s", (int)row->kind, (int)key.len, key.ptr);
}

static void
keep_row(TblSlice key, const TblRow *row, gpointer data)
{
    g_hash_table_add(((TblDraft *)data)->kept, kept_key(key, row));
}

static bool
is_kept(TblDraft *draft, TblSlice key, const TblRow *row)
{
    if (g_hash_table_size(draft->kept) == 0)
        return false;
    g_autofree char *name = kept_key(key, row);
    return g_hash_table_contains(draft->kept, name);
}

static void
change_row(TblSlice key, const TblRow *row, gpointer data)
{
    RowChange *change = data;
    if (change->failed || change->taken)
        return;
    if (change->add)
        add_row(change, key, row);
    else if (!is_kept(change->draft, key, row))
        remove_row(change, key, row);
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

/* `number`: the state of the object that bears the name, TBL_DRAFT_OBJECT_NONE when it goes. */
static void
set_name(TblDraft *draft, const TblObject *object, guint32 number)
{
    char id[8];
    g_autofree char *folded = tbl_text_fold(tbl_slice(object->name));
    g_autofree char *key_text = tbl_name_key(object->origin, folded ? folded : object->name);
    TblSlice key = tbl_slice(key_text);
    TblOverlaySpot spot = tbl_overlay_find(&draft->names, key);
    bool present = number != TBL_DRAFT_OBJECT_NONE;
    if (present && tbl_overlay_set_name(&draft->names, spot, key, number))
        return;
    tbl_store_key_number(object->id, id);
    tbl_overlay_set(&draft->names, spot, key, (TblSlice){id, present ? sizeof id : 0});
}

/* The number of the new state; draft->places is where its rows stand in it. */
static guint32
set_object(TblDraft *draft, guint64 id, const TblObject *object)
{
    g_byte_array_set_size(draft->scratch, 0);
    g_array_set_size(draft->places, 0);
    if (object)
        tbl_object_encode_places(object, draft->scratch, draft->places);
    TblSlice bytes = {(const char *)draft->scratch->data, draft->scratch->len};
    guint32 number = tbl_draft_objects_add(&draft->objects, id, bytes,
                                           tbl_draft_objects_find(&draft->objects, id));
    /* A line that this does not hold is noted with each row. */
    tbl_draft_objects_set_source(&draft->objects, number, draft->source.file,
                                 (guint32)draft->source.line);
    return number;
}

/* An object that was deleted and comes back keeps its id: what is counted, guarded, compared and
 * undone is the net change. */
static bool
take_back_id(TblDraft *draft, TblObject *object, GError **error)
{
    if (object->id != 0 || !draft->deletes)
        return true;
    g_autofree char *folded = tbl_text_fold(tbl_slice(object->name));
    g_autoptr(TblObject) there = NULL;
    guint64 id = 0;
    TblResult result =
        draft->snapshot->name(draft->snapshot, object->origin, folded ? folded : object->name, &id);
    if (result != TBL_FOUND)
        return result == TBL_NOTFOUND || tbl_store_set_unreadable(error);
    if (!tbl_draft_read_object(draft, id, &there, error))
        return false;
    if (!there)
        object->id = id;
    return true;
}

/* Takes away the rows that an object has no longer. Those that stay are replaced in their place. */
static bool
remove_rows(TblDraft *draft, const TblObject *before, const TblObject *after, GError **error)
{
    (void)tbl_object_foreach_row(after, keep_row, draft);
    bool good = change_rows(draft, before, (RowChange){0}, error);
    g_hash_table_remove_all(draft->kept);
    return good;
}

static bool
put_alone(TblDraft *draft, TblObject *object, GError **error)
{
    g_autoptr(TblObject) before = NULL;
    if (!take_back_id(draft, object, error))
        return false;
    if (object->id == 0)
        object->id = draft->next_id;
    else if (object->id < draft->next_id &&
             !tbl_draft_read_object(draft, object->id, &before, error))
        return false;
    draft->next_id = MAX(draft->next_id, object->id + 1);
    if (!tbl_generate_update(draft, object, error) ||
        (before && !remove_rows(draft, before, object, error)))
        return false;
    guint32 old = tbl_draft_objects_find(&draft->objects, object->id);
    guint32 number = set_object(draft, object->id, object);
    if (!change_rows(draft, object, (RowChange){.add = true, .number = number}, error))
        return false;
    tbl_draft_note_references(draft, object->id, before, object);
    if (!before) /* also one that was deleted and comes back under its id */
        set_name(draft, object, number);
    if (old != TBL_DRAFT_OBJECT_NONE)
        tbl_draft_objects_drop(&draft->objects, old);
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
    g_autoptr(TblObject) object = NULL;
    if (!tbl_draft_read_object(draft, id, &object, error))
        return false;
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

/* Of those who wait for an address the oldest gets it, in whatever order they are asked. */
static bool
replace_displaced(TblDraft *draft, GError **error)
{
    while (draft->displaced->len > 0) { /* each takes a free address, or a younger one's */
        guint64 id = g_array_index(draft->displaced, guint64, draft->displaced->len - 1);
        g_array_set_size(draft->displaced, draft->displaced->len - 1);
        if (!replace_generated(draft, id, error))
            return false;
    }
    return true;
}

bool
tbl_draft_put(TblDraft *draft, TblObject *object, GError **error)
{
    return put_alone(draft, object, error) && replace_displaced(draft, error);
}

bool
tbl_draft_delete(TblDraft *draft, guint64 id, GError **error)
{
    g_autoptr(TblObject) before = NULL;
    if (!tbl_draft_read_object(draft, id, &before, error))
        return false;
    if (!before)
        return true;
    if (!change_rows(draft, before, (RowChange){0}, error))
        return false;
    guint32 old = tbl_draft_objects_find(&draft->objects, id);
    (void)set_object(draft, id, NULL);
    tbl_draft_note_references(draft, id, before, NULL);
    set_name(draft, before, TBL_DRAFT_OBJECT_NONE);
    if (old != TBL_DRAFT_OBJECT_NONE)
        tbl_draft_objects_drop(&draft->objects, old);
    draft->deletes = true;
    return replace_displaced(draft, error);
}

bool
tbl_draft_set_tombstone(TblDraft *draft, const char *key_text, const TblRow *tombstone,
                        GError **error)
{
    TblSlice key = tbl_slice(key_text);
    TblOverlaySpot spot = tbl_overlay_find(&draft->addresses, key);
    TblRows rows;
    if (tbl_draft_rows_at(draft, key, spot, &rows) == TBL_FAILED) {
        tbl_store_set_unreadable(error);
        return false;
    }
    if (tombstone) {
        TblRow put = *tombstone;
        put.source = tbl_draft_source_of(draft, key, tombstone, NULL, false);
        tbl_rows_put(&rows, &put);
    } else {
        tbl_rows_remove(&rows, TBL_ROW_TOMBSTONE);
    }
    g_hash_table_add(draft->changed_tombstones, g_strdup(key_text));
    set_rows(draft, spot, key, &rows);
    if (!tombstone && tbl_draft_wake(draft, key) == TBL_FAILED)
        return tbl_store_set_unreadable(error);
    return replace_displaced(draft, error);
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
