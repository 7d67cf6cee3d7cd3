/*
 * The state of one walk from an address to its final recipients, which tables/alias makes: what was
 * met, and who was reached. One thread; reads the context's view.
 */
#pragma once

#include "tables/id_set.h"
#include "tables/resolve.h"

/* What is left to do: a stack, so that no nesting of lists, however deep, is one of the program. */
typedef enum {
    TBL_STEP_MEMBERS,   /* the members of `object` from `next` on */
    TBL_STEP_REFERENCE, /* `text`, given by an object of `origin` */
    TBL_STEP_ADDRESS,   /* `text` */
    TBL_STEP_EXTENSION, /* what was found through one is done: `outer` holds again */
    TBL_STEP_FORWARD,   /* where `object` forwards to is done: was it a forward? */
} TblStepKind;

typedef struct {
    TblStepKind kind;
    const TblObject *object;
    TblObject *owned; /* the same, or NULL */
    guint next;
    TblOrigin origin;
    char *text;  /* owned; FORWARD: what stands for the object where it is none, NULL for nothing */
    char *outer; /* an extension; FORWARD: the one that `text` gets */
    char *made;  /* owned: the extension that was put together */
    bool cycle;  /* FORWARD: TblWalk's before it */
    bool asked;  /* FORWARD: it is of the address that was asked for, which stands for itself */
    guint64 yields; /* the same */
} TblStep;

/* Zero at first but `context`, `domains` and `ascii_key`. */
typedef struct {
    const TblContext *context;
    const TblDomains *domains;
    bool ascii_key;         /* no UTF-8 local part may be answered */
    GArray *steps;          /* TblStep; the last is the next */
    bool itself;            /* the address that was asked for stands for itself, as it turned out */
    guint64 addresses;      /* followed, duplicates too */
    guint64 yields;         /* addresses emitted, duplicates too */
    char *extension;        /* what rows found through an extension put back; NULL for none */
    TblIdSet *visited;      /* ids of objects that were expanded */
    GHashTable *recipients; /* canonical -> external */
    GHashTable *referred;   /* references -> objects, NULL for nobody's */
    bool failed, over, cycle;
} TblWalk;

void tbl_walk_begin(TblWalk *walk); /* tables for what is met */
void tbl_walk_end(TblWalk *walk);   /* frees them */

void tbl_walk_push(TblWalk *walk, TblStep step); /* takes what it owns */
/* Removes the last step; the caller clears it. */
TblStep tbl_walk_pop(TblWalk *walk);
void tbl_step_clear(gpointer step);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TblStep, tbl_step_clear)

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

void tbl_walk_emit_with(TblWalk *walk, TblSlice spelling, char *extension);

/* What stands for an object that keeps its mail, whose address for that is `own`. In a
 * virtual-alias domain a secondary stands for a primary elsewhere. */
TblSlice tbl_walk_own_spelling(const TblWalk *walk, const TblObject *object, const TblProxy *own);

/* The end of TBL_STEP_FORWARD. A forward is none when it is unresolved, or yields nothing without
 * being a cycle; then the mailbox keeps the mail. */
void tbl_walk_finish_forward(TblWalk *walk, const TblStep *step);

/* Appends the recipients as the answer for `address`: VALUE, OVER, or NONE when that is its own. */
TblAlias tbl_walk_join(TblWalk *walk, const TblAddress *address, GString *value);
