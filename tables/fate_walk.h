/*
 * All objects that mail for a list, a remote or a forwarding mailbox can come to, nearest first.
 * For tables/fate and tables/fate_path. One thread; reads the context's view.
 */
#pragma once

#include "tables/id_set.h"
#include "tables/resolve.h"

typedef struct {
    TblObject *object; /* owned */
    guint from;        /* index of the one that led to it; the start's is its own */
} TblFateStep;

typedef struct {
    const TblContext *context;
    TblIdSet *seen; /* ids of what was met */
    GArray *met;    /* TblFateStep; the first is the start */
    guint next;     /* the first of `met` whose successors were not looked at */
    gint back;      /* index of the one that leads back to the start, -1 for none */
    bool failed;
} TblFateWalk;

TblFateWalk *tbl_fate_walk_new(const TblContext *context, const TblObject *start);
void tbl_fate_walk_free(TblFateWalk *walk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblFateWalk, tbl_fate_walk_free)

/* Looks at the successors of one more object; false when there is none left, or the store failed.
 */
bool tbl_fate_walk_step(TblFateWalk *walk);
bool tbl_fate_walk_is_back(const TblFateWalk *walk);
const TblObject *tbl_fate_walk_object(const TblFateWalk *walk, guint index);
