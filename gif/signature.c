#include "gif/signature.h"

#include "tables/command.h"
#include "tables/digest.h"
#include "tables/file.h"
#include "tables/json.h"

#include <limits.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

/* OpenSSL's security level 2: 112 bits (SSL_CTX_set_security_level(3)). */
#define SECURITY_LEVEL 2
/* Bytes of the weakest digest that is accepted: SHA-256. */
#define DIGEST_SIZE_MIN 32
/* First byte of a DER or BER SEQUENCE. */
#define ASN1_SEQUENCE 0x30

struct GifTrust {
    X509_STORE *store;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIGNUM, BN_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CMS_ContentInfo, CMS_ContentInfo_free)

G_GNUC_PRINTF(2, 3)
static gpointer
refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *reason = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED, reason);
    ERR_clear_error();
    return NULL;
}

/* An encrypted PEM block is never decrypted: without this, OpenSSL would ask on the terminal. */
static int
password_none(char *buffer, int size, int writing, void *data)
{
    return -1;
}

/* ---- The trust file ---- */

void
gif_trust_free(GifTrust *trust)
{
    if (trust) {
        X509_STORE_free(trust->store);
        g_free(trust);
    }
}

/* Returns how many certificates were taken; -1 when one could not be. */
static int
store_fill(X509_STORE *store, const STACK_OF(X509_INFO) * infos)
{
    int certificates = 0;
    for (int i = 0; i < sk_X509_INFO_num(infos); i++) {
        const X509_INFO *info = sk_X509_INFO_value(infos, i);
        if (info->x509) {
            if (X509_STORE_add_cert(store, info->x509) != 1) {
                return -1;
            }
            certificates++;
        }
        if (info->crl && (X509_STORE_add_crl(store, info->crl) != 1 ||
                          X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK) != 1)) {
            return -1;
        }
    }
    return certificates;
}

GifTrust *
gif_trust_new(TblSlice pem, GError **error)
{
    g_autoptr(GifTrust) trust = g_new0(GifTrust, 1);
    trust->store = X509_STORE_new();
    g_autoptr(BIO) in = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
    STACK_OF(X509_INFO) *infos = in ? PEM_X509_INFO_read_bio(in, NULL, password_none, NULL) : NULL;
    int certificates = trust->store && infos ? store_fill(trust->store, infos) : -1;
    sk_X509_INFO_pop_free(infos, X509_INFO_free);
    if (certificates <= 0) {
        return refuse(error, certificates < 0 ? "is no bundle of certificates in PEM"
                                              : "holds no certificate in PEM");
    }
    X509_VERIFY_PARAM *param = X509_STORE_get0_param(trust->store);
    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
    if (X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN) != 1) {
        return refuse(error, "cannot be used: no memory");
    }
    return g_steal_pointer(&trust);
}

GifTrust *
gif_trust_read(const char *path, GError **error)
{
    /* Where links lead is the administrator's choice (/etc/ssl/certs is made of them); what is
     * there must be a plain file. */
    char *target = realpath(path, NULL);
    gsize length = 0;
    g_autofree char *pem =
        tbl_file_read_trusted(target ? target : path, GIF_TRUST_MAX, &length, error);
    free(target); /* libc's */
    if (!pem) {
        return NULL;
    }
    GifTrust *trust = gif_trust_new((TblSlice){pem, length}, error);
    if (!trust) {
        g_prefix_error(error, "%s: ", path);
    }
    return trust;
}

/* ---- The signature ---- */

/* Nothing but one CMS structure. */
static CMS_ContentInfo *
cms_parse_der(const unsigned char *bytes, long length)
{
    const unsigned char *at = bytes;
    g_autoptr(CMS_ContentInfo) cms = d2i_CMS_ContentInfo(NULL, &at, length);
    return at == bytes + length ? g_steal_pointer(&cms) : NULL;
}

/* The first block, under the names that openssl cms and openssl smime give it. */
static CMS_ContentInfo *
cms_parse_pem(TblSlice text)
{
    char *name = NULL, *header = NULL;
    unsigned char *bytes = NULL;
    long length = 0;
    CMS_ContentInfo *cms = NULL;
    g_autoptr(BIO) in = BIO_new_mem_buf(text.ptr, (int)text.len);
    if (in && PEM_read_bio(in, &name, &header, &bytes, &length) == 1 && *header == '\0' &&
        (strcmp(name, PEM_STRING_CMS) == 0 || strcmp(name, PEM_STRING_PKCS7) == 0)) {
        cms = cms_parse_der(bytes, length);
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(bytes);
    return cms;
}

static CMS_ContentInfo *
cms_parse(TblSlice bytes)
{
    if (bytes.len == 0 || bytes.len > GIF_SIGNATURE_MAX) {
        return NULL;
    }
    return *bytes.ptr == ASN1_SEQUENCE
               ? cms_parse_der((const unsigned char *)bytes.ptr, (long)bytes.len)
               : cms_parse_pem(bytes);
}

/* What stands against it before anything is computed; NULL when nothing does. */
static const char *
cms_judge(CMS_ContentInfo *cms)
{
    if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed) {
        return "is CMS, but no signature";
    }
    if (CMS_is_detached(cms) != 1) {
        return "holds content of its own; a detached signature is expected";
    }
    if (OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data) {
        return "does not sign plain data";
    }
    STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
    if (sk_CMS_SignerInfo_num(signers) != 1) {
        return "must have exactly one signer";
    }
    X509_ALGOR *digest = NULL;
    const ASN1_OBJECT *name = NULL;
    CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(signers, 0), NULL, NULL, &digest, NULL);
    X509_ALGOR_get0(&name, NULL, NULL, digest);
    const EVP_MD *md = EVP_get_digestbyobj(name);
    return !md || EVP_MD_get_size(md) < DIGEST_SIZE_MIN
               ? "its digest is weaker than SHA-256, or unknown"
               : NULL;
}

