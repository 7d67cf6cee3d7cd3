#include "gif/decision.h"

/* How far ahead addresses are fetched, and how many of a row: more would push each other out. */
#define PREFETCH_ROWS 2
#define PREFETCH_PROXIES 16

GifPlan *
gif_plan_new(TblStore *store, TblDraft *draft, const TblConfig *config, GifPlanOptions options,
             GifDiagnostics *diagnostics, GifLedger *ledger)
{
    GifPlan *plan = g_new0(GifPlan, 1);
    plan->draft = draft;
    plan->options = options;
    plan->diagnostics = diagnostics;
    plan->ledger = ledger;
    plan->proxies = gif_proxies_new(options.compat);
    plan->lists = gif_lists_new(draft);
    plan->pending = gif_pending_new(store, draft, plan->lists, config, diagnostics);
    plan->notes = gif_notes_new();
    plan->later = gif_notes_new();
    plan->settled = g_ptr_array_new_with_free_func(g_free);
    plan->settled_here = g_byte_array_new();
    /* A rule and a container add to what a row brings; --compat judges it otherwise. */
    plan->proposals = !options.no_proposals && !options.compat && !options.rule &&
                      !options.container && tbl_draft_takes_creations(draft);
    plan->files = g_array_new(FALSE, TRUE, sizeof(TblBatchFile));
    plan->schemas = g_ptr_array_new_with_free_func((GDestroyNotify)gif_schema_free);
    return plan;
}

void
gif_plan_free(GifPlan *plan)
{
    if (plan) {
        gif_proxies_free(plan->proxies);
        gif_pending_free(plan->pending);
        gif_lists_free(plan->lists);
        gif_notes_free(plan->notes);
        gif_notes_free(plan->later);
        g_ptr_array_unref(plan->settled);
        g_byte_array_unref(plan->settled_here);
        tbl_key_index_clear(&plan->settled_index);
        g_ptr_array_unref(plan->schemas);
        g_array_unref(plan->files);
        gif_block_free(plan->single);
        g_free(plan);
    }
}

void
gif_plan_begin_file(GifPlan *plan, guint source, const char *file, GifDialect dialect,
                    GifSchema *schema)
{
    g_ptr_array_add(plan->schemas, schema);
    plan->source = source;
    plan->file = file;
    g_array_set_size(plan->files, MAX(plan->files->len, source + 1));
    g_array_index(plan->files, TblBatchFile, source).name = (char *)file;
    plan->schema = schema;
    plan->settled_of = NULL;
    gif_block_free(plan->single);
    plan->single = gif_block_new(schema, dialect, plan->options.mode, plan->options.compat);
    gif_diagnostics_set_file(plan->diagnostics, file);
}

/* ---- Which object ---- */

static bool
object_find(GifDecision *decision)
{
    GifPlan *plan = decision->plan;
    g_autoptr(GError) error = NULL;
    const char *folded = decision->from->folded;
    decision->list = folded ? gif_lists_find(plan->lists, folded) : NULL;
    decision->object =
        decision->list ? tbl_object_copy(decision->list->object)
                       : tbl_draft_find(plan->draft, TBL_ORIGIN_LOCAL, decision->row.name, &error);
    if (error) {
        g_propagate_error(decision->error, g_steal_pointer(&error));
        decision->broken = true;
    }
    return !error;
}

static bool
only_in_directory(GifDecision *decision)
{
    TblView *view = tbl_draft_view(decision->plan->draft);
    guint64 id;
    const char *folded = decision->from->folded;
    return folded && view->name(view, TBL_ORIGIN_DIRECTORY, folded, &id) == TBL_FOUND;
}

