/* A declaration that is decoded is encoded to the same bytes. */
#include "tables/domain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(TblDomain) domain =
        tbl_domain_decode((TblSlice){(const char *)data, size}, tbl_slice("d.example"));
    g_autoptr(TblDomain) copy = NULL;
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    if (!domain)
        return 0;
    tbl_domain_encode(domain, bytes);
    g_assert_cmpmem(bytes->data, bytes->len, data, size);
    copy = tbl_domain_copy(domain);
    g_assert_true(tbl_domain_equal(domain, copy));
    return 0;
}
