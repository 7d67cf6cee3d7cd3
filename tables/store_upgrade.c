/* Stores of versions before TBL_DB_REFERRERS, or that noted less in it, get it made of their
 * objects, and their rows what they tell of restrictions since: all of it in one transaction, or
 * none. */
#include "tables/codec.h"
#include "tables/id_set.h"
#include "tables/object_brief.h"
#include "tables/referrer.h"
#include "tables/row.h"
#include "tables/store_env.h"

typedef struct {
    GHashTable *ids;      /* key or mark -> GArray of guint64 */
    TblIdSet *restricted; /* ids of objects that not everybody may send to */
    GHashTable *keys;     /* set of the keys of their rows */
    bool broken;
} Index;

static void
note(Index *index, const char *key, guint64 id)
{
    GArray *ids = g_hash_table_lookup(index->ids, key);
    if (!ids) {
        ids = g_array_new(FALSE, FALSE, sizeof(guint64));
        g_hash_table_insert(index->ids, g_strdup(key), ids);
    }
    /* Objects come in the order of their ids; a mark is noted once. */
    if (ids->len == 0 || g_array_index(ids, guint64, ids->len - 1) < id)
        g_array_append_val(ids, id);
}

static void
note_row(TblSlice key, G_GNUC_UNUSED const TblRow *row, gpointer data)
{
    g_hash_table_add(((Index *)data)->keys, g_strndup(key.ptr, key.len));
}

static void
note_restriction(Index *index, const TblObject *object)
{
    if (!tbl_object_brief_of(object).restricted)
        return;
    (void)tbl_id_set_add(index->restricted, object->id);
    index->broken = !tbl_object_foreach_row(object, note_row, index) || index->broken;
}

static bool
note_object(TblSlice key, TblSlice value, gpointer data)
{
    Index *index = data;
    guint64 id = key.len == sizeof(guint64) ? tbl_store_number_of_key(key) : 0;
    TblObject *object = id ? tbl_object_decode(value, id) : NULL;
    index->broken = object == NULL;
    if (!object)
        return false;
    note_restriction(index, object);
    if (tbl_referrer_has_any(object)) {
        g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        GHashTableIter iter;
        gpointer reference;
        tbl_referrer_collect(object, keys);
        g_hash_table_iter_init(&iter, keys);
        while (g_hash_table_iter_next(&iter, &reference, NULL)) {
            g_autofree char *mark = tbl_referrer_mark_of(reference);
            note(index, reference, id);
            note(index, mark, 1);
        }
    }
    tbl_object_free(object);
    return !index->broken;
}

static bool
collect(TblStore *store, Index *index, GError **error)
{
    TblReader *reader = tbl_reader_new(store, error);
    if (!reader)
        return false;
    bool done =
        tbl_reader_begin(reader) &&
        tbl_reader_each(reader, TBL_DB_OBJECTS, (TblSlice){"", 0}, note_object, index) == TBL_FOUND;
    tbl_reader_free(reader);
    if (!done || index->broken)
        g_set_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_CORRUPT,
                    "%s: an object cannot be read, so who refers to whom is not known",
                    store->path);
    return done && !index->broken;
}

static void
put_all(TblWriter *writer, const Index *index)
{
    g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(index->ids), (GCompareFunc)strcmp);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    for (GList *at = keys; at; at = at->next) {
        g_byte_array_set_size(bytes, 0);
        tbl_referrer_encode(g_hash_table_lookup(index->ids, at->data), bytes);
        tbl_writer_put(writer, TBL_DB_REFERRERS, tbl_slice(at->data),
                       (TblSlice){(const char *)bytes->data, bytes->len});
    }
}

static void
put_rows(TblWriter *writer, const Index *index, const char *key, GByteArray *bytes)
{
    TblSlice value;
    TblRows rows;
    if (tbl_writer_get(writer, TBL_DB_ADDRESSES, tbl_slice(key), &value) != TBL_FOUND ||
        !tbl_rows_decode(&rows, tbl_slice(key), value))
        return; /* no row, or a damaged one: answered as such */
    for (guint i = 0; i < rows.count; i++)
        if (tbl_id_set_has(index->restricted, rows.row[i].object))
            rows.row[i].restricted = true;
    g_byte_array_set_size(bytes, 0);
    tbl_rows_encode(&rows, tbl_slice(key), bytes);
    tbl_writer_put(writer, TBL_DB_ADDRESSES, tbl_slice(key),
                   (TblSlice){(const char *)bytes->data, bytes->len});
}

static void
put_all_rows(TblWriter *writer, const Index *index)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, index->keys);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        put_rows(writer, index, key, bytes);
}

void
tbl_writer_note_references(TblWriter *writer)
{
    g_autoptr(GByteArray) number = g_byte_array_new();
    tbl_encode_number(number, TBL_STORE_REFERENCES);
    tbl_writer_put(writer, TBL_DB_META, tbl_slice(TBL_STORE_REFERENCES_KEY),
                   (TblSlice){(const char *)number->data, number->len});
}

bool
tbl_store_upgrade(TblStore *store, GError **error)
{
    g_autoptr(GHashTable) ids =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
    g_autoptr(TblIdSet) restricted = tbl_id_set_new();
    g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Index index = {ids, restricted, keys, false};
    TblWriter *writer = collect(store, &index, error) ? tbl_writer_begin(store, error) : NULL;
    if (writer) {
        tbl_writer_make(writer, TBL_DB_REFERRERS);
        put_all(writer, &index);
        put_all_rows(writer, &index);
        tbl_writer_note_references(writer);
        tbl_writer_meta(writer)->generation--; /* no data changed */
    }
    return writer && tbl_writer_commit(writer, error);
}
