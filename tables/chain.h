/*
 * Checking the chain of batches: that no header, no undo record that is still kept, and no link
 * between batches was changed since it was written. Undo records that were dropped are vouched for
 * by their digest in the header.
 */
#pragma once

#include "tables/batch.h"

/* What is wrong with a batch, as a sentence without its number. */
typedef void (*TblChainFunc)(guint64 number, const char *fault, gpointer data);

/* Checks all headers of the reader's snapshot in order and calls `fault` for each thing that is
 * wrong. The number of batches that were checked goes to `count`. True when nothing is wrong. */
bool tbl_chain_verify(TblReader *reader, TblChainFunc fault, gpointer data, guint64 *count);

/* Whether a header's own hash is right. */
bool tbl_chain_header_intact(const TblBatch *batch);
