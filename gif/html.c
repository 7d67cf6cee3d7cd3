#include "gif/html.h"

/* Scripts that are written need no more accents on one letter (Vietnamese two, Tibetan three). */
#define ACCENTS_MAX 3

/* Characters that look like nothing although they count as letters, marks or symbols. */
static bool
looks_empty(gunichar c)
{
    return c == 0x034F || c == 0x115F || c == 0x1160 || c == 0x17B4 || c == 0x17B5 || c == 0x2800 ||
           c == 0x3164 || c == 0xFFA0 || (c >= 0xFE00 && c <= 0xFE0F) ||
           (c >= 0x180B && c <= 0x180F) || (c >= 0xE0100 && c <= 0xE01EF);
}

static bool
is_visible(gunichar c)
{
    switch (g_unichar_type(c)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT: /* the bidi controls are among them */
    case G_UNICODE_SURROGATE:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
        return false;
    case G_UNICODE_SPACE_SEPARATOR:
        return c == ' ';
    default:
        return !looks_empty(c);
    }
}

static void
visible_append(GString *out, gunichar c)
{
    switch (c) {
    case '&':
        g_string_append(out, "&amp;");
        break;
    case '<':
        g_string_append(out, "&lt;");
        break;
    case '>':
        g_string_append(out, "&gt;");
        break;
    case '"':
        g_string_append(out, "&quot;");
        break;
    case '\'':
        g_string_append(out, "&#39;");
        break;
    default:
        g_string_append_unichar(out, c);
    }
}

void
gif_html_append(GString *out, TblSlice text, gsize max)
{
    const char *at = text.ptr, *end = text.len ? text.ptr + text.len : text.ptr;
    guint accents = 0;
    for (gsize count = 0; at < end; count++) {
        if (count == max) {
            g_string_append_printf(
                out, "<span class=\"cut\">\342\200\246 (%" G_GSIZE_FORMAT " bytes in all)</span>",
                text.len);
            return;
        }
        gunichar c = g_utf8_get_char_validated(at, end - at);
        if (c == (gunichar)-1 || c == (gunichar)-2) {
            g_string_append_printf(out, "<span class=\"u\">x%02X</span>", (guint8)*at++);
            accents = 0;
            continue;
        }
        accents = g_unichar_ismark(c) ? accents + 1 : 0;
        if (is_visible(c) && accents <= ACCENTS_MAX) {
            visible_append(out, c);
        } else {
            g_string_append_printf(out, "<span class=\"u\">U+%04X</span>", c);
        }
        at = g_utf8_next_char(at);
    }
}
