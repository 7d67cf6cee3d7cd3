#include "gif/diagnostic.h"

#include "tables/json.h"
#include "tables/log.h"

/* Longest message that is shown as text; a value in it may be 64 KiB. */
#define MESSAGE_SHOWN_MAX 1000

struct GifDiagnostics {
    bool json;
    FILE *out;
    char *file;
    GHashTable *seen; /* severity and code -> how many */
    guint64 count[GIF_ERROR + 1];
    GString *line;
    GifProgress *progress; /* NULL: none */
    GifDiagnosticFunc listener;
    gpointer listener_data;
};

typedef struct {
    GifSeverity severity;
    int code;
    char *column;
    char *message;
} Note;

struct GifNotes {
    GArray *notes; /* Note */
    bool failed;
};

const char *
gif_severity_name(GifSeverity severity)
{
    return severity == GIF_ERROR ? "error" : severity == GIF_WARNING ? "warning" : "info";
}

GifDiagnostics *
gif_diagnostics_new(bool json, FILE *out)
{
    GifDiagnostics *diagnostics = g_new0(GifDiagnostics, 1);
    diagnostics->json = json;
    diagnostics->out = out;
    diagnostics->seen = g_hash_table_new(NULL, NULL);
    diagnostics->line = g_string_new(NULL);
    return diagnostics;
}

void
gif_diagnostics_set_progress(GifDiagnostics *diagnostics, GifProgress *progress)
{
    diagnostics->progress = progress;
}

void
gif_diagnostics_free(GifDiagnostics *diagnostics)
{
    if (diagnostics) {
        g_free(diagnostics->file);
        g_hash_table_unref(diagnostics->seen);
        g_string_free(diagnostics->line, TRUE);
        g_free(diagnostics);
    }
}

void
gif_diagnostics_set_file(GifDiagnostics *diagnostics, const char *file)
{
    g_free(diagnostics->file);
    diagnostics->file = g_strdup(file);
}

void
gif_diagnostics_set_listener(GifDiagnostics *diagnostics, GifDiagnosticFunc listener, gpointer data)
{
    diagnostics->listener = listener;
    diagnostics->listener_data = data;
}

guint64
gif_diagnostics_count(const GifDiagnostics *diagnostics, GifSeverity severity)
{
    return diagnostics->count[severity];
}

static void
json_write(GifDiagnostics *diagnostics, GifSeverity severity, int code, guint64 line,
           const char *column, const char *object, const char *message)
{
    char name[16];
    g_snprintf(name, sizeof(name), "GIF%04d", code);
    TblJson json;
    g_string_truncate(diagnostics->line, 0);
    tbl_json_begin(&json, diagnostics->line);
    tbl_json_text(&json, "type", "diagnostic");
    tbl_json_text(&json, "file", diagnostics->file);
    if (line > 0) {
        tbl_json_number(&json, "line", (gint64)line);
    } else {
        tbl_json_null(&json, "line");
    }
    tbl_json_text(&json, "severity", gif_severity_name(severity));
    tbl_json_text(&json, "code", name);
    tbl_json_text(&json, "column", column);
    tbl_json_text(&json, "object", object);
    tbl_json_text(&json, "message", message);
    tbl_json_end(&json);
    g_string_append_c(diagnostics->line, '\n');
    (void)fwrite(diagnostics->line->str, 1, diagnostics->line->len, diagnostics->out);
}

static void
text_write(GifDiagnostics *diagnostics, GifSeverity severity, int code, guint64 line,
           const char *column, const char *object, const char *message)
{
    g_string_truncate(diagnostics->line, 0);
    if (object) {
        g_string_append_printf(diagnostics->line, "%s: ", object);
    }
    if (column) {
        g_string_append_printf(diagnostics->line, "%s: ", column);
    }
    g_string_append(diagnostics->line, message);
    g_autofree char *shown = tbl_log_escape(
        (TblSlice){diagnostics->line->str, diagnostics->line->len}, MESSAGE_SHOWN_MAX);
    g_autofree char *file = tbl_log_escape(tbl_slice(diagnostics->file), MESSAGE_SHOWN_MAX);
    if (!diagnostics->file) {
        fprintf(diagnostics->out, "gif-import: %s GIF%04d: %s\n", gif_severity_name(severity), code,
                shown);
    } else {
        fprintf(diagnostics->out, "%s:%" G_GUINT64_FORMAT ": %s GIF%04d: %s\n", file, line,
                gif_severity_name(severity), code, shown);
    }
}

