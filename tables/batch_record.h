/* The stored form of a batch's header: for tables/batch.c, undo.c and chain.c. Pure. */
#pragma once

#include "tables/batch.h"

/* SHA-256 over all of a header but `hash` itself and what may change later (undone_by, chunks). */
void tbl_batch_hash(const TblBatch *batch, guint8 hash[TBL_SHA256_SIZE]);
/* Appends the record. */
void tbl_batch_encode(const TblBatch *batch, GByteArray *out);
/* NULL when the bytes are not exactly one header. Caller frees. */
TblBatch *tbl_batch_decode(TblSlice bytes);
