/* Borrowed bytes, and the one three-state result of every lookup. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Not NUL-terminated, never owned. The function that hands one out says when its bytes die. */
typedef struct {
    const char *ptr;
    size_t len;
} TblSlice;

/* Failed is never an answer about the key: it must not turn into absence, emptiness or a permit. */
typedef enum {
    TBL_FOUND,
    TBL_NOTFOUND,
    TBL_FAILED,
} TblResult;

static inline TblSlice
tbl_slice(const char *text)
{
    return (TblSlice){text, text ? strlen(text) : 0};
}

static inline bool
tbl_slice_equal(TblSlice a, TblSlice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Order of bytes, a shorter one before what it begins: less than 0, 0, more. */
static inline int
tbl_slice_compare(TblSlice a, TblSlice b)
{
    size_t both = a.len < b.len ? a.len : b.len;
    int order = both > 0 ? memcmp(a.ptr, b.ptr, both) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* For loops that see every byte of every request: g_ascii_tolower is a call. */
static inline char
tbl_ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Eight bytes at a time: every lookup asks this about its key and about its answer. */
static inline bool
tbl_slice_is_ascii(TblSlice text)
{
    uint64_t word, all = 0;
    size_t at = 0;
    for (; at + sizeof word <= text.len; at += sizeof word) {
        memcpy(&word, text.ptr + at, sizeof word);
        all |= word;
    }
    for (; at < text.len; at++)
        all |= (unsigned char)text.ptr[at];
    return (all & 0x8080808080808080u) == 0;
}

#define TBL_SLICE_EACH_BYTE 0x0101010101010101u
#define TBL_SLICE_HIGH_BITS 0x8080808080808080u

/* Whether one of eight bytes is less than `than`, which is 128 at most. */
static inline uint64_t
tbl_slice_word_less(uint64_t word, uint64_t than)
{
    return (word - TBL_SLICE_EACH_BYTE * than) & ~word & TBL_SLICE_HIGH_BITS;
}

static inline uint64_t
tbl_slice_word_odd(uint64_t word)
{
    return (word & TBL_SLICE_HIGH_BITS) | tbl_slice_word_less(word, ' ') |
           tbl_slice_word_less(word ^ TBL_SLICE_EACH_BYTE * 0x7f, 1) |
           tbl_slice_word_less(word ^ TBL_SLICE_EACH_BYTE * '"', 1) |
           tbl_slice_word_less(word ^ TBL_SLICE_EACH_BYTE * '\\', 1);
}

/* Sixteen bytes side by side. */
typedef uint8_t TblSliceBytes __attribute__((vector_size(16)));

static inline uint64_t
tbl_slice_bytes_odd(const char *at)
{
    TblSliceBytes bytes;
    memcpy(&bytes, at, sizeof bytes);
    __typeof__(bytes > 0) odd =
        ((uint8_t)('~' - ' ') < bytes - ' ') | (bytes == '"') | (bytes == '\\');
    uint64_t halves[2];
    memcpy(halves, &odd, sizeof halves);
    return halves[0] | halves[1];
}

/* Printable ASCII without quote and backslash: it stands as it is in the log, in plans and in JSON.
 * Nearly all names and addresses are so, and a plan has millions. */
static inline bool
tbl_slice_is_plain(TblSlice text)
{
    uint64_t word, odd = 0;
    size_t at = 0;
    if (text.len >= sizeof(TblSliceBytes)) {
        for (; at + sizeof(TblSliceBytes) < text.len; at += sizeof(TblSliceBytes))
            odd |= tbl_slice_bytes_odd(text.ptr + at);
        return (odd | tbl_slice_bytes_odd(text.ptr + text.len - sizeof(TblSliceBytes))) == 0;
    }
    if (text.len >= sizeof word) {
        memcpy(&word, text.ptr, sizeof word);
        odd = tbl_slice_word_odd(word);
        memcpy(&word, text.ptr + text.len - sizeof word, sizeof word);
        return (odd | tbl_slice_word_odd(word)) == 0;
    }
    for (; at < text.len; at++)
        odd |= tbl_slice_word_odd(TBL_SLICE_EACH_BYTE * (unsigned char)text.ptr[at]);
    return odd == 0;
}

/* Eight letters of ASCII in small letters. */
static inline uint64_t
tbl_slice_word_lower(uint64_t word)
{
    /* The high bit of each byte: it is A or comes later; it comes behind Z. */
    uint64_t from_a = word + TBL_SLICE_EACH_BYTE * (0x80 - 'A'),
             behind_z = word + TBL_SLICE_EACH_BYTE * (0x80 - 'Z' - 1);
    return word | (from_a & ~behind_z & TBL_SLICE_HIGH_BITS) >>
                      2; /* 0x20 tells small letters from capitals */
}

/* Whether `text` is ASCII, and `folded`, which is as long, the same in small letters. Every address
 * of an import is looked at so, and most are longer than a word. */
static inline bool
tbl_slice_folds_to(TblSlice text, const char *folded)
{
    uint64_t word, other, high = 0, differs = 0;
    size_t at = 0;
    for (; at + sizeof word <= text.len; at += sizeof word) {
        memcpy(&word, text.ptr + at, sizeof word);
        memcpy(&other, folded + at, sizeof other);
        high |= word;
        differs |= tbl_slice_word_lower(word & ~TBL_SLICE_HIGH_BITS) ^ other;
    }
    for (; at < text.len; at++) {
        high |= (unsigned char)text.ptr[at];
        differs |= (unsigned char)(tbl_ascii_lower(text.ptr[at]) ^ folded[at]);
    }
    return differs == 0 && (high & TBL_SLICE_HIGH_BITS) == 0;
}
