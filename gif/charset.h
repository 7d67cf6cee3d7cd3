/*
 * The bytes of an import file -> UTF-8 text, and back from a piece of the text to its raw bytes
 * (for the file of failed rows). Detection: UTF-8 mark, UTF-16 marks, UTF-16 without a mark (a NUL
 * in every second byte), valid UTF-8, else a code page. Windows code page 1252 is what Exchange's
 * own exports use in the West (KB Q183496, Q261112). LDIF may fold a line within a character
 * (RFC 2849): such a text is UTF-8 without being valid as it stands. Pure.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

#define GIF_CODEPAGE_DEFAULT "CP1252"

typedef struct GifText GifText;

/* Why bytes could not be decoded. */
typedef struct {
    guint64 line;  /* physical line of the byte, from 1 */
    gsize column;  /* character in that line, from 1 */
    char *message; /* owned */
} GifTextFault;
void gif_text_fault_clear(GifTextFault *fault);

/* A code page as the user names it ("1252", "cp850", "UTF-8") -> the name that iconv knows; NULL
 * when it knows none. Caller frees. */
char *gif_codepage_name(const char *codepage);

/* Decodes `raw`, which it takes (allocated by g_malloc). `codepage`: an iconv name, used when the
 * bytes are not Unicode. NULL with `fault` filled when a byte does not belong to the encoding;
 * `raw` is freed then too. */
GifText *gif_text_new(char *raw, gsize length, const char *codepage, GifTextFault *fault);
void gif_text_free(GifText *text);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifText, gif_text_free)

/* The text: UTF-8 without the mark, valid but where LDIF folds a line; borrowed. */
TblSlice gif_text_slice(const GifText *text);
/* "UTF-8", "UTF-16LE", "CP1252", ... */
const char *gif_text_encoding(const GifText *text);
/* Appends the raw bytes of text[from, to); a `from` of 0 includes the mark. Ranges must come in
 * ascending order. */
void gif_text_append_raw(GifText *text, gsize from, gsize to, GByteArray *out);
/* The text up to `upto`, and all raw bytes, are not wanted any more: gives their memory back as far
 * as that is whole large pages. */
void gif_text_discard(GifText *text, gsize upto);
