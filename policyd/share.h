/*
 * What all workers of the daemon share: how many connections there are and may be. Any thread.
 */
#pragma once

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct PdWorker PdWorker;

/* Zero at first but `cap` and the workers. */
typedef struct {
    PdWorker **workers;
    guint n_workers;
    _Atomic guint open;      /* connections */
    _Atomic guint cap;       /* most connections */
    _Atomic bool parked;     /* some listener waits for a place */
    _Atomic bool note_peers; /* log who connects */
} PdShare;

/* Counts a connection. False: there are too many. */
bool pd_share_reserve(PdShare *share);
/* Gives its place back and wakes the workers whose listeners wait for one. */
void pd_share_release(PdShare *share);
/* The caller's listeners wait to be woken. True: there is a place already, and nobody may come to
 * wake. */
bool pd_share_park(PdShare *share);
