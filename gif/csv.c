#include "gif/csv_state.h"

/* DOS programs end a text with this byte, at times several. */
#define CTRL_Z '\x1a'

void
gif_csv_set_dialect(GifCsv *csv, GifDialect dialect)
{
    memset(csv->outside, LETTER, sizeof(csv->outside));
    memset(csv->inside, LETTER, sizeof(csv->inside));
    csv->dialect = dialect;
    csv->outside['\r'] = csv->inside['\r'] = LINE_END;
    csv->outside['\n'] = csv->inside['\n'] = LINE_END;
    csv->outside[0] = csv->inside[0] = NUL_BYTE;
    csv->outside['\\'] = csv->inside['\\'] = BACKSLASH;
    if (dialect.mv) {
        csv->outside[(unsigned char)dialect.mv] = MV;
    }
    if (dialect.quote) {
        csv->outside[(unsigned char)dialect.quote] = QUOTE;
        csv->inside[(unsigned char)dialect.quote] = QUOTE;
    }
    csv->outside[(unsigned char)dialect.column] = COLUMN;
}

GifCsv *
gif_csv_new(TblSlice text, GifDialect dialect)
{
    GifCsv *csv = g_new0(GifCsv, 1);
    csv->begin = csv->at = csv->line_start = text.ptr;
    csv->end = text.ptr + text.len;
    while (csv->end > csv->begin && csv->end[-1] == CTRL_Z) {
        csv->end--;
    }
    csv->line = 1;
    gif_csv_set_dialect(csv, dialect);
    return csv;
}

void
gif_csv_free(GifCsv *csv)
{
    g_free(csv);
}

GifCsv *
gif_csv_copy(const GifCsv *csv)
{
    GifCsv *copy = g_new(GifCsv, 1);
    *copy = *csv;
    return copy;
}

void
gif_csv_begin_run(GifCsv *csv, const GifCsvRun *run)
{
    csv->at = csv->line_start = csv->begin + run->start;
    csv->end = csv->begin + run->end;
    csv->line = run->line;
}

gsize
gif_csv_offset(const GifCsv *csv)
{
    return (gsize)(csv->at - csv->begin);
}

static void
skip_blanks(GifCsv *csv)
{
    while (csv->at < csv->end && gif_csv_is_blank(csv, *csv->at)) {
        csv->at++;
    }
}

static int
class_here(const GifCsv *csv)
{
    return csv->at < csv->end ? csv->outside[(unsigned char)*csv->at] : LINE_END;
}

/* The first fault of a record is the one that is told. */
static void
fault_set(GifCsv *csv, GifRecord *record, GifCsvFault fault)
{
    if (record->fault == GIF_CSV_OK) {
        record->fault = fault;
        record->fault_line = csv->line;
        record->fault_column = (gsize)(csv->at - csv->line_start) + 1;
        record->fault_field = record->count;
    }
}

/* Steps over one line end: CR LF, LF or CR. */
static void
line_end_skip(GifCsv *csv)
{
    char c = *csv->at++;
    if (c == '\r' && csv->at < csv->end && *csv->at == '\n') {
        csv->at++;
    }
    csv->line++;
    csv->line_start = csv->at;
}

/* The first byte that is no letter, or the end. Nearly all bytes are letters, so several are looked
 * at before the end is. */
static inline const char *
letters_skip(const char *at, const char *end, const unsigned char classes[256])
{
    for (; end - at >= 4; at += 4) {
        if (classes[(unsigned char)at[0]] != LETTER) {
            return at;
        }
        if (classes[(unsigned char)at[1]] != LETTER) {
            return at + 1;
        }
        if (classes[(unsigned char)at[2]] != LETTER) {
            return at + 2;
        }
        if (classes[(unsigned char)at[3]] != LETTER) {
            return at + 3;
        }
    }
    while (at < end && classes[(unsigned char)*at] == LETTER) {
        at++;
    }
    return at;
}

