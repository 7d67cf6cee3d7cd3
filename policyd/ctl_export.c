/* export: all objects as JSON, the local ones as an import file, or one map as a postmap source. */
#include "policyd/ctl.h"
#include "policyd/ctl_catalog.h"
#include "policyd/ctl_files.h"
#include "policyd/ctl_postmap.h"
#include "policyd/ctl_show.h"
#include "tables/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Mode of a new output file, before the umask: what `>` would give. */
#define OUTPUT_MODE 0666

/* ---- Output: a regular file appears whole or not at all ---- */

typedef struct {
    const char *path; /* NULL: standard output */
    char *temporary;  /* renamed to `path` in the end; NULL when written directly */
    FILE *file;
} Output;

static bool
set_output_error(const Output *output, GError **error)
{
    g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "%s: %s",
                output->path ? output->path : "standard output", g_strerror(errno));
    return false;
}

static bool
output_open(Output *output, GError **error)
{
    struct stat info;
    if (!output->path) {
        output->file = stdout;
        return true;
    }
    /* A device or a pipe cannot be replaced by a file. */
    if (stat(output->path, &info) == 0 && !S_ISREG(info.st_mode)) {
        output->file = fopen(output->path, "we");
        return output->file || set_output_error(output, error);
    }
    output->temporary = g_strdup_printf("%s.XXXXXX", output->path);
    int fd = g_mkstemp_full(output->temporary, O_WRONLY | O_CLOEXEC, OUTPUT_MODE);
    output->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (output->file)
        return true;
    set_output_error(output, error);
    if (fd >= 0)
        close(fd);
    g_clear_pointer(&output->temporary, g_free);
    return false;
}

/* Completes what was written when `keep`, else throws it away. */
static bool
output_close(Output *output, bool keep, GError **error)
{
    bool written = fflush(output->file) == 0 && !ferror(output->file);
    if (written && output->temporary && keep)
        written = tbl_file_replace(fileno(output->file), output->temporary, output->path);
    if (!written && keep)
        set_output_error(output, error);
    if (output->path)
        fclose(output->file);
    if (output->temporary && (!written || !keep))
        g_unlink(output->temporary);
    g_free(output->temporary);
    return written;
}

/* ---- JSON ---- */

typedef struct {
    FILE *file;
    TblContext context;
    GString *line;
    bool broken;
} JsonExport;

static bool
export_object(const TblObject *object, gpointer data)
{
    JsonExport *job = data;
    g_string_truncate(job->line, 0);
    job->broken = !pd_ctl_append_object_json(job->line, &job->context, object);
    if (job->broken)
        return false;
    g_string_append_c(job->line, '\n');
    return fwrite(job->line->str, 1, job->line->len, job->file) == job->line->len;
}

static bool
export_json(const PdCtlSnapshot *snapshot, FILE *file, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    JsonExport job = {.file = file, .context = pd_ctl_snapshot_context(snapshot), .line = line};
    if (!pd_ctl_each_object(snapshot, NULL, export_object, &job, error))
        return false;
    if (job.broken)
        pd_ctl_set_store_failed(snapshot->config, error);
    return !job.broken;
}

/* ---- The verb ---- */

typedef struct {
    char *format, *map, *output;
} ExportOptions;

static void
export_options_clear(ExportOptions *options)
{
    g_free(options->format);
    g_free(options->map);
    g_free(options->output);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ExportOptions, export_options_clear)

typedef enum { FORMAT_JSON, FORMAT_GIF, FORMAT_LDIF, FORMAT_POSTMAP } Format;

typedef struct {
    Format format;
    TblMap map; /* of a postmap source */
} Choice;

/* 0 with `*choice` set, or 2. */
static int
choose(const ExportOptions *options, Choice *choice)
{
    static const char *const formats[] = {"json", "gif", "ldif", "postmap"};
    guint format = 0;
    while (options->format && format < G_N_ELEMENTS(formats) &&
           strcmp(options->format, formats[format]) != 0)
        format++;
    if (format == G_N_ELEMENTS(formats))
        return pd_ctl_fail(TBL_EXIT_USAGE, "--format=%s: expected json, gif, ldif or postmap",
                           options->format);
    if (options->map && format != FORMAT_POSTMAP)
        return pd_ctl_fail(TBL_EXIT_USAGE, "--map goes with --format=postmap");
    choice->format = (Format)format;
    choice->map =
        options->map ? tbl_map_from_name(tbl_slice(options->map)) : TBL_MAP_VIRTUAL_ALIAS_MAPS;
    if (choice->map == TBL_MAP_COUNT)
        return pd_ctl_fail(TBL_EXIT_USAGE, "--map=%s: there is no such map", options->map);
    return TBL_EXIT_OK;
}

static bool
export_chosen(const PdCtlSnapshot *snapshot, Choice choice, FILE *file, GError **error)
{
    switch (choice.format) {
    case FORMAT_GIF:
        return pd_ctl_export_file(snapshot, PD_CTL_FILE_GIF, file, error);
    case FORMAT_LDIF:
        return pd_ctl_export_file(snapshot, PD_CTL_FILE_LDIF, file, error);
    case FORMAT_POSTMAP:
        return pd_ctl_export_map(snapshot, choice.map, file, error);
    default:
        return export_json(snapshot, file, error);
    }
}

static int
export_to(const PdCtlSnapshot *snapshot, Choice choice, const char *path)
{
    g_autoptr(GError) error = NULL;
    Output output = {.path = path && strcmp(path, "-") != 0 ? path : NULL};
    if (!output_open(&output, &error))
        return pd_ctl_error(error);
    bool complete = export_chosen(snapshot, choice, output.file, &error);
    output_close(&output, complete, complete ? &error : NULL);
    return pd_ctl_error(error);
}

int
pd_ctl_export(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_auto(ExportOptions) options = {0};
    const GOptionEntry entries[] = {{"format", 0, 0, G_OPTION_ARG_FILENAME, &options.format,
                                     "json (default), gif, ldif or postmap", "FORMAT"},
                                    {"map", 0, 0, G_OPTION_ARG_FILENAME, &options.map,
                                     "With postmap; default virtual_alias_maps", "MAP"},
                                    {"output", 0, 0, G_OPTION_ARG_FILENAME, &options.output,
                                     "Instead of standard output", "FILE"},
                                    {0}};
    Choice choice = {0};
    int code = pd_ctl_options(
        entries, "[--format=json|gif|ldif|postmap] [--map=MAP] [--output=FILE]", 0, 0, &argc, argv);
    if (code == TBL_EXIT_OK)
        code = choose(&options, &choice);
    if (code == TBL_EXIT_OK && options.output && tbl_file_same(options.output, config->store.path))
        code = pd_ctl_fail(TBL_EXIT_USAGE, "--output=%s would replace the store; name another file",
                           options.output);
    if (code != TBL_EXIT_OK)
        return code;
    g_autoptr(PdCtlSnapshot) snapshot = pd_ctl_snapshot_new(config, &error);
    return snapshot ? export_to(snapshot, choice, options.output) : pd_ctl_error(error);
}
