/* Rows that are decoded are encoded to something that decodes to the same. The first byte is the
 * length of the key. */
#include "tables/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) once = g_byte_array_new();
    g_autoptr(GByteArray) twice = g_byte_array_new();
    TblSlice key, bytes;
    TblRows rows;

    if (size == 0 || data[0] > size - 1)
        return 0;
    key = (TblSlice){(const char *)data + 1, data[0]};
    bytes = (TblSlice){key.ptr + key.len, size - 1 - key.len};
    if (!tbl_rows_decode(&rows, key, bytes))
        return 0;
    g_assert_cmpuint(rows.count, <=, TBL_ROW_KINDS);
    for (guint i = 1; i < rows.count; i++)
        g_assert_cmpuint(rows.row[i - 1].kind, <, rows.row[i].kind);
    tbl_rows_encode(&rows, key, once);
    g_assert_true(tbl_rows_decode(&rows, key, (TblSlice){(const char *)once->data, once->len}));
    tbl_rows_encode(&rows, key, twice);
    g_assert_cmpmem(once->data, once->len, twice->data, twice->len);
    return 0;
}