/* Goes to the end of the physical line: the place to start again after a misplaced quote. */
static void
line_rest_skip(GifCsv *csv)
{
    while (csv->at < csv->end && *csv->at != '\r' && *csv->at != '\n') {
        csv->at++;
    }
}

/* From an opening quote to behind its closing one. False when the record ends here. */
static bool
quoted_scan(GifCsv *csv, GifRecord *record, GifField *field)
{
    guint64 open_line = csv->line;
    gsize open_column = (gsize)(csv->at - csv->line_start) + 1;
    csv->at++;
    while ((csv->at = letters_skip(csv->at, csv->end, csv->inside)) < csv->end) {
        int class = csv->inside[(unsigned char)*csv->at];
        if (class == QUOTE) {
            csv->at++;
            if (csv->at >= csv->end || *csv->at != csv->dialect.quote) {
                return true;
            }
            field->escapes = true;
            csv->at++;
        } else if (class == BACKSLASH) {
            field->escapes = true;
            csv->at++;
        } else if (class == LINE_END) {
            if (csv->dialect.compat) {
                fault_set(csv, record, GIF_CSV_MISQUOTED);
                return false;
            }
            line_end_skip(csv);
        } else {
            fault_set(csv, record, GIF_CSV_NUL);
            csv->at++;
        }
    }
    record->fault = csv->dialect.compat ? GIF_CSV_MISQUOTED : GIF_CSV_TRUNCATED;
    record->fault_line = open_line;
    record->fault_column = open_column;
    record->fault_field = record->count;
    return false;
}

/* After a closing quote only blanks, a separator or the line end may follow. */
static bool
quoted_finish(GifCsv *csv, GifRecord *record)
{
    skip_blanks(csv);
    int class = class_here(csv);
    if (class == COLUMN || class == MV || class == LINE_END) {
        return true;
    }
    fault_set(csv, record, class == NUL_BYTE ? GIF_CSV_NUL : GIF_CSV_MISQUOTED);
    line_rest_skip(csv);
    return false;
}

/* One byte of an unquoted value that is not a letter. False when the record ends here. */
static bool
unquoted_special(GifCsv *csv, GifRecord *record, GifField *field, int class)
{
    if (class == NUL_BYTE) {
        fault_set(csv, record, GIF_CSV_NUL);
    } else if (class == BACKSLASH) {
        /* Only an escaped separator or backslash hides its second byte; a column separator is never
         * escaped. */
        char next = csv->at + 1 < csv->end ? csv->at[1] : '\0';
        field->escapes = true;
        csv->at += next == '\\' || (csv->dialect.mv && next == csv->dialect.mv);
    } else if (class == QUOTE) {
        if (csv->dialect.compat) {
            fault_set(csv, record, GIF_CSV_MISQUOTED);
            line_rest_skip(csv);
            return false;
        }
        record->stray_quote = true;
    }
    csv->at++;
    return true;
}

/* A value that begins with a quote, to its end. False when a fault ended the record. */
static bool
quoted_value_scan(GifCsv *csv, GifRecord *record, GifField *field, bool first)
{
    field->quotes = true;
    if (!quoted_scan(csv, record, field) || !quoted_finish(csv, record)) {
        return false;
    }
    field->quoted = field->quoted || first;
    field->whole = first && class_here(csv) != MV;
    return true;
}

