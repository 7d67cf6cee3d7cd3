/*
 * A view in which no domain defers or accepts unknown recipients. A deferred absence is TEMP on the
 * wire, but no failure of the store: in a table it is a key that is not there.
 */
#pragma once

#include "policyd/ctl.h"

typedef struct PdCtlPlain PdCtlPlain;

/* Over a view that has begun; both live as long as it does. */
PdCtlPlain *pd_ctl_plain_new(TblView *inner);
void pd_ctl_plain_free(PdCtlPlain *plain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdCtlPlain, pd_ctl_plain_free)
TblView *pd_ctl_plain_view(PdCtlPlain *plain); /* borrowed */
