/*
 * Who may send to an object: Auth-Orig, Unauth-Orig, DL-Mem-Submit-Perms, DL-Mem-Reject-Perms and
 * msExchRequireAuthToSendTo (KB Q185155). One thread; reads the context's view.
 */
#pragma once

#include "tables/resolve.h"

typedef enum {
    TBL_RESTRICTION_NONE,            /* it takes the mail */
    TBL_RESTRICTION_UNAUTHENTICATED, /* only from senders that proved who they are */
    TBL_RESTRICTION_NOT_ACCEPTED,    /* it says from whom, and this is none of them */
    TBL_RESTRICTION_REJECTED,        /* it says from whom not */
    TBL_RESTRICTION_FAILED,
} TblRestriction;

/* Judges mail from `sender` (as the client gave it; empty: the null sender) to an object. A list
 * among accepted or rejected senders means its own address, in the DL-Mem attributes its members,
 * nested. An accept list whose entries all bind to nothing accepts nobody. */
TblRestriction tbl_restriction_judge(const TblContext *context, const TblObject *object,
                                     TblSlice sender, bool authenticated);
