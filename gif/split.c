#include "gif/split.h"

#include "tables/address.h"

static bool
is_separator(char c, const char *separators)
{
    return c != '\0' && (g_ascii_isspace(c) || strchr(separators, c));
}

/* `TYPE:` at the begin. X.400 addresses have parts of that form (`;DDA:type=value`, KB Q169762). */
static bool
type_follows(TblSlice text)
{
    size_t length = 0;
    while (length < text.len && g_ascii_isalnum(text.ptr[length])) {
        length++;
    }
    bool part = length == 3 && g_ascii_strncasecmp(text.ptr, "DDA", 3) == 0;
    return length > 0 && length <= TBL_PROXY_TYPE_MAX && length < text.len &&
           text.ptr[length] == ':' && !part;
}

static bool
is_x400(TblSlice text)
{
    static const char type[] = "X400:";
    return text.len > strlen(type) && g_ascii_strncasecmp(text.ptr, type, strlen(type)) == 0;
}

TblSlice
gif_split_skip(TblSlice text, const char *separators)
{
    while (text.len > 0 && is_separator(*text.ptr, separators)) {
        text.ptr++;
        text.len--;
    }
    return text;
}

size_t
gif_split_typed(TblSlice text, const char *separators)
{
    size_t at = 0;
    while (at < text.len) {
        if (!is_separator(text.ptr[at], separators)) {
            at++;
            continue;
        }
        TblSlice rest = gif_split_skip((TblSlice){text.ptr + at, text.len - at}, separators);
        if (rest.len == 0 || type_follows(rest)) {
            /* An X.400 address ends with a semicolon of its own. */
            bool own = text.ptr[at] == ';' && at + 1 != text.len - rest.len;
            own = own || (text.ptr[at] == ';' && rest.len == 0);
            return own && is_x400(text) ? at + 1 : at;
        }
        at = text.len - rest.len;
    }
    return at;
}

TblSlice
gif_split_trim(TblSlice text)
{
    while (text.len > 0 && g_ascii_isspace(*text.ptr)) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && g_ascii_isspace(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}
