/*
 * Text appended to a GString by who knows how long it will be: a plan of a million objects has
 * millions of short pieces, each of which would be a call and a check of its own. Pure.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

/* The text grows by `length` bytes, which the caller writes. Dies with the next change. */
static inline char *
tbl_append_room(GString *out, gsize length)
{
    gsize before = out->len;
    if (out->allocated_len - before <= length) {
        g_string_set_size(out, before + length); /* makes room for twice as much at least */
        out->len = before;
    }
    out->len = before + length;
    out->str[out->len] = '\0';
    return out->str + before;
}

/* Both write at a place and return the one behind. */
static inline char *
tbl_append_put(char *at, TblSlice text)
{
    if (text.len > 0)
        memcpy(at, text.ptr, text.len);
    return at + text.len;
}

/* In small letters, of ASCII. */
static inline char *
tbl_append_put_lower(char *at, TblSlice text)
{
    for (gsize i = 0; i < text.len; i++)
        at[i] = tbl_ascii_lower(text.ptr[i]);
    return at + text.len;
}
