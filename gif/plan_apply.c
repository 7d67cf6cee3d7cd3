#include "gif/plan_apply.h"

#include "gif/diagnostic.h"
#include "gif/interrupt.h"
#include "gif/plan_file.h"
#include "gif/preview.h"
#include "gif/summary.h"
#include "gif/target_store.h"
#include "tables/command.h"
#include "tables/json.h"
#include "tables/log.h"
#include "tables/referrer.h"

/* So many records that changed are named; the rest is counted. */
#define MOVED_NAMED 10
#define NAME_SHOWN_MAX 200
/* An object's key: its id. */
#define ID_SIZE 8

typedef struct {
    const GifPlanApplyOptions *options;
    const TblConfig *config;
    GifDiagnostics *diagnostics;
    GifProgress *progress;
    GifPlanReader *reader;
    const GifPlanHeader *header;
    GifTarget *target;
    TblDraft *draft;
    GifRunOptions shown; /* what the preview asks for */
    GPtrArray *sources;  /* none */
    GifPreview *preview; /* NULL: --report names a place that cannot be written */
    GifSummary summary;
    guint64 moved;     /* records that the store no longer has as the plan found them */
    GString *movement; /* the first of them in words */
} Apply;

static int
refuse(Apply *apply, int code, const char *message)
{
    gif_diagnostics_add(apply->diagnostics, GIF_ERROR, code, 0, NULL, NULL, message);
    return TBL_EXIT_REFUSED;
}

/* ---- Stale? ---- */

/* NULL: what the plan is about is the last batch still. */
static char *
batches_compare(Apply *apply)
{
    const TblMeta *now = tbl_draft_base(apply->draft);
    const GifPlanHeader *header = apply->header;
    if (now->batch == header->batch &&
        memcmp(now->batch_hash, header->batch_hash, TBL_SHA256_SIZE) == 0) {
        return NULL;
    }
    g_autoptr(TblBatch) next = NULL;
    if (now->batch > header->batch) {
        (void)tbl_batch_read(tbl_draft_reader(apply->draft), header->batch + 1, &next);
    }
    if (!next) {
        return g_strdup_printf("it was made after batch %" G_GUINT64_FORMAT
                               " of another history than this store's",
                               header->batch);
    }
    g_autofree char *time = tbl_json_time(next->time);
    return g_strdup_printf("it was made after batch %" G_GUINT64_FORMAT
                           ", and batch %" G_GUINT64_FORMAT " (%s, %s, %s) was committed since",
                           header->batch, next->number, next->program, next->user, time);
}

/* What happened to a record since, and to which. */
static void
movement_tell(Apply *apply, const TblImageRecord *record)
{
    static const char *const whats[] = {[TBL_DB_OBJECTS] = "object",
                                        [TBL_DB_NAMES] = "name",
                                        [TBL_DB_ADDRESSES] = "address",
                                        [TBL_DB_REFERRERS] = "references to"};
    if (++apply->moved > MOVED_NAMED) {
        return;
    }
    g_autofree char *named = NULL;
    if (record->db == TBL_DB_OBJECTS && record->key.len == ID_SIZE) {
        guint64 id = tbl_store_number_of_key(record->key);
        g_autoptr(TblObject) object = tbl_draft_object(apply->draft, id, NULL);
        named = object ? g_strdup(object->name) : g_strdup_printf("%" G_GUINT64_FORMAT, id);
    } else { /* a name's key begins with its origin, a reference's with what it is */
        gsize skip = record->db == TBL_DB_NAMES       ? 1
                     : record->db == TBL_DB_REFERRERS ? MIN(TBL_REFERRER_MARK_SIZE, record->key.len)
                                                      : 0;
        named = tbl_log_escape((TblSlice){record->key.ptr + skip, record->key.len - skip},
                               NAME_SHOWN_MAX);
    }
    g_string_append_printf(apply->movement, "%s%s %s", apply->moved > 1 ? ", " : "",
                           whats[record->db], named);
}

static int
stale_refuse(Apply *apply, const char *why)
{
    g_autofree char *message = g_strdup_printf(
        "the plan is stale: %s; nothing was changed, make the plan anew with --plan-out", why);
    return refuse(apply, GIF_CODE_PLAN_STALE, message);
}

/* ---- The records ---- */

static bool
record_take(Apply *apply, const TblImageRecord *record, GError **error)
{
    switch (tbl_draft_compare_record(apply->draft, record)) {
    case TBL_FAILED:
        return tbl_store_set_unreadable(error);
    case TBL_NOTFOUND:
        movement_tell(apply, record);
        return true;
    default:
        break;
    }
    if (record->changed && apply->moved == 0 && !tbl_draft_load_record(apply->draft, record)) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED,
                    "%s: the plan is damaged (a record means nothing): make it anew with "
                    "--plan-out",
                    apply->options->path);
        return false;
    }
    return true;
}

