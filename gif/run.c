#include "gif/run.h"

#include "gif/errfile.h"
#include "gif/summary.h"
#include "gif/target_store.h"
#include "tables/command.h"

/* The separators of Exchange (KB Q152472, Q190706). */
#define QUOTE_DEFAULT '"'
#define MV_DEFAULT '%'

typedef struct {
    const GifRunOptions *options;
    const TblConfig *config;
    GifDiagnostics *diagnostics;
    GifProgress *progress;
    GPtrArray *inputs;    /* GifInput * */
    GPtrArray *err_files; /* GifErrFile * */
    GifTarget *target;
    TblDraft *draft;
    GifSummary summary;
    guint64 bytes_before; /* text bytes of the inputs that are done */
    bool cut;             /* an input ends inside quotes: nothing may be applied */
} Run;

static void
run_error(Run *run, int code, const char *message)
{
    gif_diagnostics_set_file(run->diagnostics, NULL);
    gif_diagnostics_add(run->diagnostics, GIF_ERROR, code, 0, NULL, NULL, message);
}

/* ---- Reading ---- */

static void
input_read(Run *run, const char *path)
{
    g_autoptr(GError) error = NULL;
    GifTextFault fault = {0};
    GifInput *input = gif_input_read(path, run->options->codepage, &fault, &error);
    if (input) {
        g_ptr_array_add(run->inputs, input);
    }
    gif_diagnostics_set_file(run->diagnostics, path);
    if (error) {
        gif_diagnostics_add(run->diagnostics, GIF_ERROR, 224, 1, NULL, NULL, error->message);
    } else if (!input->text) {
        g_autofree char *message =
            g_strdup_printf("character %" G_GSIZE_FORMAT ": %s", fault.column, fault.message);
        gif_diagnostics_add(run->diagnostics, GIF_ERROR, GIF_CODE_ENCODING, fault.line, NULL, NULL,
                            message);
    }
    gif_text_fault_clear(&fault);
}

/* The separators of one file. Those that exclude each other are told and switched off. */
static GifDialect
dialect_read(Run *run, TblSlice text, GifNotes *notes)
{
    const GifRunOptions *options = run->options;
    GifDialect dialect = {.column = options->column,
                          .quote = options->quote ? options->quote : QUOTE_DEFAULT,
                          .mv = options->mv ? options->mv : MV_DEFAULT,
                          .compat = options->plan.compat};
    if (!dialect.column) {
        dialect.column = gif_csv_sniff(text, dialect.quote);
    }
    if (dialect.quote == dialect.column) {
        dialect.quote = '\0';
        gif_notes_add(notes, GIF_WARNING, GIF_CODE_SEPARATORS, NULL,
                      "the quote character is the column separator: quoting is off");
    }
    if (dialect.mv == dialect.column) {
        dialect.mv = '\0';
        gif_notes_add(
            notes, GIF_WARNING, GIF_CODE_SEPARATORS, NULL,
            "the multi-value separator is the column separator: each field holds one value");
    } else if (dialect.mv == '@') {
        gif_notes_add(notes, GIF_WARNING, GIF_CODE_SEPARATORS, NULL,
                      "@ separates values, so SMTP addresses must be written with \\@");
    }
    return dialect;
}

static bool
is_record_of(const GifRecord *record, const char *word)
{
    return record->fault == GIF_CSV_OK && record->count == 1 &&
           record->field[0].text.len == strlen(word) &&
           g_ascii_strncasecmp(record->field[0].text.ptr, word, strlen(word)) == 0;
}

/* The reader behind the header, and the header's meaning; NULL when it has none. */
static GifCsv *
header_read(Run *run, const GifInput *input, GifRecord *record, GifNotes *notes,
            GifDialect *dialect, GifSchema **schema)
{
    TblSlice text = gif_text_slice(input->text);
    *dialect = dialect_read(run, text, notes);
    g_autoptr(GifCsv) csv = gif_csv_new(text, *dialect);
    bool any = gif_csv_next(csv, record);
    /* Migration files name their section first. */
    if (any && is_record_of(record, "DIRECTORY")) {
        gsize offset = gif_csv_offset(csv);
        *dialect = dialect_read(run, (TblSlice){text.ptr + offset, text.len - offset}, notes);
        gif_csv_set_dialect(csv, *dialect);
        any = gif_csv_next(csv, record);
    }
    if (!any) {
        gif_notes_add(notes, GIF_ERROR, 226, NULL,
                      "the file is empty; its first line names the columns, Obj-Class first");
        return NULL;
    }
    *schema = gif_schema_new(record, *dialect, notes);
    return *schema ? g_steal_pointer(&csv) : NULL;
}

