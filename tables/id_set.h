/*
 * A set of ids: of objects, or of batches, which are never 0. Grows as it is filled; nothing is
 * taken out of it but all. One thread; pure.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct TblIdSet TblIdSet;

TblIdSet *tbl_id_set_new(void);
void tbl_id_set_free(TblIdSet *set); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblIdSet, tbl_id_set_free)

bool tbl_id_set_add(TblIdSet *set, guint64 id); /* true: it was not there */
bool tbl_id_set_has(const TblIdSet *set, guint64 id);
guint tbl_id_set_count(const TblIdSet *set);
void tbl_id_set_clear(TblIdSet *set);
/* All of them (guint64) in ascending order, which no hash decides. Free with g_array_unref. */
GArray *tbl_id_set_sorted(const TblIdSet *set);