/* Why CMS_verify() said no, from OpenSSL's queue of errors. Caller frees. */
static char *
verify_reason(void)
{
    g_autofree char *detail = NULL;
    int flags = 0;
    const char *data = NULL;
    for (unsigned long code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags); code != 0;
         code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) {
        int reason = ERR_GET_LIB(code) == ERR_LIB_CMS ? ERR_GET_REASON(code) : 0;
        bool told = flags & ERR_TXT_STRING && data && *data;
        switch (reason) {
        case CMS_R_CERTIFICATE_VERIFY_ERROR:
            return g_strdup_printf("its certificate is not accepted: %s",
                                   told && g_str_has_prefix(data, "Verify error: ")
                                       ? data + strlen("Verify error: ")
                                   : told ? data
                                          : "no reason given");
        case CMS_R_SIGNER_CERTIFICATE_NOT_FOUND:
            return g_strdup("it does not hold the certificate of its signer");
        case CMS_R_VERIFICATION_FAILURE:
        case CMS_R_CONTENT_VERIFY_ERROR:
            return g_strdup("it is of other bytes: the file was changed, or signed as text "
                            "(openssl cms -sign needs -binary)");
        default:
            if (!detail) {
                detail = g_strdup(ERR_reason_error_string(code));
            }
        }
    }
    return detail ? g_steal_pointer(&detail) : g_strdup("it cannot be verified");
}

/* RFC 4514 in UTF-8. NULL when it is no text. Caller frees. */
static char *
name_text(const X509_NAME *name)
{
    g_autoptr(BIO) out = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    if (!out || X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
        return NULL;
    }
    long length = BIO_get_mem_data(out, &bytes);
    return length >= 0 && g_utf8_validate(bytes, length, NULL) ? g_strndup(bytes, (gsize)length)
                                                               : NULL;
}

/* In hexadecimal. Caller frees. */
static char *
serial_text(X509 *certificate)
{
    g_autoptr(BIGNUM) number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *digits = number ? BN_bn2hex(number) : NULL;
    char *text = g_strdup(digits);
    OPENSSL_free(digits);
    return text;
}

/* The certificate as batches keep it. NULL when it cannot be written. Caller frees. */
static char *
signer_json(X509 *certificate)
{
    guint8 digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    g_autofree char *subject = name_text(X509_get_subject_name(certificate));
    g_autofree char *issuer = name_text(X509_get_issuer_name(certificate));
    g_autofree char *serial = serial_text(certificate);
    if (!subject || !issuer || !serial ||
        X509_digest(certificate, EVP_sha256(), digest, &size) != 1 || size != TBL_SHA256_SIZE) {
        return NULL;
    }
    g_autofree char *sha256 = tbl_digest_hex(digest);
    GString *text = g_string_new(NULL);
    TblJson json;
    tbl_json_begin(&json, text);
    tbl_json_text(&json, "subject", subject);
    tbl_json_text(&json, "issuer", issuer);
    tbl_json_text(&json, "serial", serial);
    tbl_json_text(&json, "sha256", sha256);
    tbl_json_end(&json);
    return g_string_free(text, FALSE);
}

char *
gif_signature_verify(const GifTrust *trust, TblSlice signature, TblSlice content, GError **error)
{
    ERR_clear_error();
    g_autoptr(CMS_ContentInfo) cms = cms_parse(signature);
    if (!cms) {
        return refuse(error, "is no CMS signature in DER or PEM");
    }
    const char *fault = cms_judge(cms);
    if (fault) {
        return refuse(error, "%s", fault);
    }
    if (content.len > INT_MAX) {
        return refuse(error, "is of a file that is too large; split it");
    }
    /* Reads from where the bytes are, without a copy. */
    g_autoptr(BIO) in = BIO_new_mem_buf(content.ptr, (int)content.len);
    if (!in || CMS_verify(cms, NULL, trust->store, in, NULL, CMS_BINARY) != 1) {
        g_autofree char *reason = verify_reason();
        return refuse(error, "does not verify: %s", reason);
    }
    STACK_OF(X509) *signers = CMS_get0_signers(cms);
    char *signer = sk_X509_num(signers) == 1 ? signer_json(sk_X509_value(signers, 0)) : NULL;
    sk_X509_free(signers); /* the list alone: the certificates are the signature's */
    return signer ? signer : refuse(error, "verifies, but its signer has no name in UTF-8");
}

char *
gif_signature_verify_file(const GifTrust *trust, const char *path, TblSlice content, GError **error)
{
    gsize length = 0;
    g_autofree char *bytes = tbl_file_read_trusted(path, GIF_SIGNATURE_MAX, &length, error);
    if (!bytes) {
        return NULL;
    }
    char *signer = gif_signature_verify(trust, (TblSlice){bytes, length}, content, error);
    if (!signer) {
        g_prefix_error(error, "%s: ", path);
    }
    return signer;
}
