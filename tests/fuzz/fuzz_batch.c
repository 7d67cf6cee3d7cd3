/* A header, or a chunk of undo records, that is decoded is encoded to the same bytes. The first
 * byte chooses. */
#include "tables/batch_record.h"
#include "tables/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
encode_record(TblUndoKind kind, TblSlice key, TblSlice before, gpointer data)
{
    tbl_encode_number(data, kind);
    tbl_encode_string(data, key);
    tbl_encode_string(data, before);
    return true;
}

static bool
refuse_record(TblUndoKind kind, TblSlice key, TblSlice before, gpointer data)
{
    return false;
}

static void
try_header(TblSlice bytes)
{
    guint8 hash[TBL_SHA256_SIZE];
    g_autoptr(GByteArray) again = g_byte_array_new();
    g_autoptr(TblBatch) batch = tbl_batch_decode(bytes);
    if (!batch)
        return;
    tbl_batch_hash(batch, hash);
    tbl_batch_encode(batch, again);
    g_assert_cmpmem(again->data, again->len, bytes.ptr, bytes.len);
}

static void
try_undo(TblSlice bytes)
{
    bool stopped;
    g_autoptr(GByteArray) again = g_byte_array_new();
    if (!tbl_undo_decode(bytes, encode_record, again, &stopped))
        return;
    g_assert_false(stopped);
    g_assert_cmpmem(again->data, again->len, bytes.ptr, bytes.len);
    g_assert_true(tbl_undo_decode(bytes, refuse_record, NULL, &stopped));
    g_assert_true(stopped == (bytes.len > 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    TblSlice bytes = {(const char *)data + 1, size - 1};
    if (data[0] & 1)
        try_undo(bytes);
    else
        try_header(bytes);
    return 0;
}
