/*
 * Byte keys in bytewise order, a shorter one before what it begins: millions are cut into parts by
 * sampled keys, and the keys of a part sorted in the cache. Pure; what does not change may be read
 * by any thread.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

typedef struct {
    guint64 word;       /* of the key, while it is sorted */
    guint32 at, length; /* in the bytes of all */
    guint32 number;     /* the caller's */
} TblKeyItem;

/* Keys with what belongs to them. Other things may stand between the keys. */
typedef struct {
    GArray *items; /* TblKeyItem */
    GByteArray *bytes;
} TblKeys;

void tbl_keys_init(TblKeys *keys);
void tbl_keys_clear(TblKeys *keys);
void tbl_keys_add(TblKeys *keys, TblSlice key, guint32 number);
/* By key; equal keys as they came. */
void tbl_keys_sort(TblKeys *keys);
TblSlice tbl_keys_at(const TblKeys *keys, guint index); /* dies when one is added */

/* The first keys of all parts but the first. */
typedef struct TblSplitters TblSplitters;
/* So many parts that hold about as many of the sampled keys each, but no more than there are
 * samples. Sorts the sample. */
TblSplitters *tbl_splitters_new(TblKeys *sample, guint parts);
void tbl_splitters_free(TblSplitters *splitters);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblSplitters, tbl_splitters_free)
guint tbl_splitters_parts(const TblSplitters *splitters);
guint tbl_splitters_find(const TblSplitters *splitters, TblSlice key); /* its part, from 0 */
