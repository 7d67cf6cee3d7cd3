/*
 * Requests of the socketmap protocol (socketmap_table(5)): a netstring that holds a map name, a
 * space and the key. The key is everything after the first space. Pure: no I/O, no log, no globals.
 */
#pragma once

#include "policyd/netstring.h"

/* A request over the configured limit is read away without being kept, up to this; a longer one
 * closes the connection. Postfix before 3.12 asks for keys of any length (header addresses in
 * canonical maps). */
#define PD_REQUEST_OVERLONG_MAX (1024 * 1024)

typedef enum {
    PD_REQUEST_NONE,     /* bytes of an over-long request were consumed, it goes on */
    PD_REQUEST_LOOKUP,   /* `map` and `key` */
    PD_REQUEST_OVERLONG, /* the end of an over-long request */
} PdRequestKind;

/* Slices borrow from the input. */
typedef struct {
    PdRequestKind kind;
    TblSlice map, key;
} PdRequest;

/* Reads one request whose payload is at most `max` bytes, or the next part of an over-long one.
 * `skip` is the state between two calls, 0 at first: bytes of an over-long request that are still
 * to come. Returns the bytes consumed, PD_PARTIAL or PD_BROKEN. */
ssize_t pd_request_decode(guint32 *skip, TblSlice input, size_t max, PdRequest *request);
