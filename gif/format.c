#include "gif/format.h"

const char *const gif_format_names[] = {"auto", "gif", "csvde", "ldif", "powershell", NULL};

static bool
starts_with(TblSlice text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.len >= length && g_ascii_strncasecmp(text.ptr, prefix, length) == 0;
}

/* Takes the next line that is not blank out of `text`, without blanks at its begin. Empty at the
 * end. */
static TblSlice
line_take(TblSlice *text)
{
    while (text->len > 0 && g_ascii_isspace(*text->ptr)) {
        text->ptr++;
        text->len--;
    }
    size_t length = 0;
    while (length < text->len && text->ptr[length] != '\n' && text->ptr[length] != '\r') {
        length++;
    }
    TblSlice line = {text->ptr, length};
    text->ptr += length;
    text->len -= length;
    return line;
}

/* The first name of a header is `name`. */
static bool
header_begins(TblSlice line, const char *name)
{
    bool quoted = line.len > 0 && *line.ptr == '"';
    if (quoted) {
        line = (TblSlice){line.ptr + 1, line.len - 1};
    }
    size_t length = strlen(name);
    if (!starts_with(line, name)) {
        return false;
    }
    char c = line.len > length ? line.ptr[length] : ',';
    return quoted ? c == '"' : c == ',' || c == ';' || c == '\t' || c == ' ';
}

/* A header names `name`, with or without blanks in it. */
static bool
header_names(TblSlice line, const char *name)
{
    for (size_t start = 0; start < line.len; start++) {
        size_t at = start;
        const char *c = name;
        while (at < line.len && *c != '\0') {
            if (line.ptr[at] == ' ' && at > start) {
                at++;
            } else if (g_ascii_tolower(line.ptr[at]) == g_ascii_tolower(*c)) {
                at++;
                c++;
            } else {
                break;
            }
        }
        if (*c == '\0') {
            return true;
        }
    }
    return false;
}

/* A header that begins with Obj-Class, however its hyphen is written. */
static bool
is_obj_class(TblSlice line)
{
    static const char name[] = "obj-class";
    size_t start = line.len > 0 && *line.ptr == '"' ? 1 : 0;
    if (line.len < start + strlen(name)) {
        return false;
    }
    for (size_t i = 0; i < strlen(name); i++) {
        char c = (char)g_ascii_tolower(line.ptr[start + i]);
        if (c != name[i] && !(name[i] == '-' && (c == ' ' || c == '_'))) {
            return false;
        }
    }
    return true;
}

static bool
is_ldif(TblSlice line)
{
    return starts_with(line, "version:") || starts_with(line, "dn:");
}

GifFormat
gif_format_sniff(TblSlice text)
{
    TblSlice line = line_take(&text);
    if (starts_with(line, "#TYPE")) {
        return GIF_FORMAT_POWERSHELL;
    }
    /* A comment may be folded: what continues it is no first line. */
    bool comment = starts_with(line, "#");
    while (comment && line.len > 0 && !is_ldif(line)) {
        line = line_take(&text);
    }
    if (is_ldif(line)) {
        return GIF_FORMAT_LDIF;
    }
    /* Any separator may follow Obj-Class; what else is wrong with it the header's reader tells. */
    if (is_obj_class(line) || (line.len == strlen("DIRECTORY") && starts_with(line, "DIRECTORY"))) {
        return GIF_FORMAT_GIF;
    }
    if (header_begins(line, "DN")) {
        return GIF_FORMAT_CSVDE;
    }
    bool addresses = header_names(line, "EmailAddresses") ||
                     header_names(line, "PrimarySmtpAddress") ||
                     header_names(line, "ProxyAddresses");
    return addresses ? GIF_FORMAT_POWERSHELL : GIF_FORMAT_AUTO;
}
