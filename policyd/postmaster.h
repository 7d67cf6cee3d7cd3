/*
 * `[addresses] postmaster` against the store: it must be an address that exists, or lie outside the
 * declared domains, or mail for it would have nowhere to go.
 */
#pragma once

#include "tables/config.h"
#include "tables/view.h"

/* Judges by the newest snapshot of `view`, between whose uses it begins and ends one. The
 * error is in TBL_CONFIG_ERROR. What cannot be read, or is not certain before a directory has been
 * loaded, is no error. */
bool pd_postmaster_check(const TblConfig *config, TblView *view, GError **error);
/* The same by the snapshot that `view` has begun. */
bool pd_postmaster_check_begun(const TblConfig *config, TblView *view, GError **error);

/* The same for a process that does not have the store open: opens it, if it is there. */
bool pd_postmaster_check_store(const TblConfig *config, GError **error);
