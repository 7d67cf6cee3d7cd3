/* Deciding a row by its proposal (gif/proposal): what the long way would do is known where the
 * object is new and nobody is in its way, and where it is there as the row would create it.
 *
 * The second: each address that such a row wants is the object's own, as what the row wants and so
 * spelt, each value is the one that is there. Nothing is claimed, added, respelt or promoted, and
 * what --overwrite would take away is not there. So nothing changes, whoever brought the object
 * about. */
#include "gif/decision.h"

static bool
is_settled(const GifPlan *plan, const GifProposalDomain *domain)
{
    guint32 step = 0, number;
    while (tbl_key_index_next(&plan->settled_index, domain->hash, &step, &number)) {
        if (g_str_equal(g_ptr_array_index(plan->settled, number), domain->name)) {
            return true;
        }
    }
    return false;
}

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

static void
domain_settle(GifPlan *plan, const GifBlock *block, const GifBlockRow *row,
              const GifProposalDomain *domain)
{
    const GifProxy *proxy = &gif_block_row_proxies(block, row)[domain->proxy].proxy;
    gif_decision_tell_undeclared(plan, proxy, column_of(plan, block, row, domain->proxy));
    tbl_key_index_add(&plan->settled_index, domain->hash, plan->settled->len);
    g_ptr_array_add(plan->settled, g_strdup(domain->name));
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
    for (guint i = 0; i < proposal.n_domains; i++) {
        if (!is_settled(plan, &proposal.domains[i])) {
            domain_settle(plan, block, row, &proposal.domains[i]);
        }
    }
    if (!gif_notes_is_empty(plan->notes)) {
        gif_notes_flush(plan->notes, plan->diagnostics, row->told_line, row->row.name);
    }
    return true;
}
