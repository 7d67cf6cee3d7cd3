/*
 * A draft as records of the store: what it would change, and what it read to decide so. A plan that
 * is kept in a file is these records. They are applied to a later snapshot when every one of them
 * still finds what it found then. One thread, the draft's.
 *
 * Domains are not among the records: whoever changes domains does not make plans, and who made a
 * plan has seen them as of a batch.
 */
#pragma once

#include "tables/draft.h"

typedef struct {
    TblDb db; /* objects, names or addresses; of what was only read, referrers too */
    TblSlice key;
    TblSlice before; /* the snapshot's value; empty: there was none */
    bool changed;    /* else it was only read */
    TblSlice after;  /* of a changed record: its new value; empty: it goes */
    bool notice;     /* an address whose tombstone changed */
} TblImageRecord;

/* False stops. The slices die with the call. */
typedef bool (*TblImageFunc)(const TblImageRecord *record, gpointer data);

/* Tells `each` from now on of every record that the draft reads and does not change, in batches, at
 * times more than once. Local objects and names are left out: only a batch changes them. Call
 * before the first read that matters. */
void tbl_draft_watch(TblDraft *draft, TblImageFunc each, gpointer data);
/* Tells the reads that are left, and stops watching. False: `each` stopped. */
bool tbl_draft_unwatch(TblDraft *draft);

/* Calls `each` for every record that the draft changes, sorted by key within its db. False when it
 * stopped, or with `error` when the store failed. */
bool tbl_draft_foreach_record(TblDraft *draft, TblImageFunc each, gpointer data, GError **error);
/* The id that the next object would get. Those that the draft made have the ids from
 * tbl_draft_base's next_id up to it. */
guint64 tbl_draft_next_id(const TblDraft *draft);

/* Makes room in an unchanged draft for objects whose ids were from `first` up to `next` in another
 * draft: replication may have taken these ids meanwhile, so they move. `later`: seconds since the
 * other draft was made, by which new notices expire later. False: out of range. */
bool tbl_draft_begin_image(TblDraft *draft, guint64 first, guint64 next, gint64 later);
/* After that: whether the draft's snapshot holds the record as it was `before`. */
TblResult tbl_draft_compare_record(TblDraft *draft, const TblImageRecord *record);
/* Takes a changed record into the draft. False: its bytes mean nothing. */
bool tbl_draft_load_record(TblDraft *draft, const TblImageRecord *record);
