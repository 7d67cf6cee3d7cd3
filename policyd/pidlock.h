/*
 * One daemon for each store: a lock on `PATH.pid`, which holds the number of the process that has
 * it. The kernel drops the lock with the process, so the file may stay. Main thread.
 */
#pragma once

#include <glib.h>

typedef struct PdPidlock PdPidlock;

typedef enum {
    PD_PIDLOCK_OURS,
    PD_PIDLOCK_TAKEN,      /* by the process `*other` (0: not to be told) */
    PD_PIDLOCK_IMPOSSIBLE, /* the file cannot be made: `error` */
} PdPidlockResult;

PdPidlockResult pd_pidlock_new(const char *store_path, PdPidlock **lock, guint64 *other,
                               GError **error);
void pd_pidlock_free(PdPidlock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdPidlock, pd_pidlock_free)
