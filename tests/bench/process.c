#include "tests/bench/process.h"

#include <gio/gio.h>
#include <string.h>

gboolean
bench_process_read_cpu(gint64 pid, guint64 *ns, GError **error)
{
    g_autofree char *folder = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/task", pid);
    g_autoptr(GDir) tasks = g_dir_open(folder, 0, error);
    const char *task;

    if (!tasks)
        return FALSE;
    *ns = 0;
    while ((task = g_dir_read_name(tasks))) {
        g_autofree char *path = g_build_filename(folder, task, "schedstat", NULL);
        g_autofree char *text = NULL;

        if (!g_file_get_contents(path, &text, NULL, error))
            return FALSE;
        *ns += g_ascii_strtoull(text, NULL, 10);
    }
    return TRUE;
}

gboolean
bench_process_read_memory(gint64 pid, guint64 *kb, GError **error)
{
    static const char label[] = "\nRssAnon:";
    g_autofree char *path = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/status", pid);
    g_autofree char *text = NULL;
    const char *field;

    if (!g_file_get_contents(path, &text, NULL, error))
        return FALSE;
    field = strstr(text, label);
    if (!field) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s has no RssAnon", path);
        return FALSE;
    }
    *kb = g_ascii_strtoull(field + strlen(label), NULL, 10);
    return TRUE;
}
