#include "gif/ldif_record.h"

#define ARENA_ROOM 4096

GifLdifRecord *
gif_ldif_record_new(void)
{
    GifLdifRecord *record = g_new0(GifLdifRecord, 1);
    record->lines = g_array_new(FALSE, FALSE, sizeof(GifLdifLine));
    record->arena = g_string_chunk_new(ARENA_ROOM);
    record->scratch = g_string_new(NULL);
    return record;
}

void
gif_ldif_record_free(GifLdifRecord *record)
{
    if (record) {
        g_array_unref(record->lines);
        g_string_chunk_free(record->arena);
        g_string_free(record->scratch, TRUE);
        g_free(record);
    }
}

static bool
at_end(const GifLdifCursor *cursor)
{
    return cursor->at >= cursor->text.len;
}

/* One physical line without its end; steps behind it. */
static TblSlice
physical_read(GifLdifCursor *cursor)
{
    const char *text = cursor->text.ptr;
    gsize start = cursor->at, at = start;
    while (at < cursor->text.len && text[at] != '\n' && text[at] != '\r') {
        at++;
    }
    TblSlice line = {text + start, at - start};
    if (at < cursor->text.len) {
        at += text[at] == '\r' && at + 1 < cursor->text.len && text[at + 1] == '\n' ? 2 : 1;
    }
    cursor->at = at;
    cursor->line++;
    return line;
}

/* A physical line and all that continue it, into the scratch. */
static void
logical_read(GifLdifRecord *record, GifLdifCursor *cursor)
{
    TblSlice line = physical_read(cursor);
    g_string_truncate(record->scratch, 0);
    g_string_append_len(record->scratch, line.ptr, (gssize)line.len);
    while (!at_end(cursor) && cursor->text.ptr[cursor->at] == ' ') {
        line = physical_read(cursor);
        g_string_append_len(record->scratch, line.ptr + 1, (gssize)line.len - 1);
    }
}

static TblSlice
keep(GifLdifRecord *record, TblSlice text)
{
    return (TblSlice){g_string_chunk_insert_len(record->arena, text.ptr, (gssize)text.len),
                      text.len};
}

/* Strictly: whole quanta, padding only at the end. */
static bool
base64_valid(TblSlice text)
{
    size_t padding = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        padding += c == '=';
        if (c != '=' && (padding > 0 || !(g_ascii_isalnum(c) || c == '+' || c == '/'))) {
            return false;
        }
    }
    return text.len % 4 == 0 && padding <= 2;
}

static void
base64_read(GifLdifRecord *record, GifLdifLine *line, TblSlice text)
{
    while (text.len > 0 && text.ptr[text.len - 1] == ' ') {
        text.len--;
    }
    if (!base64_valid(text)) {
        line->fault = GIF_LDIF_BASE64;
        return;
    }
    gsize length = 0;
    g_autofree char *encoded = g_strndup(text.ptr, text.len);
    g_autofree guchar *bytes = g_base64_decode(encoded, &length);
    line->value = keep(record, (TblSlice){(const char *)bytes, length});
}

/* `attr: text`, `attr:: base64`, `attr:< url`; any number of blanks after the colons. */
static void
value_read(GifLdifRecord *record, GifLdifLine *line, TblSlice rest)
{
    bool base64 = rest.len > 0 && *rest.ptr == ':';
    bool url = rest.len > 0 && *rest.ptr == '<';
    if (base64 || url) {
        rest = (TblSlice){rest.ptr + 1, rest.len - 1};
    }
    while (rest.len > 0 && *rest.ptr == ' ') {
        rest = (TblSlice){rest.ptr + 1, rest.len - 1};
    }
    line->kind = url ? GIF_LDIF_URL : GIF_LDIF_TEXT;
    if (base64) {
        base64_read(record, line, rest);
    } else {
        line->value = keep(record, rest);
    }
}

static void
line_add(GifLdifRecord *record, guint64 number)
{
    TblSlice text = {record->scratch->str, record->scratch->len};
    GifLdifLine line = {.line = number, .name = {"", 0}, .value = {"", 0}};
    const char *colon = memchr(text.ptr, ':', text.len);
    if (memchr(text.ptr, '\0', text.len)) {
        line.fault = GIF_LDIF_NUL;
    } else if (!g_utf8_validate_len(text.ptr, text.len, NULL)) {
        line.fault = GIF_LDIF_UTF8;
    } else if (*text.ptr == ' ') {
        line.fault = GIF_LDIF_FOLD;
    } else if (text.len == 1 && *text.ptr == '-') {
        line.kind = GIF_LDIF_DASH;
    } else if (!colon || colon == text.ptr) {
        line.fault = GIF_LDIF_NO_COLON;
    } else {
        line.name = keep(record, (TblSlice){text.ptr, (size_t)(colon - text.ptr)});
        value_read(record, &line, (TblSlice){colon + 1, (size_t)(text.ptr + text.len - colon - 1)});
    }
    g_array_append_val(record->lines, line);
}

static bool
blank_here(const GifLdifCursor *cursor)
{
    char c = cursor->text.ptr[cursor->at];
    return c == '\n' || c == '\r';
}

bool
gif_ldif_record_read(GifLdifRecord *record, GifLdifCursor *cursor)
{
    g_array_set_size(record->lines, 0);
    g_string_chunk_clear(record->arena);
    record->start = cursor->at;
    while (!at_end(cursor)) {
        if (blank_here(cursor)) {
            physical_read(cursor);
            if (record->lines->len > 0) {
                break;
            }
            record->start = cursor->at;
            continue;
        }
        guint64 number = cursor->line;
        logical_read(record, cursor);
        if (record->scratch->len > 0 && *record->scratch->str != '#') {
            line_add(record, number);
        }
    }
    while (record->lines->len > 0 && !at_end(cursor) && blank_here(cursor)) {
        physical_read(cursor);
    }
    record->end = cursor->at;
    if (record->lines->len > 0) {
        record->line = g_array_index(record->lines, GifLdifLine, 0).line;
    }
    return record->lines->len > 0;
}