/* Events 287 to 290 and 138. False: the row is over. */
static bool
mode_check(GifDecision *decision)
{
    GifNotes *notes = decision->plan->notes;
    const GifRow *row = &decision->row;
    if (decision->object && row->mode == GIF_MODE_CREATE) {
        gif_decision_tell_name(decision, 287, "mode update or modify changes it");
    } else if (!decision->object && row->mode == GIF_MODE_MODIFY) {
        gif_notes_add(
            notes, GIF_ERROR, 288, NULL, "there is no object \"%s\" to modify%s", row->name,
            only_in_directory(decision) ? "; only the directory has one (--to=directory)" : "");
    } else if (!decision->object && row->mode == GIF_MODE_DELETE) {
        gif_notes_add(notes, GIF_WARNING, 138, NULL, "there is no object \"%s\" to delete",
                      row->name);
        return false;
    } else if (decision->object && decision->object->object_class != row->object_class) {
        gif_decision_tell_name(decision, row->mode == GIF_MODE_DELETE ? 290 : 289,
                               "to change the class delete it and create it anew");
    }
    return !gif_notes_failed(notes);
}

static bool
object_delete(GifDecision *decision)
{
    if (decision->list) {
        gif_lists_drop(decision->plan->lists, decision->from->folded);
        decision->list = NULL;
    }
    decision->changed = true;
    decision->broken =
        !tbl_draft_delete(decision->plan->draft, decision->object->id, decision->error);
    return !decision->broken;
}

/* ---- What the cells say ---- */

/* Warnings of a cell and its fault: 168, 295, 245, 268. */
void
gif_decision_tell_cell(const GifCell *cell, const char *column, GifNotes *notes)
{
    if (cell->backslashes > 0) {
        gif_notes_add(
            notes, GIF_WARNING, 168, column,
            "a backslash that escapes nothing was dropped (%u here); to keep one, write it "
            "twice",
            cell->backslashes);
    }
    if (cell->empty > 0) {
        gif_notes_add(notes, GIF_INFO, GIF_CODE_VALUE_EMPTY, column,
                      "%u empty values were left out", cell->empty);
    }
    if (cell->clear_quoted) {
        gif_notes_add(notes, GIF_INFO, GIF_CODE_CLEAR_QUOTED, column,
                      "every field of the row is quoted, so \"~DEL\" removes the attribute");
    }
    if (cell->fault != 0) {
        gif_notes_add(notes, GIF_ERROR, cell->fault, column, "%s",
                      gif_cell_fault_text(cell->fault));
    }
}

static void
cell_check(GifDecision *decision, guint index, GifNotes *notes)
{
    GifPlan *plan = decision->plan;
    const GifCell *cell = &decision->cell[index];
    const GifColumn *column = &plan->schema->column[index];
    gif_decision_tell_cell(cell, column->name, notes);
    if (cell->fault != 0) {
        return;
    }
    bool address = column->kind == GIF_COLUMN_PRIMARIES || column->kind == GIF_COLUMN_SECONDARIES;
    if (address) {
        gif_proxies_remove(plan->proxies, column->kind == GIF_COLUMN_PRIMARIES, column->name,
                           decision->lexer, cell, notes);
    } else if (cell->kind == GIF_CELL_REMOVE && column->kind != GIF_COLUMN_REFERENCES &&
               !decision->entry && !gif_notes_failed(notes)) {
        gif_notes_add(notes, GIF_ERROR, 245, column->name,
                      "this column has one value: write ~DEL to remove it");
    }
    bool removes = cell->kind == GIF_CELL_CLEAR || cell->kind == GIF_CELL_REMOVE;
    if (removes && !cell->quiet && decision->creating && !gif_notes_failed(notes)) {
        gif_notes_add(notes, GIF_ERROR, 241, column->name, "~DEL on an object that is created");
    }
}

