#include "tables/file.h"

#include "tables/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

G_GNUC_PRINTF(4, 5)
static int
fail(GError **error, int code, const char *path, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *reason = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, TBL_EXIT_ERROR, code, "%s: %s", path, reason);
    return -1;
}

/* What stands against following this file; NULL when nothing does. */
static const char *
status_refuse(const struct stat *status)
{
    switch (status->st_mode & S_IFMT) {
    case S_IFREG:
        return status->st_mode & S_IWOTH
                   ? "everybody may write to it (chmod o-w), so nobody knows who wrote it"
                   : NULL;
    case S_IFDIR:
        return "is a directory, not a file";
    case S_IFIFO:
        return "is a FIFO, not a file; save its bytes and name that file";
    default:
        return "is a device or socket, not a file";
    }
}

static int
open_fail(const char *path, int number, GError **error)
{
    if (number == ELOOP) {
        return fail(error, TBL_EXIT_REFUSED, path,
                    "is a symbolic link, which somebody else may turn; name the file itself");
    }
    if (number == ENXIO) { /* what open() says of sockets, and of device files without a device */
        return fail(error, TBL_EXIT_REFUSED, path, "is a device or socket, not a file");
    }
    return fail(error, TBL_EXIT_FAILED, path, "cannot be opened: %s", g_strerror(number));
}

int
tbl_file_open_trusted(const char *path, gsize max, gsize *size, GError **error)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return open_fail(path, errno, error);
    }
    if (fstat(fd, &status) != 0) {
        int number = errno;
        close(fd);
        return fail(error, TBL_EXIT_FAILED, path, "cannot be examined: %s", g_strerror(number));
    }
    const char *reason = status_refuse(&status);
    if (reason) {
        close(fd);
        return fail(error, TBL_EXIT_REFUSED, path, "%s", reason);
    }
    if ((guint64)status.st_size > max) {
        close(fd);
        return fail(error, TBL_EXIT_REFUSED, path,
                    "has %" G_GUINT64_FORMAT " bytes, more than the %" G_GSIZE_FORMAT
                    " that such a file may have",
                    (guint64)status.st_size, max);
    }
    *size = (gsize)status.st_size;
    return fd;
}

/* Reads until the end or until `room` is full. False with errno. */
static bool
fill(int fd, char *bytes, gsize room, gsize *length)
{
    *length = 0;
    while (*length < room) {
        ssize_t got = read(fd, bytes + *length, room - *length);
        if (got == 0) {
            return true;
        }
        if (got < 0 && errno != EINTR) {
            return false;
        }
        *length += got > 0 ? (gsize)got : 0;
    }
    return true;
}

char *
tbl_file_read_trusted(const char *path, gsize max, gsize *length, GError **error)
{
    gsize size = 0;
    int fd = tbl_file_open_trusted(path, max, &size, error);
    if (fd < 0) {
        return NULL;
    }
    /* One byte more than expected shows that it grew; another ends the text. */
    g_autofree char *bytes = g_try_malloc(size + 2);
    bool good = bytes && fill(fd, bytes, size + 1, length);
    int number = bytes ? errno : ENOMEM;
    close(fd);
    if (!good) {
        fail(error, TBL_EXIT_FAILED, path, "cannot be read: %s", g_strerror(number));
        return NULL;
    }
    if (*length > size) {
        fail(error, TBL_EXIT_REFUSED, path, "grew while it was read");
        return NULL;
    }
    bytes[*length] = '\0';
    return g_steal_pointer(&bytes);
}

/* A folder that may not be read cannot be synced by its writers, and some file systems have nothing
 * to sync. */
static bool
folder_sync(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno == EACCES;
    }
    int number = fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
    close(fd);
    errno = number;
    return number == 0;
}

bool
tbl_file_replace(int fd, const char *temporary, const char *path)
{
    return fsync(fd) == 0 && rename(temporary, path) == 0 && folder_sync(path);
}

bool
tbl_file_same(const char *one, const char *other)
{
    struct stat first, second;
    if (stat(one, &first) == 0 && stat(other, &second) == 0) {
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
    }
    g_autofree char *full = g_canonicalize_filename(one, NULL);
    g_autofree char *other_full = g_canonicalize_filename(other, NULL);
    return g_str_equal(full, other_full);
}
