/* All objects of a snapshot in their one order: bytewise by class name, then folded name, local
 * before directory. */
#pragma once

#include "policyd/ctl.h"

/* `object` dies after the call; false ends the walk. */
typedef bool (*PdCtlObjectFunc)(const TblObject *object, gpointer data);

/* Calls `each` with every object that has an SMTP address in `domain` (canonical; ".d" for all
 * subdomains; NULL: every object). Keeps a name and an id of each in memory, not the objects. False
 * with `error` when the store failed; an end by `each` is no error. */
bool pd_ctl_each_object(const PdCtlSnapshot *snapshot, const char *domain, PdCtlObjectFunc each,
                        gpointer data, GError **error);
