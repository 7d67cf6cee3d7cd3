/*
 * Objects -> files that gif-import reads back to the same objects: the import format itself, and
 * LDIF. What Exchange's own columns cannot say is said in a way that it accepts too where there is
 * one: values over several rows, a reference that looks like a distinguished name as `/cn=` and the
 * name, a custom recipient without the primary that Exchange would give it in three rows.
 *
 * Rules: KB Q188628 (header of an export), Q146304, Q156063 section 7.4, Q190706 (separators), and
 * the escapes of the 5.5 SDK; RFC 2849. Pure. One thread.
 */
#pragma once

#include "tables/object.h"

typedef enum {
    GIF_WRITER_GIF,  /* UTF-8, CR LF */
    GIF_WRITER_LDIF, /* content records */
} GifWriterFormat;

typedef struct GifWriter GifWriter;
GifWriter *gif_writer_new(GifWriterFormat format);
void gif_writer_free(GifWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifWriter, gif_writer_free)

/* Before the rest, once for each object that will be written: the header names what they use. */
void gif_writer_survey(GifWriter *writer, const TblObject *object);
/* Appends what stands before the first object. */
void gif_writer_begin(GifWriter *writer, GString *out);
/* Appends an object. A remote whose target is another's address comes after that one. Addresses
 * that rules made are left out. */
void gif_writer_add(GifWriter *writer, const TblObject *object, GString *out);
