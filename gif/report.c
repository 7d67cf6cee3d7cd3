#include "gif/interrupt.h"
#include "gif/report_state.h"
#include "tables/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A page is for people and holds addresses like the file that it is about: the umask decides. */
#define PAGE_MODE 0666

static bool
fail(const GifReport *report, int number, const char *what, GError **error)
{
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(number), "--report=%s: %s%s%s",
                report->path, what ? what : "", what ? ": " : "", g_strerror(number));
    return false;
}

/* A file of its own beside `path`: the same file system, so that it can take its place. */
static bool
temporary_open(GifReport *report, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(report->path);
    g_autofree char *base = g_path_get_basename(report->path);
    /* Names end at 255 bytes on every file system in use. */
    g_autofree char *name = g_strdup_printf("%s/.%.100s.XXXXXX", directory, base);
    report->file = gif_interrupt_make_file(name, O_RDWR | O_CLOEXEC, PAGE_MODE);
    if (report->file < 0) {
        return fail(report, errno, NULL, error);
    }
    report->temporary = g_steal_pointer(&name);
    return true;
}

static void
temporary_drop(GifReport *report)
{
    if (report->file >= 0) {
        (void)close(report->file);
        report->file = -1;
    }
    if (report->temporary) {
        (void)g_unlink(report->temporary);
        gif_interrupt_remove_file(report->temporary);
        g_clear_pointer(&report->temporary, g_free);
    }
}

/* Whatever `path` is now may be replaced. */
static bool
place_check(GifReport *report, char *const *inputs, GError **error)
{
    struct stat place;
    if (g_stat(report->path, &place) != 0) {
        return true;
    }
    if (!S_ISREG(place.st_mode)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "--report=%s: this is no regular file",
                    report->path);
        return false;
    }
    for (guint i = 0; inputs && inputs[i]; i++) {
        if (tbl_file_same(report->path, inputs[i])) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                        "--report=%s: this is the file that is to be imported", report->path);
            return false;
        }
    }
    return true;
}

GifReport *
gif_report_new(const char *path, char *const *inputs, GError **error)
{
    g_autoptr(GifReport) report = g_new0(GifReport, 1);
    report->path = g_strdup(path);
    report->file = -1;
    report->text = g_string_new(NULL);
    for (guint i = 0; i < GIF_KINDS; i++) {
        report->change[i] = g_string_new(NULL);
    }
    for (guint i = 0; i <= GIF_ERROR; i++) {
        report->diagnostic[i] = g_string_new(NULL);
    }
    if (!place_check(report, inputs, error) || !temporary_open(report, error)) {
        return NULL;
    }
    temporary_drop(report);
    return g_steal_pointer(&report);
}

void
gif_report_free(GifReport *report)
{
    if (report) {
        temporary_drop(report);
        g_string_free(report->text, TRUE);
        for (guint i = 0; i < GIF_KINDS; i++) {
            g_string_free(report->change[i], TRUE);
        }
        for (guint i = 0; i <= GIF_ERROR; i++) {
            g_string_free(report->diagnostic[i], TRUE);
        }
        g_free(report->path);
        g_free(report);
    }
}

void
gif_report_add_change(GifReport *report, const TblChange *change, const char *file, guint64 line)
{
    GifKind kind = !change->before  ? GIF_KIND_CREATE
                   : !change->after ? GIF_KIND_DELETE
                                    : GIF_KIND_MODIFY;
    if (report->changes[kind]++ < GIF_REPORT_SHOWN) {
        gif_report_append_change(report->change[kind], report->text, change, file, line);
    }
}

bool
gif_report_count_created(GifReport *report)
{
    bool full = report->changes[GIF_KIND_CREATE] >= GIF_REPORT_SHOWN;
    report->changes[GIF_KIND_CREATE] += full;
    return full;
}

void
gif_report_add_diagnostic(const GifDiagnosticEvent *event, gpointer data)
{
    GifReport *report = data;
    if (report->diagnostics[event->severity]++ >= GIF_REPORT_SHOWN) {
        return;
    }
    GString *out = report->diagnostic[event->severity];
    g_string_append_printf(
        out, "<tr><td><span class=\"pill %s\">%s</span></td><td>GIF%04d</td><td>",
        gif_severity_name(event->severity), gif_severity_name(event->severity), event->code);
    gif_report_append_text(out, event->file ? event->file : "the run", GIF_REPORT_NAME_MAX);
    if (event->line > 0) {
        g_string_append_printf(out, ":%" G_GUINT64_FORMAT, event->line);
    }
    g_string_append(out, "</td><td>");
    gif_report_append_text(out, event->object, GIF_REPORT_NAME_MAX);
    g_string_append(out, "</td><td>");
    if (event->column) {
        gif_report_append_text(out, event->column, GIF_REPORT_NAME_MAX);
        g_string_append(out, ": ");
    }
    gif_report_append_text(out, event->message, GIF_REPORT_VALUE_MAX);
    g_string_append(out, "</td></tr>\n");
}

static bool
bytes_write(GifReport *report, const GString *page, GError **error)
{
    gsize done = 0;
    while (done < page->len) {
        ssize_t wrote = pwrite(report->file, page->str + done, page->len - done, (off_t)done);
        if (wrote < 0 && errno != EINTR) {
            return fail(report, errno, "write", error);
        }
        done += wrote > 0 ? (gsize)wrote : 0;
    }
    return ftruncate(report->file, (off_t)page->len) == 0 || fail(report, errno, "write", error);
}

bool
gif_report_write(GifReport *report, const GifReportFacts *facts, GError **error)
{
    g_autoptr(GString) page = g_string_new(NULL);
    gif_report_append_page(page, report, facts);
    return (report->temporary || temporary_open(report, error)) && bytes_write(report, page, error);
}

bool
gif_report_publish(GifReport *report, GError **error)
{
    if (!tbl_file_replace(report->file, report->temporary, report->path)) {
        return fail(report, errno, "write", error);
    }
    gif_interrupt_remove_file(report->temporary);
    g_clear_pointer(&report->temporary, g_free);
    temporary_drop(report);
    return true;
}