void
gif_diagnostics_add(GifDiagnostics *diagnostics, GifSeverity severity, int code, guint64 line,
                    const char *column, const char *object, const char *message)
{
    diagnostics->count[severity]++;
    if (diagnostics->listener) {
        GifDiagnosticEvent event = {severity, code,   diagnostics->file, line, column,
                                    object,   message};
        diagnostics->listener(&event, diagnostics->listener_data);
    }
    if (diagnostics->json) {
        gif_progress_lock(diagnostics->progress);
        json_write(diagnostics, severity, code, line, column, object, message);
        gif_progress_unlock(diagnostics->progress);
        return;
    }
    gpointer kind = GINT_TO_POINTER(code * (GIF_ERROR + 1) + (int)severity);
    guint shown = GPOINTER_TO_UINT(g_hash_table_lookup(diagnostics->seen, kind));
    g_hash_table_insert(diagnostics->seen, kind, GUINT_TO_POINTER(shown + 1));
    if (shown < GIF_DIAGNOSTICS_SHOWN) {
        gif_progress_lock(diagnostics->progress);
        text_write(diagnostics, severity, code, line, column, object, message);
        gif_progress_unlock(diagnostics->progress);
    }
}

static int
kind_compare(gconstpointer a, gconstpointer b)
{
    return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

void
gif_diagnostics_finish(GifDiagnostics *diagnostics)
{
    g_autoptr(GList) kinds = g_list_sort(g_hash_table_get_keys(diagnostics->seen), kind_compare);
    for (GList *each = kinds; each; each = each->next) {
        guint seen = GPOINTER_TO_UINT(g_hash_table_lookup(diagnostics->seen, each->data));
        int kind = GPOINTER_TO_INT(each->data);
        if (seen > GIF_DIAGNOSTICS_SHOWN) {
            fprintf(diagnostics->out, "gif-import: %s GIF%04d: %u more, %u in all\n",
                    gif_severity_name((GifSeverity)(kind % (GIF_ERROR + 1))),
                    kind / (GIF_ERROR + 1), seen - GIF_DIAGNOSTICS_SHOWN, seen);
        }
    }
}

static void
note_clear(gpointer data)
{
    g_free(((Note *)data)->column);
    g_free(((Note *)data)->message);
}

GifNotes *
gif_notes_new(void)
{
    GifNotes *notes = g_new0(GifNotes, 1);
    notes->notes = g_array_new(FALSE, FALSE, sizeof(Note));
    g_array_set_clear_func(notes->notes, note_clear);
    return notes;
}

void
gif_notes_free(GifNotes *notes)
{
    if (notes) {
        g_array_unref(notes->notes);
        g_free(notes);
    }
}

void
gif_notes_add(GifNotes *notes, GifSeverity severity, int code, const char *column,
              const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    Note note = {severity, code, g_strdup(column), g_strdup_vprintf(format, arguments)};
    va_end(arguments);
    g_array_append_val(notes->notes, note);
    notes->failed = notes->failed || severity == GIF_ERROR;
}

bool
gif_notes_failed(const GifNotes *notes)
{
    return notes->failed;
}

bool
gif_notes_is_empty(const GifNotes *notes)
{
    return notes->notes->len == 0;
}

void
gif_notes_clear(GifNotes *notes)
{
    if (notes->notes->len == 0) {
        return;
    }
    g_array_set_size(notes->notes, 0);
    notes->failed = false;
}

void
gif_notes_move(GifNotes *notes, GifNotes *from)
{
    for (guint i = 0; i < from->notes->len; i++) {
        Note *note = &g_array_index(from->notes, Note, i);
        gif_notes_add(notes, note->severity, note->code, note->column, "%s", note->message);
    }
    gif_notes_clear(from);
}

void
gif_notes_flush(GifNotes *notes, GifDiagnostics *diagnostics, guint64 line, const char *object)
{
    for (guint i = 0; i < notes->notes->len; i++) {
        Note *note = &g_array_index(notes->notes, Note, i);
        gif_diagnostics_add(diagnostics, note->severity, note->code, line, note->column, object,
                            note->message);
    }
    gif_notes_clear(notes);
}