static int
records_take(Apply *apply, GError **error)
{
    const GifPlanHeader *header = apply->header;
    TblImageRecord record;
    g_autoptr(GError) ended = NULL;
    gint64 later = g_get_real_time() / G_USEC_PER_SEC - header->time;
    if (!tbl_draft_begin_image(apply->draft, header->first_id, header->next_id, MAX(later, 0))) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED,
                    "%s: the plan is from beyond the store", apply->options->path);
        return TBL_EXIT_REFUSED;
    }
    while (gif_plan_reader_next(apply->reader, &record, &ended)) {
        if (!record_take(apply, &record, error)) {
            return tbl_exit_code(*error);
        }
    }
    if (ended) {
        g_propagate_error(error, g_steal_pointer(&ended));
        return tbl_exit_code(*error);
    }
    if (apply->moved > 0) {
        g_autofree char *why = g_strdup_printf(
            "%" G_GUINT64_FORMAT " of the rows that it read or claims changed since "
            "(%s%s)",
            apply->moved, apply->movement->str, apply->moved > MOVED_NAMED ? ", ..." : "");
        return stale_refuse(apply, why);
    }
    return TBL_EXIT_OK;
}

/* ---- Judging and committing ---- */

/* Nobody asks the guards. */
static bool
is_forced(const Apply *apply)
{
    return apply->options->force || apply->header->forced;
}

/* The guards as they were when the plan was made, and as they are now. */
static int
guards_check(Apply *apply)
{
    const GifPlanHeader *header = apply->header;
    g_autofree char *reason = NULL;
    if (is_forced(apply)) {
        gif_preview_set_guards(apply->preview, "Overridden by --force.");
        return TBL_EXIT_OK;
    }
    if (header->breach_code != 0) {
        g_autofree char *message = g_strdup_printf("when the plan was made: %s", header->breach);
        gif_preview_set_guards(apply->preview, message);
        return refuse(apply, header->breach_code, message);
    }
    GifGuardResult result = gif_guard_check(apply->options->guard, apply->draft, apply->config,
                                            &apply->summary.changes, &reason);
    if (result == GIF_GUARD_PASSED) {
        reason = gif_guard_describe(apply->options->guard, &apply->summary.changes);
    }
    gif_preview_set_guards(apply->preview, reason);
    switch (result) {
    case GIF_GUARD_PASSED:
        return TBL_EXIT_OK;
    case GIF_GUARD_FAILED:
        (void)refuse(apply, GIF_CODE_STORE, "the store failed while the guards looked into it");
        return TBL_EXIT_TEMPORARY;
    case GIF_GUARD_MUST_KEEP:
        return refuse(apply, GIF_CODE_MUST_KEEP, reason);
    default:
        return refuse(apply, GIF_CODE_MAX_DELETE, reason);
    }
}

/* The records come to what the header says. */
static bool
changes_fit(const GifChanges *a, const GifChanges *b)
{
    return a->created == b->created && a->modified == b->modified && a->deleted == b->deleted &&
           a->addresses_added == b->addresses_added && a->addresses_removed == b->addresses_removed;
}

static int
commit(Apply *apply, GError **error)
{
    const GifPlanHeader *header = apply->header;
    g_autofree char *user = tbl_batch_user();
    TblBatchInfo info = {.program = "gif-import",
                         .user = user,
                         .files = (const TblBatchFile *)(void *)header->files->data,
                         .n_files = header->files->len,
                         .summary = header->summary,
                         .undo_keep = apply->config->store.undo_keep,
                         .committing = gif_interrupt_begin_commit};
    gif_progress_say(apply->progress, "writing");
    bool good = tbl_draft_commit(apply->draft, &info, &apply->summary.batch,
                                 &apply->summary.generation, error);
    gif_interrupt_end_commit(good);
    gif_progress_clear(apply->progress);
    apply->summary.applied = good;
    return good ? TBL_EXIT_OK : TBL_EXIT_FAILED;
}

static int
draft_apply(Apply *apply, GError **error)
{
    gif_progress_clear(apply->progress);
    if (!gif_changes_collect(apply->draft, NULL, &apply->summary.changes, error) ||
        !gif_preview_show(apply->preview, apply->draft, &apply->summary.changes, NULL, error)) {
        return TBL_EXIT_FAILED;
    }
    if (!changes_fit(&apply->summary.changes, &apply->header->changes)) {
        return refuse(apply, GIF_CODE_PLAN, "the plan does not come to what its header says");
    }
    int code = guards_check(apply);
    if (code != TBL_EXIT_OK || apply->options->dry_run) {
        return code;
    }
    return gif_preview_prepare(apply->preview, &apply->summary) ? commit(apply, error)
                                                                : TBL_EXIT_FAILED;
}

