/* The inside of gif/csv, shared by its files: a reader on its way through a text. */
#pragma once

#include "gif/csv.h"

/* What a byte is to the reader; everything else is a letter. */
enum { LETTER, COLUMN, QUOTE, MV, BACKSLASH, LINE_END, NUL_BYTE };

struct GifCsv {
    const char *begin, *end, *at;
    const char *line_start;
    guint64 line;
    GifDialect dialect;
    unsigned char outside[256]; /* classes outside quotes */
    unsigned char inside[256];  /* and inside */
};

static inline bool
gif_csv_is_blank(const GifCsv *csv, char c)
{
    return (c == ' ' || c == '\t') && c != csv->dialect.column;
}
