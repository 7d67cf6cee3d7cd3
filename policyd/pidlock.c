#include "policyd/pidlock.h"

#include "tables/log.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".pid"
#define FILE_MODE 0660
/* A process number and a line end. */
#define NUMBER_MAX 24

struct PdPidlock {
    int fd;
};

/* Who holds the lock: the kernel knows, unless it is in another process name space. */
static guint64
lock_holder(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char text[NUMBER_MAX] = "";

    if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0)
        return (guint64)lock.l_pid;
    if (pread(fd, text, sizeof text - 1, 0) <= 0)
        return 0;
    return g_ascii_strtoull(text, NULL, 10);
}

static void
write_number(int fd)
{
    char text[NUMBER_MAX];
    int length = g_snprintf(text, sizeof text, "%ld\n", (long)getpid());

    /* For people only; the lock is what counts. */
    if (pwrite(fd, text, (size_t)length, 0) != length || ftruncate(fd, length) != 0)
        tbl_log_debug("cannot write the process number: %s", g_strerror(errno));
}

/* Made by root, it belongs to the owner of the directory like the store. */
static void
give_to_owner(int fd, const char *store_path)
{
    g_autofree char *directory = g_path_get_dirname(store_path);
    struct stat status;

    if (geteuid() == 0 && stat(directory, &status) == 0 &&
        fchown(fd, status.st_uid, status.st_gid) != 0)
        return;
    fchmod(fd, FILE_MODE);
}

PdPidlockResult
pd_pidlock_new(const char *store_path, PdPidlock **lock, guint64 *other, GError **error)
{
    g_autofree char *path = g_strconcat(store_path, SUFFIX, NULL);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);

    if (fd >= 0 && fcntl(fd, F_SETLK, &whole) == 0) {
        give_to_owner(fd, store_path);
        write_number(fd);
        *lock = g_new0(PdPidlock, 1);
        (*lock)->fd = fd;
        return PD_PIDLOCK_OURS;
    }
    int why = errno;
    if (fd >= 0 && (why == EAGAIN || why == EACCES)) {
        *other = lock_holder(fd);
        close(fd);
        return PD_PIDLOCK_TAKEN;
    }
    g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(why), "%s: %s", path,
                g_strerror(why));
    if (fd >= 0)
        close(fd);
    return PD_PIDLOCK_IMPOSSIBLE;
}

bool
pd_pidlock_current(const PdPidlock *lock, const char *store_path)
{
    g_autofree char *path = g_strconcat(store_path, SUFFIX, NULL);
    struct stat held, named;

    return fstat(lock->fd, &held) == 0 && stat(path, &named) == 0 && held.st_dev == named.st_dev &&
           held.st_ino == named.st_ino;
}

void
pd_pidlock_free(PdPidlock *lock)
{
    if (!lock)
        return;
    close(lock->fd);
    g_free(lock);
}
