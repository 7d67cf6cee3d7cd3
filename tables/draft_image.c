#include "tables/draft_image.h"

#include "tables/draft_sort.h"
#include "tables/referrer.h"

/* Reads are told in batches of so many: by then most of their keys have been changed as well, and
 * need not be told. */
#define WATCH_BATCH 16384

/* More objects than a store can hold. */
#define IDS_MAX ((guint64)1 << 40)

#define ID_SIZE 8

/* So many addresses of an object are looked through for the one that a row tells of: nearly all
 * have fewer. */
#define FOLLOWING_MAX 32

/* A thousand years: an image from beyond is from a wrong clock. */
#define LATER_MAX ((gint64)1000 * 366 * 24 * 3600)

struct TblDraftWatch {
    TblImageFunc each;
    gpointer data;
    GHashTable *reads; /* set of WatchRead */
    bool stopped;
};

/* A record that was read: its key and the value found, which is empty for none. */
typedef struct {
    TblDb db;
    guint32 key_length, value_length;
    const char *key; /* behind the struct; of a probe elsewhere */
} WatchRead;

static guint
read_hash(gconstpointer pointer)
{
    const WatchRead *read = pointer;
    return tbl_key_index_hash((TblSlice){read->key, read->key_length}) + read->db;
}

static gboolean
read_equal(gconstpointer a, gconstpointer b)
{
    const WatchRead *x = a, *y = b;
    return x->db == y->db && x->key_length == y->key_length &&
           memcmp(x->key, y->key, x->key_length) == 0;
}

static TblOverlay *
overlay_of(TblDraft *draft, TblDb db)
{
    return db == TBL_DB_NAMES ? &draft->names : &draft->addresses;
}

/* The snapshot's value of a record, empty when it has none. False: the store failed. */
static bool
value_before(TblDraft *draft, TblDb db, TblSlice key, TblSlice *value)
{
    TblResult result = tbl_reader_get(tbl_view_reader(draft->snapshot), db, key, value);
    if (result == TBL_NOTFOUND)
        *value = (TblSlice){NULL, 0};
    return result != TBL_FAILED;
}

/* Whether the draft has changed a record. */
static bool
is_changed(TblDraft *draft, TblDb db, TblSlice key)
{
    if (db == TBL_DB_OBJECTS)
        return tbl_draft_objects_find(&draft->objects, tbl_store_number_of_key(key)) !=
               TBL_DRAFT_OBJECT_NONE;
    if (db == TBL_DB_REFERRERS) /* follow from the objects, and are never told as changed */
        return false;
    return tbl_overlay_find(overlay_of(draft, db), key).entry != TBL_OVERLAY_NONE;
}

void
tbl_draft_watch(TblDraft *draft, TblImageFunc each, gpointer data)
{
    draft->watch = g_new0(TblDraftWatch, 1);
    draft->watch->each = each;
    draft->watch->data = data;
    draft->watch->reads = g_hash_table_new_full(read_hash, read_equal, g_free, NULL);
}

void
tbl_draft_watch_free(TblDraftWatch *watch)
{
    if (watch) {
        g_hash_table_unref(watch->reads);
        g_free(watch);
    }
}

static void
tell_reads(TblDraft *draft)
{
    TblDraftWatch *watch = draft->watch;
    GHashTableIter iter;
    gpointer item;
    g_hash_table_iter_init(&iter, watch->reads);
    while (!watch->stopped && g_hash_table_iter_next(&iter, &item, NULL)) {
        const WatchRead *read = item;
        TblSlice key = {read->key, read->key_length};
        if (is_changed(draft, read->db, key))
            continue; /* told with the changes */
        TblImageRecord record = {
            .db = read->db, .key = key, .before = {read->key + key.len, read->value_length}};
        watch->stopped = !watch->each(&record, watch->data);
    }
    g_hash_table_remove_all(watch->reads);
}

void
tbl_draft_note_read(TblDraft *draft, TblDb db, TblSlice key, TblSlice value)
{
    TblDraftWatch *watch = draft->watch;
    WatchRead probe = {db, (guint32)key.len, (guint32)value.len, key.ptr};
    /* What the draft has changed itself is told with the changes. */
    if (g_hash_table_contains(watch->reads, &probe) || is_changed(draft, db, key))
        return;
    if (g_hash_table_size(watch->reads) == WATCH_BATCH)
        tell_reads(draft);
    WatchRead *read = g_malloc(sizeof *read + key.len + value.len);
    char *bytes = (char *)(read + 1);
    *read = probe;
    read->key = bytes;
    memcpy(bytes, key.ptr, key.len);
    if (value.len)
        memcpy(bytes + key.len, value.ptr, value.len);
    g_hash_table_add(watch->reads, read);
}