/* Where signatures are required a plan must have been made of signed files. */
static bool
signers_check(const Apply *apply)
{
    const GArray *files = apply->header->files;
    bool good = true;
    for (guint i = 0; apply->options->signed_only && i < files->len; i++) {
        good = good && g_array_index(files, TblBatchFile, i).signer;
    }
    return good;
}

static int
apply_run(Apply *apply, GError **error)
{
    const GifPlanApplyOptions *options = apply->options;
    apply->reader = gif_plan_reader_open(options->path, error);
    if (!apply->reader) {
        return tbl_exit_code(*error);
    }
    apply->header = gif_plan_reader_header(apply->reader);
    gif_preview_set_files(apply->preview, apply->header->files);
    apply->summary.rows = apply->header->rows;
    apply->summary.unchanged = apply->header->unchanged;
    if (!signers_check(apply)) {
        return refuse(apply, GIF_CODE_SIGNATURE,
                      "the plan was made without --require-signature, and signatures are required");
    }
    /* A store that is missing now is not made for nothing. */
    bool made = g_file_test(apply->config->store.path, G_FILE_TEST_EXISTS);
    apply->target = gif_target_open(
        apply->config, options->dry_run || (!made && apply->header->generation > 0), error);
    apply->draft = apply->target ? tbl_draft_new(gif_target_store(apply->target), error) : NULL;
    if (!apply->draft) {
        return TBL_EXIT_FAILED;
    }
    apply->summary.generation = tbl_draft_base(apply->draft)->generation;
    g_autofree char *batches = batches_compare(apply);
    if (batches) {
        return stale_refuse(apply, batches);
    }
    if (!is_forced(apply) && !gif_guard_begin(options->guard, apply->draft, apply->config)) {
        (void)refuse(apply, GIF_CODE_STORE, "the store failed while the guards looked into it");
        return TBL_EXIT_TEMPORARY;
    }
    int code = records_take(apply, error);
    return code == TBL_EXIT_OK ? draft_apply(apply, error) : code;
}

static int
apply_finish(Apply *apply, int code, gint64 start)
{
    gif_summary_count(&apply->summary, apply->diagnostics, start);
    code = gif_preview_publish(apply->preview, &apply->summary, code);
    gif_diagnostics_finish(apply->diagnostics);
    gif_summary_count(&apply->summary, apply->diagnostics, start);
    gif_progress_clear(apply->progress);
    gif_summary_print(&apply->summary, apply->options->json);
    gif_preview_free(apply->preview);
    g_ptr_array_unref(apply->sources);
    g_string_free(apply->movement, TRUE);
    tbl_draft_free(apply->draft);
    gif_target_close(apply->target);
    gif_plan_reader_free(apply->reader);
    gif_progress_free(apply->progress);
    gif_diagnostics_free(apply->diagnostics);
    return code;
}

/* False: the page cannot be written, which was told. */
static bool
preview_begin(Apply *apply, char **files)
{
    const GifPlanApplyOptions *options = apply->options;
    apply->sources = g_ptr_array_new();
    apply->shown = (GifRunOptions){.files = files,
                                   .dry_run = options->dry_run,
                                   .json = options->json,
                                   .report = options->report,
                                   .command = options->command};
    apply->preview =
        gif_preview_new(&apply->shown, apply->config, apply->diagnostics, apply->sources);
    return apply->preview != NULL;
}

int
gif_plan_apply(const GifPlanApplyOptions *options, const TblConfig *config)
{
    gint64 start = g_get_monotonic_time();
    Apply apply = {.options = options, .config = config, .movement = g_string_new(NULL)};
    g_autoptr(GError) error = NULL;
    apply.diagnostics = gif_diagnostics_new(options->json, options->json ? stdout : stderr);
    apply.progress = gif_progress_new(options->progress);
    gif_diagnostics_set_progress(apply.diagnostics, apply.progress);
    gif_progress_say(apply.progress, "reading");
    char *files[] = {(char *)options->path, NULL};
    int code = preview_begin(&apply, files) ? apply_run(&apply, &error) : TBL_EXIT_FAILED;
    if (error) {
        bool plan = error->domain == TBL_EXIT_ERROR;
        bool busy = g_error_matches(error, TBL_STORE_ERROR, TBL_STORE_ERROR_BUSY);
        (void)refuse(&apply, plan ? GIF_CODE_PLAN : GIF_CODE_STORE, error->message);
        code = busy ? TBL_EXIT_TEMPORARY : code;
    }
    return apply_finish(&apply, code, start);
}
