/* Plan files: what is written is read, and what is damaged is not. */
#include "gif/plan_file.h"
#include "tables/command.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char *folder, *path;
} Files;

static void
files_new(Files *files, gconstpointer data)
{
    files->folder = g_dir_make_tmp("plan-test-XXXXXX", NULL);
    files->path = g_build_filename(files->folder, "the.plan", NULL);
}

static void
files_free(Files *files, gconstpointer data)
{
    g_unlink(files->path);
    g_assert_cmpint(g_rmdir(files->folder), ==, 0); /* no temporary file stays */
    g_free(files->folder);
    g_free(files->path);
}

static GifPlanHeader *
header_new(void)
{
    GifPlanHeader *header = gif_plan_header_new();
    const guint8 sha256[TBL_SHA256_SIZE] = {1, 2, 3};
    header->generation = 7;
    header->batch = 3;
    header->batch_hash[5] = 0xff;
    header->first_id = 10;
    header->next_id = 12;
    header->time = 1700000000;
    header->user = g_strdup("ann");
    gif_plan_header_add_file(header, "in.csv", sha256, NULL);
    gif_plan_header_add_file(header, "b\xc3\xbc.csv", sha256, "{\"subject\":\"x\"}");
    g_ptr_array_add(header->options, g_strdup("--mode=update"));
    header->rows = 300;
    header->unchanged = 1;
    header->changes = (GifChanges){1, 2, 3, 4, 5, 6};
    header->summary = g_strdup("{}");
    header->breach_code = 932;
    header->breach = g_strdup("too many");
    return header;
}

static void
assert_header(const GifPlanHeader *a)
{
    g_autoptr(GifPlanHeader) b = header_new();
    g_autoptr(GByteArray) x = g_byte_array_new();
    g_autoptr(GByteArray) y = g_byte_array_new();
    gif_plan_header_encode(a, x);
    gif_plan_header_encode(b, y);
    g_assert_cmpmem(x->data, x->len, y->data, y->len);
    g_assert_cmpstr(g_array_index(a->files, TblBatchFile, 1).name, ==, "b\xc3\xbc.csv");
    g_assert_cmpstr(g_array_index(a->files, TblBatchFile, 1).signer, ==, "{\"subject\":\"x\"}");
    g_assert_null(g_array_index(a->files, TblBatchFile, 0).signer);
    g_assert_cmpuint(a->changes.addresses_gone, ==, 6);
    g_assert_cmpstr(a->breach, ==, "too many");
}

/* Record number i; one of them is larger than any buffer. */
static TblImageRecord
record_at(guint i, GString *key, GString *value)
{
    g_string_printf(key, "smtp:key%u@north.example", i);
    g_string_set_size(value, i == 50 ? 3000000 : i % 7);
    memset(value->str, (int)('a' + i % 26), value->len);
    TblImageRecord record = {.db = i % 2 ? TBL_DB_ADDRESSES : TBL_DB_NAMES,
                             .key = {key->str, key->len},
                             .changed = i >= 40,
                             .notice = i == 60};
    record.before = (TblSlice){value->str, i % 3 ? value->len : 0};
    if (record.changed)
        record.after = (TblSlice){value->str, value->len};
    return record;
}

#define RECORDS 100

static void
plan_write(Files *files, guint headers)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GifPlanHeader) header = header_new();
    g_autoptr(GifPlanWriter) writer = gif_plan_writer_new(files->path, &error);
    g_autoptr(GString) key = g_string_new(NULL);
    g_autoptr(GString) value = g_string_new(NULL);
    g_assert_no_error(error);
    for (guint i = 0; i < RECORDS; i++) {
        TblImageRecord record = record_at(i, key, value);
        for (guint n = 0; n < headers && i == 40; n++)
            gif_plan_writer_add_header(writer, header);
        g_assert_true(gif_plan_writer_add(&record, writer));
    }
    g_assert_false(g_file_test(files->path, G_FILE_TEST_EXISTS));
    g_assert_true(gif_plan_writer_finish(writer, &error));
    g_assert_no_error(error);
}

static void
test_round_trip(Files *files, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    struct stat status;
    plan_write(files, 1);
    g_assert_cmpint(stat(files->path, &status), ==, 0);
    g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
    g_autoptr(GifPlanReader) reader = gif_plan_reader_open(files->path, &error);
    g_assert_no_error(error);
    assert_header(gif_plan_reader_header(reader));
    g_autoptr(GString) key = g_string_new(NULL);
    g_autoptr(GString) value = g_string_new(NULL);
    TblImageRecord got;
    guint count = 0;
    for (; gif_plan_reader_next(reader, &got, &error); count++) {
        TblImageRecord want = record_at(count, key, value);
        g_assert_cmpint(got.db, ==, want.db);
        g_assert_cmpint(got.changed, ==, want.changed);
        g_assert_cmpint(got.notice, ==, want.notice);
        g_assert_true(tbl_slice_equal(got.key, want.key));
        g_assert_true(tbl_slice_equal(got.before, want.before));
        g_assert_true(tbl_slice_equal(got.after, want.after));
    }
    g_assert_no_error(error);
    g_assert_cmpuint(count, ==, RECORDS);
}

