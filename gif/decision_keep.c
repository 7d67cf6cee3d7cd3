#include "gif/decision.h"
#include "tables/generate.h"

bool
gif_decision_settle_domain(GifPlan *plan, const char *domain, guint32 hash)
{
    guint32 step = 0, number;
    while (tbl_key_index_next(&plan->settled_index, hash, &step, &number)) {
        if (g_str_equal(g_ptr_array_index(plan->settled, number), domain)) {
            return false;
        }
    }
    tbl_key_index_add(&plan->settled_index, hash, plan->settled->len);
    g_ptr_array_add(plan->settled, g_strdup(domain));
    return true;
}

void
gif_decision_tell_domain(GifPlan *plan, const char *domain, const char *column)
{
    TblView *view = tbl_draft_view(plan->draft);
    if (tbl_domains_find_mail(view->domains(view), domain)) {
        return;
    }
    gif_notes_add(plan->notes, GIF_INFO, GIF_CODE_DOMAIN_UNDECLARED, column,
                  "domain %s is not declared: its addresses are kept, but no map answers them "
                  "(policyctl domain add)",
                  domain);
}

static void
domain_tell(const GifProxy *proxy, const char *column, gpointer data)
{
    const char *domain = gif_proxy_domain(proxy);
    if (domain && gif_decision_settle_domain(data, domain, tbl_key_index_hash(tbl_slice(domain)))) {
        gif_decision_tell_domain(data, domain, column);
    }
}

/* References that nobody bears yet wait for the end of the run. */
static void
references_remember(GifDecision *decision)
{
    GifPlan *plan = decision->plan;
    for (guint i = 0; i < plan->schema->count; i++) {
        const GifColumn *column = &plan->schema->column[i];
        const GifCell *cell = &decision->cell[i];
        bool refers = column->kind == GIF_COLUMN_REFERENCE || column->kind == GIF_COLUMN_REFERENCES;
        if (!refers || cell->kind == GIF_CELL_BLANK) {
            continue;
        }
        GifPlace place = {plan->file, decision->from->line, column->name, decision->object->name};
        bool membership = column->kind == GIF_COLUMN_REFERENCES &&
                          column->which == TBL_REFS_MEMBERS &&
                          decision->row.object_class != TBL_CLASS_DL;
        if (membership && cell->kind == GIF_CELL_CLEAR) {
            gif_pending_add_departure(plan->pending, &place);
        }
        for (guint v = 0; v < cell->count && !decision->broken; v++) {
            g_autofree char *name = gif_attributes_reference(
                plan->schema, gif_lexer_value(decision->lexer, cell, v)->text);
            if (membership) {
                gif_pending_add_membership(plan->pending, &place, name,
                                           cell->kind == GIF_CELL_VALUES);
            } else if (cell->kind == GIF_CELL_VALUES) {
                decision->broken = !gif_pending_add_reference(plan->pending, &place, name);
            }
        }
    }
}

static bool
draft_put(GifDecision *decision)
{
    if (decision->changed &&
        !tbl_draft_put(decision->plan->draft, decision->object, decision->error)) {
        decision->broken = true;
    }
    return !decision->broken;
}

/* Has the row anything to say about members? */
static bool
members_given(const GifDecision *decision)
{
    const GifPlan *plan = decision->plan;
    for (guint i = 0; i < plan->schema->count; i++) {
        const GifColumn *column = &plan->schema->column[i];
        if (column->kind == GIF_COLUMN_REFERENCES && column->which == TBL_REFS_MEMBERS &&
            decision->cell[i].kind != GIF_CELL_BLANK) {
            return true;
        }
    }
    return false;
}

