#pragma once

#include <glib.h>

/* The clients' side of the two protocols, as Postfix's dict_sockmap.c and attr_clnt.c have it. */

#define BENCH_KEY_MAX 10000    /* Postfix's socketmap_max_query_size */
#define BENCH_MAP_MAX 128      /* far longer than any map name */
#define BENCH_REPLY_MAX 100000 /* Postfix's socketmap_max_reply_size */
/* A key and what stands around it: below 1 kB of policy attributes. */
#define BENCH_REQUEST_MAX (BENCH_KEY_MAX + BENCH_MAP_MAX + 2048)

typedef enum { BENCH_SOCKETMAP, BENCH_POLICY } BenchProtocol;

/* Borrowed bytes; they live as long as what they point into. */
typedef struct {
    const char *start;
    gsize length;
} BenchSlice;

/*
 * Writes the request for a key of at most BENCH_KEY_MAX bytes to out, which has room for
 * BENCH_REQUEST_MAX; returns its length.  A policy request is the one Postfix 3.7 sends at RCPT
 * TO, its attributes in the order of smtpd_check.c, with the key as the recipient; map (of at
 * most BENCH_MAP_MAX bytes) is not used then.
 */
gsize bench_request_write(BenchProtocol protocol, const char *map, const BenchSlice *key,
                          char *out);

/*
 * Splits the first reply off in, which holds n bytes.  Returns its length on the wire, 0 when
 * more bytes must come, -1 when they can no longer become a reply.  text: the payload of the
 * netstring, or the value of the one action attribute (SMTPD_POLICY_README); borrowed from in.
 */
gssize bench_reply_split(BenchProtocol protocol, const char *in, gsize n, BenchSlice *text);