/* ---- Deciding ---- */

/* False: the store failed. */
static bool
rows_decide(Run *run, GifPlan *plan, GifCsv *csv, GifRecord *record, GifErrFile *err_file,
            GError **error)
{
    while (gif_csv_next(csv, record)) {
        GifRowResult result = gif_plan_row(plan, record, error);
        run->summary.rows++;
        if (result == GIF_ROW_BROKEN) {
            return false;
        }
        run->summary.unchanged += result == GIF_ROW_UNCHANGED;
        if (result == GIF_ROW_FAILED) {
            run->cut = run->cut || record->fault == GIF_CSV_TRUNCATED;
            gif_err_file_add(err_file, record->start, record->end);
        }
        gif_progress_update(run->progress, run->summary.rows,
                            run->bytes_before + gif_csv_offset(csv));
    }
    return true;
}

static bool
input_decide(Run *run, GifPlan *plan, GifInput *input, GError **error)
{
    g_autoptr(GifNotes) notes = gif_notes_new();
    g_autofree GifRecord *record = g_new(GifRecord, 1);
    GifDialect dialect;
    GifSchema *schema = NULL;
    if (!input->text) {
        return true;
    }
    gif_diagnostics_set_file(run->diagnostics, input->path);
    g_autoptr(GifCsv) csv = header_read(run, input, record, notes, &dialect, &schema);
    gif_notes_flush(notes, run->diagnostics, 1, NULL);
    if (!csv) {
        return true;
    }
    GifErrFile *err_file = gif_err_file_new(input, gif_csv_offset(csv));
    g_ptr_array_add(run->err_files, err_file);
    gif_plan_begin_file(plan, input->path, dialect, schema);
    bool good = rows_decide(run, plan, csv, record, err_file, error);
    run->bytes_before += gif_text_slice(input->text).len;
    return good;
}

static bool
inputs_decide(Run *run, GError **error)
{
    g_autoptr(GifPlan) plan =
        gif_plan_new(run->draft, run->config, run->options->plan, run->diagnostics);
    for (guint i = 0; i < run->inputs->len; i++) {
        if (!input_decide(run, plan, g_ptr_array_index(run->inputs, i), error)) {
            return false;
        }
    }
    return gif_plan_finish(plan, error);
}

/* ---- Applying ---- */

static bool
err_files_write(Run *run)
{
    for (guint i = 0; run->options->keep_going && i < run->err_files->len; i++) {
        g_autoptr(GError) error = NULL;
        if (!gif_err_file_write(g_ptr_array_index(run->err_files, i), &error)) {
            run_error(run, GIF_CODE_ERR_FILE, error->message);
            return false;
        }
    }
    return true;
}

static bool
draft_commit(Run *run, GError **error)
{
    g_autoptr(GArray) files = g_array_new(FALSE, TRUE, sizeof(TblBatchFile));
    for (guint i = 0; i < run->inputs->len; i++) {
        const GifInput *input = g_ptr_array_index(run->inputs, i);
        TblBatchFile file = {.name = input->path};
        memcpy(file.sha256, input->sha256, sizeof(file.sha256));
        g_array_append_val(files, file);
    }
    g_autofree char *user = tbl_batch_user();
    g_autofree char *summary = gif_summary_batch_json(&run->summary);
    TblBatchInfo info = {.program = "gif-import",
                         .user = user,
                         .files = (const TblBatchFile *)(void *)files->data,
                         .n_files = files->len,
                         .summary = summary,
                         .undo_keep = run->config->store.undo_keep};
    if (!tbl_draft_commit(run->draft, &info, &run->summary.batch, &run->summary.generation,
                          error)) {
        return false;
    }
    run->summary.applied =
        run->summary.batch > 0 || gif_diagnostics_count(run->diagnostics, GIF_ERROR) == 0;
    return true;
}

/* What the whole run may not do. TBL_EXIT_OK when nothing stands against it. */
static int
guards_check(Run *run)
{
    g_autofree char *reason = NULL;
    GifGuardResult result = run->options->force
                                ? GIF_GUARD_PASSED
                                : gif_guard_check(run->options->guard, run->draft, run->config,
                                                  &run->summary.changes, &reason);
    switch (result) {
    case GIF_GUARD_PASSED:
        return TBL_EXIT_OK;
    case GIF_GUARD_FAILED:
        run_error(run, GIF_CODE_STORE, "the store failed while the guards looked into it");
        return TBL_EXIT_TEMPORARY;
    default:
        run_error(run, result == GIF_GUARD_MUST_KEEP ? GIF_CODE_MUST_KEEP : GIF_CODE_MAX_DELETE,
                  reason);
        return TBL_EXIT_REFUSED;
    }
}

