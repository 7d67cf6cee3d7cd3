/* The steps of an explanation. */
#include "policyd/explain_facts.h"

#include "tables/source.h"

/* ---- Rows ---- */

static const char *
kind_name(TblRowKind kind)
{
    static const char *const names[] = {
        [TBL_ROW_LOCAL] = "local",
        [TBL_ROW_DIRECTORY] = "directory",
        [TBL_ROW_LOCAL_GENERATED] = "local generated",
        [TBL_ROW_DIRECTORY_GENERATED] = "directory generated",
        [TBL_ROW_TOMBSTONE] = "notice",
        [TBL_ROW_LOCAL_TARGET] = "local target",
        [TBL_ROW_DIRECTORY_TARGET] = "directory target",
    };
    return names[kind];
}

static const char *
role_name(const TblRow *row)
{
    switch (row->kind) {
    case TBL_ROW_TOMBSTONE:
        return NULL;
    case TBL_ROW_LOCAL_TARGET:
    case TBL_ROW_DIRECTORY_TARGET:
        return "target";
    case TBL_ROW_LOCAL_GENERATED:
    case TBL_ROW_DIRECTORY_GENERATED:
        return "generated";
    default:
        return row->primary ? "primary" : "secondary";
    }
}

static void
set_source(PdExplainFacts *facts, PdExplainRow *row, const TblObject *object)
{
    TblReader *reader = tbl_view_reader(facts->context->view);
    row->file = tbl_source_file(reader, &row->source);
    row->source_text = tbl_source_text(reader, &row->source, NULL);
    if (!object || !object->dn)
        return;
    row->dn = g_strdup(object->dn);
    char *text = g_strdup_printf("%s, %s", object->dn, row->source_text);
    g_free(row->source_text);
    row->source_text = text;
}

static PdExplainRow *
add_row(PdExplainFacts *facts, PdExplainStep *step, const TblRow *found)
{
    TblView *view = facts->context->view;
    g_autoptr(TblObject) object = NULL;
    if (found->object != 0)
        (void)view->object(view, found->object, &object);
    PdExplainRow *row = g_new0(PdExplainRow, 1);
    row->kind = kind_name(found->kind);
    row->role = role_name(found);
    row->object_class = found->kind == TBL_ROW_TOMBSTONE ? "" : tbl_class_name(found->object_class);
    if (found->object != 0)
        row->object = g_strdup(object ? object->name : "(its record cannot be read)");
    row->address = g_strndup(found->spelling.ptr, found->spelling.len);
    if (found->kind == TBL_ROW_TOMBSTONE)
        row->notice = g_strndup(found->notice.ptr, found->notice.len);
    row->moved = found->moved;
    row->expires = found->expires;
    row->source = found->source;
    set_source(facts, row, object);
    g_ptr_array_add(step->rows, row);
    return row;
}

/* `mailbox "ann"`; caller frees. */
static char *
object_text(const char *object_class, const char *name)
{
    return g_strdup_printf("%s \"%s\"", object_class, name);
}

/* ---- Steps 2 to 4 ---- */

static PdStepResult
location_result(const TblLocation *location)
{
    return location->result == TBL_FOUND    ? PD_STEP_FOUND
           : location->result == TBL_FAILED ? PD_STEP_FAILED
           : location->tombstone            ? PD_STEP_NOTICE
           : location->hidden               ? PD_STEP_HIDDEN
                                            : PD_STEP_ABSENT;
}

/* Which step looked for a key (`smtp:local@domain`). */
static const char *
look_name(const PdExplainFacts *facts, const char *key)
{
    const char *at = strrchr(key, '@');
    const char *value = strchr(key, ':') + 1;
    bool whole = (size_t)(at - value) == facts->address.local_len;
    if (strcmp(at + 1, facts->name) == 0)
        return whole ? "exact" : "extension";
    return whole ? "mirror" : "mirror-extension";
}

