/* Signatures over a text of ours; what the openssl command makes is in tests/system. */
#include "gif/signature.h"
#include "tables/command.h"
#include "tests/unit/signature_fixture.h"

static GifTrust *
trust_of(const char *pem)
{
    g_autoptr(GError) error = NULL;
    GifTrust *trust = gif_trust_new(tbl_slice(pem), &error);
    g_assert_no_error(error);
    return trust;
}

static void
assert_refused(const GifTrust *trust, TblSlice signature, TblSlice content)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(gif_signature_verify(trust, signature, content, &error));
    g_assert_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED);
}

static void
test_good(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GifTrust) trust = trust_of(signature_fixture_trust);
    for (int i = 0; i < 3; i++) { /* what failed before leaves nothing behind */
        g_autofree char *signer = gif_signature_verify(
            trust, signature_fixture_der(), tbl_slice(signature_fixture_content), &error);
        g_assert_no_error(error);
        g_assert_cmpstr(signer, ==, signature_fixture_signer);
        assert_refused(trust, signature_fixture_der(), tbl_slice("another text"));
    }
}

/* A change at any place of the text. */
static void
test_content(void)
{
    g_autoptr(GifTrust) trust = trust_of(signature_fixture_trust);
    TblSlice content = tbl_slice(signature_fixture_content);
    g_autofree char *changed = g_strdup(signature_fixture_content);
    for (gsize i = 0; i < content.len; i++) {
        changed[i] ^= 0x20;
        assert_refused(trust, signature_fixture_der(), tbl_slice(changed));
        changed[i] ^= 0x20;
        assert_refused(trust, signature_fixture_der(), (TblSlice){content.ptr, i});
    }
}

/* Bytes of the fixture that no signature covers and OpenSSL does not need: two version numbers, and
 * the name of the signature's algorithm, which the certificate's key tells as well. */
#define BYTES_FREE 10

/* One changed bit of the signature, anywhere: refused, but for those bytes, and there the signer is
 * the same. */
static void
test_bits(void)
{
    g_autoptr(GifTrust) trust = trust_of(signature_fixture_trust);
    TblSlice der = signature_fixture_der();
    g_autofree char *changed = g_malloc(der.len);
    guint accepted = 0;
    memcpy(changed, der.ptr, der.len);
    for (gsize i = 0; i < der.len; i++) {
        for (guint bit = 0; bit < 8; bit += 3) {
            changed[i] = (char)(der.ptr[i] ^ (1 << bit));
            g_autofree char *signer = gif_signature_verify(
                trust, (TblSlice){changed, der.len}, tbl_slice(signature_fixture_content), NULL);
            if (signer) {
                g_assert_cmpstr(signer, ==, signature_fixture_signer);
                accepted++;
            }
        }
        changed[i] = der.ptr[i];
    }
    g_assert_cmpuint(accepted, <=, BYTES_FREE * 3);
}

static void
test_cut(void)
{
    g_autoptr(GifTrust) trust = trust_of(signature_fixture_trust);
    TblSlice der = signature_fixture_der();
    for (gsize length = 0; length < der.len; length++) {
        assert_refused(trust, (TblSlice){der.ptr, length}, tbl_slice(signature_fixture_content));
    }
}

static void
test_trust(void)
{
    static const char *const bad[] = {
        "", "words", "-----BEGIN CERTIFICATE-----\nAAAA\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(gif_trust_new(tbl_slice(bad[i]), &error));
        g_assert_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED);
    }
    /* The same certificate twice is no fault. */
    g_autofree char *twice = g_strconcat(signature_fixture_trust, signature_fixture_trust, NULL);
    gif_trust_free(trust_of(twice));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/signature/good", test_good);
    g_test_add_func("/signature/content", test_content);
    g_test_add_func("/signature/bits", test_bits);
    g_test_add_func("/signature/cut", test_cut);
    g_test_add_func("/signature/trust", test_trust);
    return g_test_run();
}
