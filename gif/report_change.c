#include "gif/report_state.h"

#include "gif/html.h"

/* Lines of one change on the page; an object may have 1000 addresses and any number of members. */
#define LINES_SHOWN 30
/* Bytes of HTML after which no more lines of a change are shown: what is written with many
 * invisible characters takes thirty times its length. */
#define BYTES_SHOWN (8 * 1024)

void
gif_report_append_text(GString *out, const char *text, gsize max)
{
    if (text) {
        g_string_append(out, "<bdi>");
        gif_html_append(out, tbl_slice(text), max);
        g_string_append(out, "</bdi>");
    }
}

void
gif_report_append_number(GString *out, guint64 number)
{
    char digits[32];
    int length = g_snprintf(digits, sizeof(digits), "%" G_GUINT64_FORMAT, number);
    if (length > 3) {
        g_string_append_printf(out, "<data value=\"%s\">", digits);
    }
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            g_string_append_c(out, ',');
        }
        g_string_append_c(out, digits[i]);
    }
    if (length > 3) {
        g_string_append(out, "</data>");
    }
}

/* A line of tables/change, "  + SMTP:ann@company.example", as an item of the list. */
static void
line_append(GString *out, const char *line)
{
    static const struct {
        char mark;
        const char *class_name, *sign;
    } marks[] = {{'+', "add", "+"}, {'-', "del", "\342\210\222"}, {'^', "pro", "\342\206\221"}};
    for (guint i = 0; i < G_N_ELEMENTS(marks); i++) {
        if (g_str_has_prefix(line, "  ") && line[2] == marks[i].mark && line[3] == ' ') {
            g_string_append_printf(out, "<li class=\"%s\"><b>%s</b> ", marks[i].class_name,
                                   marks[i].sign);
            gif_report_append_text(out, line + 4, GIF_REPORT_VALUE_MAX);
            g_string_append(out, "</li>");
        }
    }
}

/* The lines behind the first; how many there were. */
static guint
lines_append(GString *out, char *text)
{
    guint lines = 0, shown = 0;
    gsize start = out->len;
    char *line = strchr(text, '\n');
    for (line = line ? line + 1 : NULL; line && *line; lines++) {
        char *end = strchr(line, '\n');
        if (end) {
            *end = '\0';
        }
        if (shown == lines && shown < LINES_SHOWN && out->len - start < BYTES_SHOWN) {
            line_append(out, line);
            shown++;
        }
        line = end ? end + 1 : NULL;
    }
    if (lines > shown) {
        g_string_append_printf(out, "<li class=\"cut\">and %u more</li>", lines - shown);
    }
    return lines;
}

void
gif_report_append_change(GString *out, GString *scratch, const TblChange *change, const char *file,
                         guint64 line)
{
    const TblObject *object = change->after ? change->after : change->before;
    const char *action = tbl_change_action(change->before, change->after);
    const char *display = object->text[TBL_TEXT_DISPLAY];
    g_string_append_printf(out,
                           "<tr class=\"%s\"><td><span class=\"pill %s\">%s</span></td><td>%s</td>"
                           "<th scope=\"row\">",
                           action, action, action, tbl_class_name(object->object_class));
    gif_report_append_text(out, object->name, GIF_REPORT_NAME_MAX);
    if (display && strcmp(display, object->name) != 0) {
        g_string_append(out, "<small>");
        gif_report_append_text(out, display, GIF_REPORT_NAME_MAX);
        g_string_append(out, "</small>");
    }
    g_string_truncate(scratch, 0);
    tbl_change_write_text(change, scratch);
    g_string_append(out, "</th><td><ul>");
    guint lines = lines_append(out, scratch->str);
    g_string_append_printf(out, "</ul></td><td class=\"n\">%u</td><td>", lines);
    gif_report_append_text(out, file, GIF_REPORT_NAME_MAX);
    if (file) {
        g_string_append_printf(out, ":%" G_GUINT64_FORMAT, line);
    }
    g_string_append(out, "</td></tr>\n");
}
