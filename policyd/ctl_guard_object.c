#include "policyd/ctl_fate.h"
#include "policyd/ctl_guard.h"

#include "tables/claim.h"

#include <string.h>

/* A target in a domain that is declared now must be somebody's address. */
bool
pd_ctl_guard_target(PdCtlChange *change, guint64 id, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(TblObject) object = tbl_draft_object(change->draft, id, &cause);
    if (cause) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    if (!object || !object->target)
        return true;
    TblClaim claim = {0};
    if (tbl_claim_target(change->draft, object, &claim) != TBL_FOUND)
        return pd_ctl_guard_failed(change, error);
    bool fine = claim.fault != TBL_CLAIM_TARGET_INVALID;
    if (!fine)
        pd_ctl_refuse(error, "remote \"%s\": %s", object->name,
                      claim.reason ? claim.reason
                                   : "its target must be an address of another object");
    tbl_claim_clear(&claim);
    return fine;
}

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

/* An address that went may have been the target of a remote. */
static bool
guard_left_target(PdCtlChange *change, const TblProxy *proxy, GError **error)
{
    TblRows rows;
    g_autofree char *key = tbl_proxy_key(tbl_slice(proxy->type), tbl_slice(proxy->value));
    TblResult result = key ? tbl_draft_rows(change->draft, key, &rows) : TBL_NOTFOUND;
    if (result == TBL_FAILED)
        return pd_ctl_guard_failed(change, error);
    const TblRow *target = result == TBL_FOUND ? tbl_rows_get(&rows, TBL_ROW_LOCAL_TARGET) : NULL;
    return !target || pd_ctl_guard_target(change, target->object, error);
}

static bool
guard_catch_alls(PdCtlChange *change, GError **error)
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

bool
pd_ctl_guard_object(PdCtlChange *change, const TblObject *before, GError **error)
{
    /* An address that stayed has kept its rows, so the target that it answers is still fine. */
    for (guint i = 0; before && i < before->addresses->len; i++)
        if (!guard_left_target(change, g_ptr_array_index(before->addresses, i), error))
            return false;
    return guard_catch_alls(change, error);
}
