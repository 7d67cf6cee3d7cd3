#include "gif/run_state.h"

#include "gif/intake.h"
#include "gif/options.h"
#include "gif/pipeline.h"
#include "tables/command.h"

/* Rounds of taking back what cannot stand, before the run is given up. */
#define JUDGE_ROUNDS 16

/* Bytes of text in which an object and an address may be expected, rather too many than too few;
 * more than the limit say nothing about what will be new. */
#define BYTES_OF_OBJECT 256
#define BYTES_OF_ADDRESS 60
#define RESERVE_MAX ((guint64)1 << 30)

typedef GifRun Run;

void
gif_run_error(GifRun *run, int code, const char *message)
{
    gif_diagnostics_set_file(run->diagnostics, NULL);
    gif_diagnostics_add(run->diagnostics, GIF_ERROR, code, 0, NULL, NULL, message);
}

/* ---- Deciding ---- */

/* A row was decided. */
static void
row_count(Run *run, GifSource *source, GifRowResult result, gsize start, gsize end)
{
    run->summary.rows++;
    run->summary.unchanged += result == GIF_ROW_UNCHANGED;
    if (result == GIF_ROW_FAILED && run->options->keep_going) {
        gif_err_file_add(source->err_file, start, end);
    }
    gif_progress_update(run->progress, run->summary.rows, run->bytes_before + end);
}

/* False: the store failed. */
static bool
block_decide(Run *run, GifPlan *plan, GifSource *source, const GifBlock *block, GError **error)
{
    for (guint i = 0; i < gif_block_count(block); i++) {
        const GifBlockRow *row = gif_block_row(block, i);
        GifRowResult result = gif_plan_row(plan, block, i, error);
        row_count(run, source, result, row->start, row->end);
        if (result == GIF_ROW_BROKEN) {
            return false;
        }
        run->cut = run->cut || row->cut;
    }
    if (!run->options->keep_going && gif_block_count(block) > 0) {
        gif_text_discard(source->input->text,
                         gif_block_row(block, gif_block_count(block) - 1)->end);
    }
    return true;
}

static bool
records_decide(Run *run, GifPlan *plan, GifSource *source, const GifSchema *schema, GError **error)
{
    GifPipelineOptions how = {.dialect = source->dialect,
                              .mode = run->options->plan.mode,
                              .compat = run->options->plan.compat,
                              .propose = gif_plan_wants_proposals(plan)};
    g_autoptr(GifPipeline) pipeline = gif_pipeline_new(source->csv, schema, how);
    const GifBlock *block;
    while ((block = gif_pipeline_take(pipeline))) {
        if (!block_decide(run, plan, source, block, error)) {
            return false;
        }
    }
    return true;
}

/* The same of a descendant format. What makes a whole file useless ends it. */
static bool
entries_decide(Run *run, GifPlan *plan, GifSource *source, GifEntry *entry, GError **error)
{
    bool refused = false;
    while (!refused && source->reader->next(source->reader, entry)) {
        GifRowResult result = gif_plan_entry(plan, entry, error);
        row_count(run, source, result, entry->start, entry->end);
        if (result == GIF_ROW_BROKEN) {
            return false;
        }
        refused = entry->refused;
        run->cut = run->cut || refused;
    }
    return true;
}

/* False: the store failed. */
static bool
source_decide(Run *run, GifPlan *plan, guint index, GifEntry *entry, GError **error)
{
    GifSource *source = g_ptr_array_index(run->sources, index);
    const GifSchema *schema = source->schema;
    gif_plan_begin_file(plan, index, source->input->path, source->dialect,
                        g_steal_pointer(&source->schema));
    bool good = source->reader ? entries_decide(run, plan, source, entry, error)
                               : records_decide(run, plan, source, schema, error);
    run->bytes_before += source->length;
    if (good && !run->options->keep_going) {
        gif_source_finish(source);
    }
    return good;
}

static bool
sources_decide(Run *run, GError **error)
{
    GifPlanOptions options = run->options->plan;
    options.conflicts = gif_preview_conflicts(run->preview);
    g_autoptr(GifPlan) plan = gif_plan_new(gif_target_store(run->target), run->draft, run->config,
                                           options, run->diagnostics, run->ledger);
    g_autoptr(GifEntry) entry = gif_entry_new();
    for (guint i = 0; i < run->sources->len; i++) {
        if (!source_decide(run, plan, i, entry, error)) {
            return false;
        }
    }
    return gif_plan_finish(plan, error);
}

/* ---- Judging ---- */

static int
verdict_compare(gconstpointer a, gconstpointer b, gpointer data)
{
    const GifVerdict *x = *(GifVerdict *const *)a, *y = *(GifVerdict *const *)b;
    const Run *run = data;
    GifLedgerRow first = {0}, second = {0};
    (void)gif_ledger_get(run->ledger, x->id, &first);
    (void)gif_ledger_get(run->ledger, y->id, &second);
    if (first.source != second.source) {
        return first.source < second.source ? -1 : 1;
    }
    return first.line < second.line ? -1 : first.line > second.line;
}

