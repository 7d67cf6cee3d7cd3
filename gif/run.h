/* One run of the import: files in, at most one batch out, exit code back. */
#pragma once

#include "gif/csv.h"
#include "gif/format.h"
#include "gif/guard.h"
#include "gif/plan.h"
#include "gif/progress.h"
#include "gif/signature.h"

typedef struct {
    char **files; /* "-" is standard input */
    GifPlanOptions plan;
    bool dry_run, keep_going, json, force;
    const char *plan_out; /* where the plan is saved; NULL: nowhere. With dry_run only */
    const GArray *notes;  /* GifOptionsNote of the options file `notes_file`, to be told; or NULL */
    const char *notes_file;
    char **said;          /* the options that matter to a plan, for people */
    const char *codepage; /* an iconv name */
    GifFormat format;
    char column, quote, mv; /* 0: not given */
    GifProgressMode progress;
    GifGuard *guard;
    const GifTrust *trust; /* whom signers must lead to; NULL: no signature is asked for */
    char **signatures;     /* of each file, in their order; NULL: FILE.p7s */
    const char *report;    /* path of the page; NULL: none */
    const char *command;   /* the command line, for the page */
} GifRunOptions;

/* Reads, decides, commits; writes diagnostics, plan and summary. Returns an exit code of
 * tables/command. */
int gif_run(const GifRunOptions *options, const TblConfig *config);
