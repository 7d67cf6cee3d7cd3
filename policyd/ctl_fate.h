/*
 * What becomes of mail for an address, as tables/resolve says, in the words of a guard; and cycles.
 * Reads a change that is not committed yet.
 */
#pragma once

#include "policyd/ctl.h"

typedef enum {
    PD_FATE_FINE,    /* delivered, or not ours to say */
    PD_FATE_ABSENT,  /* in a declared domain, but nobody's */
    PD_FATE_NOWHERE, /* stands for itself in a virtual-alias domain, which delivers nothing */
    PD_FATE_OVER,    /* a list over the limits */
    PD_FATE_EMPTY,   /* expands to nothing */
    PD_FATE_FAILED,
} PdFate;

PdFate pd_ctl_fate(const TblContext *context, const char *address);
/* The fate after the change, PD_FATE_FINE when it was the same before. */
PdFate pd_ctl_new_fate(const PdCtlChange *change, const char *address);

/* Mail for this list, remote or forwarding mailbox of the draft comes back to it, and no address of
 * the objects on the way yields a recipient. TBL_FOUND: so it is. */
TblResult pd_ctl_idle_cycle(const TblContext *context, const TblObject *object);

/* Both return false. Exit code 3 with a sentence, and the failure of the store. */
bool pd_ctl_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
bool pd_ctl_guard_failed(const PdCtlChange *change, GError **error);
