/* Rows that want what belongs to somebody else: the note, and both sides for the plan. */
#include "gif/decision.h"
#include "tables/source.h"

/* "this run, people.csv line 12", "batch 7, people.csv line 12"; NULL when nobody noted it. */
static char *
source_text(const GifPlan *plan, const TblSource *source)
{
    TblBatchInfo pending = {.files = (const TblBatchFile *)(void *)plan->files->data,
                            .n_files = plan->files->len};
    bool noted = source->batch != 0 || source->synced != 0;
    return noted ? tbl_source_text(tbl_draft_reader(plan->draft), source, &pending) : NULL;
}

/* Where an object comes from: its row in this run, else what brought the first of its addresses
 * that says so. NULL when nothing does. */
static char *
object_text(const GifPlan *plan, const TblObject *object)
{
    GifLedgerRow place;
    if (object->id >= tbl_draft_base(plan->draft)->next_id &&
        gif_ledger_get(plan->ledger, object->id, &place)) {
        return g_strdup_printf("this run, %s line %" G_GUINT64_FORMAT,
                               g_array_index(plan->files, TblBatchFile, place.source).name,
                               place.line);
    }
    for (guint i = 0; i < object->addresses->len; i++) {
        const char *key = tbl_proxy_own_key(g_ptr_array_index(object->addresses, i));
        TblRows rows;
        const TblRow *row = key && tbl_draft_rows(plan->draft, key, &rows) == TBL_FOUND
                                ? tbl_rows_get(&rows, TBL_ROW_LOCAL)
                                : NULL;
        char *text = row ? source_text(plan, &row->source) : NULL;
        if (text) {
            return text;
        }
    }
    return NULL;
}

static void
conflict_add(const GifDecision *decision, GifConflict *conflict, const char *owner_place)
{
    const GifPlan *plan = decision->plan;
    g_autofree char *place =
        g_strdup_printf("%s line %" G_GUINT64_FORMAT, plan->file, decision->from->line);
    conflict->wanted = (GifConflictSide){decision->row.object_class, decision->row.name, place};
    conflict->owner.place = owner_place ? owner_place : "the store";
    gif_conflicts_add(plan->options.conflicts, conflict);
}

void
gif_decision_tell_claim(GifDecision *decision, GifSeverity severity, const GifProxy *wanted,
                        const char *column, const TblClaim *claim)
{
    GifPlan *plan = decision->plan;
    g_autofree char *place = claim->holder ? source_text(plan, &claim->source) : NULL;
    gif_notes_add(plan->notes, severity, claim->fault, column, "%s%s%s%s", claim->reason,
                  place ? " (" : "", place ? place : "", place ? ")" : "");
    if (severity != GIF_ERROR || !claim->holder) {
        return;
    }
    g_autofree char *subject = g_strconcat(wanted->type, ":", wanted->value, NULL);
    GifConflict conflict = {.code = claim->fault,
                            .subject = subject,
                            .relation = claim->by_target ? "target" : "address",
                            .owner = {claim->holder_class, claim->holder, NULL}};
    conflict_add(decision, &conflict, place);
}

void
gif_decision_tell_name(GifDecision *decision, int code, const char *advice)
{
    GifPlan *plan = decision->plan;
    const TblObject *object = decision->object;
    g_autofree char *place = object_text(plan, object);
    g_autofree char *from = place ? g_strdup_printf(" (%s)", place) : g_strdup("");
    const char *class_name = tbl_class_name(object->object_class);
    if (code == 287) {
        gif_notes_add(plan->notes, GIF_ERROR, code, NULL, "%s \"%s\" is there already%s; %s",
                      class_name, object->name, from, advice);
    } else {
        gif_notes_add(plan->notes, GIF_ERROR, code, NULL, "\"%s\" is of class %s, not %s%s; %s",
                      object->name, class_name, tbl_class_name(decision->row.object_class), from,
                      advice);
    }
    GifConflict conflict = {.code = code,
                            .subject = object->name,
                            .relation = "name",
                            .owner = {object->object_class, object->name, NULL}};
    conflict_add(decision, &conflict, place);
}
