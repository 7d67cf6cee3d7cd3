/*
 * Who refers to an object or an address, as references bind now: the way up that tables/resolve
 * goes down. For who belongs to a list, and for the lists that a change makes longer. One thread;
 * reads the context's view.
 */
#pragma once

#include "tables/resolve.h"

typedef enum {
    TBL_ABOVE_LISTS, /* lists that have it as a member */
    TBL_ABOVE_ALL,   /* those, who forwards to it, and remotes whose target it is */
} TblAbove;

/* A set of ids, for the functions below. Free with g_hash_table_unref. */
GHashTable *tbl_above_set(void);

/* Adds those that refer to the object itself, not to what is above it, to the set. FOUND, or
 * FAILED. */
TblResult tbl_above_object(const TblContext *context, TblAbove which, const TblObject *object,
                           GHashTable *ids);
/* The same for an address outside that no object has and so stands for itself. */
TblResult tbl_above_address(const TblContext *context, TblAbove which, const TblAddress *address,
                            GHashTable *ids);

/* Whether one of the ids in `from`, or a list above one of them, is in `goal`. FAILED also when
 * there are too many to say. */
TblResult tbl_above_reaches(const TblContext *context, const GHashTable *from,
                            const GHashTable *goal);