static void
verdict_tell(Run *run, const GifVerdict *verdict)
{
    GifLedgerRow row = {0};
    GifSource *source = NULL;
    if (gif_ledger_get(run->ledger, verdict->id, &row)) {
        source = g_ptr_array_index(run->sources, row.source);
        gif_err_file_add(source->err_file, row.start, row.end);
    }
    gif_diagnostics_set_file(run->diagnostics, source ? source->input->path : NULL);
    gif_diagnostics_add(run->diagnostics, GIF_ERROR, verdict->code, row.line, NULL, verdict->name,
                        verdict->reason);
}

/* In the order of the rows. */
static void
verdicts_tell(Run *run, const GPtrArray *verdicts)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_sized_new(verdicts->len);
    for (guint i = 0; i < verdicts->len; i++) {
        g_ptr_array_add(sorted, g_ptr_array_index(verdicts, i));
    }
    g_ptr_array_sort_with_data(sorted, verdict_compare, run);
    for (guint i = 0; i < sorted->len; i++) {
        verdict_tell(run, g_ptr_array_index(sorted, i));
    }
}

/* Counts the net changes and judges them. With --keep-going what was judged is taken back, which
 * may take others' ground away, so they are judged again. False: the store failed. */
static bool
changes_judge(Run *run, GError **error)
{
    for (guint round = 0; !run->cut; round++) {
        g_autoptr(GifJudge) judge = gif_judge_new(run->draft, run->config);
        if (!gif_changes_collect(run->draft, judge, &run->summary.changes, error)) {
            return false;
        }
        /* Twice as many in each round, so that few too many are left out, and soon enough. */
        if (!gif_judge_finish(judge, run->ledger, 1u << round)) {
            return tbl_store_set_unreadable(error);
        }
        const GPtrArray *verdicts = gif_judge_verdicts(judge);
        verdicts_tell(run, verdicts);
        if (verdicts->len == 0) {
            return true;
        }
        if (!run->options->keep_going) {
            run->cut = true;
        } else if (round == JUDGE_ROUNDS || !gif_judge_revert(judge, error)) {
            run->cut = true;
            gif_run_error(
                run, GIF_CODE_ENTANGLED,
                "these rows cannot be left out alone, since others build on them: nothing is "
                "applied");
        }
    }
    return gif_changes_collect(run->draft, NULL, &run->summary.changes, error);
}

/* ---- Applying ---- */

static void
guards_tell(Run *run)
{
    g_autofree char *text = run->options->force
                                ? g_strdup("Overridden by --force.")
                                : gif_guard_describe(run->options->guard, &run->summary.changes);
    gif_preview_set_guards(run->preview, text);
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
        guards_tell(run);
        return TBL_EXIT_OK;
    case GIF_GUARD_FAILED:
        gif_run_error(run, GIF_CODE_STORE, "the store failed while the guards looked into it");
        return TBL_EXIT_TEMPORARY;
    default:
        gif_preview_set_guards(run->preview, reason);
        run->breach_code = result == GIF_GUARD_MUST_KEEP ? GIF_CODE_MUST_KEEP : GIF_CODE_MAX_DELETE;
        run->breach = g_steal_pointer(&reason);
        gif_run_error(run, run->breach_code, run->breach);
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
    if (run->plan_writer && code != TBL_EXIT_TEMPORARY && !gif_run_save(run, error)) {
        return TBL_EXIT_FAILED;
    }
    if (code != TBL_EXIT_OK) {
        return code;
    }
    if (options->dry_run) {
        return failed ? TBL_EXIT_FAILED : TBL_EXIT_OK;
    }
    if (!gif_preview_prepare(run->preview, &run->summary) || !gif_run_write_err_files(run)) {
        return TBL_EXIT_FAILED;
    }
    gif_progress_say(run->progress, "writing");
    bool committed = gif_run_commit(run, error);
    gif_progress_clear(run->progress);
    gif_run_end_err_files(run, committed);
    return failed || !committed ? TBL_EXIT_FAILED : TBL_EXIT_OK;
}

/* Text bytes of all inputs. */
static guint64
bytes_sum(const GPtrArray *sources)
{
    guint64 bytes = 0;
    for (guint i = 0; i < sources->len; i++) {
        bytes += ((const GifSource *)g_ptr_array_index(sources, i))->length;
    }
    return bytes;
}

/* A first import brings about what its bytes let expect. */
static void
draft_reserve(Run *run)
{
    guint64 bytes = bytes_sum(run->sources);
    bytes = MIN(bytes, RESERVE_MAX);
    tbl_draft_reserve(run->draft, (guint32)(bytes / BYTES_OF_OBJECT),
                      (guint32)(bytes / BYTES_OF_ADDRESS));
}

