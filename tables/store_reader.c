#include "tables/store_env.h"

/* No record is larger; a longer one is damage, not data. */
#define RECORD_MAX (256 * 1024 * 1024)

typedef struct {
    char *bytes;
    size_t capacity;
} Buffer;

struct TblReader {
    TblStore *store;
    MDB_txn *txn;
    bool active;
    size_t seen_txn; /* LMDB's transaction number that `meta` was read at */
    TblMeta meta;
    Buffer value[TBL_DB_COUNT];
    MDB_cursor *search[TBL_DB_COUNT]; /* made when first needed */
};

static int
begin(void *argument)
{
    TblReader *reader = argument;
    return mdb_txn_begin(reader->store->env, NULL, MDB_RDONLY, &reader->txn);
}

TblReader *
tbl_reader_new(TblStore *store, GError **error)
{
    TblReader *reader = g_new0(TblReader, 1);
    reader->store = store;
    int rc = tbl_store_guarded(begin, reader);
    if (rc == MDB_READERS_FULL) {
        tbl_store_check_readers(store);
        rc = tbl_store_guarded(begin, reader);
    }
    if (rc != 0) {
        tbl_store_fail(error, store->path, "cannot read the store", rc);
        g_free(reader);
        return NULL;
    }
    mdb_txn_reset(reader->txn);
    reader->seen_txn = SIZE_MAX;
    return reader;
}

void
tbl_reader_free(TblReader *reader)
{
    if (!reader)
        return;
    for (int i = 0; i < TBL_DB_COUNT; i++) {
        g_free(reader->value[i].bytes);
        if (reader->search[i])
            mdb_cursor_close(reader->search[i]);
    }
    mdb_txn_abort(reader->txn);
    g_free(reader);
}

static int
renew(void *argument)
{
    TblReader *reader = argument;
    return mdb_txn_renew(reader->txn);
}

static bool
read_meta(TblReader *reader)
{
    TblSlice bytes;
    TblMeta meta;
    if (tbl_reader_get(reader, TBL_DB_META, tbl_slice(TBL_STORE_META_KEY), &bytes) != TBL_FOUND ||
        tbl_store_meta_decode(&meta, bytes) != TBL_STORE_SCHEMA)
        return false;
    reader->meta = meta;
    reader->seen_txn = mdb_txn_id(reader->txn);
    return true;
}

bool
tbl_reader_begin(TblReader *reader)
{
    if (tbl_store_guarded(renew, reader) != 0)
        return false;
    reader->active = true;
    if (reader->seen_txn != mdb_txn_id(reader->txn) && !read_meta(reader)) {
        tbl_reader_end(reader);
        return false;
    }
    return true;
}

void
tbl_reader_end(TblReader *reader)
{
    if (reader->active)
        mdb_txn_reset(reader->txn);
    reader->active = false;
}

const TblMeta *
tbl_reader_meta(const TblReader *reader)
{
    return &reader->meta;
}

typedef struct {
    MDB_cursor *cursor;
    MDB_cursor_op op;
    MDB_val key, value;
    Buffer *copy, *key_copy;
} Fetch;

static void
buffer_fill(Buffer *buffer, const MDB_val *value)
{
    if (value->mv_size <= buffer->capacity)
        memcpy(buffer->bytes, value->mv_data, value->mv_size);
}

static bool
buffer_grow(Buffer *buffer, size_t need)
{
    if (need <= buffer->capacity)
        return false;
    buffer->capacity = need + need / 2 + 256;
    g_free(buffer->bytes);
    buffer->bytes = g_malloc(buffer->capacity);
    return true;
}

/* Copies what fits; the caller grows the buffer and fetches again where it does not (never allocate
 * inside the guard). */
static int
fetch(void *argument)
{
    Fetch *f = argument;
    int rc = mdb_cursor_get(f->cursor, &f->key, &f->value, f->op);
    if (rc != 0)
        return rc;
    buffer_fill(f->copy, &f->value);
    buffer_fill(f->key_copy, &f->key);
    return 0;
}

static TblResult
fetch_guarded(Fetch *f)
{
    int rc = tbl_store_guarded(fetch, f);
    if (rc == 0 && f->value.mv_size > RECORD_MAX)
        rc = MDB_CORRUPTED;
    if (rc == 0) {
        bool grown = buffer_grow(f->copy, f->value.mv_size);
        grown = buffer_grow(f->key_copy, f->key.mv_size) || grown;
        if (grown) {
            f->op = MDB_GET_CURRENT;
            rc = tbl_store_guarded(fetch, f);
        }
    }
    if (rc == MDB_NOTFOUND)
        return TBL_NOTFOUND;
    MDB_val key = {f->key.mv_size, f->key_copy->bytes};
    if (rc == 0 && tbl_store_record_intact(key, f->copy->bytes, f->value.mv_size))
        return TBL_FOUND;
    return TBL_FAILED;
}

/* ---- One record ---- */

typedef struct {
    MDB_txn *txn;
    MDB_cursor **cursor;
    MDB_dbi dbi;
    MDB_val key, value;
    Buffer *copy;
    bool empty; /* there is no record at all */
} Search;

static int
gap_check(const Search *search, MDB_val key, MDB_val value, bool after)
{
    int order = mdb_cmp(search->txn, search->dbi, &key, &search->key);
    bool beside = after ? order > 0 : order < 0;
    return beside && tbl_store_record_intact(key, value.mv_data, value.mv_size) ? 0 : MDB_CORRUPTED;
}