void
tbl_draft_note_referrers(TblDraft *draft, const char *key)
{
    TblSlice value;
    /* A mark says that such a reference was ever given, not by whom; replication may set it. */
    if (strlen(key) > TBL_REFERRER_MARK_SIZE &&
        value_before(draft, TBL_DB_REFERRERS, tbl_slice(key), &value))
        tbl_draft_note_read(draft, TBL_DB_REFERRERS, tbl_slice(key), value);
}

bool
tbl_draft_unwatch(TblDraft *draft)
{
    tell_reads(draft);
    bool good = !draft->watch->stopped;
    g_clear_pointer(&draft->watch, tbl_draft_watch_free);
    return good;
}

/* ---- Changes out ---- */

typedef struct {
    TblDraft *draft;
    TblImageFunc each;
    gpointer data;
    GError **error;
} Tell;

/* False: stopped, or with an error. */
static bool
tell_change(const Tell *tell, TblDb db, TblSlice key, TblSlice after)
{
    TblDraft *draft = tell->draft;
    TblImageRecord record = {.db = db, .key = key, .after = after};
    if (!value_before(draft, db, key, &record.before))
        return tbl_store_set_unreadable(tell->error);
    if (db == TBL_DB_ADDRESSES && g_hash_table_size(draft->changed_tombstones) > 0) {
        g_autofree char *text = g_strndup(key.ptr, key.len);
        record.notice = g_hash_table_contains(draft->changed_tombstones, text);
    }
    record.changed = !tbl_slice_equal(record.before, record.after);
    return tell->each(&record, tell->data);
}

static bool
tell_objects(const Tell *tell)
{
    g_autoptr(GPtrArray) sorted = tbl_draft_objects_sorted(&tell->draft->objects);
    for (guint i = 0; i < sorted->len; i++) {
        const TblDraftObject *object = g_ptr_array_index(sorted, i);
        char key[ID_SIZE];
        tbl_store_key_number(object->id, key);
        if (!tell_change(tell, TBL_DB_OBJECTS, (TblSlice){key, sizeof key},
                         tbl_draft_object_bytes(object)))
            return false;
    }
    return true;
}

static bool
tell_records(const Tell *tell, TblDb db)
{
    g_autoptr(TblSort) sort = tbl_sort_new(overlay_of(tell->draft, db));
    TblSlice key, after;
    TblResult next;
    while ((next = tbl_sort_next(sort, &key, &after)) == TBL_FOUND)
        if (!tell_change(tell, db, key, after))
            return false;
    return next == TBL_NOTFOUND || tbl_store_set_unreadable(tell->error);
}

bool
tbl_draft_foreach_record(TblDraft *draft, TblImageFunc each, gpointer data, GError **error)
{
    Tell tell = {draft, each, data, error};
    return tell_objects(&tell) && tell_records(&tell, TBL_DB_NAMES) &&
           tell_records(&tell, TBL_DB_ADDRESSES);
}

guint64
tbl_draft_next_id(const TblDraft *draft)
{
    return draft->next_id;
}

/* ---- Changes in ---- */

bool
tbl_draft_begin_image(TblDraft *draft, guint64 first, guint64 next, gint64 later)
{
    if (first == 0 || next < first || next > IDS_MAX || later < 0 || later > LATER_MAX)
        return false;
    draft->image_later = later;
    draft->image_first = first;
    draft->image_next = next;
    draft->next_id = draft->base.next_id + (next - first);
    return true;
}

/* An id of the image as it is here. False: the image knows no such object. */
static bool
move_id(const TblDraft *draft, guint64 *id)
{
    if (*id == 0 || *id >= draft->image_next)
        return false;
    if (*id >= draft->image_first)
        *id += draft->base.next_id - draft->image_first;
    return true;
}

TblResult
tbl_draft_compare_record(TblDraft *draft, const TblImageRecord *record)
{
    TblSlice now;
    bool created = record->db == TBL_DB_OBJECTS && record->key.len == ID_SIZE &&
                   tbl_store_number_of_key(record->key) >= draft->image_first;
    if (created) /* whoever has this id now: the object gets another */
        return record->before.len == 0 ? TBL_FOUND : TBL_NOTFOUND;
    if (!value_before(draft, record->db, record->key, &now))
        return TBL_FAILED;
    return tbl_slice_equal(now, record->before) ? TBL_FOUND : TBL_NOTFOUND;
}

