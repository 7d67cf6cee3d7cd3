/*
 * How a change through policyctl changes what becomes of mail for an address (tables/fate).
 * Reads a change that is not committed yet.
 */
#pragma once

#include "policyd/ctl.h"
#include "tables/fate.h"

/* The fate after the change, TBL_FATE_FINE when it was the same before. */
TblFate pd_ctl_new_fate(const PdCtlChange *change, const char *address);
/* The same when the fate after is known. */
TblFate pd_ctl_fate_if_new(const PdCtlChange *change, const char *address, TblFate fate);

/* The failure of the store; returns false. */
bool pd_ctl_guard_failed(const PdCtlChange *change, GError **error);

/* Refuses a list over the limits, by one of its addresses; false. */
bool pd_ctl_refuse_over(const PdCtlChange *change, const TblObject *list, const char *address,
                        GError **error);
/* Refuses an object of the draft whose mail comes back to it and reaches nobody; false. */
bool pd_ctl_refuse_cycle(const PdCtlChange *change, const TblObject *object, GError **error);
