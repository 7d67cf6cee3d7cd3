/* Deciding a row by its proposal (gif/proposal): what the long way would do is known where the
 * object is new and nobody is in its way, and where it is there as the row would create it.
 *
 * The second: each address that such a row wants is the object's own, as what the row wants and so
 * spelt, each value is the one that is there. Nothing is claimed, added, respelt or promoted, and
 * what --overwrite would take away is not there. So nothing changes, whoever brought the object
 * about. */
#include "gif/decision.h"

/* The column that brings the address. */
static const char *
column_of(const GifPlan *plan, const GifBlock *block, const GifBlockRow *row, guint proxy)
{
    const GifCell *cell = gif_block_cells(block, row);
    int primaries = plan->schema->primaries_at, secondaries = plan->schema->secondaries_at;
    const GifBlockProxy *wanted = gif_block_row_proxies(block, row) + proxy;
    bool primary = false;
    for (guint i = 0; primaries >= 0 && i < cell[primaries].count; i++) {
        primary = primary || gif_block_proxy(block, &cell[primaries], i) == wanted;
    }
    return plan->schema->column[primary ? primaries : secondaries].name;
}

/* Which domains of the block are settled is looked up once for each. */
static guint8 *
settled_of_block(GifPlan *plan, const GifProposals *proposals)
{
    guint64 filling = gif_proposals_filling(proposals);
    if (plan->settled_of != proposals || plan->settled_filling != filling) {
        plan->settled_of = proposals;
        plan->settled_filling = filling;
        g_byte_array_set_size(plan->settled_here, gif_proposals_count_domains(proposals));
        if (plan->settled_here->len > 0) {
            memset(plan->settled_here->data, 0, plan->settled_here->len);
        }
    }
    return plan->settled_here->data;
}

/* As the long way tells them: after the object was put, in the order of the file. */
static void
domains_tell(GifPlan *plan, const GifBlock *block, const GifBlockRow *row,
             const GifProposal *proposal)
{
    const GifProposals *proposals = gif_block_proposals(block);
    guint8 *settled = settled_of_block(plan, proposals);
    for (guint i = 0; i < row->proxies; i++) {
        guint16 number = proposal->domains[i];
        if (number != GIF_PROPOSAL_NO_DOMAIN && !settled[number]) {
            GifProposalDomain domain = gif_proposals_domain(proposals, number);
            if (gif_decision_settle_domain(plan, domain.name, domain.hash)) {
                gif_decision_tell_domain(plan, domain.name, column_of(plan, block, row, i));
            }
            settled[number] = true;
        }
    }
    if (!gif_notes_is_empty(plan->notes)) {
        gif_notes_flush(plan->notes, plan->diagnostics, row->told_line, row->row.name);
    }
}

bool
gif_decision_take_proposal(GifPlan *plan, const GifBlock *block, const GifBlockRow *row,
                           GifRowResult *result)
{
    GifProposal proposal = gif_proposals_get(gif_block_proposals(block), row);
    guint64 id;
    tbl_draft_set_source(plan->draft, plan->source, row->line);
    TblCreationResult created = tbl_draft_create(plan->draft, &proposal.creation, &id);
    bool there = created == TBL_CREATION_SAME && row->row.mode == GIF_MODE_CREATE;
    if (created == TBL_CREATION_OTHERWISE || there) {
        return false;
    }
    *result = created == TBL_CREATION_DONE ? GIF_ROW_CHANGED : GIF_ROW_UNCHANGED;
    if (created == TBL_CREATION_DONE) {
        gif_ledger_set(plan->ledger, id,
                       (GifLedgerRow){plan->source, row->line, row->start, row->end});
        if (row->row.object_class == TBL_CLASS_DL) {
            gif_pending_note_list(plan->pending, id);
        }
    }
    domains_tell(plan, block, row, &proposal);
    return true;
}

/* What is read of a proposal at first. */
#define CACHE_LINE 64
#define LINES_FETCHED 3

void
gif_decision_prefetch_proposal(const GifPlan *plan, const GifBlock *block, const GifBlockRow *row)
{
    GifProposal proposal = gif_proposals_get(gif_block_proposals(block), row);
    for (guint i = 0; i < proposal.creation.n_rows; i++) {
        tbl_draft_prefetch(plan->draft, proposal.creation.rows[i].hash, 0);
    }
    for (guint i = 0; i < LINES_FETCHED; i++) {
        __builtin_prefetch(proposal.creation.bytes.ptr + i * CACHE_LINE);
    }
}