/* A list: its members are held from the second row on that changes them. */
static void
list_keep(GifDecision *decision, const GifAttributes *attributes)
{
    GifPlan *plan = decision->plan;
    bool members = members_given(decision);
    if (members && decision->creating) {
        g_autoptr(GifReferences) references =
            gif_references_new(decision->object->refs[TBL_REFS_MEMBERS]);
        gif_attributes_apply_members(attributes, references, plan->notes);
        gif_references_copy(references, decision->object->refs[TBL_REFS_MEMBERS]);
    }
    if (!draft_put(decision) || decision->creating || (!members && !decision->list)) {
        if (decision->creating && !decision->broken) {
            gif_pending_note_list(plan->pending, decision->object->id);
        }
        return;
    }
    if (!decision->list) {
        decision->list =
            gif_lists_hold(plan->lists, decision->from->folded, tbl_object_copy(decision->object));
    } else if (decision->changed) {
        tbl_object_free(decision->list->object);
        decision->list->object = tbl_object_copy(decision->object);
        decision->list->changed = true;
    }
    if (members && gif_attributes_apply_members(attributes, decision->list->members, plan->notes)) {
        decision->list->changed = true;
        decision->changed = true;
    }
}

/* Makes `address` the primary: new, or a secondary that the row brings. */
static void
primary_set(GifDecision *decision, const GifProxy *primary)
{
    GPtrArray *addresses = decision->object->addresses;
    for (guint i = 0; i < addresses->len; i++) {
        TblProxy *own = g_ptr_array_index(addresses, i);
        if (g_strcmp0(tbl_proxy_own_key(own), primary->key) == 0) {
            own->primary = true;
            return;
        }
    }
    g_ptr_array_insert(addresses, 0,
                       tbl_proxy_new_keyed(tbl_slice(primary->type), tbl_slice(primary->value),
                                           tbl_slice(primary->key), true));
}

/* A new mailbox without an SMTP primary gets the one of --rule. False: the row is over. */
static bool
primary_generate(GifDecision *decision)
{
    GifPlan *plan = decision->plan;
    const TblObject *object = decision->object;
    g_autoptr(GError) error = NULL;
    if (!plan->options.rule || !decision->creating || object->object_class != TBL_CLASS_MAILBOX ||
        tbl_object_primary(object, "SMTP")) {
        return true;
    }
    g_autofree char *address =
        tbl_generate_address(plan->draft, plan->options.rule, object, &error);
    if (error) {
        g_propagate_error(decision->error, g_steal_pointer(&error));
        decision->broken = true;
        return false;
    }
    if (!address) {
        gif_notes_add(plan->notes, GIF_ERROR, 237, NULL,
                      "--rule makes no address of the names of \"%s\"; give it a primary, or an "
                      "alias of ASCII letters",
                      object->name);
        return false;
    }
    g_autofree char *key = tbl_proxy_key(tbl_slice("SMTP"), tbl_slice(address));
    const GifProxy primary = {.type = "SMTP",
                              .value = address,
                              .key = key,
                              .value_len = (guint32)strlen(address),
                              .key_len = (guint32)strlen(key)};
    primary_set(decision, &primary);
    domain_tell(&primary, NULL, plan);
    return true;
}

void
gif_decision_keep(GifDecision *decision, const GifAttributes *attributes)
{
    GifPlan *plan = decision->plan;
    if (gif_proxies_changed(plan->proxies)) {
        GPtrArray *addresses =
            gif_proxies_list(plan->proxies); /* borrows from the old list until it stands */
        g_ptr_array_unref(decision->object->addresses);
        decision->object->addresses = addresses;
        decision->changed = true;
    }
    if (plan->options.container && decision->creating && !decision->entry &&
        !decision->object->text[TBL_TEXT_CONTAINER]) {
        tbl_object_set_text(decision->object, TBL_TEXT_CONTAINER, plan->options.container);
    }
    if (!primary_generate(decision)) {
        return;
    }
    if (decision->row.object_class == TBL_CLASS_DL) {
        list_keep(decision, attributes);
    } else {
        draft_put(decision);
    }
    gif_proxies_foreach_new(plan->proxies, domain_tell, plan);
    references_remember(decision);
}
