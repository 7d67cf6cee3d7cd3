/*
 * Undoing a batch: the things that it changed get the state back that its undo records hold. One
 * thread.
 *
 * A later batch is in force unless it was undone; one that undoes a batch after the one at hand
 * cancels it out. What domain rules made (tables/generate.h) follows from the rest, and is made
 * again rather than fought over.
 */
#pragma once

#include "tables/draft.h"

/* Changes a new draft so that its commit, with `undoes` set to `number`, undoes that batch.
 * `mixed`: changes that came later stay, so the outcome is a state that has never been, and the
 * caller judges it as any other change. TBL_EXIT_ERROR 1: there is no such batch, it was undone
 * already, or its undo records were dropped; 3: batches that are in force, or the directory,
 * changed the same things or have their names and addresses now (the message names them). The draft
 * is of no use after an error. */
bool tbl_rollback_apply(TblDraft *draft, guint64 number, bool *mixed, GError **error);