/* One step of the search. Only the last one can have decided; a row that others met stays without
 * effect. */
static void
add_look(PdExplainFacts *facts, const TblTraceLook *look, bool last)
{
    const TblLocation *location = &facts->location;
    PdStepResult result = last ? location_result(location) : PD_STEP_ABSENT;
    PdExplainStep *step =
        pd_explain_step_new(facts->explanation, look_name(facts, look->key), result);
    bool decided = result == PD_STEP_FOUND || result == PD_STEP_NOTICE;
    step->key = g_strdup(strchr(look->key, ':') + 1);
    for (guint i = 0; i < look->rows.count; i++) {
        const TblRow *row = &look->rows.row[i];
        PdExplainRow *shown = add_row(facts, step, row);
        shown->decides = decided && row->kind == location->row.kind;
        if ((shown->decides || result == PD_STEP_HIDDEN) && shown->object && !facts->owner)
            facts->owner = object_text(shown->object_class, shown->object);
    }
}

static void
skip(PdExplainFacts *facts, const char *name, const char *reason)
{
    pd_explain_step_new(facts->explanation, name, PD_STEP_SKIPPED)->text = g_strdup(reason);
}

/* Why a step was not tried, when the search did not end before it. */
static const char *
why_no_extension(const PdExplainFacts *facts)
{
    if (!facts->ours)
        return "the domain is not declared";
    if (!tbl_domain_extends(facts->domain))
        return "the domain takes no extensions";
    return "the local part has none";
}

static void
add_search(PdExplainFacts *facts)
{
    const TblContext *context = facts->context;
    const TblDomain *domain = facts->ours ? facts->domain : NULL;
    g_autoptr(TblTrace) trace = tbl_trace_new(context->view);
    TblContext traced = {tbl_trace_view(trace), context->config, context->now};
    bool extension = false, mirror = false;
    tbl_resolve_locate(&traced, &facts->address, domain, &facts->location);
    guint count = tbl_trace_count(trace);
    bool ended = location_result(&facts->location) != PD_STEP_ABSENT;
    for (guint i = 0; i < count; i++) {
        const TblTraceLook *look = tbl_trace_look(trace, i);
        const char *name = look_name(facts, look->key);
        if (strcmp(name, "mirror") == 0 && !extension)
            skip(facts, "extension", why_no_extension(facts));
        extension = extension || strcmp(name, "exact") != 0;
        mirror = mirror || g_str_has_prefix(name, "mirror");
        add_look(facts, look, i + 1 == count);
    }
    if (!extension)
        skip(facts, "extension", ended ? "the search has ended" : why_no_extension(facts));
    if (!mirror)
        skip(facts, "mirror",
             ended          ? "the search has ended"
             : !facts->ours ? "the domain is not declared"
                            : "the domain mirrors none");
    facts->nobody = !ended;
}

/* ---- What virtual_alias_maps makes of it ---- */

static PdStepResult
alias_result(TblAlias alias)
{
    switch (alias) {
    case TBL_ALIAS_VALUE:
        return PD_STEP_FOUND;
    case TBL_ALIAS_FAILED:
    case TBL_ALIAS_OVER:
        return PD_STEP_FAILED;
    default:
        return PD_STEP_ABSENT;
    }
}

