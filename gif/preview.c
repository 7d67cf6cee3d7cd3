#include "gif/preview.h"

#include "gif/changes.h"
#include "gif/report.h"
#include "gif/source.h"
#include "tables/command.h"

struct GifPreview {
    const GifRunOptions *options;
    const TblConfig *config;
    GifDiagnostics *diagnostics;
    const GPtrArray *sources; /* GifSource * */
    const GArray *files;      /* TblBatchFile of another run; NULL: those of the command line */
    const GifLedger *ledger;  /* NULL: rows are not known */
    GifConflicts *conflicts;
    GifTotals *totals; /* NULL: nothing was shown yet */
    GifReport *report; /* NULL: not wanted */
    GString *text;
    char *guards;
};

static void
report_tell(GifDiagnostics *diagnostics, const GError *error)
{
    gif_diagnostics_set_file(diagnostics, NULL);
    gif_diagnostics_add(diagnostics, GIF_ERROR, GIF_CODE_REPORT, 0, NULL, NULL, error->message);
}

static void
report_drop(GifPreview *preview)
{
    gif_diagnostics_set_listener(preview->diagnostics, NULL, NULL);
    g_clear_pointer(&preview->report, gif_report_free);
}

/* A page that cannot be written is told once and not tried again. */
static void
report_fail(GifPreview *preview, const GError *error)
{
    report_drop(preview);
    report_tell(preview->diagnostics, error);
}

GifPreview *
gif_preview_new(const GifRunOptions *options, const TblConfig *config, GifDiagnostics *diagnostics,
                const GPtrArray *sources)
{
    g_autoptr(GError) error = NULL;
    GifReport *report =
        options->report ? gif_report_new(options->report, options->files, &error) : NULL;
    if (error) {
        report_tell(diagnostics, error);
        return NULL;
    }
    GifPreview *preview = g_new0(GifPreview, 1);
    preview->options = options;
    preview->config = config;
    preview->diagnostics = diagnostics;
    preview->sources = sources;
    preview->conflicts = gif_conflicts_new();
    preview->report = report;
    preview->text = g_string_new(NULL);
    if (report) {
        gif_diagnostics_set_listener(diagnostics, gif_report_add_diagnostic, report);
    }
    return preview;
}

void
gif_preview_free(GifPreview *preview)
{
    if (preview) {
        report_drop(preview);
        gif_conflicts_free(preview->conflicts);
        gif_totals_free(preview->totals);
        g_string_free(preview->text, TRUE);
        g_free(preview->guards);
        g_free(preview);
    }
}

GifConflicts *
gif_preview_conflicts(GifPreview *preview)
{
    return preview->conflicts;
}

void
gif_preview_set_files(GifPreview *preview, const GArray *files)
{
    preview->files = files;
}

void
gif_preview_set_guards(GifPreview *preview, const char *text)
{
    g_free(preview->guards);
    preview->guards = g_strdup(text);
}

/* ---- The changes ---- */

static void
text_print(GifPreview *preview)
{
    (void)fwrite(preview->text->str, 1, preview->text->len, stdout);
    g_string_truncate(preview->text, 0);
}

static void
change_print(GifPreview *preview, const TblChange *change)
{
    if (preview->options->json) {
        TblJson json;
        tbl_json_begin(&json, preview->text);
        tbl_change_write_json(change, &json);
        tbl_json_end(&json);
        g_string_append_c(preview->text, '\n');
    } else {
        tbl_change_write_text(change, preview->text);
    }
    text_print(preview);
}

static void
change_report(GifPreview *preview, const TblChange *change)
{
    const TblObject *object = change->after ? change->after : change->before;
    GifLedgerRow row = {0};
    const GifSource *source = preview->ledger && gif_ledger_get(preview->ledger, object->id, &row)
                                  ? g_ptr_array_index(preview->sources, row.source)
                                  : NULL;
    gif_report_add_change(preview->report, change, source ? source->input->path : NULL, row.line);
}

void
gif_preview_add(GifPreview *preview, const TblChange *change)
{
    gif_totals_add(preview->totals, change);
    if (preview->options->dry_run) {
        change_print(preview, change);
    }
    if (preview->report) {
        change_report(preview, change);
    }
}

bool
gif_preview_show(GifPreview *preview, TblDraft *draft, const GifLedger *ledger, GError **error)
{
    if (!preview->options->dry_run && !preview->report) {
        return true;
    }
    TblView *view = tbl_draft_view(draft);
    GifChanges changes;
    preview->ledger = ledger;
    preview->totals = gif_totals_new(view->domains(view));
    if (!gif_changes_collect(draft, preview, NULL, &changes, error)) {
        return false;
    }
    if (preview->options->dry_run && !preview->options->json) {
        gif_conflicts_write_text(preview->conflicts, preview->text);
        gif_totals_write_text(preview->totals, preview->text);
        text_print(preview);
    }
    return true;
}

/* ---- The page ---- */

/* All files of the command line, with what is known of them. */
static GArray *
files_collect(const GifPreview *preview)
{
    GArray *files = g_array_new(FALSE, FALSE, sizeof(GifReportFile));
    guint next = 0;
    for (guint i = 0; preview->files && i < preview->files->len; i++) {
        const TblBatchFile *known = &g_array_index(preview->files, TblBatchFile, i);
        GifReportFile file = {known->name, known->sha256, known->signer};
        g_array_append_val(files, file);
    }
    for (guint i = 0; !preview->files && preview->options->files[i]; i++) {
        const char *name = preview->options->files[i];
        const GifSource *source =
            next < preview->sources->len ? g_ptr_array_index(preview->sources, next) : NULL;
        /* The sources are those of the files that could be read, in their order. */
        bool read = source && strcmp(source->input->path, name) == 0;
        GifReportFile file = {name, read ? source->input->sha256 : NULL,
                              read ? source->input->signer : NULL};
        g_array_append_val(files, file);
        next += read;
    }
    return files;
}

static bool
page_write(GifPreview *preview, const GifSummary *summary, int code, GError **error)
{
    const GifRunOptions *options = preview->options;
    g_autoptr(GArray) files = files_collect(preview);
    g_autofree char *user = tbl_batch_user();
    GifReportFacts facts = {.summary = summary,
                            .code = code,
                            .dry_run = options->dry_run,
                            .keep_going = options->keep_going,
                            .time = g_get_real_time() / G_USEC_PER_SEC,
                            .command = options->command,
                            .store = preview->config->store.path,
                            .user = user,
                            .guards = preview->guards,
                            .files = files,
                            .conflicts = preview->conflicts,
                            .totals = preview->totals};
    return gif_report_write(preview->report, &facts, error);
}

bool
gif_preview_prepare(GifPreview *preview, const GifSummary *summary)
{
    g_autoptr(GError) error = NULL;
    if (!preview->report || page_write(preview, summary, TBL_EXIT_FAILED, &error)) {
        return true;
    }
    report_fail(preview, error);
    return false;
}

int
gif_preview_publish(GifPreview *preview, const GifSummary *summary, int code)
{
    g_autoptr(GError) error = NULL;
    if (!preview || !preview->report ||
        (page_write(preview, summary, code, &error) &&
         gif_report_publish(preview->report, &error))) {
        return code;
    }
    report_fail(preview, error);
    return code == TBL_EXIT_OK ? TBL_EXIT_FAILED : code;
}
