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
    MDB_cursor *gap[TBL_DB_COUNT]; /* for proofs of absence, made when first needed */
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
        if (reader->gap[i])
            mdb_cursor_close(reader->gap[i]);
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
    MDB_txn *txn;
    MDB_cursor *cursor; /* instead of a get by key */
    MDB_cursor_op op;
    MDB_dbi dbi;
    MDB_val key, value;
    Buffer *copy, *key_copy;
} Fetch;

static void
buffer_fill(Buffer *buffer, const MDB_val *value)
{
    if (value->mv_size <= buffer->capacity)
        memcpy(buffer->bytes, value->mv_data, value->mv_size);
}

/* Copies what fits; the caller grows the buffer and fetches again where it does not (never allocate
 * inside the guard). */
static int
fetch(void *argument)
{
    Fetch *f = argument;
    int rc = f->cursor ? mdb_cursor_get(f->cursor, &f->key, &f->value, f->op)
                       : mdb_get(f->txn, f->dbi, &f->key, &f->value);
    if (rc != 0)
        return rc;
    buffer_fill(f->copy, &f->value);
    if (f->key_copy)
        buffer_fill(f->key_copy, &f->key);
    return 0;
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

static TblResult
fetch_guarded(TblReader *reader, Fetch *f)
{
    int rc = tbl_store_guarded(fetch, f);
    if (rc == 0 && f->value.mv_size > RECORD_MAX)
        rc = MDB_CORRUPTED;
    if (rc == 0) {
        bool grown = buffer_grow(f->copy, f->value.mv_size);
        if (f->key_copy)
            grown = buffer_grow(f->key_copy, f->key.mv_size) || grown;
        if (grown) {
            if (f->cursor)
                f->op = MDB_GET_CURRENT;
            rc = tbl_store_guarded(fetch, f);
        }
    }
    if (rc == MDB_NOTFOUND)
        return TBL_NOTFOUND;
    MDB_val key = f->key_copy ? (MDB_val){f->key.mv_size, f->key_copy->bytes} : f->key;
    if (rc == 0 && tbl_store_record_intact(key, f->copy->bytes, f->value.mv_size))
        return TBL_FOUND;
    return TBL_FAILED;
}

typedef struct {
    MDB_txn *txn;
    MDB_cursor **cursor;
    MDB_dbi dbi;
    MDB_val key;
    bool empty; /* there is no record at all */
} Gap;

static int
gap_check(const Gap *gap, MDB_val key, MDB_val value, bool after)
{
    int order = mdb_cmp(gap->txn, gap->dbi, &key, &gap->key);
    bool beside = after ? order > 0 : order < 0;
    return beside && tbl_store_record_intact(key, value.mv_data, value.mv_size) ? 0 : MDB_CORRUPTED;
}

static int
gap_prove(void *argument)
{
    Gap *gap = argument;
    MDB_val key = gap->key, value;
    int rc = *gap->cursor ? mdb_cursor_renew(gap->txn, *gap->cursor)
                          : mdb_cursor_open(gap->txn, gap->dbi, gap->cursor);
    if (rc == 0)
        rc = mdb_cursor_get(*gap->cursor, &key, &value, MDB_SET_RANGE);
    bool past_end = rc == MDB_NOTFOUND;
    if (rc == 0)
        rc = gap_check(gap, key, value, true);
    if (rc != 0 && !past_end)
        return rc;
    rc = mdb_cursor_get(*gap->cursor, &key, &value, past_end ? MDB_LAST : MDB_PREV);
    gap->empty = past_end && rc == MDB_NOTFOUND;
    if (rc == 0)
        return gap_check(gap, key, value, false);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* At least so many there are, by the meta record. */
static guint64
expected_records(const TblReader *reader, TblDb db)
{
    return db == TBL_DB_ADDRESSES                       ? reader->meta.addresses
           : db == TBL_DB_NAMES || db == TBL_DB_OBJECTS ? reader->meta.objects
                                                        : 0;
}

/* Damage to a key or to a page's order leads a search astray, and what was not met seems absent.
 * Absence is believed only between two intact records that enclose the key. */
static TblResult
absent_for_certain(TblReader *reader, TblDb db, MDB_val key)
{
    Gap gap = {
        .txn = reader->txn, .cursor = &reader->gap[db], .dbi = reader->store->dbi[db], .key = key};
    if (tbl_store_guarded(gap_prove, &gap) != 0)
        return TBL_FAILED;
    return gap.empty && expected_records(reader, db) > 0 ? TBL_FAILED : TBL_NOTFOUND;
}

TblResult
tbl_reader_get(TblReader *reader, TblDb db, TblSlice key, TblSlice *value)
{
    if (!reader->active || key.len == 0)
        return reader->active ? TBL_NOTFOUND : TBL_FAILED;
    char scratch[TBL_STORE_LONG_KEY_SIZE];
    Fetch f = {.txn = reader->txn,
               .dbi = reader->store->dbi[db],
               .key = tbl_store_key(key, scratch),
               .copy = &reader->value[db]};
    TblResult result = fetch_guarded(reader, &f);
    if (result == TBL_FOUND)
        *value = (TblSlice){f.copy->bytes, f.value.mv_size - TBL_STORE_CHECKSUM_SIZE};
    return result == TBL_NOTFOUND ? absent_for_certain(reader, db, f.key) : result;
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

/* Looks the database up in the map. */
static int
open_cursor(void *argument)
{
    Fetch *f = argument;
    return mdb_cursor_open(f->txn, f->dbi, &f->cursor);
}

TblResult
tbl_reader_each(TblReader *reader, TblDb db, TblSlice from, TblEachFunc each, gpointer data)
{
    if (!reader->active)
        return TBL_FAILED;
    char scratch[TBL_STORE_LONG_KEY_SIZE];
    Buffer key = {0}, value = {0};
    Fetch f = {.op = from.len ? MDB_SET_RANGE : MDB_FIRST, .copy = &value, .key_copy = &key};
    f.txn = reader->txn;
    f.dbi = reader->store->dbi[db];
    if (tbl_store_guarded(open_cursor, &f) != 0)
        return TBL_FAILED;
    if (from.len)
        f.key = tbl_store_key(from, scratch);
    TblResult result;
    while ((result = fetch_guarded(reader, &f)) == TBL_FOUND) {
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