/* The lexical faults of all columns, then the syntax of all addresses. */
static void
cells_check(GifDecision *decision, GifNotes *notes)
{
    GifPlan *plan = decision->plan;
    const GifSchema *schema = plan->schema;
    GifAttributes attributes = {schema, decision->lexer, decision->cell, plan->options.overwrite};
    for (guint i = 0; i < schema->count && !gif_notes_failed(notes); i++) {
        const GifColumn *column = &schema->column[i];
        bool blank = decision->cell[i].kind == GIF_CELL_BLANK && decision->cell[i].fault == 0;
        if (column->kind != GIF_COLUMN_TARGET && !blank) {
            cell_check(decision, i, notes);
        }
    }
    for (guint i = 0; i < schema->count && !gif_notes_failed(notes); i++) {
        const GifColumn *column = &schema->column[i];
        if (column->kind == GIF_COLUMN_PRIMARIES || column->kind == GIF_COLUMN_SECONDARIES) {
            gif_proxies_add(plan->proxies, column->kind == GIF_COLUMN_PRIMARIES, column->name,
                            decision->block, &decision->cell[i], notes);
        }
    }
    if (!gif_notes_failed(notes)) {
        gif_attributes_check(&attributes, notes);
    }
}

/* ---- One row ---- */

static void
home_server_check(GifDecision *decision)
{
    GifPlan *plan = decision->plan;
    int at = plan->schema->home_server_at;
    bool needed = plan->options.compat && !decision->entry && decision->creating &&
                  decision->row.object_class == TBL_CLASS_MAILBOX;
    if (needed && (at < 0 || decision->cell[at].kind != GIF_CELL_VALUES)) {
        gif_notes_add(plan->notes, GIF_ERROR, 292, at >= 0 ? plan->schema->column[at].name : NULL,
                      "a new mailbox needs its Home-Server");
    }
}

static GifReplace
replace_read(const GifDecision *decision)
{
    const GifPlan *plan = decision->plan;
    int secondaries = plan->schema->secondaries_at;
    if (decision->entry) {
        return decision->entry->replace_addresses ? GIF_REPLACE_ALL : GIF_REPLACE_NOTHING;
    }
    bool listed = secondaries >= 0 && decision->cell[secondaries].kind == GIF_CELL_VALUES;
    return plan->options.overwrite && listed ? GIF_REPLACE_SECONDARIES : GIF_REPLACE_NOTHING;
}

/* Event 238. False: the store failed. */
static bool
addresses_claim(GifDecision *decision)
{
    GifPlan *plan = decision->plan;
    TblClaim claim;
    const GifProxy *taken = NULL;
    const char *column = NULL;
    TblResult result = gif_proxies_claim(plan->proxies, plan->draft, decision->object->id, &claim,
                                         &taken, &column);
    if (result == TBL_FOUND) {
        gif_decision_tell_claim(decision, GIF_ERROR, taken, column, &claim);
    }
    tbl_claim_clear(&claim);
    decision->broken = result == TBL_FAILED;
    return result != TBL_FAILED;
}

static void
object_decide(GifDecision *decision)
{
    GifPlan *plan = decision->plan;
    GifAttributes attributes = {plan->schema, decision->lexer, decision->cell,
                                plan->options.overwrite && !decision->entry};
    cells_check(decision, plan->later);
    gif_decision_read_target(decision);
    if (decision->broken || gif_notes_failed(plan->notes)) {
        return;
    }
    gif_notes_move(plan->notes, plan->later);
    if (gif_notes_failed(plan->notes)) {
        return;
    }
    if (!addresses_claim(decision)) {
        return;
    }
    if (decision->entry && decision->entry->keep_primaries) {
        gif_proxies_keep_primaries(plan->proxies, plan->notes);
    }
    if (!gif_notes_failed(plan->notes)) {
        gif_proxies_apply(plan->proxies, replace_read(decision), plan->notes);
    }
    if (!gif_notes_failed(plan->notes)) {
        decision->changed =
            gif_attributes_apply(&attributes, decision->object, plan->notes) || decision->changed;
        gif_decision_keep(decision, &attributes);
    }
}

