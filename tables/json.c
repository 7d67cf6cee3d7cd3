#include "tables/json.h"

#include "tables/append.h"

#include <math.h>

/* RFC 3339 has four digits for the year. */
#define TIME_MAX G_GINT64_CONSTANT(253402300799) /* 9999-12-31T23:59:59Z */
#define TIME_MIN G_GINT64_CONSTANT(-62135596800) /* 0001-01-01T00:00:00Z */

/* RFC 8259 section 7. */
static void
append_character(GString *out, char c)
{
    switch (c) {
    case '"':
    case '\\':
        g_string_append_c(out, '\\');
        g_string_append_c(out, c);
        break;
    case '\n':
        g_string_append(out, "\\n");
        break;
    case '\r':
        g_string_append(out, "\\r");
        break;
    case '\t':
        g_string_append(out, "\\t");
        break;
    default:
        if ((unsigned char)c < 0x20 || c == 0x7f)
            g_string_append_printf(out, "\\u%04x", (unsigned char)c);
        else
            g_string_append_c(out, c);
    }
}

/* Controls of Latin-1 and the line and paragraph separator are text to RFC 8259, but readers that
 * split lines as Unicode does (U+0085, U+2028, U+2029) would find one object on two lines. */
static bool
is_line_breaker(const char *at)
{
    const unsigned char *byte = (const unsigned char *)at;
    return (byte[0] == 0xc2 && byte[1] <= 0x9f) ||
           (byte[0] == 0xe2 && byte[1] == 0x80 && (byte[2] == 0xa8 || byte[2] == 0xa9));
}

/* Nothing of it is NUL. */
static void
append_characters(GString *out, TblSlice text)
{
    g_autofree char *valid = NULL;

    if (!g_utf8_validate_len(text.ptr, text.len, NULL)) {
        valid = g_utf8_make_valid(text.ptr, (gssize)text.len);
        text = tbl_slice(valid);
    }
    for (const char *at = text.ptr; at < text.ptr + text.len; at++) {
        if (is_line_breaker(at)) {
            g_string_append_printf(out, "\\u%04x", g_utf8_get_char(at));
            at = g_utf8_next_char(at) - 1;
        } else {
            append_character(out, *at);
        }
    }
}

/* All at once, when nothing has to be escaped. */
static bool
append_plain(GString *out, const TblSlice *parts, guint n_parts)
{
    gsize length = 0;

    for (guint i = 0; i < n_parts; i++) {
        if (!tbl_slice_is_plain(parts[i]))
            return false;
        length += parts[i].len;
    }
    char *at = tbl_append_room(out, length + 2);
    *at++ = '"';
    for (guint i = 0; i < n_parts; i++)
        at = tbl_append_put(at, parts[i]);
    *at = '"';
    return true;
}

static void
append_string(GString *out, const TblSlice *parts, guint n_parts)
{
    if (append_plain(out, parts, n_parts))
        return;
    g_string_append_c(out, '"');
    for (guint i = 0; i < n_parts; i++)
        append_characters(out, parts[i]);
    g_string_append_c(out, '"');
}

/* The comma and the key before a value. */
static void
before_value(TblJson *json, const char *key)
{
    if (json->need_comma)
        g_string_append_c(json->out, ',');
    json->need_comma = true;
    if (!key)
        return;
    append_string(json->out, &(TblSlice){key, strlen(key)}, 1);
    g_string_append_c(json->out, ':');
}

static void
open_value(TblJson *json, const char *key, char bracket)
{
    before_value(json, key);
    g_string_append_c(json->out, bracket);
    json->need_comma = false;
}

static void
close_value(TblJson *json, char bracket)
{
    g_string_append_c(json->out, bracket);
    json->need_comma = true;
}

void
tbl_json_begin(TblJson *json, GString *out)
{
    json->out = out;
    json->need_comma = false;
    g_string_append_c(out, '{');
}

void
tbl_json_end(TblJson *json)
{
    g_string_append_c(json->out, '}');
}

void
tbl_json_text(TblJson *json, const char *key, const char *value)
{
    if (!value) {
        tbl_json_null(json, key);
        return;
    }
    TblSlice text = tbl_slice(value);
    tbl_json_parts(json, key, &text, 1);
}

void
tbl_json_parts(TblJson *json, const char *key, const TblSlice *parts, guint n_parts)
{
    before_value(json, key);
    append_string(json->out, parts, n_parts);
}

void
tbl_json_number(TblJson *json, const char *key, gint64 value)
{
    before_value(json, key);
    g_string_append_printf(json->out, "%" G_GINT64_FORMAT, value);
}

void
tbl_json_real(TblJson *json, const char *key, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE * 10];

    /* JSON has no way to write these. */
    if (!isfinite(value)) {
        tbl_json_null(json, key);
        return;
    }
    before_value(json, key);
    g_string_append(json->out, g_ascii_formatd(text, sizeof text, "%.3f", value));
}

void
tbl_json_bool(TblJson *json, const char *key, bool value)
{
    before_value(json, key);
    g_string_append(json->out, value ? "true" : "false");
}

void
tbl_json_null(TblJson *json, const char *key)
{
    before_value(json, key);
    g_string_append(json->out, "null");
}

void
tbl_json_raw(TblJson *json, const char *key, const char *value)
{
    before_value(json, key);
    g_string_append(json->out, value);
}

void
tbl_json_object_begin(TblJson *json, const char *key)
{
    open_value(json, key, '{');
}

void
tbl_json_object_end(TblJson *json)
{
    close_value(json, '}');
}

void
tbl_json_array_begin(TblJson *json, const char *key)
{
    open_value(json, key, '[');
}

void
tbl_json_array_end(TblJson *json)
{
    close_value(json, ']');
}

char *
tbl_json_time(gint64 seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(CLAMP(seconds, TIME_MIN, TIME_MAX));

    return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02dZ", g_date_time_get_year(time),
                           g_date_time_get_month(time), g_date_time_get_day_of_month(time),
                           g_date_time_get_hour(time), g_date_time_get_minute(time),
                           g_date_time_get_second(time));
}