static bool
load_object(TblDraft *draft, const TblImageRecord *record)
{
    if (record->key.len != ID_SIZE)
        return false;
    guint64 id = tbl_store_number_of_key(record->key);
    bool created = id >= draft->image_first;
    if (created != (record->before.len == 0) || !move_id(draft, &id))
        return false;
    g_autoptr(TblObject) object = record->after.len ? tbl_object_decode(record->after, id) : NULL;
    g_autoptr(TblObject) before = record->before.len ? tbl_object_decode(record->before, id) : NULL;
    if ((record->after.len && !object) || (record->before.len && !before))
        return false;
    (void)tbl_draft_objects_add(&draft->objects, id, record->after,
                                tbl_draft_objects_find(&draft->objects, id));
    tbl_draft_note_references(draft, id, before, object);
    draft->deletes = draft->deletes || !object;
    return true;
}

static bool
load_name(TblDraft *draft, const TblImageRecord *record)
{
    if (record->key.len == 0 || (record->after.len != 0 && record->after.len != ID_SIZE))
        return false;
    TblOverlaySpot spot = tbl_overlay_find(&draft->names, record->key);
    if (record->after.len == 0) {
        tbl_overlay_set(&draft->names, spot, record->key, record->after);
        return true;
    }
    guint64 id = tbl_store_number_of_key(record->after);
    if (!move_id(draft, &id))
        return false;
    guint32 number = tbl_draft_objects_find(&draft->objects, id);
    if (number != TBL_DRAFT_OBJECT_NONE &&
        tbl_overlay_set_name(&draft->names, spot, record->key, number))
        return true;
    char bytes[ID_SIZE];
    tbl_store_key_number(id, bytes);
    tbl_overlay_set(&draft->names, spot, record->key, (TblSlice){bytes, sizeof bytes});
    return true;
}

/* The only row under its key, which draft->scratch encodes, as one that follows from its object:
 * that takes a twentieth of the memory. False: it does not follow. */
static bool
set_from_object(TblDraft *draft, TblOverlaySpot spot, TblSlice key, const TblRow *row)
{
    guint32 number = tbl_draft_objects_find(&draft->objects, row->object), place;
    if (row->kind != TBL_ROW_LOCAL || row->source.line == 0 || row->source.line > G_MAXUINT32 ||
        number == TBL_DRAFT_OBJECT_NONE)
        return false;
    const TblDraftObject *object = tbl_draft_objects_at(&draft->objects, number);
    TblRows follows = {.count = 1};
    if (!tbl_object_find_address(tbl_draft_object_bytes(object), row->spelling, FOLLOWING_MAX,
                                 &place) ||
        !tbl_row_read(tbl_draft_object_bytes(object), row->object, row->kind, place,
                      &follows.row[0]))
        return false;
    follows.row[0].source = row->source;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    tbl_rows_encode(&follows, key, bytes);
    if (bytes->len != draft->scratch->len ||
        memcmp(bytes->data, draft->scratch->data, bytes->len) != 0)
        return false;
    if (object->line == 0) /* the first of its rows says where all of them come from */
        tbl_draft_objects_set_source(&draft->objects, number, row->source.file,
                                     (guint32)row->source.line);
    return tbl_overlay_set_row(&draft->addresses, spot, key, row, number, place);
}

static bool
load_address(TblDraft *draft, const TblImageRecord *record)
{
    TblRows rows = {0};
    if (record->key.len == 0 ||
        (record->after.len && !tbl_rows_decode(&rows, record->key, record->after)))
        return false;
    for (guint i = 0; i < rows.count; i++) {
        TblRow *row = &rows.row[i];
        if (row->kind != TBL_ROW_TOMBSTONE && !move_id(draft, &row->object))
            return false;
        if (row->kind == TBL_ROW_TOMBSTONE && record->notice && row->expires > 0 &&
            row->expires < G_MAXINT64 - draft->image_later)
            row->expires += draft->image_later;
    }
    g_byte_array_set_size(draft->scratch, 0);
    tbl_rows_encode(&rows, record->key, draft->scratch);
    TblOverlaySpot spot = tbl_overlay_find(&draft->addresses, record->key);
    if (rows.count != 1 || !set_from_object(draft, spot, record->key, &rows.row[0]))
        tbl_overlay_set(&draft->addresses, spot, record->key,
                        (TblSlice){(const char *)draft->scratch->data, draft->scratch->len});
    if (record->notice)
        g_hash_table_add(draft->changed_tombstones, g_strndup(record->key.ptr, record->key.len));
    return true;
}

bool
tbl_draft_load_record(TblDraft *draft, const TblImageRecord *record)
{
    switch (record->db) {
    case TBL_DB_OBJECTS:
        return load_object(draft, record);
    case TBL_DB_NAMES:
        return load_name(draft, record);
    case TBL_DB_ADDRESSES:
        return load_address(draft, record);
    default:
        return false;
    }
}
