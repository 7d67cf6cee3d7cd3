/*
 * The state of one walk from an address to its final recipients, which tables/alias makes: what was
 * met, and who was reached. One thread; reads the context's view.
 */
#pragma once

#include "tables/id_set.h"
#include "tables/resolve.h"

/* Zero at first but `context`, `domains` and `ascii_key`. */
typedef struct {
    const TblContext *context;
    const TblDomains *domains;
    bool ascii_key; /* no UTF-8 local part may be answered */
    guint depth;
    guint64 yields;         /* addresses emitted, duplicates too */
    char *extension;        /* what rows found through an extension put back; NULL for none */
    TblIdSet *visited;      /* ids of objects that were expanded */
    GHashTable *recipients; /* canonical -> external */
    GHashTable *referred;   /* references -> objects, NULL for nobody's */
    bool failed, over, cycle;
} TblWalk;

void tbl_walk_begin(TblWalk *walk); /* tables for what is met */
void tbl_walk_end(TblWalk *walk);   /* frees them */

/* What a reference led to before in this walk: an object, which lives as long as the walk, or NULL
 * for nobody. False when it was not remembered. */
bool tbl_walk_recall(const TblWalk *walk, TblOrigin origin, const char *reference,
                     const TblObject **object);
void tbl_walk_remember(TblWalk *walk, TblOrigin origin, const char *reference,
                       TblObject *object); /* takes it */

/* The mail domain that declares a stored address's domain; NULL when none does. */
const TblDomain *tbl_walk_declared(const TblDomains *domains, TblSlice spelling);
bool tbl_walk_is_alias_domain(const TblDomains *domains, const TblDomain *domain);

/* The object's address for mail that reaches it on the way: a primary in a declared domain, else
 * the declared secondary that is lowest in canonical order, else the primary. NULL when it has
 * none. To an ASCII key an ASCII address, if there is one. Where the primary is none, or in UTF-8,
 * a secondary in a virtual-alias domain only if there is no other: it leads to the primary. */
const TblProxy *tbl_walk_recipient_address(const TblWalk *walk, const TblObject *object);

/* A final recipient. In a virtual-alias domain it would have nowhere to go: a bounce after
 * acceptance, so it counts for nothing. */
void tbl_walk_emit(TblWalk *walk, TblSlice spelling);

/* Appends the recipients as the answer for `address`: VALUE, OVER, or NONE when that is its own. */
TblAlias tbl_walk_join(TblWalk *walk, const TblAddress *address, GString *value);
