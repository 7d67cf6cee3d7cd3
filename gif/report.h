/*
 * The page of --report: one self-contained HTML file with what a run changes, or why it changes
 * nothing. Memory is bounded: only what the page shows is kept, the rest is counted. The file
 * appears whole or not at all. One thread.
 */
#pragma once

#include "gif/conflict.h"
#include "gif/diagnostic.h"
#include "gif/summary.h"
#include "gif/totals.h"

/* Changes of each kind (create, modify, delete) and diagnostics of each severity on the page. */
#define GIF_REPORT_SHOWN 1000

typedef struct {
    const char *name;
    const guint8 *sha256; /* NULL: it could not be read, or has no header that can be used */
    const char *signer;   /* as gif_signature_verify; NULL: no signature was asked for */
} GifReportFile;

/* What is known at the end of a run. Borrowed. */
typedef struct {
    const GifSummary *summary;
    int code; /* exit code of the run so far, tables/command */
    bool dry_run, keep_going;
    gint64 time;         /* seconds since 1970 */
    const char *command; /* the command line, quoted for a shell */
    const char *store;   /* its path */
    const char *user;
    const char *guards;            /* what the guards said; NULL: they were not asked */
    GArray *files;                 /* GifReportFile */
    const GifConflicts *conflicts; /* NULL: none */
    const GifTotals *totals;       /* NULL: the run did not come so far */
} GifReportFacts;

typedef struct GifReport GifReport;
/* Makes sure that `path` can be written, so that a bad one is told before anything changes: NULL
 * with `error` when its folder does not allow that, it is there and no regular file, or one of
 * `inputs` (NULL-terminated paths) is the same file. Nothing stays behind. */
GifReport *gif_report_new(const char *path, char *const *inputs, GError **error);
void gif_report_free(GifReport *report); /* a page that was not published is gone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifReport, gif_report_free)

/* One net change, in the order of the page. `file` and `line` are those of the row that caused it
 * last; NULL: no row of its own did. */
void gif_report_add_change(GifReport *report, const TblChange *change, const char *file,
                           guint64 line);
/* The same of a created object that the page does not show any more: counts it. False, with nothing
 * counted, when it does. */
bool gif_report_count_created(GifReport *report);
/* A GifDiagnosticFunc; `data` is the report. */
void gif_report_add_diagnostic(const GifDiagnosticEvent *event, gpointer data);

/* Writes the page beside its place; the next call replaces it. False with `error`. */
bool gif_report_write(GifReport *report, const GifReportFacts *facts, GError **error);
/* Puts the written page in its place, replacing what was there. */
bool gif_report_publish(GifReport *report, GError **error);
