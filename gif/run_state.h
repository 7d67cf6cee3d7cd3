/* The inside of gif/run, shared by its files: one run on its way. */
#pragma once

#include "gif/plan_file.h"
#include "gif/preview.h"
#include "gif/run.h"
#include "gif/source.h"
#include "gif/summary.h"
#include "gif/target_store.h"

typedef struct {
    const GifRunOptions *options;
    const TblConfig *config;
    GifDiagnostics *diagnostics;
    GifProgress *progress;
    GPtrArray *sources; /* GifSource *: inputs whose header is good */
    GifTarget *target;
    TblDraft *draft;
    GifLedger *ledger;
    GifPreview *preview; /* NULL: --report names a place that cannot be written */
    GifSummary summary;
    guint64 bytes_before;       /* text bytes of the inputs that are done */
    bool cut;                   /* an input ends inside quotes: nothing may be applied */
    GifPlanWriter *plan_writer; /* of the plan that is saved; NULL: none is */
    int breach_code;            /* of the guard that the run breaks; 0 for none */
    char *breach;
} GifRun;

/* Tells an error of the run as a whole. */
void gif_run_error(GifRun *run, int code, const char *message);
/* With keep_going: the rows that failed, beside their files. False: it told why not. */
bool gif_run_write_err_files(GifRun *run);
/* Those files stay when the others were applied or saved, and go when nothing was. */
void gif_run_end_err_files(GifRun *run, bool kept);
/* The draft becomes a batch. */
bool gif_run_commit(GifRun *run, GError **error);
/* The run as it would be committed, to a file; the rows that failed are written as well, since
 * nobody reads the input again. False with `error`, or told. */
bool gif_run_save(GifRun *run, GError **error);
