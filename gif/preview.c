#include "gif/preview_state.h"

#include "gif/source.h"
#include "tables/command.h"

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
