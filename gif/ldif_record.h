/*
 * The lines of one LDIF record: folding undone before anything else (a fold may split a UTF-8
 * character), comments left out, base64 decoded (RFC 2849). Pure.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

typedef enum {
    GIF_LDIF_TEXT,
    GIF_LDIF_URL, /* `attr:< url` */
    GIF_LDIF_DASH /* `-` */
} GifLdifKind;

typedef enum {
    GIF_LDIF_OK,
    GIF_LDIF_NO_COLON, /* a line that is neither `attr: value` nor `-` */
    GIF_LDIF_BASE64,
    GIF_LDIF_UTF8,
    GIF_LDIF_NUL,
    GIF_LDIF_FOLD, /* begins with a continuation line */
} GifLdifFault;

typedef struct {
    guint64 line; /* physical, from 1 */
    GifLdifKind kind;
    GifLdifFault fault;
    TblSlice name, value; /* in the record's memory until it is read again */
} GifLdifLine;

/* A place in the text. */
typedef struct {
    TblSlice text;
    gsize at;
    guint64 line;
} GifLdifCursor;

typedef struct {
    guint64 line;     /* of the first line that is no comment */
    gsize start, end; /* bytes in the text, up to and with the blank lines behind it */
    GArray *lines;    /* GifLdifLine */
    GStringChunk *arena;
    GString *scratch; /* the line being unfolded */
} GifLdifRecord;

GifLdifRecord *gif_ldif_record_new(void);
void gif_ldif_record_free(GifLdifRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifLdifRecord, gif_ldif_record_free)
/* The next record that has a line which is no comment; false at the end of the text. */
bool gif_ldif_record_read(GifLdifRecord *record, GifLdifCursor *cursor);
