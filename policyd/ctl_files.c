#include "policyd/ctl_files.h"

#include "gif/writer.h"
#include "policyd/ctl_catalog.h"
#include "tables/id_set.h"

typedef struct {
    const PdCtlSnapshot *snapshot;
    FILE *file;
    GifWriter *writer;
    GString *text;
    TblIdSet *written; /* ids of remotes */
    bool broken, stopped;
} FileExport;

static bool
survey(const TblObject *object, gpointer data)
{
    FileExport *job = data;
    if (object->origin == TBL_ORIGIN_LOCAL)
        gif_writer_survey(job->writer, object);
    return true;
}

static bool
text_flush(FileExport *job)
{
    job->stopped = fwrite(job->text->str, 1, job->text->len, job->file) != job->text->len;
    g_string_truncate(job->text, 0);
    return !job->stopped;
}

static bool
is_written(const FileExport *job, guint64 id)
{
    return tbl_id_set_has(job->written, id);
}

/* The local remote whose address a remote's target is, and that is not written yet; 0 for none. */
static TblResult
target_holder(const FileExport *job, const TblObject *remote, guint64 *holder)
{
    TblView *view = job->snapshot->view;
    TblRows rows;
    *holder = 0;
    g_autofree char *key = remote->target ? tbl_proxy_key(tbl_slice(remote->target->type),
                                                          tbl_slice(remote->target->value))
                                          : NULL;
    TblResult result = key ? view->rows(view, tbl_slice(key), &rows) : TBL_NOTFOUND;
    const TblRow *row = result == TBL_FOUND ? tbl_rows_get(&rows, TBL_ROW_LOCAL) : NULL;
    if (row && row->object_class == TBL_CLASS_REMOTE && row->object != remote->id &&
        !is_written(job, row->object))
        *holder = row->object;
    return result == TBL_FAILED ? TBL_FAILED : TBL_FOUND;
}

/* An import judges a target at its row: whom a remote leads to stands before it. A remote leads to
 * one other, so this is a chain, last one first. */
static bool
write_remote(FileExport *job, const TblObject *remote)
{
    TblView *view = job->snapshot->view;
    g_autoptr(GPtrArray) chain = g_ptr_array_new_with_free_func((GDestroyNotify)tbl_object_free);
    guint64 next = is_written(job, remote->id) ? 0 : remote->id;
    while (next != 0) {
        TblObject *object = NULL;
        if (view->object(view, next, &object) != TBL_FOUND) {
            job->broken = true;
            return false;
        }
        (void)tbl_id_set_add(job->written, object->id);
        g_ptr_array_add(chain, object);
        if (target_holder(job, object, &next) == TBL_FAILED) {
            job->broken = true;
            return false;
        }
    }
    for (guint i = chain->len; i > 0; i--)
        gif_writer_add(job->writer, g_ptr_array_index(chain, i - 1), job->text);
    return text_flush(job);
}

static bool
write_object(const TblObject *object, gpointer data)
{
    FileExport *job = data;
    if (object->origin != TBL_ORIGIN_LOCAL)
        return true;
    if (object->object_class == TBL_CLASS_REMOTE)
        return write_remote(job, object);
    gif_writer_add(job->writer, object, job->text);
    return text_flush(job);
}

/* Remotes come last, so that the addresses of all others are there before their targets. */
bool
pd_ctl_export_file(const PdCtlSnapshot *snapshot, PdCtlFileFormat format, FILE *file,
                   GError **error)
{
    g_autoptr(GifWriter) writer =
        gif_writer_new(format == PD_CTL_FILE_LDIF ? GIF_WRITER_LDIF : GIF_WRITER_GIF);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(TblIdSet) written = tbl_id_set_new();
    FileExport job = {
        .snapshot = snapshot, .file = file, .writer = writer, .text = text, .written = written};
    if (format == PD_CTL_FILE_GIF && !pd_ctl_each_object(snapshot, NULL, survey, &job, error))
        return false;
    gif_writer_begin(writer, text);
    if (!text_flush(&job))
        return true; /* whoever closes the file sees its error */
    if (!pd_ctl_each_object(snapshot, NULL, write_object, &job, error))
        return false;
    if (job.broken)
        pd_ctl_set_store_failed(snapshot->config, error);
    return !job.broken;
}