/* One field up to its separator or line end. False when a fault ended the record. */
static bool
field_scan(GifCsv *csv, GifRecord *record, GifField *field)
{
    skip_blanks(csv);
    const char *start = csv->at;
    bool value_start = true;
    *field = (GifField){0};
    for (;;) {
        int class = class_here(csv);
        if (class == LETTER) {
            csv->at = letters_skip(csv->at, csv->end, csv->outside);
            value_start = false;
            class = class_here(csv);
        }
        if (class == COLUMN || class == LINE_END) {
            break;
        }
        if (class == QUOTE && value_start) {
            if (!quoted_value_scan(csv, record, field, csv->at == start)) {
                return false;
            }
            value_start = false;
        } else if (class == MV) {
            csv->at++;
            skip_blanks(csv);
            value_start = true;
        } else {
            value_start = false;
            if (!unquoted_special(csv, record, field, class)) {
                return false;
            }
        }
    }
    const char *end = csv->at;
    while (end > start && gif_csv_is_blank(csv, end[-1])) {
        end--;
    }
    field->text = (TblSlice){start, (size_t)(end - start)};
    return true;
}

/* All fields of one record, and its line end. True when it holds nothing but blanks and separators.
 */
static bool
record_scan(GifCsv *csv, GifRecord *record)
{
    record->line = csv->line;
    record->start = gif_csv_offset(csv);
    record->count = 0;
    record->all_quoted = true;
    record->stray_quote = false;
    record->fault = GIF_CSV_OK;
    record->fault_field = 0;
    bool blank = true;
    GifField surplus;
    for (;;) {
        bool fits = record->count < GIF_COLUMNS_MAX;
        GifField *field = fits ? &record->field[record->count] : &surplus;
        bool whole = field_scan(csv, record, field);
        if (!whole) {
            record->count++;
            blank = false;
            break;
        }
        blank = blank && field->text.len == 0;
        record->all_quoted = record->all_quoted && field->quoted;
        if (!fits) {
            fault_set(csv, record, GIF_CSV_WIDE);
        }
        record->count++;
        if (csv->at >= csv->end || class_here(csv) != COLUMN) {
            break;
        }
        csv->at++;
    }
    if (csv->at < csv->end) {
        line_end_skip(csv);
    }
    record->end = gif_csv_offset(csv);
    return blank && record->fault == GIF_CSV_OK;
}

/* Bytes of a record without its line end. */
static gsize
content_length(const GifCsv *csv, const GifRecord *record)
{
    gsize end = record->end;
    while (end > record->start && (csv->begin[end - 1] == '\n' || csv->begin[end - 1] == '\r')) {
        end--;
    }
    return end - record->start;
}

bool
gif_csv_next(GifCsv *csv, GifRecord *record)
{
    while (csv->at < csv->end) {
        guint64 line = csv->line;
        if (record_scan(csv, record)) {
            continue;
        }
        if (record->fault == GIF_CSV_OK && content_length(csv, record) > GIF_RECORD_MAX) {
            record->fault = GIF_CSV_LONG;
            record->fault_line = line;
            record->fault_column = 1;
            record->fault_field = 0;
        }
        return true;
    }
    return false;
}

char
gif_csv_sniff(TblSlice text, char quote)
{
    static const char name[] = "obj-class";
    const char *at = text.ptr, *end = text.ptr + text.len;
    bool quoted = false;
    while (at < end && (g_ascii_isspace(*at) || (quote && *at == quote))) {
        quoted = quoted || *at == quote;
        at++;
    }
    if ((size_t)(end - at) < strlen(name)) {
        return ',';
    }
    for (size_t i = 0; i < strlen(name); i++) {
        char c = (char)g_ascii_tolower(at[i]);
        /* A header may write blanks or underscores for hyphens. */
        if (c != name[i] && !(name[i] == '-' && (c == ' ' || c == '_'))) {
            return ',';
        }
    }
    at += strlen(name);
    if (at < end && quoted && *at == quote) { /* else it separates: then nothing is quoted */
        at++;
    }
    const char *blanks = at;
    while (at < end && *at == ' ') {
        at++;
    }
    if (at < end && (*at == ',' || *at == '\t' || *at == ';')) {
        return *at;
    }
    bool more = at < end && *at != '\r' && *at != '\n' && *at != CTRL_Z;
    return at > blanks && more ? ' ' : ',';
}
