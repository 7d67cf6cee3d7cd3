#include "tables/digest.h"
#include "tables/store_env.h"

struct TblWriter {
    TblStore *store;
    MDB_txn *txn;
    TblMeta meta;
    GByteArray *record; /* value and check sum of the put under way */
    /* Stand at the end of what is appended to, so that the way there is not searched each time. */
    MDB_cursor *end[TBL_DB_COUNT];
    int rc; /* sticky */
};

/* One call of LMDB. */
typedef struct {
    TblWriter *writer;
    TblDb db;
    MDB_dbi dbi;
    MDB_val key, value;
} Call;

/* Runs a call that may meet damaged pages. After a fault the transaction is left as it is: LMDB's
 * lists lead into stack frames that are gone, so that even ending it is not safe. Its lock goes
 * with the process. */
static int
run(TblWriter *writer, int (*operation)(void *), Call *call)
{
    bool faulted;
    int rc = tbl_guard_run(operation, call, &faulted);
    if (!faulted)
        return rc;
    writer->store->write_broken = true;
    writer->txn = NULL;
    return MDB_CORRUPTED;
}

static int
call_begin(void *argument)
{
    Call *call = argument;
    return mdb_txn_begin(call->writer->store->env, NULL, 0, &call->writer->txn);
}

static int
call_get(void *argument)
{
    Call *call = argument;
    int rc = mdb_get(call->writer->txn, call->dbi, &call->key, &call->value);
    if (rc == 0 && !tbl_store_record_intact(call->key, call->value.mv_data, call->value.mv_size))
        rc = MDB_CORRUPTED;
    return rc;
}

static int
call_put(void *argument)
{
    Call *call = argument;
    return mdb_put(call->writer->txn, call->dbi, &call->key, &call->value, 0);
}

static int
call_append(void *argument)
{
    Call *call = argument;
    MDB_cursor **end = &call->writer->end[call->db];
    int rc = *end ? 0 : tbl_store_cursor_open(call->writer->txn, call->dbi, end);
    return rc ? rc : mdb_cursor_put(*end, &call->key, &call->value, MDB_APPEND);
}

static int
call_delete(void *argument)
{
    Call *call = argument;
    return mdb_del(call->writer->txn, call->dbi, &call->key, NULL);
}

static int
call_commit(void *argument)
{
    Call *call = argument;
    MDB_txn *txn = call->writer->txn;
    call->writer->txn = NULL; /* gone, whatever comes of it */
    return mdb_txn_commit(txn);
}

static int
call_make(void *argument)
{
    Call *call = argument;
    return mdb_dbi_open(call->writer->txn, tbl_store_db_names[call->db], MDB_CREATE,
                        &call->writer->store->dbi[call->db]);
}

void
tbl_writer_make(TblWriter *writer, TblDb db)
{
    Call call = {.writer = writer, .db = db};
    if (writer->rc == 0)
        writer->rc = run(writer, call_make, &call);
}

TblWriter *
tbl_writer_begin(TblStore *store, GError **error)
{
    TblWriter *writer = g_new0(TblWriter, 1);
    writer->store = store;
    writer->record = g_byte_array_new();
    Call call = {.writer = writer};
    int rc = store->write_broken ? MDB_CORRUPTED : run(writer, call_begin, &call);
    TblSlice bytes;
    if (rc == 0 &&
        tbl_writer_get(writer, TBL_DB_META, tbl_slice(TBL_STORE_META_KEY), &bytes) == TBL_FOUND &&
        tbl_store_meta_decode(&writer->meta, bytes) != TBL_STORE_SCHEMA)
        rc = MDB_CORRUPTED;
    if (rc == 0)
        rc = writer->rc;
    if (rc != 0) {
        tbl_store_fail(error, store->path, "cannot write to the store", rc);
        tbl_writer_abort(writer);
        return NULL;
    }
    return writer;
}

TblMeta *
tbl_writer_meta(TblWriter *writer)
{
    return &writer->meta;
}

