#include "tables/codec.h"
#include "tables/store_env.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* Postfix hosts run a handful of readers per process; policyd has one for each worker. */
#define MAX_READERS 512
#define STORE_MODE 0640
#define READERS_MODE 0660

const char *const tbl_store_db_names[TBL_DB_COUNT] = {"meta",    "objects", "names", "addresses",
                                                      "domains", "batches", "undo",  "referrers"};

static void
on_lmdb_assert(MDB_env *env, const char *message)
{
    tbl_guard_fault();
}

typedef struct {
    TblStore *store;
    bool create;
    bool outdated; /* TBL_DB_REFERRERS is missing, and nothing else */
    bool partial;  /* or not all references are in it */
    TblMeta meta;
    guint64 schema;
} OpenState;

/* LMDB does not look whether its file was cut; touching both ends of each tree does. */
static int
touch_ends(MDB_txn *txn, MDB_dbi dbi)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc = mdb_cursor_open(txn, dbi, &cursor);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    if (rc == 0)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static bool
has_all_references(MDB_txn *txn, MDB_dbi dbi)
{
    MDB_val value, key = {sizeof TBL_STORE_REFERENCES_KEY - 1, (void *)TBL_STORE_REFERENCES_KEY};
    if (mdb_get(txn, dbi, &key, &value) != 0 ||
        !tbl_store_record_intact(key, value.mv_data, value.mv_size))
        return false;
    TblCursor number =
        tbl_cursor((TblSlice){value.mv_data, value.mv_size - TBL_STORE_CHECKSUM_SIZE});
    return tbl_cursor_number(&number) == TBL_STORE_REFERENCES && tbl_cursor_done(&number);
}

static int
open_databases(void *argument)
{
    OpenState *state = argument;
    TblStore *store = state->store;
    MDB_txn *txn = NULL;
    MDB_val value, key = {sizeof TBL_STORE_META_KEY - 1, (void *)TBL_STORE_META_KEY};
    int rc = mdb_txn_begin(store->env, NULL, state->create ? 0 : MDB_RDONLY, &txn);
    for (int i = 0; rc == 0 && i < TBL_DB_COUNT; i++) {
        rc = mdb_dbi_open(txn, tbl_store_db_names[i], state->create ? MDB_CREATE : 0,
                          &store->dbi[i]);
        if (rc == 0)
            rc = touch_ends(txn, store->dbi[i]);
        else if (rc == MDB_NOTFOUND && i == TBL_DB_REFERRERS && !state->create) {
            state->outdated = true;
            rc = 0;
        }
    }
    if (rc == 0 && (rc = mdb_get(txn, store->dbi[TBL_DB_META], &key, &value)) == 0) {
        if (!tbl_store_record_intact(key, value.mv_data, value.mv_size))
            rc = MDB_CORRUPTED;
        else
            state->schema = tbl_store_meta_decode(
                &state->meta, (TblSlice){value.mv_data, value.mv_size - TBL_STORE_CHECKSUM_SIZE});
        state->partial = !has_all_references(txn, store->dbi[TBL_DB_META]);
    }
    if (rc != 0 && !(state->create && rc == MDB_NOTFOUND)) {
        mdb_txn_abort(txn);
        return rc == MDB_NOTFOUND ? ENOENT : rc;
    }
    return mdb_txn_commit(txn); /* keeps the handles, also of a read transaction */
}

static int
write_first_meta(TblStore *store, GError **error)
{
    TblWriter *writer = tbl_writer_begin(store, error);
    if (!writer)
        return MDB_PANIC;
    tbl_writer_meta(writer)->next_id = 1;
    tbl_writer_meta(writer)->generation--; /* making the store is no commit of data */
    tbl_writer_note_references(writer);
    return tbl_writer_commit(writer, error) ? 0 : MDB_PANIC;
}

static int
open_env(void *argument)
{
    OpenState *state = argument;
    unsigned flags =
        MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | (state->store->writable ? 0 : MDB_RDONLY);
    return mdb_env_open(state->store->env, state->store->path, flags, STORE_MODE);
}

static int
note_identity(TblStore *store)
{
    struct stat st;
    int fd;
    int rc = mdb_env_get_fd(store->env, &fd);
    if (rc == 0 && fstat(fd, &st) != 0)
        rc = errno;
    if (rc != 0)
        return rc;
    store->device = st.st_dev;
    store->inode = st.st_ino;
    return 0;
}

