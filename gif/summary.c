#include "gif/summary.h"

#include "tables/json.h"

#include <stdio.h>

static void
counts_write(TblJson *json, const GifSummary *summary)
{
    tbl_json_number(json, "rows", (gint64)summary->rows);
    tbl_json_number(json, "created", (gint64)summary->changes.created);
    tbl_json_number(json, "modified", (gint64)summary->changes.modified);
    tbl_json_number(json, "deleted", (gint64)summary->changes.deleted);
    tbl_json_number(json, "unchanged", (gint64)summary->unchanged);
    tbl_json_number(json, "addresses_added", (gint64)summary->changes.addresses_added);
    tbl_json_number(json, "addresses_removed", (gint64)summary->changes.addresses_removed);
}

void
gif_summary_count(GifSummary *summary, const GifDiagnostics *diagnostics, gint64 start)
{
    summary->warnings = gif_diagnostics_count(diagnostics, GIF_WARNING);
    summary->errors = gif_diagnostics_count(diagnostics, GIF_ERROR);
    summary->seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
}

char *
gif_summary_batch_json(const GifSummary *summary)
{
    TblJson json;
    GString *text = g_string_new(NULL);
    tbl_json_begin(&json, text);
    counts_write(&json, summary);
    tbl_json_end(&json);
    return g_string_free(text, FALSE);
}

static void
text_print(const GifSummary *summary)
{
    printf("%" G_GUINT64_FORMAT " rows: %" G_GUINT64_FORMAT " objects created, %" G_GUINT64_FORMAT
           " modified, %" G_GUINT64_FORMAT " deleted; %" G_GUINT64_FORMAT
           " addresses added, %" G_GUINT64_FORMAT " removed; %" G_GUINT64_FORMAT
           " warnings, %" G_GUINT64_FORMAT " errors; ",
           summary->rows, summary->changes.created, summary->changes.modified,
           summary->changes.deleted, summary->changes.addresses_added,
           summary->changes.addresses_removed, summary->warnings, summary->errors);
    if (summary->batch > 0) {
        printf("applied as batch %" G_GUINT64_FORMAT, summary->batch);
    } else {
        fputs(summary->applied ? "nothing to change" : "nothing was applied", stdout);
    }
    printf(" (%.2f s)\n", summary->seconds);
}

void
gif_summary_print(const GifSummary *summary, bool json)
{
    TblJson out;
    g_autoptr(GString) text = g_string_new(NULL);
    if (!json) {
        text_print(summary);
    }
    tbl_json_begin(&out, text);
    tbl_json_text(&out, "type", "summary");
    counts_write(&out, summary);
    tbl_json_number(&out, "warnings", (gint64)summary->warnings);
    tbl_json_number(&out, "errors", (gint64)summary->errors);
    tbl_json_bool(&out, "applied", summary->applied);
    if (summary->batch > 0) {
        tbl_json_number(&out, "batch", (gint64)summary->batch);
    } else {
        tbl_json_null(&out, "batch");
    }
    tbl_json_number(&out, "generation", (gint64)summary->generation);
    tbl_json_real(&out, "seconds", summary->seconds);
    tbl_json_end(&out);
    printf("%s\n", text->str);
}
