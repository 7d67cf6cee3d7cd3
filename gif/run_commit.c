/* The end of a run: what it decided goes into the store or into a plan file. */
#include "gif/run_state.h"

#include "gif/interrupt.h"
#include "gif/tombstones.h"

bool
gif_run_write_err_files(GifRun *run)
{
    for (guint i = 0; run->options->keep_going && i < run->sources->len; i++) {
        GifSource *source = g_ptr_array_index(run->sources, i);
        g_autoptr(GError) error = NULL;
        if (!gif_err_file_write(source->err_file, &error)) {
            gif_run_error(run, GIF_CODE_ERR_FILE, error->message);
            return false;
        }
    }
    return true;
}

void
gif_run_end_err_files(GifRun *run, bool kept)
{
    for (guint i = 0; run->options->keep_going && i < run->sources->len; i++) {
        const GifErrFile *file = ((const GifSource *)g_ptr_array_index(run->sources, i))->err_file;
        if (kept) {
            gif_err_file_keep(file);
        } else {
            gif_err_file_unlink(file);
        }
    }
}

bool
gif_run_commit(GifRun *run, GError **error)
{
    if (!gif_tombstones_leave(run->draft, run->config, run->ledger, error)) {
        return false;
    }
    g_autoptr(GArray) files = g_array_new(FALSE, TRUE, sizeof(TblBatchFile));
    for (guint i = 0; i < run->sources->len; i++) {
        const GifInput *input = ((const GifSource *)g_ptr_array_index(run->sources, i))->input;
        TblBatchFile file = {.name = input->path, .signer = input->signer};
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
                         .undo_keep = run->config->store.undo_keep,
                         .committing = gif_interrupt_begin_commit};
    bool good =
        tbl_draft_commit(run->draft, &info, &run->summary.batch, &run->summary.generation, error);
    gif_interrupt_end_commit(good);
    if (!good) {
        return false;
    }
    run->summary.applied =
        run->summary.batch > 0 || gif_diagnostics_count(run->diagnostics, GIF_ERROR) == 0;
    return true;
}

bool
gif_run_save(GifRun *run, GError **error)
{
    g_autoptr(GifPlanHeader) header = gif_plan_header_new();
    const TblMeta *base = tbl_draft_base(run->draft);
    header->time = g_get_real_time() / G_USEC_PER_SEC;
    if (!gif_run_write_err_files(run) ||
        !gif_tombstones_leave(run->draft, run->config, run->ledger, error)) {
        return false;
    }
    header->generation = base->generation;
    header->batch = base->batch;
    memcpy(header->batch_hash, base->batch_hash, TBL_SHA256_SIZE);
    header->first_id = base->next_id;
    header->next_id = tbl_draft_next_id(run->draft);
    header->user = tbl_batch_user();
    for (guint i = 0; i < run->sources->len; i++) {
        const GifInput *input = ((const GifSource *)g_ptr_array_index(run->sources, i))->input;
        gif_plan_header_add_file(header, input->path, input->sha256, input->signer);
    }
    for (guint i = 0; run->options->said && run->options->said[i]; i++) {
        g_ptr_array_add(header->options, g_strdup(run->options->said[i]));
    }
    header->rows = run->summary.rows;
    header->unchanged = run->summary.unchanged;
    header->changes = run->summary.changes;
    header->summary = gif_summary_batch_json(&run->summary);
    header->forced = run->options->force;
    header->breach_code = run->breach_code;
    header->breach = g_strdup(run->breach);
    (void)tbl_draft_unwatch(run->draft); /* what cannot be written is told at the end */
    gif_plan_writer_add_header(run->plan_writer, header);
    bool saved =
        tbl_draft_foreach_record(run->draft, gif_plan_writer_add, run->plan_writer, error) &&
        gif_plan_writer_finish(run->plan_writer, error);
    gif_run_end_err_files(run, saved);
    return saved;
}