static int
open_store(OpenState *state, guint64 map_size)
{
    TblStore *store = state->store;
    int rc = mdb_env_create(&store->env);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(store->env, TBL_DB_COUNT);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(store->env, MAX_READERS);
    if (rc == 0)
        rc = mdb_env_set_mapsize(store->env, map_size);
    if (rc == 0)
        rc = mdb_env_set_assert(store->env, on_lmdb_assert);
    if (rc == 0)
        rc = tbl_store_guarded(open_env, state);
    if (rc == 0)
        rc = note_identity(store);
    if (rc == 0)
        tbl_store_check_readers(store);
    if (rc == 0)
        rc = tbl_store_guarded(open_databases, state);
    return rc;
}

/* Takes a store that opened as of an earlier version; returns it as of this one. Reading alone does
 * not do: it needs somebody who may write. Who only reads may do without some references, though.
 */
static TblStore *
bring_up_to_date(TblStore *store, guint64 map_size, GError **error)
{
    bool reading = !store->writable;
    if (!reading) {
        bool done = tbl_store_lock(store, error) && tbl_store_upgrade(store, error);
        tbl_store_unlock(store);
        if (!done)
            tbl_store_close(store);
        return done ? store : NULL;
    }
    g_autofree char *path = g_strdup(store->path);
    tbl_store_close(store); /* a process must not have the same store open twice (LMDB, Caveats) */
    TblStore *writable = tbl_store_open(path, map_size, TBL_STORE_WRITE, error);
    if (!writable) {
        g_prefix_error(error, "the store is of an earlier version and has to be brought up to "
                              "date by somebody who may write to it: ");
        return NULL;
    }
    tbl_store_close(writable);
    return tbl_store_open(path, map_size, TBL_STORE_READ, error);
}

TblStore *
tbl_store_open(const char *path, guint64 map_size, TblStoreMode mode, GError **error)
{
    tbl_guard_install();
    g_autofree char *lock = g_strconcat(path, "-lock", NULL);
    bool new_store = access(path, F_OK) != 0, new_lock = access(lock, F_OK) != 0;
    if (mode == TBL_STORE_READ && new_store) {
        tbl_store_fail(error, path, "cannot open the store", errno);
        return NULL;
    }
    TblStore *store = g_new0(TblStore, 1);
    store->path = g_strdup(path);
    store->writable = mode == TBL_STORE_WRITE;
    store->lock_fd = -1;
    OpenState state = {.store = store};
    /* A writer makes missing databases, but under the write lock, and only when a look without it
     * finds them missing. */
    int rc = open_store(&state, map_size);
    if (rc == ENOENT && store->writable && store->env && tbl_store_lock(store, error)) {
        state.create = true;
        state.outdated = false;
        rc = tbl_store_guarded(open_databases, &state);
        if (rc == 0 && state.schema == 0)
            rc = write_first_meta(store, error);
        state.schema = rc == 0 && state.schema == 0 ? TBL_STORE_SCHEMA : state.schema;
        tbl_store_unlock(store);
    }
    if (new_store && store->writable)
        tbl_store_adopt(path, STORE_MODE);
    if (new_lock)
        tbl_store_adopt(lock, READERS_MODE);
    if (rc == 0 && state.schema == 0)
        rc = MDB_CORRUPTED;
    if (rc != 0 || state.schema > TBL_STORE_SCHEMA) {
        if (rc == 0)
            g_set_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_NEWER,
                        "%s: the store has schema %" G_GUINT64_FORMAT
                        ", this program knows %d; install a newer version",
                        path, state.schema, TBL_STORE_SCHEMA);
        else if (!error || !*error)
            tbl_store_fail(error, path, "cannot open the store", rc);
        tbl_store_close(store);
        return NULL;
    }
    bool too_old = state.outdated || (state.partial && store->writable);
    return too_old ? bring_up_to_date(store, map_size, error) : store;
}

void
tbl_store_close(TblStore *store)
{
    if (!store)
        return;
    tbl_store_unlock(store);
    if (store->env)
        mdb_env_close(store->env);
    g_free(store->path);
    g_free(store);
}

bool
tbl_store_current(const TblStore *store)
{
    struct stat st;
    return stat(store->path, &st) == 0 && st.st_ino == store->inode && st.st_dev == store->device;
}

void
tbl_store_check_readers(TblStore *store)
{
    int dead = 0;
    mdb_reader_check(store->env, &dead);
}

guint64
tbl_store_bytes(const TblStore *store)
{
    struct stat st;
    return stat(store->path, &st) == 0 ? (guint64)st.st_size : 0;
}
