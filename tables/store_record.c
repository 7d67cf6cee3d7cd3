#include "tables/codec.h"
#include "tables/digest.h"
#include "tables/store_env.h"

#include <errno.h>
#include <sys/statvfs.h>

/* A disk with less room than this was too full for a commit, which may be some pages larger than
 * what it left free. */
#define FULL_DISK_BYTES (64 * 1024)

G_DEFINE_QUARK(tbl - store - error - quark, tbl_store_error)

bool
tbl_store_set_unreadable(GError **error)
{
    g_set_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_CORRUPT,
                "a record of the store cannot be read");
    return false;
}

static int
store_error_code(int rc)
{
    switch (rc) {
    case ENOENT:
        return TBL_STORE_ERROR_MISSING;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH:
    case MDB_PANIC:
    case MDB_INCOMPATIBLE:
    case MDB_CURSOR_FULL:
        return TBL_STORE_ERROR_CORRUPT;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EFBIG:
    case EDQUOT:
        return TBL_STORE_ERROR_FULL;
    default:
        return TBL_STORE_ERROR_SYSTEM;
    }
}

/* LMDB calls a write that was cut short an I/O error; on a full disk each first one is. */
static bool
disk_is_full(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    struct statvfs disk;
    return statvfs(folder, &disk) == 0 && (guint64)disk.f_bavail * disk.f_frsize < FULL_DISK_BYTES;
}

bool
tbl_store_fail(GError **error, const char *path, const char *what, int rc)
{
    if (rc == EIO && disk_is_full(path))
        rc = ENOSPC;
    const char *reason =
        rc == MDB_MAP_FULL ? "the map is full; raise map-size in group [store]" : mdb_strerror(rc);
    g_set_error(error, TBL_STORE_ERROR, store_error_code(rc), "%s: %s: %s", path, what, reason);
    return false;
}

void
tbl_store_key_number(guint64 number, char out[8])
{
    number = GUINT64_TO_BE(number);
    memcpy(out, &number, sizeof number);
}

guint64
tbl_store_number_of_key(TblSlice key)
{
    guint64 number = 0;
    if (key.len >= sizeof number)
        memcpy(&number, key.ptr, sizeof number);
    return GUINT64_FROM_BE(number);
}

MDB_val
tbl_store_key(TblSlice key, char scratch[TBL_STORE_LONG_KEY_SIZE])
{
    if (key.len <= TBL_STORE_KEY_MAX)
        return (MDB_val){key.len, (void *)key.ptr};
    scratch[0] = TBL_STORE_LONG_KEY_MARKER;
    tbl_digest_bytes(key, (guint8 *)scratch + 1);
    return (MDB_val){TBL_STORE_LONG_KEY_SIZE, scratch};
}

bool
tbl_store_record_intact(MDB_val key, const char *bytes, size_t length)
{
    guint32 sum;
    if (length < TBL_STORE_CHECKSUM_SIZE)
        return false;
    memcpy(&sum, bytes + length - TBL_STORE_CHECKSUM_SIZE, sizeof sum);
    return GUINT32_FROM_LE(sum) ==
           tbl_checksum((TblSlice){key.mv_data, key.mv_size},
                        (TblSlice){bytes, length - TBL_STORE_CHECKSUM_SIZE});
}

void
tbl_store_meta_encode(const TblMeta *meta, GByteArray *out)
{
    tbl_encode_number(out, TBL_STORE_SCHEMA);
    tbl_encode_number(out, meta->generation);
    tbl_encode_number(out, meta->batch);
    tbl_encode_number(out, meta->next_id);
    tbl_encode_number(out, meta->domains_generation);
    tbl_encode_number(out, meta->objects);
    tbl_encode_number(out, meta->addresses);
    tbl_encode_number(out, meta->domains);
    tbl_encode_number(out, meta->populated);
    tbl_encode_string(out, (TblSlice){(const char *)meta->batch_hash, sizeof meta->batch_hash});
}

/* Returns the schema version, 0 when the record is broken. */
guint64
tbl_store_meta_decode(TblMeta *meta, TblSlice bytes)
{
    TblCursor cursor = tbl_cursor(bytes);
    guint64 schema = tbl_cursor_number(&cursor);
    if (schema > TBL_STORE_SCHEMA)
        return schema;
    meta->generation = tbl_cursor_number(&cursor);
    meta->batch = tbl_cursor_number(&cursor);
    meta->next_id = tbl_cursor_number(&cursor);
    meta->domains_generation = tbl_cursor_number(&cursor);
    meta->objects = tbl_cursor_number(&cursor);
    meta->addresses = tbl_cursor_number(&cursor);
    meta->domains = tbl_cursor_number(&cursor);
    meta->populated = tbl_cursor_number(&cursor) != 0;
    TblSlice hash = tbl_cursor_string(&cursor);
    if (!tbl_cursor_done(&cursor) || hash.len != sizeof meta->batch_hash)
        return 0;
    memcpy(meta->batch_hash, hash.ptr, hash.len);
    return schema;
}

int
tbl_store_guarded(int (*operation)(void *), void *argument)
{
    bool faulted;
    int rc = tbl_guard_run(operation, argument, &faulted);
    return faulted ? MDB_CORRUPTED : rc;
}

int
tbl_store_cursor_open(MDB_txn *txn, MDB_dbi dbi, MDB_cursor **cursor)
{
    MDB_stat stat;
    /* Looks the database up in the map, if need be; opening a cursor would do so with the cursor
     * in its hands. */
    int rc = mdb_stat(txn, dbi, &stat);

    return rc == 0 ? mdb_cursor_open(txn, dbi, cursor) : rc;
}
