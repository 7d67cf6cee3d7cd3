/* A DNS message from a name server that may be hostile. */
#include "policyd/mx.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    g_autoptr(PdDnsAnswer) answer = pd_dns_answer_new();
    PdDnsResult result = pd_dns_parse((TblSlice){(const char *)bytes, length}, answer);
    if (result == PD_DNS_FOUND)
        g_assert_cmpuint(answer->records->len, >, 0);
    for (guint i = 0; result == PD_DNS_FOUND && i < answer->records->len; i++) {
        const PdDnsRecord *record = g_ptr_array_index(answer->records, i);
        g_assert_true((record->host != NULL) != (record->address != NULL));
    }
    return 0;
}
