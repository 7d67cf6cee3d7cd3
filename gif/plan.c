#include "gif/plan.h"

#include "gif/attributes.h"
#include "gif/pending.h"
#include "gif/proxies.h"
#include "tables/claim.h"

struct GifPlan {
    TblDraft *draft;
    GifPlanOptions options;
    GifDiagnostics *diagnostics;
    GifProxies *proxies;
    GifLists *lists;
    GifPending *pending;
    GifNotes *notes, *later; /* `later`: what the cells say, told after what the target says */
    GHashTable *undeclared;  /* domains that were told */
    /* of the file */
    const char *file;
    GPtrArray *schemas; /* of all files: pending references name their columns */
    const GifSchema *schema;
    GifLexer *lexer;
    GifCell *cell;
};

/* One row on its way. */
typedef struct {
    GifPlan *plan;
    const GifRecord *record;
    GifRow row;
    char *folded;
    TblObject *object; /* as it will be; a held list's without members */
    GifList *list;     /* the object is a held list */
    bool creating, changed, broken;
    GError **error;
} Work;

GifPlan *
gif_plan_new(TblDraft *draft, const TblConfig *config, GifPlanOptions options,
             GifDiagnostics *diagnostics)
{
    GifPlan *plan = g_new0(GifPlan, 1);
    plan->draft = draft;
    plan->options = options;
    plan->diagnostics = diagnostics;
    plan->proxies = gif_proxies_new(options.compat);
    plan->lists = gif_lists_new(draft);
    plan->pending = gif_pending_new(draft, plan->lists, config, diagnostics);
    plan->notes = gif_notes_new();
    plan->later = gif_notes_new();
    plan->undeclared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
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
        g_hash_table_unref(plan->undeclared);
        g_ptr_array_unref(plan->schemas);
        gif_lexer_free(plan->lexer);
        g_free(plan->cell);
        g_free(plan);
    }
}

void
gif_plan_begin_file(GifPlan *plan, const char *file, GifDialect dialect, GifSchema *schema)
{
    g_ptr_array_add(plan->schemas, schema);
    plan->file = file;
    plan->schema = schema;
    gif_lexer_free(plan->lexer);
    plan->lexer = gif_lexer_new(dialect);
    g_free(plan->cell);
    plan->cell = g_new0(GifCell, schema->count);
    gif_diagnostics_set_file(plan->diagnostics, file);
}

/* ---- Which object ---- */

static bool
object_find(Work *work)
{
    GifPlan *plan = work->plan;
    g_autoptr(GError) error = NULL;
    work->folded = tbl_text_fold(tbl_slice(work->row.name));
    work->list = work->folded ? gif_lists_find(plan->lists, work->folded) : NULL;
    work->object = work->list
                       ? tbl_object_copy(work->list->object)
                       : tbl_draft_find(plan->draft, TBL_ORIGIN_LOCAL, work->row.name, &error);
    if (error) {
        g_propagate_error(work->error, g_steal_pointer(&error));
        work->broken = true;
    }
    return !error;
}

static bool
only_in_directory(Work *work)
{
    TblView *view = tbl_draft_view(work->plan->draft);
    guint64 id;
    return work->folded && view->name(view, TBL_ORIGIN_DIRECTORY, work->folded, &id) == TBL_FOUND;
}

/* Events 287 to 290 and 138. False: the row is over. */
static bool
mode_check(Work *work)
{
    GifNotes *notes = work->plan->notes;
    const GifRow *row = &work->row;
    if (work->object && row->mode == GIF_MODE_CREATE) {
        gif_notes_add(notes, GIF_ERROR, 287, NULL,
                      "%s \"%s\" is there already; mode update or modify changes it",
                      tbl_class_name(work->object->object_class), work->object->name);
    } else if (!work->object && row->mode == GIF_MODE_MODIFY) {
        gif_notes_add(
            notes, GIF_ERROR, 288, NULL, "there is no object \"%s\" to modify%s", row->name,
            only_in_directory(work) ? "; only the directory has one (--to=directory)" : "");
    } else if (!work->object && row->mode == GIF_MODE_DELETE) {
        gif_notes_add(notes, GIF_WARNING, 138, NULL, "there is no object \"%s\" to delete",
                      row->name);
        return false;
    } else if (work->object && work->object->object_class != row->object_class) {
        gif_notes_add(
            notes, GIF_ERROR, row->mode == GIF_MODE_DELETE ? 290 : 289, NULL,
            "\"%s\" is of class %s, not %s; to change the class delete it and create it anew",
            work->object->name, tbl_class_name(work->object->object_class),
            tbl_class_name(row->object_class));
    }
    return !gif_notes_failed(notes);
}

