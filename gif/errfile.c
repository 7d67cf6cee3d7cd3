#include "gif/errfile.h"

#include "gif/interrupt.h"

#include <glib/gstdio.h>

typedef struct {
    gsize start, end;
} Range;

struct GifErrFile {
    GifInput *input;
    char *path;
    GArray *rows; /* Range */
    gsize header_end;
};

GifErrFile *
gif_err_file_new(GifInput *input, gsize header_end)
{
    GifErrFile *file = g_new0(GifErrFile, 1);
    file->input = input;
    file->path = g_strconcat(g_str_equal(input->path, "-") ? "stdin" : input->path, ".err", NULL);
    file->rows = g_array_new(FALSE, FALSE, sizeof(Range));
    file->header_end = header_end;
    return file;
}

void
gif_err_file_free(GifErrFile *file)
{
    if (file) {
        g_free(file->path);
        g_array_unref(file->rows);
        g_free(file);
    }
}

void
gif_err_file_add(GifErrFile *file, gsize start, gsize end)
{
    Range range = {start, end};
    g_array_append_val(file->rows, range);
}

static int
range_compare(gconstpointer a, gconstpointer b)
{
    const Range *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

bool
gif_err_file_write(GifErrFile *file, GError **error)
{
    if (file->rows->len == 0) {
        return true;
    }
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    gsize done = file->header_end;
    g_array_sort(file->rows, range_compare);
    gif_text_append_raw(file->input->text, 0, done, bytes);
    for (guint i = 0; i < file->rows->len; i++) {
        const Range *row = &g_array_index(file->rows, Range, i);
        if (row->start >= done) { /* a row may have failed twice */
            gif_text_append_raw(file->input->text, row->start, row->end, bytes);
            done = row->end;
        }
    }
    gif_interrupt_add_file(file->path);
    gif_interrupt_hold(); /* its temporary file has a name that nobody knows */
    bool good =
        g_file_set_contents_full(file->path, (const char *)bytes->data, (gssize)bytes->len,
                                 G_FILE_SET_CONTENTS_CONSISTENT, (int)file->input->mode, error);
    gif_interrupt_release();
    return good;
}

void
gif_err_file_keep(const GifErrFile *file)
{
    gif_interrupt_remove_file(file->path);
}

void
gif_err_file_unlink(const GifErrFile *file)
{
    if (file->rows->len > 0) {
        (void)g_unlink(file->path);
    }
}
