#include "gif/escape.h"

#include "gif/references.h"

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool
gif_escape_needs_quotes(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || is_blank(text[0]) || is_blank(text[length - 1]) || text[0] == '~' ||
        text[0] == '=' || text[0] == '#') {
        return length > 0;
    }
    for (const char *at = text; *at; at++) {
        if (*at == ',' || *at == '"' || *at == ';' || (guchar)*at < ' ' || *at == 0x7f) {
            return true;
        }
    }
    return false;
}

/* Forms that mean something else even between quotes; a plain "~DEL" does not. */
static bool
is_special(const char *text)
{
    return *text == '=' || g_str_has_prefix(text, "~<") ||
           g_ascii_strncasecmp(text, "#FILE(", strlen("#FILE(")) == 0 ||
           g_ascii_strncasecmp(text, "#NAME?", strlen("#NAME?")) == 0 ||
           (g_ascii_strncasecmp(text, "~DEL", strlen("~DEL")) == 0 && text[strlen("~DEL")]);
}

void
gif_escape_append(GString *out, const char *text, bool multi)
{
    if (is_special(text)) {
        g_string_append_c(out, '\\');
    }
    for (const char *at = text; *at; at++) {
        if (*at == '\\' || (multi && *at == GIF_ESCAPE_MV)) {
            g_string_append_c(out, '\\');
        }
        if (*at == '\r') {
            g_string_append(out, "\\r");
        } else if (*at == '\n') {
            g_string_append(out, "\\n");
        } else {
            g_string_append_c(out, *at);
        }
    }
}

void
gif_escape_append_account(GString *out, const char *text)
{
    for (const char *at = text; *at;) {
        size_t run = strspn(at, "\\");
        for (size_t i = 0; run > 1 && i < run; i++) {
            g_string_append_c(out, '\\');
        }
        g_string_append_len(out, at, (gssize)MAX(run, 1));
        at += MAX(run, 1);
    }
}

char *
gif_escape_reference(const char *reference)
{
    g_autofree char *lower = g_ascii_strdown(reference, -1);
    if (strstr(lower, "/cn=")) {
        return g_strconcat(GIF_REFERENCE_VERBATIM, reference, NULL);
    }
    bool path = g_str_has_prefix(lower, "cn=") || g_str_has_prefix(lower, "/o=");
    return g_strconcat(path ? "/cn=" : "", reference, NULL);
}
