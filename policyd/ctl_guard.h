/*
 * What a change through policyctl must not leave behind: addresses whose mail has nowhere to go,
 * catch-alls and targets that lead nowhere, lists over their limits, cycles that yield nothing.
 * Compared with the store before the change, so that what was broken already does not stand in the
 * way of other changes.
 */
#pragma once

#include "policyd/ctl.h"

/* True when a declared name ("d", or ".d" for its subdomains) covers a canonical domain. */
bool pd_ctl_covers(const char *name, TblSlice domain);

/* Calls `each` with every stored SMTP address: its key in the store, its domain (part of the key),
 * and its encoded rows. False in `each` ends it. False when the store failed. */
typedef bool (*PdCtlAddressFunc)(TblSlice key, TblSlice domain, TblSlice bytes, gpointer data);
bool pd_ctl_each_address(TblReader *reader, PdCtlAddressFunc each, gpointer data);

/* After domains were put or deleted in the draft; `names` (canonical, NULL-terminated) are all of
 * those. Errors: 3 for what is refused; `force` lets addresses have nowhere to go. */
bool pd_ctl_guard_domains(PdCtlChange *change, char **names, bool force, GError **error);

/* After objects changed in the draft: catch-alls still lead somewhere. Errors: 3. */
bool pd_ctl_guard_catch_alls(PdCtlChange *change, GError **error);
