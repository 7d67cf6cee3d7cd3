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

static inline bool
tbl_slice_is_ascii(TblSlice text)
{
    unsigned char all = 0;
    for (size_t i = 0; i < text.len; i++)
        all |= (unsigned char)text.ptr[i];
    return all < 0x80;
}
