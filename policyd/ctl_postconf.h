/* What policyctl postconf and doctor both look for in the store. */
#pragma once

#include "policyd/ctl.h"

/* Whether a notice with a new address is in force. False with `error`: the store failed. */
bool pd_ctl_has_moved(const PdCtlSnapshot *snapshot, bool *moved, GError **error);

/* The first address that nobody has, outside and in each declared domain, for which a map answers
 * TEMP although no domain asks for that; the map and its reason. NULL: none. Caller frees. */
char *pd_ctl_find_temporary(const PdCtlSnapshot *snapshot, const TblDomains *domains, TblMap *map,
                            GString *reason);
