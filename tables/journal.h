/*
 * What one batch changed, out of its undo records, and what later batches did to the same things. A
 * reader's snapshot must stay begun while a journal is in use. One thread.
 */
#pragma once

#include "tables/batch.h"
#include "tables/object.h"

/* One changed thing. Slices live as long as the journal. */
typedef struct {
    TblUndoKind kind;
    TblSlice key;    /* as in TblUndoKind */
    TblSlice before; /* its encoded state before the batch; empty: it was not there */
    gpointer note;   /* the caller's, as is `mark`; NULL and 0 at first */
    guint8 mark;
} TblJournalItem;

typedef struct TblJournal TblJournal;

/* NULL with TBL_EXIT_ERROR: there is no such batch, or its undo records were dropped (1); or with
 * TBL_STORE_ERROR. */
TblJournal *tbl_journal_new(TblReader *reader, guint64 number, GError **error);
void tbl_journal_free(TblJournal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblJournal, tbl_journal_free)

const TblBatch *tbl_journal_batch(const TblJournal *journal);
guint tbl_journal_count(const TblJournal *journal);
TblJournalItem *tbl_journal_item(const TblJournal *journal,
                                 guint index); /* in the order of writing */
TblJournalItem *tbl_journal_find(const TblJournal *journal, TblUndoKind kind,
                                 TblSlice key); /* NULL when the batch left it alone */

/* Calls `each` for what later batches changed, in their order: `item` is the journal's, NULL for
 * what its batch left alone; `before` is the state that the later batch found, and dies with the
 * call. `skip` (may be NULL) leaves out whole batches. False when the store failed. */
typedef struct {
    bool (*skip)(const TblBatch *later, gpointer data);
    void (*each)(const TblBatch *later, TblJournalItem *item, TblUndoKind kind, TblSlice key,
                 TblSlice before, gpointer data);
} TblJournalFuncs;
bool tbl_journal_follow(const TblJournal *journal, const TblJournalFuncs *funcs, gpointer data,
                        GError **error);

/* The encoded state of a thing in the reader's snapshot, appended to `state`; nothing when it is
 * not there. */
TblResult tbl_journal_state(TblReader *reader, TblUndoKind kind, TblSlice key, GByteArray *state);
