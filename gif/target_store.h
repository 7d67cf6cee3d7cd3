/*
 * The store that a run works on: locked for a run that commits, only read by a dry run, and an
 * empty one in a temporary folder for a dry run where there is none yet.
 */
#pragma once

#include "tables/config.h"
#include "tables/store.h"

typedef struct GifTarget GifTarget;
/* NULL with `error` (TBL_STORE_ERROR_BUSY when somebody else writes for too long). */
GifTarget *gif_target_open(const TblConfig *config, bool dry_run, GError **error);
void gif_target_close(GifTarget *target);
TblStore *gif_target_store(const GifTarget *target);