static bool
object_delete(Work *work)
{
    if (work->list) {
        gif_lists_drop(work->plan->lists, work->folded);
        work->list = NULL;
    }
    work->changed = true;
    work->broken = !tbl_draft_delete(work->plan->draft, work->object->id, work->error);
    return !work->broken;
}

/* ---- What the cells say ---- */

static GifLexFlags
lex_flags(const GifColumn *column)
{
    switch (column->kind) {
    case GIF_COLUMN_PRIMARIES:
    case GIF_COLUMN_SECONDARIES:
    case GIF_COLUMN_REFERENCES:
        return GIF_LEX_MULTI;
    case GIF_COLUMN_TEXT:
        return column->which == TBL_TEXT_ACCOUNT ? GIF_LEX_PLAIN : GIF_LEX_SINGLE;
    default:
        return GIF_LEX_SINGLE;
    }
}

static void
cells_lex(Work *work)
{
    GifPlan *plan = work->plan;
    for (guint i = 0; i < plan->schema->count; i++) {
        const GifColumn *column = &plan->schema->column[i];
        if (column->kind <= GIF_COLUMN_NAME) {
            plan->cell[i] = (GifCell){.kind = GIF_CELL_BLANK};
            continue;
        }
        GifLexFlags flags =
            lex_flags(column) | (work->record->all_quoted ? GIF_LEX_QUOTED : GIF_LEX_SINGLE);
        gif_lexer_cell(plan->lexer, &work->record->field[i], flags, &plan->cell[i]);
    }
}