TblResult
tbl_writer_get(TblWriter *writer, TblDb db, TblSlice key, TblSlice *value)
{
    char scratch[TBL_STORE_LONG_KEY_SIZE];
    if (writer->rc != 0)
        return TBL_FAILED;
    Call call = {
        .writer = writer, .dbi = writer->store->dbi[db], .key = tbl_store_key(key, scratch)};
    int rc = run(writer, call_get, &call);
    if (rc == MDB_NOTFOUND)
        return TBL_NOTFOUND;
    writer->rc = rc;
    if (rc != 0)
        return TBL_FAILED;
    *value = (TblSlice){call.value.mv_data, call.value.mv_size - TBL_STORE_CHECKSUM_SIZE};
    return TBL_FOUND;
}

/* Another change moves what a cursor stands on; the next append finds the end again. After an error
 * the transaction is only aborted. */
static void
forget_end(TblWriter *writer, TblDb db)
{
    if (writer->rc != 0 || !writer->end[db])
        return;
    mdb_cursor_close(writer->end[db]);
    writer->end[db] = NULL;
}

static void
put(TblWriter *writer, TblDb db, TblSlice key, TblSlice value, int (*operation)(void *))
{
    char scratch[TBL_STORE_LONG_KEY_SIZE];
    if (writer->rc != 0)
        return;
    MDB_val k = tbl_store_key(key, scratch);
    guint32 sum = GUINT32_TO_LE(tbl_checksum((TblSlice){k.mv_data, k.mv_size}, value));
    g_byte_array_set_size(writer->record, value.len + sizeof sum);
    if (value.len)
        memcpy(writer->record->data, value.ptr, value.len);
    memcpy(writer->record->data + value.len, &sum, sizeof sum);
    Call call = {.writer = writer,
                 .db = db,
                 .dbi = writer->store->dbi[db],
                 .key = k,
                 .value = {writer->record->len, writer->record->data}};
    writer->rc = run(writer, operation, &call);
}

void
tbl_writer_put(TblWriter *writer, TblDb db, TblSlice key, TblSlice value)
{
    forget_end(writer, db);
    put(writer, db, key, value, call_put);
}

void
tbl_writer_append(TblWriter *writer, TblDb db, TblSlice key, TblSlice value)
{
    if (key.len > TBL_STORE_KEY_MAX) { /* goes by its digest, which comes in no order */
        tbl_writer_put(writer, db, key, value);
        return;
    }
    put(writer, db, key, value, call_append);
    if (writer->rc == MDB_KEYEXIST) {
        writer->rc = 0;
        tbl_writer_put(writer, db, key, value);
    }
}

void
tbl_writer_delete(TblWriter *writer, TblDb db, TblSlice key)
{
    char scratch[TBL_STORE_LONG_KEY_SIZE];
    if (writer->rc != 0)
        return;
    forget_end(writer, db);
    Call call = {
        .writer = writer, .dbi = writer->store->dbi[db], .key = tbl_store_key(key, scratch)};
    int rc = run(writer, call_delete, &call);
    writer->rc = rc == MDB_NOTFOUND ? 0 : rc;
}

bool
tbl_writer_commit(TblWriter *writer, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    writer->meta.generation++;
    tbl_store_meta_encode(&writer->meta, bytes);
    tbl_writer_put(writer, TBL_DB_META, tbl_slice(TBL_STORE_META_KEY),
                   (TblSlice){(const char *)bytes->data, bytes->len});
    int rc = writer->rc;
    Call call = {.writer = writer};
    for (int db = 0; rc == 0 && db < TBL_DB_COUNT; db++)
        forget_end(writer, (TblDb)db);
    if (rc == 0)
        rc = run(writer, call_commit, &call);
    if (rc != 0)
        tbl_store_fail(error, writer->store->path, "cannot commit", rc);
    tbl_writer_abort(writer);
    return rc == 0;
}

void
tbl_writer_abort(TblWriter *writer)
{
    if (!writer)
        return;
    if (writer->txn)
        mdb_txn_abort(writer->txn); /* and its cursors */
    g_byte_array_unref(writer->record);
    g_free(writer);
}
