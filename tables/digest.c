#include "tables/digest.h"

#include <openssl/evp.h>

struct TblDigest {
    EVP_MD_CTX *context;
};

TblDigest *
tbl_digest_new(void)
{
    TblDigest *digest = g_new(TblDigest, 1);

    digest->context = EVP_MD_CTX_new();
    if (!digest->context || EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1) {
        /* No memory, or a libcrypto without SHA-256: nothing can be promised any more (as g_malloc
         * does). */
        g_printerr("SHA-256 is not available\n");
        abort();
    }
    return digest;
}

void
tbl_digest_update(TblDigest *digest, const void *bytes, gsize length)
{
    if (length > 0)
        EVP_DigestUpdate(digest->context, bytes, length);
}

void
tbl_digest_finish(TblDigest *digest, guint8 out[TBL_SHA256_SIZE])
{
    EVP_DigestFinal_ex(digest->context, out, NULL);
    tbl_digest_free(digest);
}

void
tbl_digest_free(TblDigest *digest)
{
    if (digest)
        EVP_MD_CTX_free(digest->context);
    g_free(digest);
}

void
tbl_digest_bytes(TblSlice bytes, guint8 out[TBL_SHA256_SIZE])
{
    TblDigest *digest = tbl_digest_new();

    tbl_digest_update(digest, bytes.ptr, bytes.len);
    tbl_digest_finish(digest, out);
}

char *
tbl_digest_hex(const guint8 digest[TBL_SHA256_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    char *hex = g_malloc(2 * TBL_SHA256_SIZE + 1);

    for (gsize i = 0; i < TBL_SHA256_SIZE; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 0xf];
    }
    hex[2 * TBL_SHA256_SIZE] = '\0';
    return hex;
}

/*
 * The check sum is part of the store's format: none of the numbers below may change. Each step
 * (xor, multiply by an odd number, xor of the upper half) can be undone, so a change within one
 * block always changes its lane. Two lanes, because one would wait for each multiplication.
 */
#define SUM_SEED_A 0x9e3779b97f4a7c15u /* 2^64 / golden ratio: any odd number without pattern */
#define SUM_SEED_B 0xc2b2ae3d27d4eb4fu
#define SUM_FACTOR_A 0xd6e8feb86659fd93u
#define SUM_FACTOR_B 0xff51afd7ed558ccdu
#define SUM_BLOCK 8

typedef struct {
    guint64 a, b;
} Sum;

static inline guint64
sum_step(guint64 lane, guint64 block, guint64 factor)
{
    lane = (lane ^ block) * factor;
    return lane ^ (lane >> 32);
}

/* Bytes as a little-endian number, on any machine. */
static inline guint64
sum_load(const char *at)
{
    guint64 block;

    memcpy(&block, at, SUM_BLOCK);
    return GUINT64_FROM_LE(block);
}

/* The same of the last `left` bytes (one to seven) of `bytes`. Where there are eight, those are
 * read and the first shifted out, which is cheaper than counting. */
static inline guint64
sum_load_rest(TblSlice bytes, gsize left)
{
    const char *end = bytes.ptr + bytes.len;
    guint64 block = 0;

    if (bytes.len >= SUM_BLOCK)
        return sum_load(end - SUM_BLOCK) >> 8 * (SUM_BLOCK - left);
    for (gsize i = left; i > 0; i--)
        block = block << 8 | (unsigned char)bytes.ptr[i - 1];
    return block;
}

static inline void
sum_bytes(Sum *sum, TblSlice bytes)
{
    const char *at = bytes.ptr;
    gsize left = bytes.len;

    /* The length first: it tells key from value and zeros from nothing. */
    sum->a = sum_step(sum->a, left, SUM_FACTOR_A);
    for (; left >= 2 * SUM_BLOCK; at += 2 * SUM_BLOCK, left -= 2 * SUM_BLOCK) {
        sum->a = sum_step(sum->a, sum_load(at), SUM_FACTOR_A);
        sum->b = sum_step(sum->b, sum_load(at + SUM_BLOCK), SUM_FACTOR_B);
    }
    if (left >= SUM_BLOCK) {
        sum->a = sum_step(sum->a, sum_load(at), SUM_FACTOR_A);
        at += SUM_BLOCK;
        left -= SUM_BLOCK;
    }
    if (left > 0)
        sum->b = sum_step(sum->b, sum_load_rest(bytes, left), SUM_FACTOR_B);
}

guint32
tbl_checksum(TblSlice key, TblSlice value)
{
    Sum sum = {SUM_SEED_A, SUM_SEED_B};
    guint64 all;

    sum_bytes(&sum, key);
    sum_bytes(&sum, value);
    all = sum_step(sum.a, sum.b, SUM_FACTOR_B);
    return (guint32)(all ^ (all >> 32));
}
