/* Any bytes as a signature, and as a file of certificates: no signature but one by the trusted
 * signer over this very text is accepted, and the signer is always said alike. */
#include "gif/signature.h"
#include "tests/unit/signature_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    TblSlice bytes = {(const char *)data, size};
    g_autoptr(GError) trust_error = NULL, error = NULL, bundle_error = NULL;
    g_autoptr(GifTrust) trust = gif_trust_new(tbl_slice(signature_fixture_trust), &trust_error);
    g_assert_no_error(trust_error);
    g_autofree char *signer =
        gif_signature_verify(trust, bytes, tbl_slice(signature_fixture_content), &error);
    g_assert_true((signer == NULL) == (error != NULL));
    if (signer) {
        g_assert_cmpstr(signer, ==, signature_fixture_signer);
    }
    g_autoptr(GifTrust) bundle = gif_trust_new(bytes, &bundle_error);
    g_assert_true((bundle == NULL) == (bundle_error != NULL));
    return 0;
}
