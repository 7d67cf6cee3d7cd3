/* The inside of gif/writer, shared by its files: one writer for each format. */
#pragma once

#include "gif/writer.h"

typedef struct GifWriterGif GifWriterGif;
GifWriterGif *gif_writer_gif_new(void);
void gif_writer_gif_free(GifWriterGif *writer);
void gif_writer_gif_survey(GifWriterGif *writer, const TblObject *object);
void gif_writer_gif_begin(GifWriterGif *writer, GString *out);
void gif_writer_gif_add(GifWriterGif *writer, const TblObject *object, GString *out);

void gif_writer_ldif_begin(GString *out);
void gif_writer_ldif_add(const TblObject *object, GString *out);
