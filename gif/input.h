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
    guint8 sha256[TBL_SHA256_SIZE]; /* of the raw bytes, once gif_input_digest was called */
    char *bytes;                    /* the raw bytes, until they are decoded */
    gsize length;                   /* of `bytes` */
    char *signer;                   /* who signed them, as batches keep it; NULL: nobody asked */
    GifText *text;                  /* NULL before, and when the bytes could not be decoded */
} GifInput;

/* Reads `path` (symbolic links are followed, the file must be a regular one; "-": standard input,
 * whatever it is) once, into memory of its own: what is verified is what is decoded, whoever
 * changes the file meanwhile. NULL with `error` when it cannot be read. */
GifInput *gif_input_read(const char *path, GError **error);
/* For whoever keeps or shows the check sum; before the bytes are decoded. */
void gif_input_digest(GifInput *input);
/* Makes the text of the bytes, with `codepage` where they are not Unicode. False with `fault`. */
bool gif_input_decode(GifInput *input, const char *codepage, GifTextFault *fault);
void gif_input_free(GifInput *input);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifInput, gif_input_free)