/* Reads a plan to its end; the error, or NULL. */
static GError *
read_all(GifPlanReader *reader)
{
    TblImageRecord record;
    GError *error = NULL;
    while (gif_plan_reader_next(reader, &record, &error))
        ;
    return error;
}

static void
test_damage(Files *files, gconstpointer data)
{
    g_autoptr(GifPlanHeader) header = header_new();
    g_autoptr(GifPlanWriter) writer = gif_plan_writer_new(files->path, NULL);
    gif_plan_writer_add_header(writer, header);
    g_assert_true(gif_plan_writer_finish(writer, NULL));
    g_autofree char *bytes = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(files->path, &bytes, &length, NULL));
    for (gsize at = 0; at < length; at++) {
        g_autoptr(GError) error = NULL;
        bytes[at] ^= 0x10;
        g_assert_true(g_file_set_contents(files->path, bytes, (gssize)length, NULL));
        g_assert_null(gif_plan_reader_open(files->path, &error));
        g_assert_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED);
        bytes[at] ^= 0x10;
        g_clear_error(&error);
        g_assert_true(g_file_set_contents(files->path, bytes, (gssize)at, NULL)); /* cut off */
        g_assert_null(gif_plan_reader_open(files->path, &error));
        g_assert_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED);
    }
}

/* A file that changes between the check sum and the reading is noticed at its end. */
static void
test_changed_meanwhile(Files *files, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    plan_write(files, 1);
    g_autoptr(GifPlanReader) reader = gif_plan_reader_open(files->path, &error);
    g_assert_no_error(error);
    int fd = open(files->path, O_WRONLY | O_CLOEXEC);
    g_assert_cmpint(pwrite(fd, "zzz", 3, 2000000), ==, 3); /* inside the large value */
    close(fd);
    g_autoptr(GError) end = read_all(reader);
    g_assert_error(end, TBL_EXIT_ERROR, TBL_EXIT_REFUSED);
    g_assert_nonnull(strstr(end->message, "changed while"));
}

static void
test_cut_meanwhile(Files *files, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    plan_write(files, 1);
    g_autoptr(GifPlanReader) reader = gif_plan_reader_open(files->path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(truncate(files->path, 1000000), ==, 0);
    g_autoptr(GError) end = read_all(reader);
    g_assert_error(end, TBL_EXIT_ERROR, TBL_EXIT_REFUSED);
}

/* Headers there must be one of: none is no plan, and of two the second may be another. */
static void
test_headers(Files *files, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    plan_write(files, 0);
    g_assert_null(gif_plan_reader_open(files->path, &error));
    g_assert_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED);
    g_autoptr(GifPlanHeader) other = header_new();
    g_autoptr(GifPlanHeader) header = header_new();
    g_autoptr(GifPlanWriter) writer = gif_plan_writer_new(files->path, NULL);
    other->forced = true;
    gif_plan_writer_add_header(writer, other);
    gif_plan_writer_add_header(writer, header);
    g_assert_true(gif_plan_writer_finish(writer, NULL));
    g_clear_error(&error);
    g_autoptr(GifPlanReader) reader = gif_plan_reader_open(files->path, &error);
    g_assert_no_error(error);
    g_autoptr(GError) end = read_all(reader);
    g_assert_error(end, TBL_EXIT_ERROR, TBL_EXIT_REFUSED);
    g_assert_nonnull(strstr(end->message, "two headers"));
}

/* A writer that is not finished leaves what was there. */
static void
test_unfinished(Files *files, gconstpointer data)
{
    g_autofree char *text = NULL;
    g_assert_true(g_file_set_contents(files->path, "before", -1, NULL));
    gif_plan_writer_free(gif_plan_writer_new(files->path, NULL));
    g_assert_true(g_file_get_contents(files->path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "before");
    g_autoptr(GError) error = NULL;
    g_autofree char *inside = g_build_filename(files->path, "x", NULL);
    g_assert_null(gif_plan_writer_new(inside, &error));
    g_assert_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name, function)                                                                       \
    g_test_add("/plan-file/" name, Files, NULL, files_new, function, files_free)
    TEST("round-trip", test_round_trip);
    TEST("damage", test_damage);
    TEST("changed-meanwhile", test_changed_meanwhile);
    TEST("cut-meanwhile", test_cut_meanwhile);
    TEST("headers", test_headers);
    TEST("unfinished", test_unfinished);
    return g_test_run();
}
