#include "policyd/ctl_guard.h"
#include "policyd/ctl_fate.h"
#include "policyd/ctl_lists.h"

#include "tables/above.h"

#include <string.h>

/* So many primaries are named when a change is refused. */
#define NAMED_MAX 10

#define SMTP_KEY "smtp:"

/* ---- Scans ---- */

bool
pd_ctl_covers(const char *name, TblSlice domain)
{
    size_t length = strlen(name);
    if (name[0] != '.')
        return tbl_slice_equal(tbl_slice(name), domain);
    return domain.len > length && memcmp(domain.ptr + domain.len - length, name, length) == 0;
}

typedef struct {
    PdCtlAddressFunc each;
    gpointer data;
} AddressScan;

static bool
scan_record(TblSlice key, TblSlice value, gpointer data)
{
    const AddressScan *scan = data;
    size_t prefix = strlen(SMTP_KEY);
    if (key.len < prefix || memcmp(key.ptr, SMTP_KEY, prefix) != 0)
        return false; /* behind the last SMTP address */
    const char *at = memrchr(key.ptr, '@', key.len);
    if (!at)
        return true;
    TblSlice domain = {at + 1, (size_t)(key.ptr + key.len - at - 1)};
    return scan->each(key, domain, value, scan->data);
}

bool
pd_ctl_each_address(TblReader *reader, PdCtlAddressFunc each, gpointer data)
{
    AddressScan scan = {each, data};
    return tbl_reader_each(reader, TBL_DB_ADDRESSES, tbl_slice(SMTP_KEY), scan_record, &scan) ==
           TBL_FOUND;
}

/* ---- Domains ---- */

typedef struct {
    PdCtlChange *change;
    char **names;
    bool force;
    GPtrArray *nowhere;      /* char *, at most NAMED_MAX + 1 */
    TblIdSet *below, *above; /* ids of objects that expand, and of those above them: judged */
    GError *error;
} DomainGuard;

static bool
guard_names_cover(char **names, TblSlice domain)
{
    for (char **name = names; *name; name++)
        if (pd_ctl_covers(*name, domain))
            return true;
    return false;
}

/* The class of what covers a domain, 0 for what is undeclared. */
static TblDomainClass
class_of(TblView *view, TblSlice domain)
{
    const TblDomains *domains = view->domains(view);
    g_autofree char *text = g_strndup(domain.ptr, domain.len);
    const TblDomain *found = domains ? tbl_domains_find_mail(domains, text) : NULL;
    return found ? tbl_domains_class(domains, found) : (TblDomainClass)0;
}

/* The rule that makes addresses of a domain; a mirror's addresses are those of its other. */
static const char *
rule_of(TblView *view, TblSlice domain)
{
    const TblDomains *domains = view->domains(view);
    g_autofree char *text = g_strndup(domain.ptr, domain.len);
    const TblDomain *found = domains ? tbl_domains_get(domains, text) : NULL;
    if (found && found->mirror)
        found = tbl_domains_get(domains, found->mirror);
    return found ? found->rule : NULL;
}

/* Targets are judged where the domain's class or rule changes; nothing else of a declaration counts
 * for them. */
static bool
guard_target(PdCtlChange *change, TblSlice domain, guint64 id, GError **error)
{
    TblView *after = tbl_draft_view(change->draft);
    bool same = class_of(change->base, domain) == class_of(after, domain) &&
                g_strcmp0(rule_of(change->base, domain), rule_of(after, domain)) == 0;
    return same || pd_ctl_guard_target(change, id, error);
}

/* An address that expands to nothing is a list without members, which is fine, or in a cycle. */
static bool
guard_cycle(PdCtlChange *change, guint64 id, GError **error)
{
    TblContext context = pd_ctl_change_context(change);
    g_autoptr(TblObject) object = tbl_draft_object(change->draft, id, NULL);
    switch (object ? tbl_fate_idle_cycle(&context, object) : TBL_FAILED) {
    case TBL_FOUND:
        return pd_ctl_refuse_cycle(change, object, error);
    case TBL_NOTFOUND:
        return true;
    default:
        return pd_ctl_guard_failed(change, error);
    }
}

