/*
 * From 32-bit hashes to the numbers of entries that the caller keeps and compares: open addressing,
 * eight bytes a slot, so that looking for what is not there touches one cache line. Entries are
 * never taken out. One thread; pure.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

typedef struct {
    guint64 *slots; /* hash, then entry + 1; 0 is free */
    guint32 mask, used;
} TblKeyIndex;

/* All zero is empty. */
void tbl_key_index_clear(TblKeyIndex *index);
/* Makes an empty index large enough for so many entries. */
void tbl_key_index_reserve(TblKeyIndex *index, guint32 entries);
guint32 tbl_key_index_hash(TblSlice key);
/* Where the hash would be found is on its way into the cache. */
void tbl_key_index_prefetch(const TblKeyIndex *index, guint32 hash);
/* The next entry of a hash; `*step` begins as 0. False: there is no more. */
bool tbl_key_index_next(const TblKeyIndex *index, guint32 hash, guint32 *step, guint32 *entry);
void tbl_key_index_add(TblKeyIndex *index, guint32 hash, guint32 entry);
/* `old` is there. */
void tbl_key_index_replace(TblKeyIndex *index, guint32 hash, guint32 old, guint32 entry);
