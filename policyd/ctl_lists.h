/* Lists that grow because something they refer to comes into being. */
#pragma once

#include "policyd/ctl.h"

/* Refuses (3) a new list whose members would push a list above it over the limits. Looks at the
 * lists that have an address; reads all address rows once, so it is for lists only, which are few.
 */
bool pd_ctl_guard_lists_above(PdCtlChange *change, const TblObject *list, GError **error);