static bool
guard_over(PdCtlChange *change, guint64 id, const char *address, GError **error)
{
    g_autoptr(TblObject) list = tbl_draft_object(change->draft, id, NULL);
    return list ? pd_ctl_refuse_over(change, list, address, error)
                : pd_ctl_guard_failed(change, error);
}

static bool
guard_local_row(DomainGuard *guard, const TblRow *row)
{
    g_autofree char *spelling = g_strndup(row->spelling.ptr, row->spelling.len);
    switch (pd_ctl_new_fate(guard->change, spelling)) {
    case TBL_FATE_OVER:
        return guard_over(guard->change, row->object, spelling, &guard->error);
    case TBL_FATE_EMPTY:
        return guard_cycle(guard->change, row->object, &guard->error);
    case TBL_FATE_NOWHERE:
        if (row->primary && !guard->force)
            g_ptr_array_add(guard->nowhere, g_steal_pointer(&spelling));
        return guard->nowhere->len <= NAMED_MAX;
    case TBL_FATE_FAILED:
        return pd_ctl_guard_failed(guard->change, &guard->error);
    default:
        return true;
    }
}

/* What expands now makes those longer that refer to it. */
static bool
guard_above(DomainGuard *guard, guint64 id)
{
    if (!tbl_id_set_add(guard->below, id))
        return true;
    g_autoptr(TblObject) object = tbl_draft_object(guard->change->draft, id, &guard->error);
    return object && pd_ctl_guard_lists_above(guard->change, object, guard->above, &guard->error);
}

static bool
guard_row(DomainGuard *guard, TblSlice domain, const TblRow *row)
{
    if (row->kind == TBL_ROW_LOCAL_TARGET)
        return guard_target(guard->change, domain, row->object, &guard->error);
    /* A secondary of one who keeps the mail shares the fate of the primary. */
    bool expands =
        row->object_class == TBL_CLASS_DL || row->object_class == TBL_CLASS_REMOTE || row->forwards;
    if (row->kind != TBL_ROW_LOCAL || (!row->primary && !expands))
        return true;
    return guard_local_row(guard, row) && (!expands || guard_above(guard, row->object));
}

static bool
guard_address(TblSlice key, TblSlice domain, TblSlice bytes, gpointer data)
{
    DomainGuard *guard = data;
    TblRows rows;
    if (!guard_names_cover(guard->names, domain))
        return true;
    if (!tbl_rows_decode(&rows, key, bytes))
        return pd_ctl_guard_failed(guard->change, &guard->error);
    for (guint i = 0; i < rows.count; i++)
        if (!guard_row(guard, domain, &rows.row[i]))
            return false;
    return true;
}

/* What a mirror sets for itself must go with the class that it takes from its other. */
static bool
goes_with_virtual_alias(const TblDomain *mirror)
{
    return !mirror->route && mirror->rewrite != TBL_SWITCH_NO && mirror->expand != TBL_SWITCH_NO &&
           mirror->unknown != TBL_UNKNOWN_ACCEPT;
}

static bool
guard_mirror(const TblDomains *domains, const TblDomain *domain, GError **error)
{
    const TblDomain *other = tbl_domains_get(domains, domain->mirror);
    if (strcmp(domain->name, domain->mirror) == 0)
        return pd_ctl_refuse(error, "%s cannot mirror itself", domain->name);
    if (!other)
        return pd_ctl_refuse(error, "%s mirrors %s, which is not declared", domain->name,
                             domain->mirror);
    if (other->mirror)
        return pd_ctl_refuse(error, "%s mirrors %s, which is a mirror itself (of %s)", domain->name,
                             other->name, other->mirror);
    if (other->domain_class == TBL_DOMAIN_ROUTE)
        return pd_ctl_refuse(error, "%s mirrors %s, which is of class route and has no addresses",
                             domain->name, other->name);
    if (tbl_domains_class(domains, domain) == TBL_DOMAIN_VIRTUAL_ALIAS &&
        !goes_with_virtual_alias(domain))
        return pd_ctl_refuse(
            error,
            "%s mirrors %s and would be virtual-alias with it, but has a route, --rewrite=no, "
            "--expand=no or --unknown=accept",
            domain->name, other->name);
    return true;
}

