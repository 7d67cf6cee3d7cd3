/* SHA-256 (the only includer of OpenSSL's digests) and the store's record check sum. */
#pragma once

#include "tables/slice.h"

#include <glib.h>

#define TBL_SHA256_SIZE 32

typedef struct TblDigest TblDigest;
TblDigest *tbl_digest_new(void);
void tbl_digest_update(TblDigest *digest, const void *bytes, gsize length);
void tbl_digest_finish(TblDigest *digest, guint8 out[TBL_SHA256_SIZE]); /* frees it */
void tbl_digest_free(TblDigest *digest); /* one that nobody asks any more; NULL is fine */
void tbl_digest_bytes(TblSlice bytes, guint8 out[TBL_SHA256_SIZE]);
char *tbl_digest_hex(const guint8 digest[TBL_SHA256_SIZE]); /* 64 lower-case digits, caller frees */

/* Fast 32-bit check sum over key and value; finds damage, no defence against intent. */
guint32 tbl_checksum(TblSlice key, TblSlice value);
