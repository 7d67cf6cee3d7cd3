#include "gif/errfile.h"

#include <glib/gstdio.h>

struct GifErrFile {
    GifInput *input;
    char *path;
    GByteArray *bytes; /* empty until a row is added */
    gsize header_end;
};

GifErrFile *
gif_err_file_new(GifInput *input, gsize header_end)
{
    GifErrFile *file = g_new0(GifErrFile, 1);
    file->input = input;
    file->path = g_strconcat(g_str_equal(input->path, "-") ? "stdin" : input->path, ".err", NULL);
    file->bytes = g_byte_array_new();
    file->header_end = header_end;
    return file;
}

void
gif_err_file_free(GifErrFile *file)
{
    if (file) {
        g_free(file->path);
        g_byte_array_unref(file->bytes);
        g_free(file);
    }
}

void
gif_err_file_add(GifErrFile *file, gsize start, gsize end)
{
    if (file->bytes->len == 0) {
        gif_text_append_raw(file->input->text, 0, file->header_end, file->bytes);
    }
    gif_text_append_raw(file->input->text, start, end, file->bytes);
}

bool
gif_err_file_write(const GifErrFile *file, GError **error)
{
    return file->bytes->len == 0 ||
           g_file_set_contents_full(file->path, (const char *)file->bytes->data,
                                    (gssize)file->bytes->len, G_FILE_SET_CONTENTS_CONSISTENT,
                                    (int)file->input->mode, error);
}

void
gif_err_file_unlink(const GifErrFile *file)
{
    if (file->bytes->len > 0) {
        (void)g_unlink(file->path);
    }
}
