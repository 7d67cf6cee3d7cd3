/*
 * What the store keeps under one address key: up to one row of each kind, in the order in which
 * they answer. Pure.
 */
#pragma once

#include "tables/object.h"

/* The order is the precedence of the answers; targets and tombstones answer nothing by themselves.
 */
typedef enum {
    TBL_ROW_LOCAL = 1,
    TBL_ROW_DIRECTORY,
    TBL_ROW_LOCAL_GENERATED,
    TBL_ROW_DIRECTORY_GENERATED,
    TBL_ROW_TOMBSTONE,
    TBL_ROW_LOCAL_TARGET, /* a remote's target: reserves the address (events 236 and 238) */
    TBL_ROW_DIRECTORY_TARGET,
    TBL_ROW_KINDS = TBL_ROW_DIRECTORY_TARGET,
} TblRowKind;

static inline bool
tbl_row_is_target(TblRowKind kind)
{
    return kind == TBL_ROW_LOCAL_TARGET || kind == TBL_ROW_DIRECTORY_TARGET;
}

/* Where a row comes from. All zero: written by a program that did not note it yet. */
typedef struct {
    guint64 batch; /* of the local origin; 0 for the directory's rows */
    guint32 file;  /* index among the batch's files */
    guint64 line;  /* where the import row begins in that file; 0: no file, the batch alone */
    gint64 synced; /* the directory's rows: seconds since 1970 of the sync that brought it */
} TblSource;

typedef struct {
    TblRowKind kind;
    TblClass object_class;    /* of the owner; 0 for a tombstone */
    bool primary;             /* the row is the owner's primary of its type */
    bool forwards;            /* the owner has an Alt-Recipient */
    bool homed;               /* the owner has a Home-Server */
    bool disabled;            /* the owner is a disabled account that exclude-disabled hides */
    bool restricted;          /* the owner says who may send to it, or how much */
    guint64 object;           /* id of the owner; 0 for a tombstone */
    TblSlice spelling;        /* the address as stored; a tombstone's as it was */
    TblSlice primary_address; /* the owner's SMTP primary as stored (SMTP rows only); empty when it
                                 has none */
    bool moved;               /* tombstone: `notice` is the new address, else a text */
    TblSlice notice;
    gint64 expires; /* tombstone: seconds since 1970, 0 = never */
    TblSource source;
} TblRow;

/* Whether it is a tombstone that has not ended at `now`, seconds since 1970. */
static inline bool
tbl_row_is_live_tombstone(const TblRow *row, gint64 now)
{
    return row->kind == TBL_ROW_TOMBSTONE && (row->expires == 0 || row->expires > now);
}

/* A key's rows in order of kind, at most one of each kind. Slices borrow from the bytes they were
 * decoded from. */
typedef struct {
    guint count;
    TblRow row[TBL_ROW_KINDS];
} TblRows;

/* `key` is the address key (a spelling that equals its value is not stored again). */
bool tbl_rows_decode(TblRows *rows, TblSlice key, TblSlice bytes);
void tbl_rows_encode(const TblRows *rows, TblSlice key, GByteArray *out);
/* The tombstone alone as rows, without its source: the state that undo records hold and compare.
 * False when there is none. */
bool tbl_rows_encode_tombstone(const TblRows *rows, TblSlice key, GByteArray *out);
/* Puts a row in its place, replacing the one of its kind. */
void tbl_rows_put(TblRows *rows, const TblRow *row);
void tbl_rows_remove(TblRows *rows, TblRowKind kind);
const TblRow *tbl_rows_get(const TblRows *rows, TblRowKind kind); /* NULL when there is none */
/* The first row that answers (explicit or generated), else NULL. */
const TblRow *tbl_rows_answer(const TblRows *rows);

/* Calls `put` for every row of an object (explicit, generated, target): its key and the row. Rows
 * borrow from the object. False when one of its addresses is not valid (then nothing was called for
 * it). */
typedef void (*TblRowFunc)(TblSlice key, const TblRow *row, gpointer data);
bool tbl_object_foreach_row(const TblObject *object, TblRowFunc put, gpointer data);

/* The row of a kind that an encoded object has at a place of tbl_object_encode_places, without its
 * source. It borrows from `bytes`. False when the bytes are no such. */
bool tbl_row_read(TblSlice bytes, guint64 id, TblRowKind kind, guint32 place, TblRow *row);

/* The key of a name in TBL_DB_NAMES. `folded` by tbl_text_fold. Caller frees. */
char *tbl_name_key(TblOrigin origin, const char *folded);
/* Its first byte; the name follows. */
char tbl_name_key_first(TblOrigin origin);
