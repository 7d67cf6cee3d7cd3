/*
 * What becomes of mail for an address, as tables/resolve says, in the words of those who judge a
 * change before it is committed: policyctl and gif-import. And cycles. One thread; reads the
 * context's view.
 */
#pragma once

#include "tables/resolve.h"

typedef enum {
    TBL_FATE_FINE,    /* delivered, or not ours to say */
    TBL_FATE_ABSENT,  /* in a declared domain, but nobody's */
    TBL_FATE_NOWHERE, /* stands for itself in a virtual-alias domain, which delivers nothing */
    TBL_FATE_OVER,    /* a list over the limits */
    TBL_FATE_EMPTY,   /* expands to nothing */
    TBL_FATE_FAILED,
} TblFate;

TblFate tbl_fate_of(const TblContext *context, const char *address);

/* Mail for this list, remote or forwarding mailbox comes back to it, and no address of the objects
 * on the way yields a recipient. TBL_FOUND: so it is. */
TblResult tbl_fate_idle_cycle(const TblContext *context, const TblObject *object);
