/* The inside of gif/plan, shared by its files: the plan and one row on its way. */
#pragma once

#include "gif/attributes.h"
#include "gif/block.h"
#include "gif/pending.h"
#include "gif/plan.h"
#include "gif/proposal.h"
#include "gif/proxies.h"
#include "tables/key_index.h"

struct GifPlan {
    TblDraft *draft;
    GifPlanOptions options;
    GifDiagnostics *diagnostics;
    GifLedger *ledger;
    GifProxies *proxies;
    GifLists *lists;
    GifPending *pending;
    GifNotes *notes, *later; /* `later`: what the cells say, told after what the target says */
    bool proposals;          /* a row may be decided by what it proposes */
    GPtrArray *settled;      /* char *: domains of addresses: declared, or told that they are not */
    TblKeyIndex settled_index;
    const GifProposals *settled_of; /* those of the block under way */
    guint64 settled_filling;
    GByteArray *settled_here; /* by their numbers: whether they are settled */
    /* of the file */
    guint source; /* its index */
    const char *file;
    GArray *files; /* TblBatchFile of all files so far, for the sources of rows; names borrowed */
    GPtrArray *schemas; /* of all files: pending references name their columns */
    const GifSchema *schema;
    GifBlock *single; /* rows of descendant formats, which come one by one */
};

/* One row on its way. */
typedef struct {
    GifPlan *plan;
    const GifBlock *block;
    const GifBlockRow *from;
    const GifLexer *lexer; /* of the block */
    const GifCell *cell;   /* of the row */
    const GifEntry *entry; /* of a descendant format, else NULL */
    GifRow row;
    TblObject *object; /* as it will be; a held list's without members */
    GifList *list;     /* the object is a held list */
    bool creating, changed, broken;
    GError **error;
} GifDecision;

/* The target of a remote: events 235, 236, 292, 241, 266, 265. */
void gif_decision_read_target(GifDecision *decision);
/* The class of a row of a descendant format, when the object is known. False: the row is over. */
bool gif_decision_settle_class(GifDecision *decision);
/* What the row wants belongs to somebody else: a note, and a conflict unless it is only a warning.
 */
void gif_decision_tell_claim(GifDecision *decision, GifSeverity severity, const GifProxy *wanted,
                             const char *column, const TblClaim *claim);
/* Events 287, 289, 290: the name belongs to `decision->object`, which is not what the row takes it
 * for. */
void gif_decision_tell_name(GifDecision *decision, int code, const char *advice);
/* Brings a row that stands into the draft, and remembers what waits for the end. */
void gif_decision_keep(GifDecision *decision, const GifAttributes *attributes);
/* The short way: a row that creates what it proposes, or finds just that. False: nothing was done,
 * the row is to be decided. */
bool gif_decision_take_proposal(GifPlan *plan, const GifBlock *block, const GifBlockRow *row,
                                GifRowResult *result);
/* What that will look at is on its way into the cache. */
void gif_decision_prefetch_proposal(const GifPlan *plan, const GifBlock *block,
                                    const GifBlockRow *row);
/* An address lies in the domain, whose hash (tbl_key_index_hash) is given. True when it is the
 * first of all: now is the time to tell of the domain. */
bool gif_decision_settle_domain(GifPlan *plan, const char *domain, guint32 hash);
/* The info that a domain is not declared, if it is not. */
void gif_decision_tell_domain(GifPlan *plan, const char *domain, const char *column);
/* Warnings of a cell and its fault: 168, 295, 245, 268. */
void gif_decision_tell_cell(const GifCell *cell, const char *column, GifNotes *notes);