/* A catch-all that is new is judged whatever was before. */
static bool
guard_new_catch_all(PdCtlChange *change, const TblDomain *domain, GError **error)
{
    TblContext context = pd_ctl_change_context(change);
    const TblDomains *before = change->base->domains(change->base);
    const TblDomain *old = before ? tbl_domains_get(before, domain->name) : NULL;
    if (old && g_strcmp0(old->catch_all, domain->catch_all) == 0)
        return pd_ctl_guard_catch_all(change, domain, error);
    switch (tbl_fate_of(&context, domain->catch_all)) {
    case TBL_FATE_FINE:
    case TBL_FATE_EMPTY:
        return true;
    case TBL_FATE_FAILED:
        return pd_ctl_guard_failed(change, error);
    case TBL_FATE_ABSENT:
        return pd_ctl_refuse(error, "the catch-all %s must exist or lie in an undeclared domain",
                             domain->catch_all);
    default:
        return pd_ctl_refuse(error, "mail for the catch-all %s would have nowhere to go",
                             domain->catch_all);
    }
}

static bool
guard_declarations(PdCtlChange *change, char **names, GError **error)
{
    TblView *view = tbl_draft_view(change->draft);
    const TblDomains *domains = view->domains(view);
    g_autoptr(GPtrArray) list = tbl_domains_list(domains);
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        bool touched = g_strv_contains((const char *const *)names, domain->name);
        if (domain->mirror &&
            (touched || g_strv_contains((const char *const *)names, domain->mirror)) &&
            !guard_mirror(domains, domain, error))
            return false;
        if (domain->catch_all && !(touched ? guard_new_catch_all(change, domain, error)
                                           : pd_ctl_guard_catch_all(change, domain, error)))
            return false;
    }
    return true;
}

static bool
refuse_nowhere(const GPtrArray *addresses, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < addresses->len && i < NAMED_MAX; i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "",
                               (const char *)g_ptr_array_index(addresses, i));
    return pd_ctl_refuse(
        error,
        "mail for these primaries would have nowhere to go, because a virtual-alias "
        "domain delivers "
        "nothing itself: %s%s; give them a primary elsewhere first (or use --force)",
        names->str, addresses->len > NAMED_MAX ? ", and more" : "");
}

/* The names and those that mirror them, whose class changes with theirs. Borrows; NULL-terminated;
 * free the array. */
static char **
names_with_mirrors(const PdCtlChange *change, char **names)
{
    TblView *view = tbl_draft_view(change->draft);
    g_autoptr(GPtrArray) list = tbl_domains_list(view->domains(view));
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    for (char **name = names; *name; name++)
        g_ptr_array_add(all, *name);
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        if (domain->mirror && g_strv_contains((const char *const *)names, domain->mirror))
            g_ptr_array_add(all, domain->name);
    }
    g_ptr_array_add(all, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&all), FALSE);
}

bool
pd_ctl_guard_domains(PdCtlChange *change, char **names, bool force, GError **error)
{
    if (!guard_declarations(change, names, error))
        return false;
    g_autoptr(GPtrArray) nowhere = g_ptr_array_new_with_free_func(g_free);
    g_autofree char **scanned = names_with_mirrors(change, names);
    g_autoptr(TblIdSet) below = tbl_id_set_new(), above = tbl_id_set_new();
    DomainGuard guard = {.change = change,
                         .names = scanned,
                         .force = force,
                         .nowhere = nowhere,
                         .below = below,
                         .above = above};
    bool readable = pd_ctl_each_address(change->reader, guard_address, &guard);
    if (guard.error) {
        g_propagate_error(error, guard.error);
        return false;
    }
    if (!readable)
        return pd_ctl_guard_failed(change, error);
    return nowhere->len == 0 || refuse_nowhere(nowhere, error);
}
