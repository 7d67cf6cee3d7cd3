/* What `object` and `address` verbs share: finding an object, checking and committing what became
 * of it. */
#pragma once

#include "policyd/ctl.h"

/* The local object of a name; NULL with an error: 1 there is none, 3 the directory has it. */
TblObject *pd_ctl_named(PdCtlChange *change, const char *name, GError **error);

/* The local object that has exactly this address; NULL with an error: 1 nobody has it, 3 the
 * directory has it. `key` is its tbl_proxy_key. */
TblObject *pd_ctl_holder(PdCtlChange *change, const TblProxy *address, const char *key,
                         GError **error);

/* May `object` have all its addresses that `before` (NULL: none) has not, and its target?
 * Errors: 3. */
bool pd_ctl_claim(PdCtlChange *change, const TblObject *before, const TblObject *object,
                  GError **error);

/* Puts `after` (NULL: deletes `before`) in the draft, checks what that leads to, commits. Returns
 * the exit code, messages printed. */
int pd_ctl_object_commit(PdCtlChange *change, const char *summary, const TblObject *before,
                         TblObject *after);

/* The index of the address with this tbl_proxy_key, -1 for none. */
int pd_ctl_address_index(const TblObject *object, const char *key);