/* Warnings of a cell and its fault: 168, 295, 245, 268. */
static void
cell_tell(const GifCell *cell, const char *column, GifNotes *notes)
{
    if (cell->backslashes > 0) {
        gif_notes_add(notes, GIF_WARNING, 168, column,
                      "%u backslashes that escape nothing were dropped; write \\\\ for one",
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
cell_check(Work *work, guint index, GifNotes *notes)
{
    GifPlan *plan = work->plan;
    const GifCell *cell = &plan->cell[index];
    const GifColumn *column = &plan->schema->column[index];
    cell_tell(cell, column->name, notes);
    if (cell->fault != 0) {
        return;
    }
    bool address = column->kind == GIF_COLUMN_PRIMARIES || column->kind == GIF_COLUMN_SECONDARIES;
    if (address) {
        gif_proxies_remove(plan->proxies, column->kind == GIF_COLUMN_PRIMARIES, column->name,
                           plan->lexer, cell, notes);
    } else if (cell->kind == GIF_CELL_REMOVE && column->kind != GIF_COLUMN_REFERENCES &&
               !gif_notes_failed(notes)) {
        gif_notes_add(notes, GIF_ERROR, 245, column->name,
                      "this column has one value: write ~DEL to remove it");
    }
    bool removes = cell->kind == GIF_CELL_CLEAR || cell->kind == GIF_CELL_REMOVE;
    if (removes && work->creating && !gif_notes_failed(notes)) {
        gif_notes_add(notes, GIF_ERROR, 241, column->name, "~DEL on an object that is created");
    }
}

/* The lexical faults of all columns, then the syntax of all addresses. */
static void
cells_check(Work *work, GifNotes *notes)
{
    GifPlan *plan = work->plan;
    const GifSchema *schema = plan->schema;
    GifAttributes attributes = {schema, plan->lexer, plan->cell, plan->options.overwrite};
    for (guint i = 0; i < schema->count && !gif_notes_failed(notes); i++) {
        const GifColumn *column = &schema->column[i];
        bool blank = plan->cell[i].kind == GIF_CELL_BLANK && plan->cell[i].fault == 0;
        if (column->kind != GIF_COLUMN_TARGET && !blank) {
            cell_check(work, i, notes);
        }
    }
    for (guint i = 0; i < schema->count && !gif_notes_failed(notes); i++) {
        const GifColumn *column = &schema->column[i];
        if (column->kind == GIF_COLUMN_PRIMARIES || column->kind == GIF_COLUMN_SECONDARIES) {
            gif_proxies_add(plan->proxies, column->kind == GIF_COLUMN_PRIMARIES, column->name,
                            plan->lexer, &plan->cell[i], notes);
        }
    }
    if (!gif_notes_failed(notes)) {
        gif_attributes_check(&attributes, notes);
    }
}

/* ---- The target of a remote ---- */

/* Event 235 or 236, and the primary that a new remote gets from its target. */
static void
target_claim(Work *work, const GifProxy *target, const char *column)
{
    GifPlan *plan = work->plan;
    TblClaim claim = {0};
    TblSlice type = tbl_slice(target->type), value = tbl_slice(target->value);
    if (work->creating && !gif_proxies_has_primary(plan->proxies, target->type)) {
        if (tbl_claim_address(plan->draft, work->object->id, type, value, &claim) == TBL_FAILED) {
            work->broken = true;
            return;
        }
        if (claim.fault == TBL_CLAIM_FREE) {
            gif_proxies_add_implied(plan->proxies, target);
        }
        tbl_claim_clear(&claim);
    }
    /* Judged with the addresses that the remote will have. */
    g_autoptr(TblObject) probe = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_REMOTE, work->row.name);
    probe->id = work->object->id;
    probe->target = tbl_proxy_new(type, value, true);
    g_ptr_array_unref(probe->addresses);
    probe->addresses = gif_proxies_probe(plan->proxies);
    if (tbl_claim_target(plan->draft, probe, &claim) == TBL_FAILED) {
        work->broken = true;
    } else if (claim.fault != TBL_CLAIM_FREE) {
        gif_notes_add(plan->notes, GIF_ERROR, claim.fault, column, "%s", claim.reason);
    }
    tbl_claim_clear(&claim);
}

static void
target_set(Work *work, const GifProxy *target, const char *column)
{
    TblProxy *old = work->object->target;
    g_autofree char *key = old ? tbl_proxy_key(tbl_slice(old->type), tbl_slice(old->value)) : NULL;
    if (g_strcmp0(key, target->key) != 0) {
        target_claim(work, target, column);
        if (work->broken || gif_notes_failed(work->plan->notes)) {
            return;
        }
    } else if (strcmp(old->value, target->value) == 0) {
        return;
    }
    tbl_proxy_free(old);
    work->object->target = tbl_proxy_new(tbl_slice(target->type), tbl_slice(target->value), true);
    work->changed = true;
}

static void
target_read(Work *work, const GifCell *cell, const char *column)
{
    GifPlan *plan = work->plan;
    GifProxy target;
    g_autofree char *reason = NULL;
    int fault = gif_proxy_parse(&target, gif_lexer_value(plan->lexer, cell, 0)->text,
                                !plan->options.compat, &reason);
    if (fault != 0) {
        gif_notes_add(plan->notes, GIF_ERROR, 235, column, "%s", reason);
    } else {
        if (target.bare) {
            gif_notes_add(plan->notes, GIF_WARNING, 230, column, "%s has no type; taken as SMTP:%s",
                          target.value, target.value);
        }
        target_set(work, &target, column);
    }
    gif_proxy_clear(&target);
}

static void
target_decide(Work *work)
{
    GifPlan *plan = work->plan;
    int at = plan->schema->target_at;
    GifCell blank = {.kind = GIF_CELL_BLANK};
    const GifCell *cell = at >= 0 ? &plan->cell[at] : &blank;
    const char *column = at >= 0 ? plan->schema->column[at].name : NULL;
    if (work->row.object_class != TBL_CLASS_REMOTE) {
        if (cell->kind != GIF_CELL_BLANK) {
            gif_notes_add(plan->notes, GIF_WARNING, 265, column,
                          "only a remote has a target; ignored here");
        }
        return;
    }
    cell_tell(cell, column, plan->notes);
    if (gif_notes_failed(plan->notes)) {
        return;
    }
    if (cell->kind == GIF_CELL_VALUES) {
        target_read(work, cell, column);
    } else if (work->creating) {
        gif_notes_add(plan->notes, GIF_ERROR, cell->kind == GIF_CELL_BLANK ? 292 : 241, column,
                      "a remote needs its target: E-mail address, as SMTP:user@domain");
    } else if (cell->kind != GIF_CELL_BLANK) {
        gif_notes_add(plan->notes, GIF_ERROR, 266, column,
                      "the target of a remote can be replaced, not removed");
    }
}

/* ---- Keeping ---- */

static void
undeclared_tell(const GifProxy *proxy, const char *column, gpointer data)
{
    Work *work = data;
    GifPlan *plan = work->plan;
    TblView *view = tbl_draft_view(plan->draft);
    const char *at = g_str_equal(proxy->type, "SMTP") ? strrchr(proxy->key, '@') : NULL;
    if (!at || g_hash_table_contains(plan->undeclared, at + 1) ||
        tbl_domains_find_mail(view->domains(view), at + 1)) {
        return;
    }
    g_hash_table_add(plan->undeclared, g_strdup(at + 1));
    gif_notes_add(plan->notes, GIF_INFO, GIF_CODE_DOMAIN_UNDECLARED, column,
                  "domain %s is not declared: its addresses are kept, but no map answers them "
                  "(policyctl domain add)",
                  at + 1);
}

/* References that nobody bears yet wait for the end of the run. */
static void
references_remember(Work *work)
{
    GifPlan *plan = work->plan;
    for (guint i = 0; i < plan->schema->count; i++) {
        const GifColumn *column = &plan->schema->column[i];
        const GifCell *cell = &plan->cell[i];
        bool refers = column->kind == GIF_COLUMN_REFERENCE || column->kind == GIF_COLUMN_REFERENCES;
        if (!refers || (cell->kind != GIF_CELL_VALUES && cell->kind != GIF_CELL_REMOVE)) {
            continue;
        }
        GifPlace place = {plan->file, work->record->line, column->name, work->object->name};
        bool membership = column->kind == GIF_COLUMN_REFERENCES &&
                          column->which == TBL_REFS_MEMBERS &&
                          work->row.object_class != TBL_CLASS_DL;
        for (guint v = 0; v < cell->count && !work->broken; v++) {
            g_autofree char *name = gif_reference_name(gif_lexer_value(plan->lexer, cell, v)->text);
            if (membership) {
                gif_pending_add_membership(plan->pending, &place, name,
                                           cell->kind == GIF_CELL_VALUES);
            } else if (cell->kind == GIF_CELL_VALUES) {
                work->broken = !gif_pending_add_reference(plan->pending, &place, name);
            }
        }
    }
}

static bool
draft_put(Work *work)
{
    if (work->changed && !tbl_draft_put(work->plan->draft, work->object, work->error)) {
        work->broken = true;
    }
    return !work->broken;
}

/* A list: its members are held from the second row on that changes them. */
static void
list_keep(Work *work, const GifAttributes *attributes)
{
    GifPlan *plan = work->plan;
    int at = plan->schema->members_at;
    bool members = at >= 0 && plan->cell[at].kind != GIF_CELL_BLANK;
    if (members && work->creating) {
        g_autoptr(GifReferences) references =
            gif_references_new(work->object->refs[TBL_REFS_MEMBERS]);
        gif_attributes_apply_members(attributes, references, plan->notes);
        gif_references_copy(references, work->object->refs[TBL_REFS_MEMBERS]);
    }
    if (!draft_put(work) || work->creating || (!members && !work->list)) {
        return;
    }
    if (!work->list) {
        work->list = gif_lists_hold(plan->lists, work->folded, tbl_object_copy(work->object));
    } else if (work->changed) {
        tbl_object_free(work->list->object);
        work->list->object = tbl_object_copy(work->object);
        work->list->changed = true;
    }
    if (members && gif_attributes_apply_members(attributes, work->list->members, plan->notes)) {
        work->list->changed = true;
        work->changed = true;
    }
}

static void
row_keep(Work *work, const GifAttributes *attributes)
{
    GifPlan *plan = work->plan;
    if (gif_proxies_changed(plan->proxies)) {
        GPtrArray *addresses =
            gif_proxies_list(plan->proxies); /* borrows from the old list until it stands */
        g_ptr_array_unref(work->object->addresses);
        work->object->addresses = addresses;
        work->changed = true;
    }
    if (work->row.object_class == TBL_CLASS_DL) {
        list_keep(work, attributes);
    } else {
        draft_put(work);
    }
    gif_proxies_foreach_new(plan->proxies, undeclared_tell, work);
    references_remember(work);
}

/* ---- One row ---- */

static void
home_server_check(Work *work)
{
    GifPlan *plan = work->plan;
    int at = plan->schema->home_server_at;
    bool needed =
        plan->options.compat && work->creating && work->row.object_class == TBL_CLASS_MAILBOX;
    if (needed && (at < 0 || plan->cell[at].kind != GIF_CELL_VALUES)) {
        gif_notes_add(plan->notes, GIF_ERROR, 292, at >= 0 ? plan->schema->column[at].name : NULL,
                      "a new mailbox needs its Home-Server");
    }
}

static void
object_decide(Work *work)
{
    GifPlan *plan = work->plan;
    int secondaries = plan->schema->secondaries_at;
    GifAttributes attributes = {plan->schema, plan->lexer, plan->cell, plan->options.overwrite};
    bool replace = plan->options.overwrite && secondaries >= 0 &&
                   plan->cell[secondaries].kind == GIF_CELL_VALUES;
    cells_check(work, plan->later);
    target_decide(work);
    if (work->broken || gif_notes_failed(plan->notes)) {
        return;
    }
    gif_notes_move(plan->notes, plan->later);
    if (gif_notes_failed(plan->notes)) {
        return;
    }
    if (gif_proxies_claim(plan->proxies, plan->draft, work->object->id, plan->notes) ==
        TBL_FAILED) {
        work->broken = true;
        return;
    }
    if (!gif_notes_failed(plan->notes)) {
        gif_proxies_apply(plan->proxies, replace, plan->notes);
    }
    if (!gif_notes_failed(plan->notes)) {
        work->changed =
            gif_attributes_apply(&attributes, work->object, plan->notes) || work->changed;
        row_keep(work, &attributes);
    }
}

static void
row_decide(Work *work)
{
    GifPlan *plan = work->plan;
    gif_row_read(&work->row, plan->schema, work->record, plan->lexer, plan->options.mode,
                 plan->options.compat, plan->notes);
    if (gif_notes_failed(plan->notes) || !object_find(work) || !mode_check(work)) {
        return;
    }
    if (work->row.mode == GIF_MODE_DELETE) {
        object_delete(work);
        return;
    }
    cells_lex(work);
    work->creating = work->object == NULL;
    work->changed = work->creating;
    home_server_check(work);
    if (gif_notes_failed(plan->notes)) {
        return;
    }
    if (work->creating) {
        work->object = tbl_object_new(TBL_ORIGIN_LOCAL, work->row.object_class, work->row.name);
    }
    gif_proxies_begin(plan->proxies, work->creating ? NULL : work->object->addresses);
    object_decide(work);
}

GifRowResult
gif_plan_row(GifPlan *plan, const GifRecord *record, GError **error)
{
    Work work = {.plan = plan, .record = record, .error = error};
    if (record->fault == GIF_CSV_OK) {
        gif_lexer_begin(plan->lexer, record->end - record->start);
    }
    row_decide(&work);
    bool failed = gif_notes_failed(plan->notes);
    gif_notes_flush(plan->notes, plan->diagnostics,
                    record->fault == GIF_CSV_TRUNCATED ? record->fault_line : record->line,
                    work.row.name);
    gif_notes_clear(plan->later);
    gif_row_clear(&work.row);
    g_free(work.folded);
    tbl_object_free(work.object);
    if (work.broken) {
        if (error && !*error) {
            g_set_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_CORRUPT,
                        "a record of the store cannot be read");
        }
        return GIF_ROW_BROKEN;
    }
    return failed ? GIF_ROW_FAILED : work.changed ? GIF_ROW_CHANGED : GIF_ROW_UNCHANGED;
}

bool
gif_plan_finish(GifPlan *plan, GError **error)
{
    return gif_pending_finish(plan->pending, error);
}
