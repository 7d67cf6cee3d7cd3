/*
 * What a run changes, shown to people and programs: the plan on standard output, conflicts, totals
 * of each domain, and the page of --report. One walk over the net changes serves all. One thread.
 */
#pragma once

#include "gif/conflict.h"
#include "gif/ledger.h"
#include "gif/run.h"
#include "gif/summary.h"
#include "gif/totals.h"

typedef struct GifPreview GifPreview;
/* Everything is borrowed. Listens to `diagnostics` when there is a report. `sources`: GifSource *
 * of the run, by the index of the ledger's rows; may fill later. NULL with `error` when the report
 * cannot be written. */
GifPreview *gif_preview_new(const GifRunOptions *options, const TblConfig *config,
                            GifDiagnostics *diagnostics, const GPtrArray *sources, GError **error);
void gif_preview_free(GifPreview *preview);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifPreview, gif_preview_free)

GifConflicts *gif_preview_conflicts(GifPreview *preview); /* for who finds them */
/* Shows the net changes of a draft, if this run shows any. `ledger` may be NULL: rows are not
 * known. False when the store failed. */
bool gif_preview_show(GifPreview *preview, TblDraft *draft, const GifLedger *ledger,
                      GError **error);
void gif_preview_add(GifPreview *preview, const TblChange *change);
/* The files that the change was made of, when it was made elsewhere: TblBatchFile, borrowed. */
void gif_preview_set_files(GifPreview *preview, const GArray *files);
void gif_preview_set_guards(GifPreview *preview, const char *text); /* what the guards said */

/* Writes the page beside its place, as things stand; the next call replaces it. Before a commit, so
 * that a full disk is told while nothing is changed. */
bool gif_preview_write(GifPreview *preview, const GifSummary *summary, int code, GError **error);
/* Writes it and puts it in its place. */
bool gif_preview_publish(GifPreview *preview, const GifSummary *summary, int code, GError **error);
