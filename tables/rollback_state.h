/* The inside of a rollback, shared by rollback.c (restoring) and rollback_check.c (what stands
 * against it). */
#pragma once

#include "tables/draft_overlay.h"
#include "tables/id_set.h"
#include "tables/journal.h"

/* What later batches in force did to one thing of the journal: the note of its item. */
typedef struct {
    GByteArray *first; /* the state that the first of them found: what the batch at hand had left */
    GByteArray *found; /* the state that the last of them found */
    guint64 last;      /* that last one */
    guint64 blocker;   /* the last that changed more than what rules make; 0 for none */
    bool derived;      /* the batch at hand changed only what rules make */
} TblTouch;

/* Something that stands against the rollback. */
typedef struct {
    char *reason;
    guint64 batch;  /* whose doing it is, 0: not known yet, or the directory's */
    guint64 object; /* whose doing is looked up by what it changed last; 0 for none */
} TblConflict;

typedef struct {
    TblDraft *draft;
    TblReader *reader; /* of the draft's snapshot */
    TblJournal *journal;
    bool mixed;  /* a later batch is in force */
    bool broken; /* a state could not be read */
    guint64
        current; /* while following: the batch by which the later one is undone or redone last */
    TblIdSet *blockers; /* batches */
    GHashTable
        *newcomers; /* id -> TblTouch of what later batches changed; NULL when no domain is to go */
    GHashTable *wanted; /* while looking for culprits: id -> batch */
    GArray *conflicts;  /* TblConflict */
} TblRollback;

/* Reads what later batches did; fills `conflicts` with changed things and with addresses in domains
 * that are to go. */
bool tbl_rollback_check(TblRollback *rollback, GError **error);
/* Frees what a check has left, and the journal. */
void tbl_rollback_end(TblRollback *rollback);
/* An object that belongs to the directory, or in which the batch changed only what rules make while
 * others changed it later: it is not restored, but put again as it is. */
bool tbl_rollback_is_derived(TblRollback *rollback, TblJournalItem *item);
/* Whether two states of a thing differ in more than what rules make. */
bool tbl_rollback_differs(TblRollback *rollback, TblUndoKind kind, TblSlice a, TblSlice b);

void tbl_rollback_add_conflict(TblRollback *rollback, char *reason, guint64 batch,
                               guint64 object); /* takes the reason */
/* True when there is no conflict; else TBL_EXIT_REFUSED naming all batches and the first conflicts.
 */
bool tbl_rollback_judge(TblRollback *rollback, GError **error);