static int
run_apply(Run *run, GError **error)
{
    const GifRunOptions *options = run->options;
    bool failed = gif_diagnostics_count(run->diagnostics, GIF_ERROR) > 0;
    if (run->cut || (failed && !options->keep_going)) {
        return TBL_EXIT_FAILED;
    }
    int code = guards_check(run);
    if (code != TBL_EXIT_OK) {
        return code;
    }
    if (options->dry_run) {
        return failed ? TBL_EXIT_FAILED : TBL_EXIT_OK;
    }
    if (!err_files_write(run)) {
        return TBL_EXIT_FAILED;
    }
    gif_progress_say(run->progress, "writing");
    if (!draft_commit(run, error)) {
        for (guint i = 0; options->keep_going && i < run->err_files->len; i++) {
            gif_err_file_unlink(g_ptr_array_index(run->err_files, i));
        }
        return TBL_EXIT_FAILED;
    }
    return failed ? TBL_EXIT_FAILED : TBL_EXIT_OK;
}

static int
run_decide(Run *run, GError **error)
{
    const GifRunOptions *options = run->options;
    GifPrint print = !options->dry_run ? GIF_PRINT_NOTHING
                     : options->json   ? GIF_PRINT_JSON
                                       : GIF_PRINT_TEXT;
    run->target = gif_target_open(run->config, options->dry_run, error);
    run->draft = run->target ? tbl_draft_new(gif_target_store(run->target), error) : NULL;
    if (!run->draft) {
        return TBL_EXIT_FAILED;
    }
    run->summary.generation = tbl_draft_base(run->draft)->generation;
    if (!options->force && !gif_guard_begin(options->guard, run->draft, run->config)) {
        run_error(run, GIF_CODE_STORE, "the store failed while the guards looked into it");
        return TBL_EXIT_TEMPORARY;
    }
    if (!inputs_decide(run, error)) {
        return TBL_EXIT_FAILED;
    }
    gif_progress_finish(run->progress);
    if (!gif_changes_collect(run->draft, print, &run->summary.changes, error)) {
        return TBL_EXIT_FAILED;
    }
    return run_apply(run, error);
}

static void
run_clear(Run *run)
{
    tbl_draft_free(run->draft);
    gif_target_close(run->target);
    g_ptr_array_unref(run->err_files);
    g_ptr_array_unref(run->inputs);
    gif_progress_free(run->progress);
    gif_diagnostics_free(run->diagnostics);
}

int
gif_run(const GifRunOptions *options, const TblConfig *config)
{
    gint64 start = g_get_monotonic_time();
    Run run = {.options = options, .config = config};
    run.diagnostics = gif_diagnostics_new(options->json, options->json ? stdout : stderr);
    run.inputs = g_ptr_array_new_with_free_func((GDestroyNotify)gif_input_free);
    run.err_files = g_ptr_array_new_with_free_func((GDestroyNotify)gif_err_file_free);
    guint64 total = 0;
    /* All inputs are read before the store is locked: a slow pipe must not keep other writers
     * waiting. */
    for (gsize i = 0; options->files[i]; i++) {
        input_read(&run, options->files[i]);
    }
    for (guint i = 0; i < run.inputs->len; i++) {
        const GifInput *input = g_ptr_array_index(run.inputs, i);
        total += input->text ? gif_text_slice(input->text).len : 0;
    }
    run.progress = gif_progress_new(options->progress, total);
    g_autoptr(GError) error = NULL;
    int code = TBL_EXIT_FAILED;
    bool nothing = gif_diagnostics_count(run.diagnostics, GIF_ERROR) > 0 &&
                   (!options->keep_going || run.inputs->len == 0);
    if (!nothing) {
        code = run_decide(&run, &error);
    }
    gif_progress_finish(run.progress);
    if (error) {
        run_error(&run, GIF_CODE_STORE, error->message);
        bool busy = g_error_matches(error, TBL_STORE_ERROR, TBL_STORE_ERROR_BUSY);
        code = busy ? TBL_EXIT_TEMPORARY : TBL_EXIT_FAILED;
    }
    gif_diagnostics_finish(run.diagnostics);
    run.summary.warnings = gif_diagnostics_count(run.diagnostics, GIF_WARNING);
    run.summary.errors = gif_diagnostics_count(run.diagnostics, GIF_ERROR);
    run.summary.seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    gif_summary_print(&run.summary, options->json);
    run_clear(&run);
    return code;
}
