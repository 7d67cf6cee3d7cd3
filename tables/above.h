/*
 * Who refers to an object or an address, as references bind now: the way up that tables/resolve
 * goes down. For who belongs to a list, and for the lists that a change makes longer. One thread;
 * reads the context's view.
 */
#pragma once

#include "tables/id_set.h"
#include "tables/resolve.h"

typedef enum {
    TBL_ABOVE_LISTS,      /* lists that have it as a member */
    TBL_ABOVE_REFERENCES, /* those, and who forwards to it */
    TBL_ABOVE_ALL,        /* those, and remotes whose target it is */
} TblAbove;

/* What kinds of references there are at all: for who asks about many objects, most of which nobody
 * can refer to. True once there was one of the kind. */
typedef struct {
    bool has[2][2][4]; /* by edge, origin, kind of tables/referrer.h */
    bool any;
    bool targets; /* of remotes, which are not counted in the above */
} TblAboveScope;
TblResult tbl_above_scope(const TblContext *context, TblAboveScope *scope);

/* Adds those that refer to the object itself, not to what is above it, to the set. `scope` may be
 * NULL. FOUND, or FAILED. */
TblResult tbl_above_object(const TblContext *context, TblAbove which, const TblAboveScope *scope,
                           const TblObject *object, TblIdSet *ids);
/* The same for an address outside that no object has and so stands for itself. */
TblResult tbl_above_address(const TblContext *context, TblAbove which, const TblAddress *address,
                            TblIdSet *ids);

/* Calls `each` once for every object in `from` that there is, and for those from which mail can
 * come to one of them, nearest first, until it returns false. FOUND, or FAILED when the store did.
 */
typedef bool (*TblAboveFunc)(const TblObject *object, gpointer data);
TblResult tbl_above_each(const TblContext *context, const TblIdSet *from, TblAboveFunc each,
                         gpointer data);

/* Whether one of the ids in `from`, or a list above one of them, is in `goal`. FAILED also when
 * there are too many to say. */
TblResult tbl_above_reaches(const TblContext *context, const TblIdSet *from, const TblIdSet *goal);
