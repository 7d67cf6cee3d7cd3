/* What policyctl postconf and doctor both look for in the store. */
#pragma once

#include "policyd/ctl.h"

/* Whether a notice with a new address is in force. False with `error`: the store failed. */
bool pd_ctl_has_moved(const PdCtlSnapshot *snapshot, bool *moved, GError **error);
