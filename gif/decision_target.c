#include "gif/decision.h"
#include "tables/claim.h"

/* Event 235 or 236, and the primary that a new remote gets from its target. */
static void
target_claim(GifDecision *decision, const GifProxy *target, const char *column)
{
    GifPlan *plan = decision->plan;
    TblClaim claim = {0};
    TblSlice type = tbl_slice(target->type), value = tbl_slice(target->value);
    bool exact = decision->entry && decision->entry->exact;
    if (decision->creating && !exact && !gif_proxies_has_primary(plan->proxies, target->type)) {
        if (tbl_claim_address(plan->draft, decision->object->id, type, value, &claim) ==
            TBL_FAILED) {
            decision->broken = true;
            return;
        }
        if (claim.fault == TBL_CLAIM_FREE) {
            gif_proxies_add_implied(plan->proxies, target);
        }
        tbl_claim_clear(&claim);
    }
    /* Judged with the addresses that the remote will have. */
    g_autoptr(TblObject) probe =
        tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_REMOTE, decision->row.name);
    probe->id = decision->object->id;
    probe->target = tbl_proxy_new(type, value, true);
    g_ptr_array_unref(probe->addresses);
    probe->addresses = gif_proxies_probe(plan->proxies);
    if (tbl_claim_target(plan->draft, probe, &claim) == TBL_FAILED) {
        decision->broken = true;
    } else if (claim.fault != TBL_CLAIM_FREE) {
        /* Directories allow contacts to lead to the same place; only one of them reserves it. */
        bool shared = decision->entry && claim.by_target;
        gif_decision_tell_claim(decision, shared ? GIF_WARNING : GIF_ERROR, target, column, &claim);
    }
    tbl_claim_clear(&claim);
}

static void
target_set(GifDecision *decision, const GifProxy *target, const char *column)
{
    TblProxy *old = decision->object->target;
    if (g_strcmp0(old ? tbl_proxy_own_key(old) : NULL, target->key) != 0) {
        target_claim(decision, target, column);
        if (decision->broken || gif_notes_failed(decision->plan->notes)) {
            return;
        }
    } else if (strcmp(old->value, target->value) == 0) {
        return;
    }
    tbl_proxy_free(old);
    decision->object->target =
        tbl_proxy_new(tbl_slice(target->type), tbl_slice(target->value), true);
    decision->changed = true;
}

static void
target_read(GifDecision *decision, const GifCell *cell, const char *column)
{
    GifPlan *plan = decision->plan;
    GifProxy target;
    g_autofree char *reason = NULL;
    int fault = gif_proxy_parse(&target, gif_block_memory(decision->block),
                                gif_lexer_value(decision->lexer, cell, 0)->text,
                                !plan->options.compat, &reason);
    if (fault != 0) {
        gif_notes_add(plan->notes, GIF_ERROR, 235, column, "%s", reason);
    } else {
        if (target.bare) {
            gif_notes_add(plan->notes, GIF_WARNING, 230, column, "%s has no type; taken as SMTP:%s",
                          target.value, target.value);
        }
        target_set(decision, &target, column);
    }
}

void
gif_decision_read_target(GifDecision *decision)
{
    GifPlan *plan = decision->plan;
    int at = plan->schema->target_at;
    GifCell blank = {.kind = GIF_CELL_BLANK};
    const GifCell *cell = at >= 0 ? &decision->cell[at] : &blank;
    const char *column = at >= 0 ? plan->schema->column[at].name : NULL;
    if (decision->row.object_class != TBL_CLASS_REMOTE) {
        if (cell->kind != GIF_CELL_BLANK) {
            gif_notes_add(plan->notes, GIF_WARNING, 265, column,
                          "only a remote has a target; ignored here");
        }
        return;
    }
    gif_decision_tell_cell(cell, column, plan->notes);
    if (gif_notes_failed(plan->notes)) {
        return;
    }
    if (cell->kind == GIF_CELL_VALUES) {
        target_read(decision, cell, column);
    } else if (decision->creating) {
        gif_notes_add(plan->notes, GIF_ERROR, cell->kind == GIF_CELL_BLANK ? 292 : 241, column,
                      "a remote needs its target: %s, as SMTP:user@domain",
                      column ? column : "E-mail address");
    } else if (cell->kind != GIF_CELL_BLANK) {
        gif_notes_add(plan->notes, GIF_ERROR, 266, column,
                      "the target of a remote can be replaced, not removed");
    }
}
