#include "tables/source.h"

char *
tbl_source_file(TblReader *reader, const TblSource *source)
{
    g_autoptr(TblBatch) batch = NULL;
    if (source->batch == 0 || source->line == 0 ||
        tbl_batch_read(reader, source->batch, &batch) != TBL_FOUND ||
        source->file >= batch->files->len)
        return NULL;
    return g_strdup(g_array_index(batch->files, TblBatchFile, source->file).name);
}

static char *
time_text(gint64 seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    return time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("at no valid time");
}

char *
tbl_source_text(TblReader *reader, const TblSource *source, const TblBatchInfo *pending)
{
    if (source->batch == 0 && source->synced == 0)
        return g_strdup("not known");
    if (source->batch == 0) {
        g_autofree char *time = time_text(source->synced);
        return g_strdup_printf("the directory, synchronised %s", time);
    }
    bool here = pending && source->batch > tbl_reader_meta(reader)->batch;
    g_autofree char *whole =
        here ? g_strdup("this run") : g_strdup_printf("batch %" G_GUINT64_FORMAT, source->batch);
    if (source->line == 0)
        return g_steal_pointer(&whole);
    g_autofree char *file = here && source->file < pending->n_files
                                ? g_strdup(pending->files[source->file].name)
                                : tbl_source_file(reader, source);
    return g_strdup_printf("%s, %s line %" G_GUINT64_FORMAT, whole, file ? file : "a file",
                           source->line);
}
