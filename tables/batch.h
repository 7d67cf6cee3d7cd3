/*
 * One committed change of the local origin: number, time, user, program, files with SHA-256, a
 * summary, undo records and the hash of the batch before (SHA-256 over all of these and the digest
 * of the undo records).
 */
#pragma once

#include "tables/digest.h"
#include "tables/store.h"

#include <glib.h>

typedef struct {
    char *name;
    guint8 sha256[TBL_SHA256_SIZE];
    char *signer; /* whose signature was verified: one JSON object, as text; NULL: none was asked */
} TblBatchFile;

/* What the writer of a batch says about it. Borrowed by tbl_draft_commit. */
typedef struct {
    const char *program; /* "gif-import", "policyctl" */
    const char *user;    /* tbl_batch_user() */
    const TblBatchFile *files;
    guint n_files;
    const char *summary; /* one JSON object, as text */
    guint64 undoes;      /* the batch that this one undoes, or 0 */
    guint undo_keep; /* `[store] undo-keep`: batches whose undo records stay, this one included */
    void (*committing)(void); /* told right before the commit, which nothing takes back; or NULL */
} TblBatchInfo;

/* A header as read back. */
typedef struct {
    guint64 number;
    gint64 time; /* seconds since 1970 */
    char *user, *program, *summary;
    GArray *files; /* TblBatchFile, elements owned */
    guint64 undoes, undone_by;
    guint8 undo_digest[TBL_SHA256_SIZE];
    guint8 previous[TBL_SHA256_SIZE], hash[TBL_SHA256_SIZE];
    guint32 chunks; /* records of TBL_DB_UNDO that hold its undo records; 0: they were dropped */
} TblBatch;

void tbl_batch_free(TblBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblBatch, tbl_batch_free)
/* The login name that runs this process (SUDO_USER counts), else its uid in decimal. Caller frees.
 */
char *tbl_batch_user(void);

/* A header by number; TBL_NOTFOUND when there is none. */
TblResult tbl_batch_read(TblReader *reader, guint64 number, TblBatch **batch);

/* An undo record: the state of one thing before the batch. */
typedef enum {
    TBL_UNDO_OBJECT = 1, /* key: id (8 bytes, big-endian); before: tbl_object_encode */
    TBL_UNDO_DOMAIN,     /* key: canonical name; before: tbl_domain_encode */
    TBL_UNDO_TOMBSTONE,  /* key: address key; before: rows, of which there is only the tombstone */
    TBL_UNDO_END,
} TblUndoKind;
typedef struct TblUndoLog TblUndoLog;
/* Collects undo records in `writer` under `number`. */
TblUndoLog *tbl_undo_new(TblWriter *writer, guint64 number);
/* `before` empty: the thing was created, its key alone undoes it. */
void tbl_undo_add(TblUndoLog *log, TblUndoKind kind, TblSlice key, TblSlice before);
/* Writes what is left, drops the undo records of all but the last `undo_keep` batches, writes the
 * header, notes in the batch that this one undoes who undid it, and moves the chain in the writer's
 * meta. Frees the log. False when the batch to be undone is missing, broken or undone already: the
 * caller aborts. */
bool tbl_undo_finish(TblUndoLog *log, const TblBatchInfo *info);
void tbl_undo_abort(TblUndoLog *log); /* frees the log */

/* Calls `each` for every undo record of a batch in the order of writing, until it returns false.
 * Slices die with the call, which must not read TBL_DB_UNDO by this reader. TBL_NOTFOUND: they were
 * dropped; TBL_FAILED: one is damaged or missing. */
typedef bool (*TblUndoFunc)(TblUndoKind kind, TblSlice key, TblSlice before, gpointer data);
TblResult tbl_undo_each(TblReader *reader, const TblBatch *batch, TblUndoFunc each, gpointer data);
/* One chunk of undo records. False when it is damaged. Pure. */
bool tbl_undo_decode(TblSlice chunk, TblUndoFunc each, gpointer data, bool *stopped);
/* SHA-256 over the undo records as they are now. TBL_NOTFOUND, TBL_FAILED: one is missing, damaged.
 */
TblResult tbl_undo_digest(TblReader *reader, const TblBatch *batch, guint8 digest[TBL_SHA256_SIZE]);
/* Whether there is an undo record behind the last that the header knows of (TBL_NOTFOUND is right).
 */
TblResult tbl_undo_beyond(TblReader *reader, const TblBatch *batch);
