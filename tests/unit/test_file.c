/* Files that are followed: only plain ones that not everybody can write to. */
#include "tables/command.h"
#include "tables/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SIZE_LIMIT 16

/* Stands before the C library's, to see what reaches the disk. */
static guint synced_files, synced_folders;
static int sync_reason;

int
fsync(int fd)
{
    struct stat status;
    g_assert_cmpint(fstat(fd, &status), ==, 0);
    if (S_ISDIR(status.st_mode) && sync_reason) {
        errno = sync_reason;
        return -1;
    }
    *(S_ISDIR(status.st_mode) ? &synced_folders : &synced_files) += 1;
    return fdatasync(fd);
}

typedef struct {
    char *folder, *path, *other;
} Files;

static void
files_new(Files *files, gconstpointer data)
{
    files->folder = g_dir_make_tmp("file-test-XXXXXX", NULL);
    files->path = g_build_filename(files->folder, "plan", NULL);
    files->other = g_build_filename(files->folder, "other", NULL);
}

static void
files_free(Files *files, gconstpointer data)
{
    g_unlink(files->path);
    g_unlink(files->other);
    g_rmdir(files->folder);
    g_free(files->folder);
    g_free(files->path);
    g_free(files->other);
}

static void
make(const char *path, const char *text, int mode)
{
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(g_chmod(path, mode), ==, 0);
}

/* The read fails with this exit code and a message that holds the path and this word. */
static void
assert_fails(const char *path, int code, const char *word)
{
    g_autoptr(GError) error = NULL;
    gsize length = 0;
    g_assert_null(tbl_file_read_trusted(path, SIZE_LIMIT, &length, &error));
    g_assert_error(error, TBL_EXIT_ERROR, code);
    g_assert_true(g_str_has_prefix(error->message, path));
    g_assert_nonnull(strstr(error->message, word));
}

