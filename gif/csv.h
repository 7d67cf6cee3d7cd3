/*
 * The record reader of the import format: separators, quotes, line ends, line numbers. It cuts
 * decoded text into records and records into fields and copies nothing; what a field means is for
 * gif/value.
 *
 * Rules: KB Q146304 (quoting), Q152472 (the three separators), Q156063 section 7.4 (4.0 quotes each
 * value, 5.x the field), RFC 4180 (doubled quotes, quoted line breaks). Pure; slices borrow from
 * the text.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

/* Bounds on one record: Exchange states none, so these say where a file is surely broken (an
 * unclosed quote). */
#define GIF_RECORD_MAX (1024 * 1024)
#define GIF_COLUMNS_MAX 1024

typedef struct {
    char column; /* separates fields; 0 only before gif_csv_sniff */
    char quote;  /* 0: quoting is off */
    char mv;     /* separates values; 0: fields hold one value */
    bool compat; /* a line end closes the record, a stray quote is an error */
} GifDialect;

typedef struct {
    TblSlice text; /* as written, quotes and escapes included, outer blanks taken off */
    bool quoted;   /* begins with an opening quote */
    bool quotes;   /* holds an opening quote anywhere (4.0 quotes single values) */
    bool whole;    /* one pair of quotes stands around it all */
    bool escapes;  /* holds a backslash or, in quotes, a doubled quote */
} GifField;

typedef enum {
    GIF_CSV_OK,
    GIF_CSV_MISQUOTED, /* text after a closing quote; with `compat` also a stray quote or a line end
                          in quotes */
    GIF_CSV_TRUNCATED, /* the text ends inside a quoted field */
    GIF_CSV_NUL,       /* a NUL byte */
    GIF_CSV_LONG,      /* over GIF_RECORD_MAX bytes */
    GIF_CSV_WIDE,      /* over GIF_COLUMNS_MAX fields */
} GifCsvFault;

typedef struct {
    guint64 line;     /* physical line (from 1) where the record starts */
    gsize start, end; /* its bytes in the text, line end included */
    guint count;      /* fields; only the first GIF_COLUMNS_MAX are kept */
    GifField field[GIF_COLUMNS_MAX];
    bool all_quoted;  /* every field is quoted, as Export-Csv writes */
    bool stray_quote; /* a quote inside an unquoted value, taken as a letter */
    GifCsvFault fault;
    guint64 fault_line; /* where the fault is: for an unclosed quote the line that opened it */
    gsize fault_column; /* byte in that line, from 1 */
    guint fault_field;  /* index of the field */
} GifRecord;

typedef struct GifCsv GifCsv;

/* A reader over `text`, which must outlive it and its records. `dialect.column` must be set. */
GifCsv *gif_csv_new(TblSlice text, GifDialect dialect);
void gif_csv_free(GifCsv *csv);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifCsv, gif_csv_free)

/* The next record that is not blank (nothing but separators and blanks). False at the end of the
 * text. After GIF_CSV_TRUNCATED there is nothing more. A record with another fault is skipped
 * whole. */
bool gif_csv_next(GifCsv *csv, GifRecord *record);

/* Whole records, one behind the other. */
typedef struct {
    gsize start, end; /* their bytes in the text */
    guint64 line;     /* where the first begins, from 1 */
} GifCsvRun;

/* Instead of gif_csv_next: steps over whole records of `bytes` bytes at least, or to the end of the
 * text, without reading their fields, so that several threads can. False at the end of the text. */
bool gif_csv_cut(GifCsv *csv, gsize bytes, GifCsvRun *run);
/* Another reader over the same text, and the records that it reads: those of `run` alone, exactly
 * as the reader would have read them that cut it. */
GifCsv *gif_csv_copy(const GifCsv *csv);
void gif_csv_begin_run(GifCsv *csv, const GifCsvRun *run);

/* Other separators from here on. */
void gif_csv_set_dialect(GifCsv *csv, GifDialect dialect);

/* Bytes of the text that were read so far. */
gsize gif_csv_offset(const GifCsv *csv);

/* The column separator that a header uses: what follows its first name `Obj-Class` among comma,
 * tab, semicolon, blank; a comma when that cannot be told. */
char gif_csv_sniff(TblSlice text, char quote);
