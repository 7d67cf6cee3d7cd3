#include "gif/writer_format.h"

struct GifWriter {
    GifWriterGif *gif; /* NULL: LDIF, which needs no memory */
};

GifWriter *
gif_writer_new(GifWriterFormat format)
{
    GifWriter *writer = g_new0(GifWriter, 1);
    writer->gif = format == GIF_WRITER_GIF ? gif_writer_gif_new() : NULL;
    return writer;
}

void
gif_writer_free(GifWriter *writer)
{
    if (writer) {
        gif_writer_gif_free(writer->gif);
        g_free(writer);
    }
}

void
gif_writer_survey(GifWriter *writer, const TblObject *object)
{
    if (writer->gif) {
        gif_writer_gif_survey(writer->gif, object);
    }
}

void
gif_writer_begin(GifWriter *writer, GString *out)
{
    if (writer->gif) {
        gif_writer_gif_begin(writer->gif, out);
    } else {
        gif_writer_ldif_begin(out);
    }
}

void
gif_writer_add(GifWriter *writer, const TblObject *object, GString *out)
{
    if (writer->gif) {
        gif_writer_gif_add(writer->gif, object, out);
    } else {
        gif_writer_ldif_add(object, out);
    }
}
