/* The store's own header: the one place that includes <lmdb.h>. Only tables/store*.c include this.
 */
#pragma once

#include "tables/guard.h"
#include "tables/store.h"

#include <lmdb.h>
#include <sys/types.h>

/* Written into every store; a later number is refused, an earlier one would be migrated at open. */
#define TBL_STORE_SCHEMA 1
#define TBL_STORE_CHECKSUM_SIZE 4
/* Behind a byte that no UTF-8 text starts with: the SHA-256 of a key that LMDB could not hold. */
#define TBL_STORE_LONG_KEY_MARKER '\xff'
#define TBL_STORE_LONG_KEY_SIZE (1 + 32)
#define TBL_STORE_META_KEY "meta"
/* In TBL_DB_META: which references TBL_DB_REFERRERS has. Counts up when there are more kinds of
 * them; who writes to a store that has another number, or none, makes the index anew. */
#define TBL_STORE_REFERENCES_KEY "references"
#define TBL_STORE_REFERENCES 2

struct TblStore {
    char *path;
    MDB_env *env;
    MDB_dbi dbi[TBL_DB_COUNT];
    dev_t device;
    ino_t inode;
    bool writable;
    bool write_broken; /* a write transaction met a fault and cannot be ended: this process writes
                          no more */
    int lock_fd;
};

/* Sets `error` from an LMDB or errno code and returns false. */
bool tbl_store_fail(GError **error, const char *path, const char *what, int rc);

/* Runs an operation that reads the map; a fault in it is MDB_CORRUPTED. */
int tbl_store_guarded(int (*operation)(void *), void *argument);
/* mdb_cursor_open for a guarded operation: a fault loses no cursor. */
int tbl_store_cursor_open(MDB_txn *txn, MDB_dbi dbi, MDB_cursor **cursor);

/* The key as LMDB gets it; `scratch` backs a long one. */
MDB_val tbl_store_key(TblSlice key, char scratch[TBL_STORE_LONG_KEY_SIZE]);
/* Whether a record's check sum is right. */
bool tbl_store_record_intact(MDB_val key, const char *bytes, size_t length);
void tbl_store_meta_encode(const TblMeta *meta, GByteArray *out);
/* The schema version, 0 when the record is broken; `meta` is set only for our own schema. */
guint64 tbl_store_meta_decode(TblMeta *meta, TblSlice bytes);

/* LMDB's names of the databases. */
extern const char *const tbl_store_db_names[TBL_DB_COUNT];
/* Creates a database that the store does not have, within a write transaction. */
void tbl_writer_make(TblWriter *writer, TblDb db);
/* For a store of a version that had no TBL_DB_REFERRERS, or noted less in it: makes it. The caller
 * holds the lock; the store is writable. */
bool tbl_store_upgrade(TblStore *store, GError **error);
/* Notes that TBL_DB_REFERRERS has all references. */
void tbl_writer_note_references(TblWriter *writer);

/* Gives a file that this process made the owner and group of its directory, so that root's first
 * import does not lock the daemon out. */
void tbl_store_adopt(const char *path, mode_t mode);
