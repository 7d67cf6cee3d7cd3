#include "policyd/ctl_fate.h"
#include "policyd/ctl_guard.h"

bool
pd_ctl_guard_catch_all(PdCtlChange *change, const TblDomain *domain, GError **error)
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

bool
pd_ctl_guard_catch_alls(PdCtlChange *change, GError **error)
{
    TblView *view = tbl_draft_view(change->draft);
    g_autoptr(GPtrArray) list = tbl_domains_list(view->domains(view));
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        if (domain->catch_all && !pd_ctl_guard_catch_all(change, domain, error))
            return false;
    }
    return true;
}
