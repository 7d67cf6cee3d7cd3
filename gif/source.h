/* One input on its way: its text, the reader behind the header, what the header says, and its
 * failed rows. */
#pragma once

#include "gif/errfile.h"
#include "gif/format.h"
#include "gif/reader.h"
#include "gif/schema.h"

/* Separators that the user chose; 0: not given. */
typedef struct {
    char column, quote, mv;
    bool compat;
} GifSeparators;

typedef struct {
    GifInput *input;
    GifDialect dialect;
    GifReader *reader; /* of a descendant format; NULL: `csv` */
    GifCsv *csv;
    GifSchema *schema;
    GifErrFile *err_file;
    gsize length; /* bytes of the text */
} GifSource;

/* Reads the header of `input`, which it takes. Faults go to `notes`; NULL when one is an error.
 * `reading`: how rows of a descendant format are read. */
GifSource *gif_source_new(GifInput *input, GifFormat format, GifSeparators separators,
                          GifReading reading, GifNotes *notes);
void gif_source_free(GifSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifSource, gif_source_free)
/* Gives the memory of the text back when all rows were read and failed ones are not wanted. */
void gif_source_finish(GifSource *source);
