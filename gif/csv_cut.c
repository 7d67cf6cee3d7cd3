/*
 * Where records end, and nothing else about them. A line end ends a record unless it stands in
 * quotes, so the reader goes from quote to quote: what lies between is looked at by memchr alone.
 */
#include "gif/csv_state.h"

static bool
is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

/* Behind the line end that comes first. */
static const char *
line_next(const char *at, const char *end)
{
    while (at < end && !is_line_end(*at)) {
        at++;
    }
    if (at + 1 < end && *at == '\r' && at[1] == '\n') {
        return at + 2;
    }
    return at < end ? at + 1 : end;
}

/* CR LF, LF or CR. */
static guint64
lines_count(const char *at, const char *end)
{
    guint64 lines = 0;
    for (const char *c = at; (c = memchr(c, '\n', (size_t)(end - c))); c++) {
        lines++;
    }
    for (const char *c = at; (c = memchr(c, '\r', (size_t)(end - c))); c++) {
        lines += c + 1 == end || c[1] != '\n';
    }
    return lines;
}

/* Does the reader take each of the separators for just that, wherever it stands? Blanks and
 * backslashes have meanings of their own. */
static bool
is_usual(const GifCsv *csv)
{
    const GifDialect *dialect = &csv->dialect;
    return csv->outside[(unsigned char)dialect->quote] == QUOTE &&
           csv->outside['\\'] == BACKSLASH && csv->outside['\r'] == LINE_END &&
           csv->outside['\n'] == LINE_END && !gif_csv_is_blank(csv, dialect->quote) &&
           (dialect->mv == '\0' || (csv->outside[(unsigned char)dialect->mv] == MV &&
                                    !gif_csv_is_blank(csv, dialect->mv)));
}

/* Does this quote, which does not stand in quotes, open some? Only where a value begins. `from`: a
 * record begins there. */
static bool
quote_opens(const GifCsv *csv, const char *from, const char *quote)
{
    while (quote > from && gif_csv_is_blank(csv, quote[-1])) {
        quote--;
    }
    if (quote == from || quote[-1] == csv->dialect.column || is_line_end(quote[-1])) {
        return true;
    }
    if (csv->outside[(unsigned char)quote[-1]] != MV) {
        return false;
    }
    const char *escape = --quote;
    while (escape > from && escape[-1] == '\\') {
        escape--;
    }
    return (quote - escape) % 2 == 0; /* each two are one backslash */
}

/* Behind what an opening quote begins: its closing quote and the blanks there, or the whole line
 * where something else follows. The end of the text when nothing closes it. */
static const char *
quoted_skip(const GifCsv *csv, const char *at)
{
    const char *end = csv->end;
    char quote = csv->dialect.quote;
    do {
        at = memchr(at + 1, quote, (size_t)(end - at - 1));
        if (!at) {
            return end;
        }
        at++;
    } while (at < end && *at == quote);
    while (at < end && gif_csv_is_blank(csv, *at)) {
        at++;
    }
    bool closed = at == end || *at == csv->dialect.column || csv->outside[(unsigned char)*at] == MV;
    while (!closed && at < end && !is_line_end(*at)) {
        at++;
    }
    return at;
}

/* The first end of a record behind `least`; `from`: where one begins. No line is looked at twice,
 * however many quotes it holds. */
static const char *
record_end_find(const GifCsv *csv, const char *from, const char *least)
{
    const char *at = from, *stop = least;
    bool last = false; /* `stop` is behind the next line end */
    for (;;) {
        if (at >= least && (!last || at >= stop)) {
            stop = line_next(at, csv->end);
            last = true;
        }
        const char *quote = memchr(at, csv->dialect.quote, (size_t)(stop - at));
        if (quote) {
            at = quote_opens(csv, from, quote) ? quoted_skip(csv, quote) : quote + 1;
        } else if (last) {
            return stop;
        } else {
            at = stop;
        }
    }
}

/* The same with separators that are not usual: by reading. */
static void
records_read(GifCsv *csv, const char *least)
{
    g_autofree GifRecord *record = g_new(GifRecord, 1);
    while (csv->at < least && gif_csv_next(csv, record)) {
    }
}

bool
gif_csv_cut(GifCsv *csv, gsize bytes, GifCsvRun *run)
{
    const char *start = csv->at, *least = start + MIN(bytes, (gsize)(csv->end - start));
    if (start == csv->end) {
        return false;
    }
    *run = (GifCsvRun){.start = gif_csv_offset(csv), .line = csv->line};
    bool lines = csv->dialect.compat || csv->dialect.quote == '\0';
    if (lines || is_usual(csv)) {
        csv->at = lines ? line_next(least, csv->end) : record_end_find(csv, start, least);
        csv->line += lines_count(start, csv->at);
        csv->line_start = csv->at;
    } else {
        records_read(csv, least);
    }
    run->end = gif_csv_offset(csv);
    return true;
}
