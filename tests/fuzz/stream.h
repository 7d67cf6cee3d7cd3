/* Feeds a stream to a decoder in pieces, as a connection does, and writes down what came out. */
#pragma once

#include "policyd/netstring.h"

/* Consumes from the front of `input` and appends to `transcript` what it read: bytes consumed,
 * PD_PARTIAL or PD_BROKEN. */
typedef ssize_t (*StreamStep)(void *state, TblSlice input, GString *transcript);

/* The bytes that were not consumed when the input ended, or -1 when the stream was broken.
 * `pieces`: lengths, the rest comes at once. The decoder sees a copy that ends where the bytes end,
 * so that AddressSanitizer sees a read behind it. */
gssize stream_feed(StreamStep step, void *state, TblSlice input, const size_t *pieces,
                   size_t n_pieces, GString *transcript);