static void
assert_reads(const char *path, const char *text)
{
    g_autoptr(GError) error = NULL;
    gsize length = 99;
    g_autofree char *bytes = tbl_file_read_trusted(path, SIZE_LIMIT, &length, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(length, ==, strlen(text));
    g_assert_cmpstr(bytes, ==, text);
}

static void
test_plain(Files *files, gconstpointer data)
{
    make(files->path, "some words", 0600);
    assert_reads(files->path, "some words");
    make(files->path, "", 0664); /* its group is a choice of its owner */
    assert_reads(files->path, "");
    make(files->path, "0123456789abcdef", 0644); /* exactly SIZE_LIMIT */
    assert_reads(files->path, "0123456789abcdef");
}

static void
test_too_large(Files *files, gconstpointer data)
{
    make(files->path, "0123456789abcdefg", 0600);
    assert_fails(files->path, TBL_EXIT_REFUSED, "17 bytes");
    /* A sparse file of a terabyte: refused before memory is asked for it. */
    g_assert_cmpint(truncate(files->path, (off_t)1 << 40), ==, 0);
    assert_fails(files->path, TBL_EXIT_REFUSED, "1099511627776 bytes");
}

static void
test_world_writable(Files *files, gconstpointer data)
{
    make(files->path, "words", 0602);
    assert_fails(files->path, TBL_EXIT_REFUSED, "everybody");
    make(files->path, "words", 0666);
    assert_fails(files->path, TBL_EXIT_REFUSED, "everybody");
}

static void
test_links(Files *files, gconstpointer data)
{
    make(files->path, "words", 0600);
    g_assert_cmpint(symlink(files->path, files->other), ==, 0);
    assert_fails(files->other, TBL_EXIT_REFUSED, "symbolic link");
    g_unlink(files->path); /* one that leads nowhere */
    assert_fails(files->other, TBL_EXIT_REFUSED, "symbolic link");
}

static void
test_no_files(Files *files, gconstpointer data)
{
    g_assert_cmpint(mkfifo(files->path, 0600), ==, 0);
    assert_fails(files->path, TBL_EXIT_REFUSED, "FIFO"); /* and does not wait */
    assert_fails(files->folder, TBL_EXIT_REFUSED, "directory");
    assert_fails("/dev/null", TBL_EXIT_REFUSED, "device");
    assert_fails("/dev/tty", TBL_EXIT_REFUSED, "device");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, files->other, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    assert_fails(files->other, TBL_EXIT_REFUSED, "socket");
    close(fd);
}

static void
test_unreadable(Files *files, gconstpointer data)
{
    assert_fails(files->path, TBL_EXIT_FAILED, "No such file");
    g_autofree char *inside = g_build_filename(files->path, "x", NULL);
    make(files->path, "words", 0600);
    assert_fails(inside, TBL_EXIT_FAILED, "Not a directory");
}

/* What the name leads to later does not matter to who has it open. */
static void
test_open(Files *files, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    gsize size = 0;
    make(files->path, "words", 0600);
    make(files->other, "lies", 0600);
    int fd = tbl_file_open_trusted(files->path, SIZE_LIMIT, &size, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(size, ==, 5);
    g_assert_cmpint(fcntl(fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
    g_assert_cmpint(g_rename(files->other, files->path), ==, 0);
    char bytes[SIZE_LIMIT] = "";
    g_assert_cmpint(read(fd, bytes, sizeof bytes), ==, 5);
    g_assert_cmpmem(bytes, 5, "words", 5);
    close(fd);
}

/* By another name, through a link, and before there is a file. */
static void
test_same(Files *files, gconstpointer data)
{
    g_autofree char *folder = g_path_get_dirname(files->path);
    g_autofree char *base = g_path_get_basename(files->path);
    g_autofree char *around = g_strconcat(folder, "/./", base, NULL);
    g_assert_true(tbl_file_same(files->path, around));
    g_assert_false(tbl_file_same(files->path, files->other));
    make(files->path, "words", 0600);
    g_assert_true(tbl_file_same(files->path, around));
    g_assert_false(tbl_file_same(files->path, files->other));
    g_assert_cmpint(symlink(files->path, files->other), ==, 0);
    g_assert_true(tbl_file_same(files->path, files->other));
}

static void
test_replace(Files *files, gconstpointer data)
{
    g_autofree char *text = NULL;
    make(files->path, "old", 0600);
    make(files->other, "new", 0600);
    int fd = open(files->other, O_RDWR | O_CLOEXEC);
    synced_files = synced_folders = 0;
    g_assert_true(tbl_file_replace(fd, files->other, files->path));
    g_assert_cmpuint(synced_files, ==, 1);
    g_assert_cmpuint(synced_folders, ==, 1);
    g_assert_false(g_file_test(files->other, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_get_contents(files->path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "new");
    g_assert_false(tbl_file_replace(fd, files->other, files->path));
    g_assert_cmpint(errno, ==, ENOENT);
    close(fd);
}

static void
test_replace_unsynced(Files *files, gconstpointer data)
{
    make(files->path, "new", 0600);
    int fd = open(files->path, O_RDWR | O_CLOEXEC);
    sync_reason = EIO;
    g_assert_false(tbl_file_replace(fd, files->path, files->other));
    g_assert_cmpint(errno, ==, EIO);
    sync_reason = EINVAL; /* the file system has nothing to sync */
    g_assert_true(tbl_file_replace(fd, files->other, files->path));
    sync_reason = 0;
    close(fd);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add("/file/" name, Files, NULL, files_new, function, files_free)
    TEST("plain", test_plain);
    TEST("too-large", test_too_large);
    TEST("world-writable", test_world_writable);
    TEST("links", test_links);
    TEST("no-files", test_no_files);
    TEST("unreadable", test_unreadable);
    TEST("open", test_open);
    TEST("same", test_same);
    TEST("replace", test_replace);
    TEST("replace-unsynced", test_replace_unsynced);
    return g_test_run();
}
