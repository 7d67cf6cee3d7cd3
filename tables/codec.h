/*
 * The store's value encoding: unsigned LEB128 numbers and length-prefixed strings, read with a
 * sticky error. Pure.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

/* LEB128: seven bits a byte, so 64 bits take at most ten bytes. */
#define TBL_NUMBER_BITS 7
#define TBL_NUMBER_MORE 0x80u
#define TBL_NUMBER_MAX 10

typedef struct {
    const unsigned char *at, *end;
    bool broken; /* sticky: a number or a length ran over the end */
} TblCursor;

static inline TblCursor
tbl_cursor(TblSlice bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.ptr;
    return (TblCursor){.at = at, .end = at ? at + bytes.len : NULL, .broken = false};
}

guint64 tbl_cursor_long_number(TblCursor *cursor); /* what tbl_cursor_number leaves to it */

/* 0 when broken. Most numbers are one byte long, and every lookup reads some. */
static inline guint64
tbl_cursor_number(TblCursor *cursor)
{
    if (cursor->at < cursor->end && *cursor->at < TBL_NUMBER_MORE && !cursor->broken)
        return *cursor->at++;
    return tbl_cursor_long_number(cursor);
}

/* Borrowed; empty when broken. */
static inline TblSlice
tbl_cursor_string(TblCursor *cursor)
{
    guint64 length = tbl_cursor_number(cursor);
    TblSlice text = {(const char *)cursor->at, 0};
    if (length <= (guint64)(cursor->end - cursor->at)) {
        text.len = (size_t)length;
        cursor->at += length;
        return text;
    }
    cursor->broken = true;
    cursor->at = cursor->end;
    return text;
}

bool tbl_cursor_done(const TblCursor *cursor); /* everything was read and nothing was broken */

/* Writes at most TBL_NUMBER_MAX bytes at a place and returns the one behind. */
static inline char *
tbl_put_number(char *at, guint64 number)
{
    for (; number >= TBL_NUMBER_MORE; number >>= TBL_NUMBER_BITS)
        *at++ = (char)(number | TBL_NUMBER_MORE);
    *at++ = (char)number;
    return at;
}

void tbl_encode_number(GByteArray *out, guint64 number);
void tbl_encode_string(GByteArray *out, TblSlice text);
