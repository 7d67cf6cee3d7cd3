/*
 * Detached CMS signatures (RFC 5652) over input files. A signature counts when it covers the raw
 * bytes, when exactly one signer made it, and when that signer's certificate is valid now, may sign
 * mail (extended key usage emailProtection, or none) and leads to a certificate of the trust file;
 * no other store of certificates is looked at. Digests below 256 bits, and keys and certificates
 * below security level 2 (112 bits: RSA 2048, no SHA-1) are refused. The only includer of OpenSSL's
 * CMS and X.509. One thread.
 *
 * Errors are of TBL_EXIT_ERROR, TBL_EXIT_REFUSED.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

/* A larger signature is refused before memory is asked for it; one with a chain of three
 * certificates has about 6 KiB. */
#define GIF_SIGNATURE_MAX (64 * 1024)
/* The bundle of all public CAs has about 220 KiB. */
#define GIF_TRUST_MAX (4 * 1024 * 1024)

/* The certificates that signers must lead to. */
typedef struct GifTrust GifTrust;
/* A PEM bundle: each certificate in it is trusted to issue signers' certificates, also one that is
 * not self-signed. With revocation lists in it, signers whose CA has none there, or a stale one,
 * are refused. Pure. NULL with `error`. */
GifTrust *gif_trust_new(TblSlice pem, GError **error);
/* The same from a file, which may be a symbolic link, but not written to by everybody. */
GifTrust *gif_trust_read(const char *path, GError **error);
void gif_trust_free(GifTrust *trust);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifTrust, gif_trust_free)

/* Verifies `signature` (DER or PEM) over `content` now. Who signed, as one JSON object:
 * subject and issuer (RFC 4514), serial (hexadecimal), sha256 (of the certificate). Caller frees.
 * NULL with `error`. */
char *gif_signature_verify(const GifTrust *trust, TblSlice signature, TblSlice content,
                           GError **error);
/* The same with the signature from a plain file that not everybody can write to; messages begin
 * with its path. */
char *gif_signature_verify_file(const GifTrust *trust, const char *path, TblSlice content,
                                GError **error);
