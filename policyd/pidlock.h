/*
 * One daemon for each store: a lock on `PATH.pid`, which holds the number of the process that has
 * it. The kernel drops the lock with the process, so the file may stay. Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct PdPidlock PdPidlock;

typedef enum {
    PD_PIDLOCK_OURS,
    PD_PIDLOCK_TAKEN,      /* by the process `*other` (0: not to be told) */
    PD_PIDLOCK_IMPOSSIBLE, /* the file cannot be made: `error` */
} PdPidlockResult;

PdPidlockResult pd_pidlock_new(const char *store_path, PdPidlock **lock, guint64 *other,
                               GError **error);
/* The file is still the one that is locked. Removed with its folder, it keeps nobody away. */
bool pd_pidlock_current(const PdPidlock *lock, const char *store_path);
void pd_pidlock_free(PdPidlock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdPidlock, pd_pidlock_free)
