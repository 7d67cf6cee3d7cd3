#include "tables/batch_record.h"

#include "tables/codec.h"

/* Undo records are packed into values that still fit a leaf page of LMDB (2 kB); larger ones go
 * alone. */
#define CHUNK_SIZE 1800
#define BATCH_KEY_SIZE 8
#define UNDO_KEY_SIZE 12
#define OBJECT_KEY_SIZE 8

struct TblUndoLog {
    TblWriter *writer;
    guint64 number;
    guint32 chunks;
    GByteArray *chunk;
    TblDigest *digest;
};

static void
undo_key(guint64 number, guint32 sequence, char out[UNDO_KEY_SIZE])
{
    tbl_store_key_number(number, out);
    guint32 big_endian = GUINT32_TO_BE(sequence);
    memcpy(out + BATCH_KEY_SIZE, &big_endian, sizeof big_endian);
}

static TblSlice
bytes_slice(const GByteArray *bytes)
{
    return (TblSlice){(const char *)bytes->data, bytes->len};
}

/* ---- Writing ---- */

TblUndoLog *
tbl_undo_new(TblWriter *writer, guint64 number)
{
    TblUndoLog *log = g_new0(TblUndoLog, 1);
    log->writer = writer;
    log->number = number;
    log->chunk = g_byte_array_new();
    log->digest = tbl_digest_new();
    return log;
}

static void
flush_chunk(TblUndoLog *log)
{
    if (log->chunk->len == 0)
        return;
    char key[UNDO_KEY_SIZE];
    undo_key(log->number, log->chunks++, key);
    tbl_digest_update(log->digest, log->chunk->data, log->chunk->len);
    tbl_writer_append(log->writer, TBL_DB_UNDO, (TblSlice){key, sizeof key},
                      bytes_slice(log->chunk));
    g_byte_array_set_size(log->chunk, 0);
}

void
tbl_undo_add(TblUndoLog *log, TblUndoKind kind, TblSlice key, TblSlice before)
{
    if (log->chunk->len + key.len + before.len > CHUNK_SIZE)
        flush_chunk(log);
    tbl_encode_number(log->chunk, kind);
    tbl_encode_string(log->chunk, key);
    tbl_encode_string(log->chunk, before);
}

/* A header as the writer sees it; NULL when there is none, or it is broken. */
static TblBatch *
header_get(TblWriter *writer, guint64 number)
{
    char key[BATCH_KEY_SIZE];
    TblSlice bytes;
    tbl_store_key_number(number, key);
    if (tbl_writer_get(writer, TBL_DB_BATCHES, (TblSlice){key, sizeof key}, &bytes) != TBL_FOUND)
        return NULL;
    return tbl_batch_decode(bytes);
}

static void
header_put(TblWriter *writer, const TblBatch *batch, bool append)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    char key[BATCH_KEY_SIZE];
    tbl_store_key_number(batch->number, key);
    tbl_batch_encode(batch, bytes);
    if (append)
        tbl_writer_append(writer, TBL_DB_BATCHES, (TblSlice){key, sizeof key}, bytes_slice(bytes));
    else
        tbl_writer_put(writer, TBL_DB_BATCHES, (TblSlice){key, sizeof key}, bytes_slice(bytes));
}

/* Drops the undo records of one batch; false when it has none any more. */
static bool
prune_batch(TblWriter *writer, guint64 number)
{
    g_autoptr(TblBatch) batch = header_get(writer, number);
    if (!batch || batch->chunks == 0)
        return false;
    for (guint32 i = 0; i < batch->chunks; i++) {
        char key[UNDO_KEY_SIZE];
        undo_key(number, i, key);
        tbl_writer_delete(writer, TBL_DB_UNDO, (TblSlice){key, sizeof key});
    }
    batch->chunks = 0;
    header_put(writer, batch, false);
    return true;
}

static bool
mark_undone(TblWriter *writer, guint64 number, guint64 by)
{
    g_autoptr(TblBatch) batch = header_get(writer, number);
    if (!batch || batch->undone_by != 0)
        return false;
    batch->undone_by = by;
    header_put(writer, batch, false);
    return true;
}

