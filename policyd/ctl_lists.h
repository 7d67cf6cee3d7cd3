/* Lists, forwards and remotes whose mail comes to what a change touches. */
#pragma once

#include "policyd/ctl.h"
#include "tables/id_set.h"

/* Refuses (3) an object as the draft has it that pushes a list above it over the limits, or closes
 * a cycle above it that yields nothing. What was so before does not stand in its way. `judged`
 * (NULL: none) is what was looked at already, and takes what is now. */
bool pd_ctl_guard_lists_above(PdCtlChange *change, const TblObject *object, TblIdSet *judged,
                              GError **error);
