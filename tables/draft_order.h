/*
 * The net changes of a draft in the order in which people see them: bytewise by class name, then by
 * folded name. They are cut into parts that lie one behind the other, and a part is sorted when
 * somebody takes it: so several threads can, each in its cache, and created objects, most of a
 * first import, are never decoded. The draft must not change meanwhile.
 */
#pragma once

#include "tables/draft.h"
#include "tables/key_order.h"

typedef struct TblOrder TblOrder;
/* NULL with `error` when the store failed. */
TblOrder *tbl_order_new(TblDraft *draft, GError **error);
void tbl_order_free(TblOrder *order);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblOrder, tbl_order_free)

guint tbl_order_parts(const TblOrder *order);
/* The changes of a part, as the numbers of `keys`, in order. Any thread, each with keys of its own.
 */
void tbl_order_sort(const TblOrder *order, guint part, TblKeys *keys);
/* The encoding of a small object that was created; empty for any other change. Any thread. */
TblSlice tbl_order_created(const TblOrder *order, guint32 change);
/* Both states of any change, as TblChangeFunc gets them; only the thread of the draft. False: the
 * store failed. */
bool tbl_order_load(const TblOrder *order, guint32 change, TblObject **before, TblObject **after);