/* Damage to a key or to a page's order leads a search astray, and what was not met seems absent.
 * Absence is believed only between two intact records that enclose the key. MDB_NOTFOUND when it
 * is for certain. `next`: where the search ended, NULL behind the last record. */
static int
gap_prove(Search *search, const MDB_val *next)
{
    MDB_val key, value;
    int rc = next ? gap_check(search, *next, search->value, true) : 0;
    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(*search->cursor, &key, &value, next ? MDB_PREV : MDB_LAST);
    search->empty = !next && rc == MDB_NOTFOUND;
    if (rc == 0)
        rc = gap_check(search, key, value, false);
    return rc == 0 ? MDB_NOTFOUND : rc;
}

static bool
same_key(MDB_val a, MDB_val b)
{
    return a.mv_size == b.mv_size && memcmp(a.mv_data, b.mv_data, a.mv_size) == 0;
}

/* Copies what fits of the value, as fetch does. One descent finds the record or its neighbour. */
static int
search_run(void *argument)
{
    Search *search = argument;
    MDB_val key = search->key;
    int rc = *search->cursor ? mdb_cursor_renew(search->txn, *search->cursor)
                             : tbl_store_cursor_open(search->txn, search->dbi, search->cursor);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(*search->cursor, &key, &search->value, MDB_SET_RANGE);
    if (rc == 0 && same_key(key, search->key)) {
        buffer_fill(search->copy, &search->value);
        return 0;
    }
    return rc == 0 ? gap_prove(search, &key) : rc == MDB_NOTFOUND ? gap_prove(search, NULL) : rc;
}

/* At least so many there are, by the meta record. */
static guint64
expected_records(const TblReader *reader, TblDb db)
{
    return db == TBL_DB_ADDRESSES                       ? reader->meta.addresses
           : db == TBL_DB_NAMES || db == TBL_DB_OBJECTS ? reader->meta.objects
                                                        : 0;
}

TblResult
tbl_reader_get(TblReader *reader, TblDb db, TblSlice key, TblSlice *value)
{
    if (!reader->active || key.len == 0)
        return reader->active ? TBL_NOTFOUND : TBL_FAILED;
    char scratch[TBL_STORE_LONG_KEY_SIZE];
    Search search = {.txn = reader->txn,
                     .cursor = &reader->search[db],
                     .dbi = reader->store->dbi[db],
                     .key = tbl_store_key(key, scratch),
                     .copy = &reader->value[db]};
    int rc = tbl_store_guarded(search_run, &search);
    if (rc == 0 && search.value.mv_size > RECORD_MAX)
        return TBL_FAILED;
    if (rc == 0 && buffer_grow(search.copy, search.value.mv_size))
        rc = tbl_store_guarded(search_run, &search);
    if (rc == MDB_NOTFOUND)
        return search.empty && expected_records(reader, db) > 0 ? TBL_FAILED : TBL_NOTFOUND;
    if (rc != 0 || !tbl_store_record_intact(search.key, search.copy->bytes, search.value.mv_size))
        return TBL_FAILED;
    *value = (TblSlice){search.copy->bytes, search.value.mv_size - TBL_STORE_CHECKSUM_SIZE};
    return TBL_FOUND;
}

typedef struct {
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_stat stat;
} Stat;

static int
stat_read(void *argument)
{
    Stat *stat = argument;
    return mdb_stat(stat->txn, stat->dbi, &stat->stat);
}

bool
tbl_reader_is_empty(TblReader *reader, TblDb db)
{
    Stat stat = {.txn = reader->txn, .dbi = reader->store->dbi[db]};
    if (!reader->active || expected_records(reader, db) > 0 ||
        tbl_store_guarded(stat_read, &stat) != 0)
        return false;
    return stat.stat.ms_entries == 0 && stat.stat.ms_depth == 0;
}

typedef struct {
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_cursor *cursor;
} Opening;

/* Looks the database up in the map. */
static int
open_cursor(void *argument)
{
    Opening *opening = argument;
    return tbl_store_cursor_open(opening->txn, opening->dbi, &opening->cursor);
}

TblResult
tbl_reader_each(TblReader *reader, TblDb db, TblSlice from, TblEachFunc each, gpointer data)
{
    if (!reader->active)
        return TBL_FAILED;
    char scratch[TBL_STORE_LONG_KEY_SIZE];
    Buffer key = {0}, value = {0};
    Opening opening = {.txn = reader->txn, .dbi = reader->store->dbi[db]};
    if (tbl_store_guarded(open_cursor, &opening) != 0)
        return TBL_FAILED;
    Fetch f = {.cursor = opening.cursor,
               .op = from.len ? MDB_SET_RANGE : MDB_FIRST,
               .copy = &value,
               .key_copy = &key};
    if (from.len)
        f.key = tbl_store_key(from, scratch);
    TblResult result;
    while ((result = fetch_guarded(&f)) == TBL_FOUND) {
        if (!each((TblSlice){key.bytes, f.key.mv_size},
                  (TblSlice){value.bytes, f.value.mv_size - TBL_STORE_CHECKSUM_SIZE}, data))
            break;
        f.op = MDB_NEXT;
    }
    mdb_cursor_close(f.cursor);
    g_free(key.bytes);
    g_free(value.bytes);
    return result == TBL_FAILED ? TBL_FAILED : TBL_FOUND;
}
