#include "policyd/share.h"

#include "policyd/worker.h"

bool
pd_share_reserve(PdShare *share)
{
    if (atomic_fetch_add(&share->open, 1) < atomic_load(&share->cap))
        return true;
    atomic_fetch_sub(&share->open, 1);
    return false;
}

void
pd_share_release(PdShare *share)
{
    atomic_fetch_sub(&share->open, 1);
    if (!atomic_exchange(&share->parked, false))
        return;
    for (guint i = 0; i < share->n_workers; i++)
        pd_mailbox_wake(pd_worker_mailbox(share->workers[i]));
}

bool
pd_share_park(PdShare *share)
{
    /* In this order: who releases looks at `parked` after the count, so one of the two sees the
     * other. */
    atomic_store(&share->parked, true);
    return atomic_load(&share->open) < atomic_load(&share->cap);
}
