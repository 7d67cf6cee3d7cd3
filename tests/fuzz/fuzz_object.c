/* What is decoded is encoded again to something that decodes to the same, and to the same bytes
 * from then on. */
#include "tables/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(TblObject) first = tbl_object_decode((TblSlice){(const char *)data, size}, 1);
    g_autoptr(TblObject) second = NULL;
    g_autoptr(TblObject) copy = NULL;
    g_autoptr(GByteArray) once = g_byte_array_new();
    g_autoptr(GByteArray) twice = g_byte_array_new();

    if (!first)
        return 0;
    tbl_object_encode(first, once);
    second = tbl_object_decode((TblSlice){(const char *)once->data, once->len}, 1);
    g_assert_nonnull(second);
    g_assert_true(tbl_object_equal(first, second));
    tbl_object_encode(second, twice);
    g_assert_cmpmem(once->data, once->len, twice->data, twice->len);
    copy = tbl_object_copy(second);
    g_assert_true(tbl_object_equal(copy, first));
    return 0;
}
