/*
 * The rows that failed, for a second try: `FILE.err`, the header first, then the rows byte for byte
 * as they stood (KB Q152440, Q278154).
 */
#pragma once

#include "gif/input.h"

typedef struct GifErrFile GifErrFile;
/* For an input that outlives it; `header_end` is the text offset behind the header's line end. */
GifErrFile *gif_err_file_new(GifInput *input, gsize header_end);
void gif_err_file_free(GifErrFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifErrFile, gif_err_file_free)
/* Adds text[start, end) of the input, in any order. */
void gif_err_file_add(GifErrFile *file, gsize start, gsize end);
/* Writes the file if a row was added, replacing one of an earlier run, with the permissions of the
 * input. Rows of standard input go to `stdin.err`. */
bool gif_err_file_write(GifErrFile *file, GError **error);
/* The rows that it does not hold were applied: it stays, whatever ends the run. */
void gif_err_file_keep(const GifErrFile *file);
/* Takes a written file away again. */
void gif_err_file_unlink(const GifErrFile *file);
