/*
 * The embedded store: one LMDB file, many processes and threads reading, one writing, committed
 * batches survive kill -9 and power loss. The only includer of <lmdb.h>.
 *
 * Every value ends in a check sum over key and value, so damage is a failure (TBL_FAILED) and never
 * an absence. Reads of the mapped file are guarded: a truncated or damaged file is a failure too,
 * not the end of the process. Readers never wait for writers. A TblReader belongs to one thread; a
 * TblStore may be shared.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

#define TBL_STORE_ERROR (tbl_store_error_quark())
GQuark tbl_store_error_quark(void);
typedef enum {
    TBL_STORE_ERROR_MISSING,
    TBL_STORE_ERROR_CORRUPT,
    TBL_STORE_ERROR_NEWER, /* a later schema than this program knows */
    TBL_STORE_ERROR_BUSY,  /* the write lock was held for 30 s */
    TBL_STORE_ERROR_FULL,  /* map-size or the disk */
    TBL_STORE_ERROR_STALE, /* somebody committed since the snapshot */
    TBL_STORE_ERROR_SYSTEM,
} TblStoreError;

/* Sets TBL_STORE_ERROR_CORRUPT, for a record that cannot be read; returns false. */
bool tbl_store_set_unreadable(GError **error);

typedef enum {
    TBL_DB_META,
    TBL_DB_OBJECTS,   /* id (8 bytes, big-endian) -> object */
    TBL_DB_NAMES,     /* origin byte, folded name -> id */
    TBL_DB_ADDRESSES, /* canonical TYPE:value -> rows */
    TBL_DB_DOMAINS,   /* canonical name -> domain */
    TBL_DB_BATCHES,   /* number (8 bytes, big-endian) -> header */
    TBL_DB_UNDO,      /* number, sequence (8 + 4 bytes) -> undo records */
    TBL_DB_REFERRERS, /* what a reference gives (tables/referrer.h) -> ids of who gives it */
    TBL_DB_COUNT,
} TblDb;

/* Keys longer than this are kept under a marker and their SHA-256, so that uniqueness holds (LMDB
 * allows 511). */
#define TBL_STORE_KEY_MAX 480

/* What a commit leaves behind about the whole store. */
typedef struct {
    guint64 generation; /* commits so far */
    guint64 batch;      /* number of the last batch, 0 for none */
    guint64 next_id;
    guint64 domains_generation; /* generation of the last change of a domain */
    guint64 objects, addresses, domains;
    bool populated;
    guint8 batch_hash[32]; /* of the last batch: the chain's end */
} TblMeta;

typedef struct TblStore TblStore;
typedef struct TblReader TblReader;
typedef struct TblWriter TblWriter;

typedef enum { TBL_STORE_READ, TBL_STORE_WRITE /* creates a missing store */ } TblStoreMode;

TblStore *tbl_store_open(const char *path, guint64 map_size, TblStoreMode mode, GError **error);
void tbl_store_close(TblStore *store); /* after its readers and writers */
/* The path still names the file that is open (same inode). */
bool tbl_store_current(const TblStore *store);
/* Frees the reader slots of processes that died. Call at times from one thread. */
void tbl_store_check_readers(TblStore *store);
guint64 tbl_store_bytes(const TblStore *store); /* size of the file */
/* Read transactions of other processes that see an older state than the last committed one, which
 * keeps its pages from being reused: appended to `readers`. */
typedef struct {
    gint64 pid;
    guint64 transaction; /* the number of the commit that it sees */
} TblStoreReader;
void tbl_store_old_readers(TblStore *store, GArray *readers);

/* The lock that writers hold from before their snapshot until after their commit (an OFD lock on
 * `PATH.write`). Waits up to 30 s, then TBL_STORE_ERROR_BUSY. */
bool tbl_store_lock(TblStore *store, GError **error);
void tbl_store_unlock(TblStore *store);

/* A parked read transaction. */
TblReader *tbl_reader_new(TblStore *store, GError **error);
void tbl_reader_free(TblReader *reader);
/* Takes the newest snapshot; false: the store failed, and every get fails until the next begin that
 * succeeds. */
bool tbl_reader_begin(TblReader *reader);
void tbl_reader_end(TblReader *reader);
/* As of the last begin that succeeded. */
const TblMeta *tbl_reader_meta(const TblReader *reader);
/* The snapshot has no record at all in `db`: every get would prove its absence. */
bool tbl_reader_is_empty(TblReader *reader, TblDb db);
/* A value, copied out of the map into the reader; it dies with the next get of the same `db`. */
TblResult tbl_reader_get(TblReader *reader, TblDb db, TblSlice key, TblSlice *value);
/* Every record from `from` on in key order, until `each` returns false. TBL_FOUND when the end (or
 * false) was reached. The callback must not use the reader's gets of the same db. Keys over the
 * limit come as their marker. */
typedef bool (*TblEachFunc)(TblSlice key, TblSlice value, gpointer data);
TblResult tbl_reader_each(TblReader *reader, TblDb db, TblSlice from, TblEachFunc each,
                          gpointer data);

/* One write transaction. Errors stick: after the first, every call does nothing and commit reports
 * it. */
TblWriter *tbl_writer_begin(TblStore *store, GError **error); /* the caller holds the lock */
TblMeta *tbl_writer_meta(TblWriter *writer); /* in/out: written back by commit, generation + 1 */
TblResult tbl_writer_get(TblWriter *writer, TblDb db, TblSlice key,
                         TblSlice *value); /* dies with the next put */
void tbl_writer_put(TblWriter *writer, TblDb db, TblSlice key, TblSlice value);
/* As put, for keys that come in ascending order behind all that the database holds (faster,
 * denser). */
void tbl_writer_append(TblWriter *writer, TblDb db, TblSlice key, TblSlice value);
void tbl_writer_delete(TblWriter *writer, TblDb db, TblSlice key); /* an absent key is fine */
bool tbl_writer_commit(TblWriter *writer,
                       GError **error); /* durable when it returns; frees the writer */
void tbl_writer_abort(TblWriter *writer);

/* Big-endian keys. */
void tbl_store_key_number(guint64 number, char out[8]);
guint64 tbl_store_number_of_key(TblSlice key);
