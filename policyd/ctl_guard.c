#include "policyd/ctl_guard.h"
#include "policyd/ctl_fate.h"
#include "policyd/ctl_lists.h"

#include <string.h>

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

/* It still leads somewhere, if it did before. */
static bool
guard_catch_all(PdCtlChange *change, const TblDomain *domain, GError **error)
{
    switch (pd_ctl_new_fate(change, domain->catch_all)) {
    case TBL_FATE_ABSENT:
        return pd_ctl_refuse(
            error, "%s is the catch-all of %s, and must exist or lie in an undeclared domain",
            domain->catch_all, domain->name);
    case TBL_FATE_NOWHERE:
        return pd_ctl_refuse(error,
                             "%s is the catch-all of %s, and mail for it would have nowhere to go",
                             domain->catch_all, domain->name);
    case TBL_FATE_OVER:
        return pd_ctl_refuse(error, "%s is the catch-all of %s, and has too many recipients",
                             domain->catch_all, domain->name);
    case TBL_FATE_FAILED:
        return pd_ctl_guard_failed(change, error);
    default:
        return true;
    }
}

/* A catch-all that is new is judged whatever was before. */
static bool
guard_new_catch_all(PdCtlChange *change, const TblDomain *domain, GError **error)
{
    TblContext context = pd_ctl_change_context(change);
    const TblDomains *before = change->base->domains(change->base);
    const TblDomain *old = before ? tbl_domains_get(before, domain->name) : NULL;
    if (old && g_strcmp0(old->catch_all, domain->catch_all) == 0)
        return guard_catch_all(change, domain, error);
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
                                           : guard_catch_all(change, domain, error)))
            return false;
    }
    return true;
}

bool
pd_ctl_guard_catch_alls(PdCtlChange *change, GError **error)
{
    TblView *view = tbl_draft_view(change->draft);
    g_autoptr(GPtrArray) list = tbl_domains_list(view->domains(view));
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        if (domain->catch_all && !guard_catch_all(change, domain, error))
            return false;
    }
    return true;
}

bool
pd_ctl_guard_domains(PdCtlChange *change, char **names, bool force, GError **error)
{
    return guard_declarations(change, names, error) && pd_ctl_guard_lists(change, force, error);
}
