/* One input file, read whole: its bytes, their SHA-256, their text. I/O happens here only. */
#pragma once

#include "gif/charset.h"
#include "tables/digest.h"

#include <glib.h>
#include <stdbool.h>

/* A larger file is refused before memory is asked for it. */
#define GIF_FILE_MAX ((gsize)2 * 1024 * 1024 * 1024)

typedef struct {
    char *path;                     /* as given; "-" is standard input */
    guint mode;                     /* permission bits, for the file of failed rows */
    guint8 sha256[TBL_SHA256_SIZE]; /* of the raw bytes */
    GifText *text;                  /* NULL when the bytes could not be decoded */
} GifInput;

/* Reads `path` (symbolic links are followed, the file must be a regular one; "-": standard input,
 * whatever it is) and decodes it with `codepage` where it is not Unicode. NULL with `error` when it
 * cannot be read; when it cannot be decoded `fault` is filled and `text` stays NULL. */
GifInput *gif_input_read(const char *path, const char *codepage, GifTextFault *fault,
                         GError **error);
void gif_input_free(GifInput *input);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifInput, gif_input_free)
