/* One run of the import: files in, at most one batch out, exit code back. */
#pragma once

#include "gif/csv.h"
#include "gif/format.h"
#include "gif/guard.h"
#include "gif/plan.h"
#include "gif/progress.h"

typedef struct {
    char **files; /* "-" is standard input */
    GifPlanOptions plan;
    bool dry_run, keep_going, json, force;
    const char *codepage; /* an iconv name */
    GifFormat format;
    char column, quote, mv; /* 0: not given */
    GifProgressMode progress;
    GifGuard *guard;
} GifRunOptions;

/* Reads, decides, commits; writes diagnostics, plan and summary. Returns an exit code of
 * tables/command. */
int gif_run(const GifRunOptions *options, const TblConfig *config);
