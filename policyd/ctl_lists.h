/* Lists, forwards and remotes whose mail comes to what a change touches. */
#pragma once

#include "policyd/ctl.h"

/* Refuses (3) a change that pushes a list over the limits or leaves a cycle that yields nothing
 * or a target that is nobody's address,
 * and, unless `force`, one by which addresses have nowhere to go. What was so before does not stand
 * in its way. */
bool pd_ctl_guard_lists(PdCtlChange *change, bool force, GError **error);
