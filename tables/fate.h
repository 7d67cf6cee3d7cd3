/*
 * What becomes of mail for an address, as tables/resolve says, in the words of those who judge a
 * change before it is committed: policyctl and gif-import. And cycles. One thread; reads the
 * context's view.
 */
#pragma once

#include "tables/resolve.h"

typedef enum {
    TBL_FATE_FINE,    /* delivered, or not ours to say */
    TBL_FATE_ABSENT,  /* in a declared domain, but nobody's */
    TBL_FATE_NOWHERE, /* stands for itself in a virtual-alias domain, which delivers nothing */
    TBL_FATE_OVER,    /* a list over the limits */
    TBL_FATE_EMPTY,   /* expands to nothing */
    TBL_FATE_FAILED,
} TblFate;

TblFate tbl_fate_of(const TblContext *context, const char *address);

/* Lists, remotes and forwards: mail for them goes on to others. What becomes of mail for all others
 * is said by their primary. */
bool tbl_fate_leads_on(const TblObject *object);

/* An SMTP primary (empty for none) that stands for every other address of an object that does not
 * lead on, and delivers its mail: then none of them has nowhere to go. Most objects have one, which
 * need not be judged. */
bool tbl_fate_delivers(const TblDomains *domains, TblSlice primary);

/* TBL_FOUND: an address that has nowhere to go (TBL_FATE_NOWHERE) is to be refused. It is one that
 * the object was given, by no rule or mirror; it was not so already in `before`; and the primary
 * has somewhere to go, or is told of instead. */
TblResult tbl_fate_is_stranded(const TblContext *context, const TblContext *before,
                               const TblObject *object, const char *address);

/* Somebody else's row stands before the object's own, which replication alone brings about: what
 * comes to light when that one goes was so before. */
bool tbl_fate_is_hidden(const TblContext *context, const TblObject *object, const char *address);

/* The SMTP addresses by which mail comes to an object: its own, those that rules made, and all of
 * these as mirrors have them (of the subdomains that one declaration covers, one). char *; free
 * with g_ptr_array_unref. */
GPtrArray *tbl_fate_addresses(const TblContext *context, const TblObject *object);

/* TBL_FOUND: a remote of a program's, which was fine in `before` or is new, has a target that leads
 * nowhere. */
TblResult tbl_fate_loses_target(const TblContext *context, const TblContext *before,
                                const TblObject *remote);

/* Mail for this list, remote or forwarding mailbox comes back to it, and no address of the objects
 * on the way yields a recipient. TBL_FOUND: so it is. */
TblResult tbl_fate_idle_cycle(const TblContext *context, const TblObject *object);
/* The same of an object of which one address expands to nothing now, or which has none: TBL_FOUND
 * where it was not so in `before`. */
TblResult tbl_fate_new_idle_cycle(const TblContext *context, const TblContext *before,
                                  const TblObject *object);
