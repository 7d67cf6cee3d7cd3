/*
 * The decision of each row against a draft of the store: a row is decided completely before
 * anything of it is kept, and the first error ends it. Rows see what the rows before them did.
 *
 * Order of the checks: record, class, mode, name, existence (events 287 to 290), Home-Server (292),
 * target (235 236 292), cells (168 295 245 268 241), addresses (230 to 233, 237), uniqueness (238),
 * removals (150), 267, members. One thread.
 */
#pragma once

#include "gif/block.h"
#include "gif/conflict.h"
#include "gif/ledger.h"
#include "gif/row.h"
#include "tables/config.h"
#include "tables/draft.h"
#include "tables/rule.h"

typedef struct {
    GifMode mode;            /* of rows that say none */
    bool overwrite;          /* multi-valued columns replace */
    bool compat;             /* Exchange's own behaviour where ours is kinder */
    const TblRule *rule;     /* makes the primary of new mailboxes that bring none; NULL for none */
    const char *container;   /* of created objects whose rows name none; NULL for none */
    bool no_proposals;       /* every row is decided the long way: for tests */
    GifConflicts *conflicts; /* gets what belongs to others; NULL: nobody wants to know */
} GifPlanOptions;

typedef enum {
    GIF_ROW_UNCHANGED,
    GIF_ROW_CHANGED,
    GIF_ROW_FAILED,
    GIF_ROW_BROKEN, /* the store failed: the run is over */
} GifRowResult;

typedef struct GifPlan GifPlan;
/* All borrowed while the plan lives. */
GifPlan *gif_plan_new(TblStore *store, TblDraft *draft, const TblConfig *config,
                      GifPlanOptions options, GifDiagnostics *diagnostics, GifLedger *ledger);
void gif_plan_free(GifPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifPlan, gif_plan_free)

/* The rows that follow are of this file, the `source`th of the run. `file` is borrowed until the
 * plan ends, `schema` is taken.
 */
void gif_plan_begin_file(GifPlan *plan, guint source, const char *file, GifDialect dialect,
                         GifSchema *schema);
/* Whether it helps when the blocks of rows hold proposals (gif_block_set_proposing). */
bool gif_plan_wants_proposals(const GifPlan *plan);
/* Decides one row of a block of this file and keeps it in the draft if it is good; tells its
 * diagnostics. */
GifRowResult gif_plan_row(GifPlan *plan, const GifBlock *block, guint index, GError **error);
/* The same for a row of a descendant format, whose file began with the schema of its reader. */
GifRowResult gif_plan_entry(GifPlan *plan, GifEntry *entry, GError **error);
/* What had to wait for the last row. False when the store failed. */
bool gif_plan_finish(GifPlan *plan, GError **error);
