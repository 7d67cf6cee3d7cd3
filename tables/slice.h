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
