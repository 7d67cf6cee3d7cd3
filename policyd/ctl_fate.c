#include "policyd/ctl_fate.h"

#include "tables/fate_path.h"

TblFate
pd_ctl_fate_if_new(const PdCtlChange *change, const char *text, TblFate fate)
{
    TblContext before = pd_ctl_change_base_context(change);
    if (fate == TBL_FATE_FINE || fate == TBL_FATE_FAILED)
        return fate;
    return tbl_fate_of(&before, text) == fate ? TBL_FATE_FINE : fate;
}

TblFate
pd_ctl_new_fate(const PdCtlChange *change, const char *text)
{
    TblContext after = pd_ctl_change_context(change);
    return pd_ctl_fate_if_new(change, text, tbl_fate_of(&after, text));
}

bool
pd_ctl_guard_failed(const PdCtlChange *change, GError **error)
{
    pd_ctl_set_store_failed(change->config, error);
    return false;
}

bool
pd_ctl_refuse_over(const PdCtlChange *change, const TblObject *list, const char *address,
                   GError **error)
{
    TblContext context = pd_ctl_change_context(change);
    g_autofree char *path = tbl_fate_path_largest(&context, list);
    return pd_ctl_refuse(error, "%s would expand to more recipients than [limits] allows: %s",
                         address, path);
}

bool
pd_ctl_refuse_cycle(const PdCtlChange *change, const TblObject *object, GError **error)
{
    TblContext context = pd_ctl_change_context(change);
    g_autofree char *path = tbl_fate_path_back(&context, object);
    return pd_ctl_refuse(error, "mail for \"%s\" would go in a cycle that yields nothing: %s",
                         object->name, path);
}
