/* Inputs, sources and files of failed rows, on real files. */
#include "gif/source.h"

#include "tests/unit/gif_fixture.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

typedef struct {
    char *folder, *path, *err_path;
} Files;

static void
files_new(Files *files, gconstpointer data)
{
    files->folder = g_dir_make_tmp("gif-test-XXXXXX", NULL);
    files->path = g_build_filename(files->folder, "in.csv", NULL);
    files->err_path = g_strconcat(files->path, ".err", NULL);
}

static void
files_free(Files *files, gconstpointer data)
{
    g_unlink(files->path);
    g_unlink(files->err_path);
    g_rmdir(files->folder);
    g_free(files->folder);
    g_free(files->path);
    g_free(files->err_path);
}

static GifInput *
input_of(Files *files, const char *bytes, gsize length)
{
    GifTextFault fault = {0};
    g_autoptr(GError) error = NULL;
    g_file_set_contents(files->path, bytes, (gssize)length, &error);
    g_assert_no_error(error);
    GifInput *input = gif_input_read(files->path, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(input->bytes, input->length, bytes, length);
    gif_input_digest(input);
    g_assert_true(gif_input_decode(input, "CP1252", &fault));
    g_assert_null(input->bytes);
    g_assert_null(fault.message);
    return input;
}

static void
test_read(Files *files, gconstpointer data)
{
    g_autoptr(GifInput) input = input_of(files, "abc", 3);
    g_autofree char *hex = tbl_digest_hex(input->sha256);
    /* FIPS 180-2's example */
    g_assert_cmpstr(hex, ==, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    g_assert_cmpuint(gif_text_slice(input->text).len, ==, 3);
}

/* Large enough to be read in parts, the last of which is not whole. */
static void
test_large(Files *files, gconstpointer data)
{
    const gsize length = ((gsize)20 << 20) + 7;
    g_autofree char *bytes = g_malloc(length);
    for (gsize i = 0; i < length; i++) {
        bytes[i] = (char)('!' + i / 3 % 89);
    }
    g_autoptr(GifInput) input = input_of(files, bytes, length);
    TblSlice text = gif_text_slice(input->text);
    g_assert_cmpmem(text.ptr, text.len, bytes, length);
}

static void
test_refused(Files *files, gconstpointer data)
{
    g_autoptr(GError) missing = NULL, folder = NULL, fifo = NULL;
    g_assert_null(gif_input_read(files->path, &missing));
    g_assert_nonnull(missing);
    g_assert_null(gif_input_read(files->folder, &folder));
    g_assert_nonnull(strstr(folder->message, "directory"));
    g_assert_cmpint(mkfifo(files->path, 0600), ==, 0);
    g_assert_null(gif_input_read(files->path, &fifo));
    g_assert_nonnull(strstr(fifo->message, "regular"));
}

static char *
err_file_of(Files *files, const char *bytes, gsize length, const guint *rows, guint n_rows,
            gsize *size)
{
    g_autoptr(GifNotes) notes = gif_notes_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(GifSource) source = gif_source_new(input_of(files, bytes, length), GIF_FORMAT_AUTO,
                                                 (GifSeparators){0}, (GifReading){0}, notes);
    g_autofree GifRecord *record = g_new(GifRecord, 1);
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, 2 * sizeof(gsize));
    g_assert_nonnull(source);
    while (gif_csv_next(source->csv, record)) {
        gsize range[2] = {record->start, record->end};
        g_array_append_vals(ranges, range, 1);
    }
    for (guint i = 0; i < n_rows; i++) {
        const gsize *range = &g_array_index(ranges, gsize, 2 * rows[i]);
        gif_err_file_add(source->err_file, range[0], range[1]);
    }
    g_assert_true(gif_err_file_write(source->err_file, &error));
    g_assert_no_error(error);
    char *written = NULL;
    g_file_get_contents(files->err_path, &written, size, NULL);
    return written;
}

/* Byte for byte, in the order of the file, each row once, whatever the encoding and the line ends.
 */
static void
test_err_file(Files *files, gconstpointer data)
{
    static const char latin[] =
        "Obj-Class,Directory Name\r\nmailbox,\xe9\r\nmailbox,b\r\n\r\nmailbox,\xe9"
        "c";
    static const char wide[] =
        "\xff\xfeO\0b\0j\0-\0C\0l\0a\0s\0s\0,\0r\0d\0n\0\n\0d\0l\0,\0a\0\n\0d\0l\0,\0b\0\n\0";
    static const guint last_and_first[] = {2, 0, 0}, second[] = {1};
    gsize size;
    g_autofree char *one = err_file_of(files, latin, sizeof(latin) - 1, last_and_first, 3, &size);
    g_assert_cmpmem(one, size,
                    "Obj-Class,Directory Name\r\nmailbox,\xe9\r\nmailbox,\xe9"
                    "c",
                    47);
    g_autofree char *two = err_file_of(files, wide, sizeof(wide) - 1, second, 1, &size);
    g_assert_cmpmem(two, size,
                    "\xff\xfeO\0b\0j\0-\0C\0l\0a\0s\0s\0,\0r\0d\0n\0\n\0d\0l\0,\0b\0\n\0", 40);
}

static void
test_no_rows_no_file(Files *files, gconstpointer data)
{
    gsize size = 0;
    g_autofree char *none = err_file_of(files, "Obj-Class,rdn\ndl,a\n", 19, NULL, 0, &size);
    g_assert_null(none);
    g_assert_false(g_file_test(files->err_path, G_FILE_TEST_EXISTS));
}

typedef struct {
    const char *text, *codes;
    GifSeparators separators;
} Case;

static const Case cases[] = {
    {"", "1:E226", {0}},
    {"\n\n", "1:E226", {0}},
    {"hello\n", "1:E226", {0}},
    {"DIRECTORY\nObj-Class,rdn\n", "", {0}},
    {"Obj-Class;rdn\n", "1:E226", {.column = ','}},
    {"Obj-Class;rdn\n", "1:W914", {.column = ';', .quote = ';'}},
    {"Obj-Class,rdn\n", "1:W914", {.mv = ','}},
    {"Obj-Class,rdn\n", "1:W914", {.mv = '@'}},
    {"Obj-Class|rdn\n", "", {.column = '|', .quote = '\'', .mv = '^'}},
};

static void
test_headers(Files *files, gconstpointer data)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GifNotes) notes = gif_notes_new();
        g_autoptr(GifSource) source =
            gif_source_new(input_of(files, cases[i].text, strlen(cases[i].text)), GIF_FORMAT_AUTO,
                           cases[i].separators, (GifReading){0}, notes);
        g_assert_cmpint(source != NULL, ==, !gif_notes_failed(notes));
        g_autofree char *codes = gif_fixture_codes(notes);
        g_assert_cmpstr(codes, ==, cases[i].codes);
    }
}

#define ADD(name, function) g_test_add(name, Files, NULL, files_new, function, files_free)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/input/read", test_read);
    ADD("/input/large", test_large);
    ADD("/input/refused", test_refused);
    ADD("/input/err-file", test_err_file);
    ADD("/input/no-rows-no-file", test_no_rows_no_file);
    ADD("/input/headers", test_headers);
    return g_test_run();
}
