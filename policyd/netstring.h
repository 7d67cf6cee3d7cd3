/*
 * Netstrings, the frames of Postfix's socketmap protocol (socketmap_table(5), Postfix netstring.c):
 * LENGTH ":" PAYLOAD ",". Pure codec: bytes in, slices of them out; no I/O, no log, no globals;
 * safe from any thread.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>
#include <sys/types.h>

/* What a decoder returns instead of the number of bytes it consumed. */
#define PD_BROKEN ((ssize_t)-1)  /* no continuation can make this a request */
#define PD_PARTIAL ((ssize_t)-2) /* more bytes are needed */

/* Reads `LENGTH:`, at most `max`, strictly: decimal digits without a needless leading zero. Returns
 * the bytes of the header, PD_PARTIAL or PD_BROKEN. */
ssize_t pd_netstring_header(TblSlice input, size_t max, size_t *length);

/* Reads `PAYLOAD,` behind a header that was read. Returns the bytes of the whole netstring,
 * PD_PARTIAL or PD_BROKEN; `payload` borrows from the input. */
ssize_t pd_netstring_payload(TblSlice input, size_t header, size_t length, TblSlice *payload);

/* Reads one whole netstring with a payload of at most `max` bytes. Returns the bytes consumed,
 * PD_PARTIAL or PD_BROKEN; `payload` borrows from the input. */
ssize_t pd_netstring_decode(TblSlice input, size_t max, TblSlice *payload);

/* Appends one netstring whose payload is `head` followed by `tail`. */
void pd_netstring_append(GString *out, TblSlice head, TblSlice tail);