static void
row_decide(GifDecision *decision)
{
    GifPlan *plan = decision->plan;
    bool settled = decision->row.stranger || (decision->entry && decision->entry->settled);
    if (settled || gif_notes_failed(plan->notes) || !object_find(decision)) {
        return;
    }
    if (decision->entry && !gif_decision_settle_class(decision)) {
        return;
    }
    if (!mode_check(decision)) {
        return;
    }
    if (decision->row.mode == GIF_MODE_DELETE) {
        object_delete(decision);
        return;
    }
    decision->creating = decision->object == NULL;
    decision->changed = decision->creating;
    home_server_check(decision);
    if (gif_notes_failed(plan->notes)) {
        return;
    }
    if (decision->creating) {
        decision->object =
            tbl_object_new(TBL_ORIGIN_LOCAL, decision->row.object_class, decision->row.name);
    }
    gif_proxies_begin(plan->proxies, decision->creating ? NULL : decision->object->addresses);
    object_decide(decision);
}

/* Decides, tells, and forgets the row. */
static GifRowResult
decision_run(GifDecision *decision)
{
    GifPlan *plan = decision->plan;
    const GifBlockRow *from = decision->from;
    decision->lexer = gif_block_lexer(decision->block);
    decision->cell = gif_block_cells(decision->block, from);
    decision->row = from->row;
    if (from->notes) {
        gif_notes_move(plan->notes, from->notes);
    }
    tbl_draft_set_source(plan->draft, plan->source, from->line);
    row_decide(decision);
    bool failed = gif_notes_failed(plan->notes);
    if (decision->changed && !failed && !decision->broken) {
        gif_ledger_set(plan->ledger, decision->object->id,
                       (GifLedgerRow){plan->source, from->line, from->start, from->end});
    }
    gif_notes_flush(plan->notes, plan->diagnostics, from->told_line, from->row.name);
    gif_notes_clear(plan->later);
    tbl_object_free(decision->object);
    if (decision->broken) {
        if (decision->error && !*decision->error) {
            tbl_store_set_unreadable(decision->error);
        }
        return GIF_ROW_BROKEN;
    }
    return failed ? GIF_ROW_FAILED : decision->changed ? GIF_ROW_CHANGED : GIF_ROW_UNCHANGED;
}

/* Each address of a large file is somewhere else in memory: what a row will ask for is fetched
 * while those before it are decided. */
static void
row_prefetch(const GifPlan *plan, const GifBlock *block, guint index)
{
    if (index >= gif_block_count(block)) {
        return;
    }
    const GifBlockRow *row = gif_block_row(block, index);
    tbl_draft_prefetch(plan->draft, 0, row->name_hash);
    if (row->proposal != 0) { /* has the hashes in less room */
        gif_decision_prefetch_proposal(plan, block, row);
        return;
    }
    const GifBlockProxy *proxy = gif_block_row_proxies(block, row);
    for (guint i = 0; i < MIN(row->proxies, PREFETCH_PROXIES); i++) {
        tbl_draft_prefetch(plan->draft, proxy[i].hash, 0);
    }
}

bool
gif_plan_wants_proposals(const GifPlan *plan)
{
    return plan->proposals;
}

GifRowResult
gif_plan_row(GifPlan *plan, const GifBlock *block, guint index, GError **error)
{
    const GifBlockRow *row = gif_block_row(block, index);
    GifRowResult result;
    row_prefetch(plan, block, index + PREFETCH_ROWS);
    if (plan->proposals && row->proposal != 0 &&
        gif_decision_take_proposal(plan, block, row, &result)) {
        return result;
    }
    GifDecision decision = {.plan = plan, .block = block, .from = row, .error = error};
    return decision_run(&decision);
}

GifRowResult
gif_plan_entry(GifPlan *plan, GifEntry *entry, GError **error)
{
    gif_block_clear(plan->single);
    gif_block_add_entry(plan->single, entry);
    GifDecision decision = {.plan = plan,
                            .block = plan->single,
                            .from = gif_block_row(plan->single, 0),
                            .entry = entry,
                            .error = error};
    return decision_run(&decision);
}

bool
gif_plan_finish(GifPlan *plan, GError **error)
{
    tbl_draft_set_source(plan->draft, 0, 0); /* what follows belongs to no row */
    return gif_pending_finish(plan->pending, error);
}
