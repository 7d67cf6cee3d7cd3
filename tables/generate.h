/*
 * Addresses made by rules: the one that each ruled domain gives to every mailbox without an
 * explicit address there. tbl_draft_put keeps them up to date; whoever changes a rule calls
 * tbl_generate_domain. One thread.
 *
 * A made address stays while its rule does, also when names change (KB Q141271). Collisions get a
 * number from 2 (KB Q247448). Objects of the directory are not numbered, so that all hosts agree:
 * the oldest gets the address, the others none.
 */
#pragma once

#include "tables/draft.h"
#include "tables/rule.h"

/* An address by `rule` that is free for the object, with a number if need be. NULL with no error
 * when nothing is left of its names. Caller frees. */
char *tbl_generate_address(TblDraft *draft, const TblRule *rule, const TblObject *object,
                           GError **error);

/* A declared domain has a rule. */
bool tbl_generate_has_rules(TblDraft *draft);
/* Makes what is missing in `object->refs[TBL_REFS_GENERATED]` and takes out what has no rule any
 * more, or an explicit address beside it. False when the store failed. */
bool tbl_generate_update(TblDraft *draft, TblObject *object, GError **error);

/* After the rule of `domain` was set, changed or removed (`anew`: what the old one made goes): all
 * mailboxes, in the order in which they were created. */
bool tbl_generate_domain(TblDraft *draft, const char *domain, bool anew, GError **error);