/* Step 5, and what stands in for postmaster and abuse. */
static void
add_stand_in(PdExplainFacts *facts)
{
    const char *postmaster = facts->context->config->addresses.postmaster;
    TblSlice local = {facts->address.text, facts->address.local_len};
    bool role = tbl_slice_equal(local, tbl_slice("postmaster")) ||
                tbl_slice_equal(local, tbl_slice("abuse"));
    const char *catch_all = facts->ours ? facts->domain->catch_all : NULL;
    bool open = facts->ours && facts->nobody;
    if (open && catch_all) {
        PdExplainStep *step =
            pd_explain_step_new(facts->explanation, "catch-all", alias_result(facts->alias));
        step->key = g_strdup(catch_all);
        if (step->result == PD_STEP_ABSENT)
            step->text = g_strdup("leads to no address that exists");
    } else {
        skip(facts, "catch-all",
             !facts->ours    ? "the domain is not declared"
             : facts->nobody ? "the domain has none"
                             : "the search has ended");
    }
    if (!role)
        return;
    if (open && !catch_all && *postmaster) {
        PdExplainStep *step =
            pd_explain_step_new(facts->explanation, "postmaster", alias_result(facts->alias));
        step->key = g_strdup(postmaster);
    } else {
        skip(facts, "postmaster",
             !*postmaster ? "none is configured"
             : open       ? "the domain has a catch-all"
                          : "the search has ended");
    }
}

typedef struct {
    TblView *view;
    guint64 id;
    TblRows rows;
    const TblRow *row;
} OwnRow;

static void
find_own_row(TblSlice key, const TblRow *row, gpointer data)
{
    OwnRow *own = data;
    bool wanted = row->kind == TBL_ROW_LOCAL || row->kind == TBL_ROW_DIRECTORY;
    if (own->row || !wanted || own->view->rows(own->view, key, &own->rows) != TBL_FOUND)
        return;
    const TblRow *found = tbl_rows_get(&own->rows, row->kind);
    own->row = found && found->object == own->id ? found : NULL;
}

/* An object met on the way: its first address says where it comes from. */
static void
add_met_object(PdExplainFacts *facts, const TblTraceLook *look)
{
    TblView *view = facts->context->view;
    g_autoptr(TblObject) object = NULL;
    PdExplainStep *step = pd_explain_step_new(facts->explanation, "follow", PD_STEP_FAILED);
    if (look->result != TBL_FOUND || view->object(view, look->id, &object) != TBL_FOUND) {
        step->text = g_strdup("an object's record cannot be read");
        return;
    }
    OwnRow own = {.view = view, .id = look->id};
    step->result = PD_STEP_FOUND;
    (void)tbl_object_foreach_row(object, find_own_row, &own);
    if (own.row) {
        PdExplainRow *row = add_row(facts, step, own.row);
        row->decides = true;
        step->key = g_strdup(row->address);
    } else {
        step->text = object_text(tbl_class_name(object->object_class), object->name);
    }
}

static void
add_met_rows(PdExplainFacts *facts, const TblTraceLook *look)
{
    PdExplainStep *step = pd_explain_step_new(facts->explanation, "follow", PD_STEP_ABSENT);
    step->key = g_strdup(strchr(look->key, ':') + 1);
    if (look->result == TBL_FAILED)
        step->result = PD_STEP_FAILED;
    for (guint i = 0; i < look->rows.count; i++) {
        const TblRow *row = &look->rows.row[i];
        PdExplainRow *shown = add_row(facts, step, row);
        if (i > 0)
            continue;
        shown->decides = row == tbl_rows_answer(&look->rows);
        step->result = shown->decides                   ? PD_STEP_FOUND
                       : row->kind == TBL_ROW_TOMBSTONE ? PD_STEP_NOTICE
                                                        : PD_STEP_ABSENT;
    }
}

static void
add_following(PdExplainFacts *facts)
{
    const TblContext *context = facts->context;
    g_autoptr(TblTrace) trace = tbl_trace_new(context->view);
    TblContext traced = {tbl_trace_view(trace), context->config, context->now};
    g_autoptr(GString) value = g_string_new(NULL);
    guint64 own = facts->location.result == TBL_FOUND ? facts->location.row.object : 0;
    if (facts->ours)
        facts->alias =
            tbl_resolve_alias(&traced, &facts->address, facts->domain, &facts->location, value);
    add_stand_in(facts);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < tbl_trace_count(trace); i++) {
        const TblTraceLook *look = tbl_trace_look(trace, i);
        char *what = g_strdup_printf("%d %s %" G_GUINT64_FORMAT, (int)look->kind,
                                     look->key ? look->key : "", look->id);
        if (!g_hash_table_add(seen, what))
            continue;
        if (look->kind == TBL_TRACE_OBJECT && look->id == own)
            continue; /* the search has shown it */
        if (look->kind == TBL_TRACE_OBJECT)
            add_met_object(facts, look);
        else if (look->kind == TBL_TRACE_ROWS)
            add_met_rows(facts, look);
    }
}

