/* The last line of a run. */
#pragma once

#include "gif/changes.h"
#include "gif/diagnostic.h"

typedef struct {
    guint64 rows, unchanged; /* rows; `unchanged`: good rows that asked for nothing new */
    GifChanges changes;      /* net, of objects and addresses */
    guint64 warnings, errors;
    bool applied;
    guint64 batch; /* 0: none */
    guint64 generation;
    double seconds;
} GifSummary;

/* Warnings, errors, and the time since `start` (g_get_monotonic_time), as things stand. */
void gif_summary_count(GifSummary *summary, const GifDiagnostics *diagnostics, gint64 start);
/* What the batch keeps of it: one JSON object. Caller frees. */
char *gif_summary_batch_json(const GifSummary *summary);
/* To standard output: as text a sentence first, then always the JSON object. */
void gif_summary_print(const GifSummary *summary, bool json);
