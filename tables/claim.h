/*
 * Who may have an address: uniqueness over all objects of the local origin, addresses that the
 * directory owns, and the targets of remotes. One thread; reads a draft.
 */
#pragma once

#include "tables/draft.h"

/* Fault numbers are those of Exchange's event log. */
enum {
    TBL_CLAIM_FREE = 0,
    TBL_CLAIM_TARGET_INVALID = 235,
    TBL_CLAIM_TARGET_TAKEN = 236,
    TBL_CLAIM_ADDRESS_TAKEN = 238,
};

typedef struct {
    int fault;      /* one of the above */
    bool by_target; /* it is the target of another remote, else an address */
    char *holder;   /* name of the object that has it ("ann"), NULL when nobody has; owned */
    TblClass holder_class;
    TblSource source; /* where the holder has it from */
    char *reason;     /* a sentence for people; NULL when free; owned */
} TblClaim;
void tbl_claim_clear(TblClaim *claim);

/* May the local object `self` (0: not created yet) have the address `type`:`value`? A generated
 * address of another object and a tombstone give way (tbl_draft_put displaces them). TBL_FAILED
 * when the store failed; else TBL_FOUND with `claim` filled. */
TblResult tbl_claim_address(TblDraft *draft, guint64 self, TblSlice type, TblSlice value,
                            TblClaim *claim);
/* The same with the address's unique key, when it is known already. */
TblResult tbl_claim_key(TblDraft *draft, guint64 self, const char *key, TblSlice type,
                        TblSlice value, TblClaim *claim);

/* May `object` (with its addresses as they will be) have its target? 236: another target, or
 * outside declared domains another object's address. 235: in a declared domain, but neither an
 * address of another object nor, in a relay domain, its own. */
TblResult tbl_claim_target(TblDraft *draft, const TblObject *object, TblClaim *claim);
