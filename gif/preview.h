/*
 * What a run changes, shown to people and programs: the plan on standard output, conflicts, totals
 * of each domain, and the page of --report. One thread, but the created objects of a large change
 * are shown by several.
 */
#pragma once

#include "gif/conflict.h"
#include "gif/ledger.h"
#include "gif/run.h"
#include "gif/summary.h"
#include "gif/totals.h"

typedef struct GifPreview GifPreview;
/* Everything is borrowed. Listens to `diagnostics` when there is a report. `sources`: GifSource *
 * of the run, by the index of the ledger's rows; may fill later. NULL when the report cannot be
 * written, which was told. */
GifPreview *gif_preview_new(const GifRunOptions *options, const TblConfig *config,
                            GifDiagnostics *diagnostics, const GPtrArray *sources);
void gif_preview_free(GifPreview *preview);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifPreview, gif_preview_free)

GifConflicts *gif_preview_conflicts(GifPreview *preview); /* for who finds them */
/* Shows the net changes of a draft, if this run shows any. `changes`: how many there are. `ledger`
 * may be NULL: rows are not known. False when the store failed. */
bool gif_preview_show(GifPreview *preview, TblDraft *draft, const GifChanges *changes,
                      const GifLedger *ledger, GError **error);
/* The files that the change was made of, when it was made elsewhere: TblBatchFile, borrowed. */
void gif_preview_set_files(GifPreview *preview, const GArray *files);
void gif_preview_set_guards(GifPreview *preview, const char *text); /* what the guards said */

/* Writes the page beside its place, as things stand. Before a commit, so that a full disk is told
 * while nothing is changed: false when it was. */
bool gif_preview_prepare(GifPreview *preview, const GifSummary *summary);
/* Writes it anew, for a run that ended with `code` whichever way it did, and puts it in its place.
 * `preview` may be NULL. Returns what the run ends with now: a page that cannot be written is told
 * and no success. */
int gif_preview_publish(GifPreview *preview, const GifSummary *summary, int code);
