/* Counters of one worker: written by it alone, read by any thread, exact only when it rests. */
#pragma once

#include <glib.h>
#include <stdatomic.h>

typedef enum {
    PD_STAT_REQUESTS,    /* requests answered, socketmap and policy */
    PD_STAT_FAILED,      /* of these with TEMP or a deferral for a failed lookup */
    PD_STAT_BROKEN,      /* connections closed for malformed input */
    PD_STAT_TIMEOUTS,    /* connections closed for a request that took too long */
    PD_STAT_CONNECTIONS, /* connections accepted for this worker */
    PD_STAT_COUNT,
} PdStat;

typedef struct {
    _Atomic guint64 count[PD_STAT_COUNT];
} PdStats;

/* For the owner: no other thread adds, so that no locked instruction is needed. */
static inline void
pd_stats_count(PdStats *stats, PdStat stat)
{
    guint64 now = atomic_load_explicit(&stats->count[stat], memory_order_relaxed);

    atomic_store_explicit(&stats->count[stat], now + 1, memory_order_relaxed);
}

static inline guint64
pd_stats_get(PdStats *stats, PdStat stat)
{
    return atomic_load_explicit(&stats->count[stat], memory_order_relaxed);
}
