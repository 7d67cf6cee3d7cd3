#include "tables/batch.h"

#include "tables/codec.h"

#include <pwd.h>
#include <unistd.h>

/* Undo records are packed into values that still fit a leaf page of LMDB (2 kB); larger ones go alone. */
#define CHUNK_SIZE 1800
#define UNDO_KEY_SIZE 12

struct TblUndoLog {
    TblWriter *writer;
    guint64 number;
    guint32 chunks;
    GByteArray *chunk;
    TblDigest *digest;
};

void
tbl_batch_free(TblBatch *batch)
{
    if (!batch)
        return;
    g_free(batch->user);
    g_free(batch->program);
    g_free(batch->summary);
    for (guint i = 0; batch->files && i < batch->files->len; i++)
        g_free(g_array_index(batch->files, TblBatchFile, i).name);
    if (batch->files)
        g_array_unref(batch->files);
    g_free(batch);
}

char *
tbl_batch_user(void)
{
    const char *sudo = g_getenv("SUDO_USER");
    if (sudo && *sudo && g_utf8_validate(sudo, -1, NULL))
        return g_strdup(sudo);
    struct passwd entry, *found = NULL;
    char bytes[4096];
    if (getpwuid_r(getuid(), &entry, bytes, sizeof bytes, &found) == 0 && found)
        return g_strdup(found->pw_name);
    return g_strdup_printf("%u", (unsigned)getuid());
}

/* ---- Headers: what the hash covers, then the hash, then what may change later (undone_by, chunks) ---- */

static void
encode_bytes(GByteArray *out, const guint8 digest[TBL_SHA256_SIZE])
{
    tbl_encode_string(out, (TblSlice){(const char *)digest, TBL_SHA256_SIZE});
}

static void
encode_hashed(GByteArray *out, const TblBatch *batch)
{
    tbl_encode_number(out, batch->number);
    tbl_encode_number(out, (guint64)batch->time);
    tbl_encode_string(out, tbl_slice(batch->user));
    tbl_encode_string(out, tbl_slice(batch->program));
    tbl_encode_number(out, batch->files->len);
    for (guint i = 0; i < batch->files->len; i++) {
        const TblBatchFile *file = &g_array_index(batch->files, TblBatchFile, i);
        tbl_encode_string(out, tbl_slice(file->name));
        encode_bytes(out, file->sha256);
    }
    tbl_encode_string(out, tbl_slice(batch->summary));
    tbl_encode_number(out, batch->undoes);
    encode_bytes(out, batch->undo_digest);
    encode_bytes(out, batch->previous);
}

static void
encode_header(GByteArray *out, const TblBatch *batch, guint32 chunks)
{
    encode_hashed(out, batch);
    encode_bytes(out, batch->hash);
    tbl_encode_number(out, batch->undone_by);
    tbl_encode_number(out, chunks);
}

static void
cursor_digest(TblCursor *cursor, guint8 out[TBL_SHA256_SIZE])
{
    TblSlice bytes = tbl_cursor_string(cursor);
    if (bytes.len == TBL_SHA256_SIZE)
        memcpy(out, bytes.ptr, TBL_SHA256_SIZE);
    else
        cursor->broken = true;
}

static char *
cursor_text(TblCursor *cursor)
{
    TblSlice text = tbl_cursor_string(cursor);
    return g_strndup(text.ptr, text.len);
}

static TblBatch *
decode_header(TblSlice bytes, guint32 *chunks)
{
    TblCursor cursor = tbl_cursor(bytes);
    g_autoptr(TblBatch) batch = g_new0(TblBatch, 1);
    batch->number = tbl_cursor_number(&cursor);
    batch->time = (gint64)tbl_cursor_number(&cursor);
    batch->user = cursor_text(&cursor);
    batch->program = cursor_text(&cursor);
    batch->files = g_array_new(FALSE, TRUE, sizeof(TblBatchFile));
    for (guint64 left = tbl_cursor_number(&cursor); left > 0 && !cursor.broken; left--) {
        TblBatchFile file = {.name = cursor_text(&cursor)};
        cursor_digest(&cursor, file.sha256);
        g_array_append_val(batch->files, file);
    }
    batch->summary = cursor_text(&cursor);
    batch->undoes = tbl_cursor_number(&cursor);
    cursor_digest(&cursor, batch->undo_digest);
    cursor_digest(&cursor, batch->previous);
    cursor_digest(&cursor, batch->hash);
    batch->undone_by = tbl_cursor_number(&cursor);
    *chunks = (guint32)tbl_cursor_number(&cursor);
    return tbl_cursor_done(&cursor) ? g_steal_pointer(&batch) : NULL;
}

