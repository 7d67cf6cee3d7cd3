/*
 * The options file of Exchange's directory import: an INI file whose section [Import] says what the
 * command line does not (KB Q152472, Q156063, Q160602, Q160981, Q190706, Q268485). Keys are
 * compared without case, the first of a repeated one counts. Pure.
 */
#pragma once

#include "gif/diagnostic.h"
#include "tables/slice.h"

/* A larger file is no options file. */
#define GIF_OPTIONS_FILE_MAX ((gsize)1024 * 1024)

typedef struct {
    guint64 line;
    GifSeverity severity;
    char *message;
} GifOptionsNote;

typedef struct {
    char column, quote, mv; /* 0: not given */
    char *codepage;         /* as gif_codepage_name takes it; NULL: detect */
    bool overwrite;
    char *container; /* where created objects are put whose rows do not say; NULL: nowhere */
    GArray *notes;   /* GifOptionsNote: what was not as it should be and did not matter */
} GifOptionsFile;

/* NULL with `error` (G_OPTION_ERROR_BAD_VALUE; the message begins with `name` and the line) when a
 * value means nothing. */
GifOptionsFile *gif_options_parse(TblSlice text, const char *name, GError **error);
void gif_options_free(GifOptionsFile *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifOptionsFile, gif_options_free)

/* Whether a character can be a separator: printable ASCII or tab, no letter, no digit, nothing of
 * `forbidden`. */
bool gif_options_is_separator(char c, const char *forbidden);
/* What cannot be a separator besides: a backslash escapes; a quote that began values with a meaning
 * of their own would hide them. */
#define GIF_NOT_COLUMN "\\"
#define GIF_NOT_QUOTE "\\~#="
#define GIF_NOT_MV "\\~"
