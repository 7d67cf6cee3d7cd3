/* A netstring that is read is written back the same; its beginnings are incomplete, never broken;
 * what is broken stays so. */
#include "policyd/netstring.h"

/* Small, so that inputs meet it. */
#define LIMIT 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    TblSlice input = {(const char *)data, size}, payload = {NULL, 0}, ignored;
    ssize_t used = pd_netstring_decode(input, LIMIT, &payload);
    size_t end = used > 0 ? (size_t)used : size;
    bool broken = false;

    for (size_t cut = 0; cut < end; cut++) {
        ssize_t part = pd_netstring_decode((TblSlice){input.ptr, cut}, LIMIT, &ignored);
        g_assert_cmpint(part, <, 0);
        g_assert_true(part == PD_BROKEN || !broken);
        broken = part == PD_BROKEN;
    }
    g_assert_true(!broken || used == PD_BROKEN);
    if (used < 0)
        return 0;
    g_assert_cmpuint(payload.len, <=, LIMIT);
    g_autoptr(GString) again = g_string_new(NULL);
    size_t half = payload.len / 2;
    pd_netstring_append(again, (TblSlice){payload.ptr, half},
                        (TblSlice){payload.ptr + half, payload.len - half});
    g_assert_cmpmem(again->str, again->len, input.ptr, (size_t)used);
    return 0;
}