/* ---- The key and its domain ---- */

static void
add_canonical(PdExplainFacts *facts)
{
    PdExplanation *explanation = facts->explanation;
    const char *key = explanation->key;
    facts->is_address = tbl_address_parse(&facts->address, tbl_slice(key));
    const char *at = strrchr(key, '@');
    bool named =
        facts->is_address || tbl_domain_canonical(tbl_slice(at ? at + 1 : key), false, facts->name);
    if (facts->is_address)
        g_strlcpy(facts->name, tbl_address_domain(&facts->address), sizeof facts->name);
    if (!named)
        facts->name[0] = '\0';
    explanation->canonical = g_strdup(facts->is_address ? facts->address.text
                                      : at              ? ""
                                                        : facts->name);
    bool known = *explanation->canonical != '\0';
    PdExplainStep *step =
        pd_explain_step_new(explanation, "canonical", known ? PD_STEP_FOUND : PD_STEP_ABSENT);
    if (known)
        step->key = g_strdup(explanation->canonical);
    else
        step->text = g_strdup("neither an address nor a domain");
}

/* `relay, mirror of a.example, no extensions, declared by batch 3`; caller frees. */
static char *
domain_text(const PdExplainFacts *facts, const TblDomains *domains)
{
    const TblDomain *domain = facts->domain;
    const char *route = tbl_domains_route(domains, domain);
    GString *text = g_string_new(tbl_domain_class_name(tbl_domains_class(domains, domain)));
    if (strcmp(domain->name, facts->name) != 0)
        g_string_append_printf(text, ", as %s", domain->name);
    if (domain->mirror)
        g_string_append_printf(text, ", mirror of %s", domain->mirror);
    if (route)
        g_string_append_printf(text, ", route %s", route);
    if (domain->catch_all)
        g_string_append_printf(text, ", catch-all %s", domain->catch_all);
    if (domain->unknown != TBL_UNKNOWN_DEFAULT)
        g_string_append_printf(text, ", unknown=%s", tbl_unknown_name(domain->unknown));
    if (!tbl_domain_extends(domain))
        g_string_append(text, ", no extensions");
    if (domain->batch)
        g_string_append_printf(text, ", declared by batch %" G_GUINT64_FORMAT, domain->batch);
    return g_string_free(text, FALSE);
}

static void
add_domain(PdExplainFacts *facts)
{
    TblView *view = facts->context->view;
    const TblDomains *domains = view->domains(view);
    if (!*facts->name) {
        skip(facts, "domain", "there is none in the key");
        return;
    }
    facts->domain = tbl_domains_find(domains, facts->name);
    facts->ours = tbl_domains_find_mail(domains, facts->name) != NULL;
    PdStepResult result = facts->domain ? PD_STEP_FOUND : domains ? PD_STEP_ABSENT : PD_STEP_FAILED;
    PdExplainStep *step = pd_explain_step_new(facts->explanation, "domain", result);
    step->key = g_strdup(facts->name);
    step->text = facts->domain ? domain_text(facts, domains)
                               : g_strdup(domains ? "not declared" : "no store could be read");
}

void
pd_explain_add_steps(PdExplainFacts *facts)
{
    facts->location.result = TBL_NOTFOUND;
    add_canonical(facts);
    add_domain(facts);
    facts->nobody = true;
    if (!facts->is_address)
        return;
    add_search(facts);
    add_following(facts);
}
