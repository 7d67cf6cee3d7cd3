/* The notices that addresses leave which an import takes away. One thread. */
#pragma once

#include "gif/ledger.h"
#include "tables/config.h"
#include "tables/draft.h"

/* By `[import] tombstone`: SMTP addresses that objects lose by the net changes of the draft, and
 * that nobody has now, say "no longer in use" for so long. Their source is the row that the ledger
 * has for the object. After all that judges the run. False when the store failed. */
bool gif_tombstones_leave(TblDraft *draft, const TblConfig *config, const GifLedger *ledger,
                          GError **error);
