/* Applying a plan that was kept: what it read and claims is compared, then it is committed as the
 * import would have been. */
#pragma once

#include "gif/guard.h"
#include "gif/progress.h"

typedef struct {
    const char *path;
    bool dry_run, json, force;
    bool signed_only; /* every file of the plan must have had a signature that was verified */
    GifProgressMode progress;
    GifGuard *guard;
    const char *report;  /* path of the page; NULL: none */
    const char *command; /* the command line, for the page */
} GifPlanApplyOptions;

/* Writes diagnostics and the summary. Returns an exit code of tables/command. */
int gif_plan_apply(const GifPlanApplyOptions *options, const TblConfig *config);
