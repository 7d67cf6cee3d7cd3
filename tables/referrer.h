/*
 * Who refers to an object: for every name or address that the members of a list or a forward give,
 * the ids of the objects that give it. Members bind at lookup, so the keys are what references say
 * and not what they mean. Kept by drafts in TBL_DB_REFERRERS. Pure.
 */
#pragma once

#include "tables/object.h"

/* The first byte of a key. */
typedef enum {
    TBL_REFERRER_MEMBER = 'm',  /* a member of a distribution list */
    TBL_REFERRER_FORWARD = 'f', /* an Alt-Recipient */
    TBL_REFERRER_TARGET = 't',  /* the target of a remote; text: its key (tbl_proxy_key) */
    TBL_REFERRER_WAITING = 'w', /* no reference: mailboxes of the directory that a rule would give
                                   this address (its key), if nobody else had it. Some may be
                                   gone, or do not want it any more */
} TblReferrerEdge;

/* How a reference gives its object; behind the digit of its origin. */
typedef enum {
    TBL_REFERRER_NAME = 'n',     /* folded by tbl_text_fold */
    TBL_REFERRER_ADDRESS = '@',  /* canonical; of another type than SMTP: its key */
    TBL_REFERRER_EXTENDED = '+', /* canonical, cut where an extension might begin: whether it does
                                    is configuration, so those who use it look again */
    TBL_REFERRER_BELOW = '.',    /* either of them with tbl_referrer_below instead of its domain,
                                    for declarations of all subdomains; not of a top-level one */
} TblReferrerKind;

/* Caller frees. */
char *tbl_referrer_key(TblReferrerEdge edge, TblOrigin origin, TblReferrerKind kind, TblSlice text);

/* What all subdomains of a domain are noted under: from the dot before the last two labels of its
 * name on; NULL where there is none. Not each parent: a reference would be noted a hundred times.
 */
const char *tbl_referrer_below(const char *domain);

/* Edge, origin and kind, with which every key begins. */
#define TBL_REFERRER_MARK_SIZE 3
/* The key that is there once there was one of this kind. Caller frees. */
char *tbl_referrer_mark(TblReferrerEdge edge, TblOrigin origin, TblReferrerKind kind);
/* The mark of a key, cut from it. Caller frees. */
char *tbl_referrer_mark_of(const char *key);

/* Adds the keys of all references of an object to a set of owned strings. */
void tbl_referrer_collect(const TblObject *object, GHashTable *keys);
bool tbl_referrer_has_any(const TblObject *object);

/* For qsort: guint64. */
int tbl_referrer_compare_ids(const void *a, const void *b);

/* The value of a key: ids (guint64) in ascending order; of a mark anything. Decoding appends; false
 * when the bytes are damaged. */
void tbl_referrer_encode(const GArray *ids, GByteArray *out);
bool tbl_referrer_decode(TblSlice bytes, GArray *ids);
