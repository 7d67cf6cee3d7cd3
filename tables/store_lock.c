#include "tables/store_env.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_MODE 0660
#define LOCK_WAIT_SECONDS 30
#define LOCK_POLL_MICROSECONDS 50000

/* Gives a file that this process made the owner and group of its directory, so that root's first
 * import does not lock the daemon out. Not being allowed to is fine: then the maker is the owner.
 */
void
tbl_store_adopt(const char *path, mode_t mode)
{
    g_autofree char *directory = g_path_get_dirname(path);
    struct stat st;
    if (stat(directory, &st) == 0 && chown(path, st.st_uid, st.st_gid) != 0 && errno != EPERM)
        g_debug("%s: %s", path, g_strerror(errno));
    if (chmod(path, mode) != 0)
        g_debug("%s: %s", path, g_strerror(errno));
}

/* A writer that was killed between writing its commit and announcing it to readers leaves a commit
 * that only the next write transaction sees: LMDB announces it when it takes over the dead one's
 * mutex. Begun here, so that a snapshot which is taken under the lock is the newest state. */
static bool
announce_last_commit(TblStore *store, GError **error)
{
    MDB_txn *txn = NULL;
    int rc = store->writable ? mdb_txn_begin(store->env, NULL, 0, &txn) : 0;
    if (rc != 0)
        return tbl_store_fail(error, store->path, "cannot write to the store", rc);
    if (txn)
        mdb_txn_abort(txn);
    return true;
}

bool
tbl_store_lock(TblStore *store, GError **error)
{
    g_autofree char *path = g_strconcat(store->path, ".write", NULL);
    bool fresh = access(path, F_OK) != 0;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOCK_MODE);
    if (fd < 0)
        return tbl_store_fail(error, path,
                              errno == ENOENT ? "cannot open the write lock; make its folder, or "
                                                "name another store in [store] path"
                                              : "cannot open the write lock",
                              errno);
    if (fresh)
        tbl_store_adopt(path, LOCK_MODE);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    gint64 until = g_get_monotonic_time() + LOCK_WAIT_SECONDS * G_USEC_PER_SEC;
    while (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        int reason = errno;
        bool held = reason == EAGAIN || reason == EACCES;
        if (held && g_get_monotonic_time() < until) {
            g_usleep(LOCK_POLL_MICROSECONDS);
            continue;
        }
        close(fd);
        if (!held)
            return tbl_store_fail(error, path, "cannot take the write lock", reason);
        g_set_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_BUSY,
                    "%s: another program has been writing for over %d seconds; try again later",
                    store->path, LOCK_WAIT_SECONDS);
        return false;
    }
    store->lock_fd = fd;
    if (announce_last_commit(store, error))
        return true;
    tbl_store_unlock(store);
    return false;
}

void
tbl_store_unlock(TblStore *store)
{
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    store->lock_fd = -1;
}
