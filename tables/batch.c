#include "tables/batch_record.h"

#include "tables/codec.h"

#include <pwd.h>
#include <unistd.h>

void
tbl_batch_free(TblBatch *batch)
{
    if (!batch)
        return;
    g_free(batch->user);
    g_free(batch->program);
    g_free(batch->summary);
    for (guint i = 0; batch->files && i < batch->files->len; i++) {
        g_free(g_array_index(batch->files, TblBatchFile, i).name);
        g_free(g_array_index(batch->files, TblBatchFile, i).signer);
    }
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

/* ---- Headers: what the hash covers, then the hash, then what may change later (undone_by, chunks)
 * ---- */

static void
encode_bytes(GByteArray *out, const guint8 digest[TBL_SHA256_SIZE])
{
    tbl_encode_string(out, (TblSlice){(const char *)digest, TBL_SHA256_SIZE});
}

/* Name and digest; the signer of a signed file stands in one string with the digest, so that the
 * headers of all others are what they were before there were signatures. */
static void
encode_file(GByteArray *out, const TblBatchFile *file)
{
    g_autoptr(GByteArray) digest = g_byte_array_new();
    g_byte_array_append(digest, file->sha256, TBL_SHA256_SIZE);
    if (file->signer)
        g_byte_array_append(digest, (const guint8 *)file->signer, (guint)strlen(file->signer));
    tbl_encode_string(out, tbl_slice(file->name));
    tbl_encode_string(out, (TblSlice){(const char *)digest->data, digest->len});
}

static void
encode_hashed(GByteArray *out, const TblBatch *batch)
{
    tbl_encode_number(out, batch->number);
    tbl_encode_number(out, (guint64)batch->time);
    tbl_encode_string(out, tbl_slice(batch->user));
    tbl_encode_string(out, tbl_slice(batch->program));
    tbl_encode_number(out, batch->files->len);
    for (guint i = 0; i < batch->files->len; i++)
        encode_file(out, &g_array_index(batch->files, TblBatchFile, i));
    tbl_encode_string(out, tbl_slice(batch->summary));
    tbl_encode_number(out, batch->undoes);
    encode_bytes(out, batch->undo_digest);
    encode_bytes(out, batch->previous);
}

void
tbl_batch_hash(const TblBatch *batch, guint8 hash[TBL_SHA256_SIZE])
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    encode_hashed(bytes, batch);
    tbl_digest_bytes((TblSlice){(const char *)bytes->data, bytes->len}, hash);
}

void
tbl_batch_encode(const TblBatch *batch, GByteArray *out)
{
    encode_hashed(out, batch);
    encode_bytes(out, batch->hash);
    tbl_encode_number(out, batch->undone_by);
    tbl_encode_number(out, batch->chunks);
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

/* Without NUL. Caller frees. */
static char *
cursor_check_text(TblCursor *cursor, TblSlice text)
{
    if (text.len && memchr(text.ptr, '\0', text.len))
        cursor->broken = true;
    return g_strndup(text.ptr, text.len);
}

static char *
cursor_text(TblCursor *cursor)
{
    return cursor_check_text(cursor, tbl_cursor_string(cursor));
}

static void
cursor_file(TblCursor *cursor, TblBatchFile *file)
{
    file->name = cursor_text(cursor);
    TblSlice bytes = tbl_cursor_string(cursor);
    if (bytes.len < TBL_SHA256_SIZE) {
        cursor->broken = true;
        return;
    }
    memcpy(file->sha256, bytes.ptr, TBL_SHA256_SIZE);
    TblSlice signer = {bytes.ptr + TBL_SHA256_SIZE, bytes.len - TBL_SHA256_SIZE};
    if (signer.len > 0)
        file->signer = cursor_check_text(cursor, signer);
}

TblBatch *
tbl_batch_decode(TblSlice bytes)
{
    TblCursor cursor = tbl_cursor(bytes);
    g_autoptr(TblBatch) batch = g_new0(TblBatch, 1);
    batch->number = tbl_cursor_number(&cursor);
    batch->time = (gint64)tbl_cursor_number(&cursor);
    batch->user = cursor_text(&cursor);
    batch->program = cursor_text(&cursor);
    batch->files = g_array_new(FALSE, TRUE, sizeof(TblBatchFile));
    for (guint64 left = tbl_cursor_number(&cursor); left > 0 && !cursor.broken; left--) {
        TblBatchFile file = {0};
        cursor_file(&cursor, &file);
        g_array_append_val(batch->files, file);
    }
    batch->summary = cursor_text(&cursor);
    batch->undoes = tbl_cursor_number(&cursor);
    cursor_digest(&cursor, batch->undo_digest);
    cursor_digest(&cursor, batch->previous);
    cursor_digest(&cursor, batch->hash);
    batch->undone_by = tbl_cursor_number(&cursor);
    guint64 chunks = tbl_cursor_number(&cursor);
    batch->chunks = (guint32)chunks;
    return tbl_cursor_done(&cursor) && chunks <= G_MAXUINT32 ? g_steal_pointer(&batch) : NULL;
}

TblResult
tbl_batch_read(TblReader *reader, guint64 number, TblBatch **batch)
{
    char key[8];
    TblSlice bytes;
    *batch = NULL;
    tbl_store_key_number(number, key);
    TblResult result = tbl_reader_get(reader, TBL_DB_BATCHES, (TblSlice){key, sizeof key}, &bytes);
    if (result == TBL_FOUND && !(*batch = tbl_batch_decode(bytes)))
        return TBL_FAILED;
    return result;
}