TblResult
tbl_batch_read(TblReader *reader, guint64 number, TblBatch **batch)
{
    char key[8];
    TblSlice bytes;
    guint32 chunks;
    *batch = NULL;
    tbl_store_key_number(number, key);
    TblResult result = tbl_reader_get(reader, TBL_DB_BATCHES, (TblSlice){key, sizeof key}, &bytes);
    if (result == TBL_FOUND && !(*batch = decode_header(bytes, &chunks)))
        return TBL_FAILED;
    return result;
}

/* ---- Undo records ---- */

static void
undo_key(guint64 number, guint32 sequence, char out[UNDO_KEY_SIZE])
{
    tbl_store_key_number(number, out);
    guint32 big_endian = GUINT32_TO_BE(sequence);
    memcpy(out + 8, &big_endian, sizeof big_endian);
}

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
                      (TblSlice){(const char *)log->chunk->data, log->chunk->len});
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

/* Drops the undo records of one batch; false when it has none any more. */
static bool
prune_batch(TblWriter *writer, guint64 number)
{
    char key[8], chunk_key[UNDO_KEY_SIZE];
    TblSlice bytes;
    guint32 chunks;
    tbl_store_key_number(number, key);
    if (tbl_writer_get(writer, TBL_DB_BATCHES, (TblSlice){key, sizeof key}, &bytes) != TBL_FOUND)
        return false;
    g_autoptr(TblBatch) batch = decode_header(bytes, &chunks);
    if (!batch || chunks == 0)
        return false;
    for (guint32 i = 0; i < chunks; i++) {
        undo_key(number, i, chunk_key);
        tbl_writer_delete(writer, TBL_DB_UNDO, (TblSlice){chunk_key, sizeof chunk_key});
    }
    g_autoptr(GByteArray) header = g_byte_array_new();
    encode_header(header, batch, 0);
    tbl_writer_put(writer, TBL_DB_BATCHES, (TblSlice){key, sizeof key}, (TblSlice){(const char *)header->data, header->len});
    return true;
}

void
tbl_undo_finish(TblUndoLog *log, const TblBatchInfo *info)
{
    flush_chunk(log);
    TblMeta *meta = tbl_writer_meta(log->writer);
    TblBatch batch = {
        .number = log->number,
        .time = g_get_real_time() / G_USEC_PER_SEC,
        .user = (char *)info->user,
        .program = (char *)info->program,
        .summary = (char *)info->summary,
        .files = g_array_new(FALSE, TRUE, sizeof(TblBatchFile)),
        .undoes = info->undoes,
    };
    g_array_append_vals(batch.files, info->files, info->n_files);
    tbl_digest_finish(log->digest, batch.undo_digest);
    memcpy(batch.previous, meta->batch_hash, TBL_SHA256_SIZE);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    encode_hashed(bytes, &batch);
    tbl_digest_bytes((TblSlice){(const char *)bytes->data, bytes->len}, batch.hash);
    g_byte_array_set_size(bytes, 0);
    encode_header(bytes, &batch, log->chunks);
    char key[8];
    tbl_store_key_number(log->number, key);
    tbl_writer_append(log->writer, TBL_DB_BATCHES, (TblSlice){key, sizeof key}, (TblSlice){(const char *)bytes->data, bytes->len});
    meta->batch = log->number;
    memcpy(meta->batch_hash, batch.hash, TBL_SHA256_SIZE);
    for (guint64 old = log->number > info->undo_keep ? log->number - info->undo_keep : 0; old > 0 && prune_batch(log->writer, old); old--)
        ;
    g_array_unref(batch.files);
    g_byte_array_unref(log->chunk);
    g_free(log);
}

void
tbl_undo_abort(TblUndoLog *log)
{
    guint8 unused[TBL_SHA256_SIZE];
    tbl_digest_finish(log->digest, unused);
    g_byte_array_unref(log->chunk);
    g_free(log);
}