static void
undo_free(TblUndoLog *log)
{
    g_byte_array_unref(log->chunk);
    g_free(log);
}

bool
tbl_undo_finish(TblUndoLog *log, const TblBatchInfo *info)
{
    TblWriter *writer = log->writer;
    TblMeta *meta = tbl_writer_meta(writer);
    guint64 number = log->number;
    flush_chunk(log);
    g_autoptr(GArray) files = g_array_new(FALSE, TRUE, sizeof(TblBatchFile));
    TblBatch batch = {
        .number = number,
        .time = g_get_real_time() / G_USEC_PER_SEC,
        .user = (char *)info->user,
        .program = (char *)info->program,
        .summary = (char *)info->summary,
        .files = files,
        .undoes = info->undoes,
        .chunks = log->chunks,
    };
    if (info->n_files > 0)
        g_array_append_vals(files, info->files, info->n_files);
    tbl_digest_finish(log->digest, batch.undo_digest);
    undo_free(log);
    memcpy(batch.previous, meta->batch_hash, TBL_SHA256_SIZE);
    tbl_batch_hash(&batch, batch.hash);
    header_put(writer, &batch, true);
    meta->batch = number;
    memcpy(meta->batch_hash, batch.hash, TBL_SHA256_SIZE);
    if (info->undoes != 0 && !mark_undone(writer, info->undoes, number))
        return false;
    for (guint64 old = number > info->undo_keep ? number - info->undo_keep : 0;
         old > 0 && prune_batch(writer, old); old--)
        ;
    return true;
}

void
tbl_undo_abort(TblUndoLog *log)
{
    tbl_digest_free(log->digest);
    undo_free(log);
}

/* ---- Reading ---- */

static TblResult
chunk_get(TblReader *reader, guint64 number, guint32 sequence, TblSlice *chunk)
{
    char key[UNDO_KEY_SIZE];
    undo_key(number, sequence, key);
    return tbl_reader_get(reader, TBL_DB_UNDO, (TblSlice){key, sizeof key}, chunk);
}

bool
tbl_undo_decode(TblSlice chunk, TblUndoFunc each, gpointer data, bool *stopped)
{
    TblCursor cursor = tbl_cursor(chunk);
    *stopped = false;
    while (!*stopped && cursor.at < cursor.end) {
        guint64 kind = tbl_cursor_number(&cursor);
        TblSlice key = tbl_cursor_string(&cursor), before = tbl_cursor_string(&cursor);
        if (cursor.broken || kind < TBL_UNDO_OBJECT || kind >= TBL_UNDO_END ||
            (kind == TBL_UNDO_OBJECT && key.len != OBJECT_KEY_SIZE))
            return false;
        *stopped = !each((TblUndoKind)kind, key, before, data);
    }
    return true;
}

TblResult
tbl_undo_each(TblReader *reader, const TblBatch *batch, TblUndoFunc each, gpointer data)
{
    bool stopped = false;
    for (guint32 i = 0; i < batch->chunks && !stopped; i++) {
        TblSlice chunk;
        if (chunk_get(reader, batch->number, i, &chunk) != TBL_FOUND ||
            !tbl_undo_decode(chunk, each, data, &stopped))
            return TBL_FAILED;
    }
    return batch->chunks > 0 ? TBL_FOUND : TBL_NOTFOUND;
}

TblResult
tbl_undo_digest(TblReader *reader, const TblBatch *batch, guint8 digest[TBL_SHA256_SIZE])
{
    TblDigest *running = tbl_digest_new();
    TblResult result = TBL_FOUND;
    TblSlice chunk;
    for (guint32 i = 0; i < batch->chunks && result == TBL_FOUND; i++) {
        result = chunk_get(reader, batch->number, i, &chunk);
        if (result == TBL_FOUND)
            tbl_digest_update(running, chunk.ptr, chunk.len);
    }
    tbl_digest_finish(running, digest);
    return result;
}

TblResult
tbl_undo_beyond(TblReader *reader, const TblBatch *batch)
{
    TblSlice chunk;
    return chunk_get(reader, batch->number, batch->chunks, &chunk);
}