static int
run_decide(Run *run, GError **error)
{
    const GifRunOptions *options = run->options;
    run->target = gif_target_open(run->config, options->dry_run, error);
    run->draft = run->target ? tbl_draft_new(gif_target_store(run->target), error) : NULL;
    if (!run->draft) {
        return TBL_EXIT_FAILED;
    }
    if (options->plan_out) {
        run->plan_writer = gif_plan_writer_new(options->plan_out, error);
        if (!run->plan_writer) {
            return TBL_EXIT_FAILED;
        }
        tbl_draft_watch(run->draft, gif_plan_writer_add, run->plan_writer);
    }
    draft_reserve(run);
    run->summary.generation = tbl_draft_base(run->draft)->generation;
    run->ledger = gif_ledger_new(tbl_draft_base(run->draft)->next_id);
    if (!options->force && !gif_guard_begin(options->guard, run->draft, run->config)) {
        gif_run_error(run, GIF_CODE_STORE, "the store failed while the guards looked into it");
        return TBL_EXIT_TEMPORARY;
    }
    if (!sources_decide(run, error)) {
        return TBL_EXIT_FAILED;
    }
    gif_progress_say(run->progress, "checking the changes");
    bool judged = changes_judge(run, error);
    gif_progress_clear(run->progress);
    if (!judged ||
        !gif_preview_show(run->preview, run->draft, &run->summary.changes, run->ledger, error)) {
        return TBL_EXIT_FAILED;
    }
    return run_apply(run, error);
}

/* A run that reads no rows still tells at which generation the store stands. */
static int
run_skip(Run *run, int code)
{
    run->target = gif_target_open(run->config, true, NULL);
    run->draft = run->target ? tbl_draft_new(gif_target_store(run->target), NULL) : NULL;
    if (run->draft) {
        run->summary.generation = tbl_draft_base(run->draft)->generation;
    }
    return code;
}

static void
run_clear(Run *run)
{
    gif_preview_free(run->preview);
    gif_ledger_free(run->ledger);
    tbl_draft_free(run->draft);
    gif_plan_writer_free(run->plan_writer);
    g_free(run->breach);
    gif_target_close(run->target);
    g_ptr_array_unref(run->sources);
    gif_progress_free(run->progress);
    gif_diagnostics_free(run->diagnostics);
}

/* What the options file had to say. */
static void
notes_tell(Run *run)
{
    const GArray *notes = run->options->notes;
    gif_diagnostics_set_file(run->diagnostics, run->options->notes_file);
    for (guint i = 0; notes && i < notes->len; i++) {
        const GifOptionsNote *note = &g_array_index(notes, GifOptionsNote, i);
        gif_diagnostics_add(run->diagnostics, note->severity, GIF_CODE_OPTION, note->line, NULL,
                            NULL, note->message);
    }
}

int
gif_run(const GifRunOptions *options, const TblConfig *config)
{
    gint64 start = g_get_monotonic_time();
    Run run = {.options = options, .config = config};
    run.diagnostics = gif_diagnostics_new(options->json, options->json ? stdout : stderr);
    run.sources = g_ptr_array_new_with_free_func((GDestroyNotify)gif_source_free);
    g_autoptr(GError) error = NULL;
    run.preview = gif_preview_new(options, config, run.diagnostics, run.sources);
    run.progress = gif_progress_new(options->progress);
    gif_diagnostics_set_progress(run.diagnostics, run.progress);
    notes_tell(&run);
    gif_progress_say(run.progress, "reading");
    /* All inputs are read before the store is locked: a slow pipe must not keep others waiting. */
    bool accepted = !run.preview || gif_intake_read(options, run.diagnostics, run.sources);
    gif_progress_begin(run.progress, bytes_sum(run.sources));
    /* Without a good header there are no rows, and a missing store is not made for nothing. */
    int code = !accepted              ? run_skip(&run, TBL_EXIT_REFUSED)
               : run.sources->len > 0 ? run_decide(&run, &error)
                                      : run_skip(&run, TBL_EXIT_FAILED);
    if (error) {
        gif_run_error(&run, GIF_CODE_STORE, error->message);
        bool busy = g_error_matches(error, TBL_STORE_ERROR, TBL_STORE_ERROR_BUSY);
        code = busy ? TBL_EXIT_TEMPORARY : TBL_EXIT_FAILED;
    }
    gif_progress_clear(run.progress);
    gif_summary_count(&run.summary, run.diagnostics, start);
    code = gif_preview_publish(run.preview, &run.summary, code);
    gif_diagnostics_finish(run.diagnostics);
    gif_summary_count(&run.summary, run.diagnostics, start);
    gif_summary_print(&run.summary, options->json);
    run_clear(&run);
    return code;
}
