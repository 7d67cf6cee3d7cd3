#include "policyd/ctl_lists.h"
#include "policyd/ctl_fate.h"
#include "policyd/ctl_guard.h"

#include "tables/above.h"

#include <string.h>

typedef struct {
    PdCtlChange *change;
    TblIdSet *judged; /* NULL: not needed */
    GError *error;
} Above;

static bool
judge_empty(Above *above, const TblObject *object)
{
    TblContext context = pd_ctl_change_context(above->change);
    switch (tbl_fate_idle_cycle(&context, object)) {
    case TBL_NOTFOUND:
        return true;
    case TBL_FAILED:
        return pd_ctl_guard_failed(above->change, &above->error);
    case TBL_FOUND:
        break;
    }
    return pd_ctl_refuse_cycle(above->change, object, &above->error);
}

static bool
judge(const TblObject *object, gpointer data)
{
    Above *above = data;
    if (above->judged && !tbl_id_set_add(above->judged, object->id))
        return true;
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        if (strcmp(proxy->type, "SMTP") != 0)
            continue;
        switch (pd_ctl_new_fate(above->change, proxy->value)) {
        case TBL_FATE_FAILED:
            return pd_ctl_guard_failed(above->change, &above->error);
        case TBL_FATE_OVER:
            return pd_ctl_refuse_over(above->change, object, proxy->value, &above->error);
        case TBL_FATE_EMPTY:
            return judge_empty(above, object);
        default:
            break;
        }
    }
    return true;
}

bool
pd_ctl_guard_lists_above(PdCtlChange *change, const TblObject *object, TblIdSet *judged,
                         GError **error)
{
    TblContext context = pd_ctl_change_context(change);
    Above above = {.change = change, .judged = judged};
    TblResult result = tbl_above_each(&context, object, judge, &above);
    if (above.error) {
        g_propagate_error(error, above.error);
        return false;
    }
    return result == TBL_FOUND || pd_ctl_guard_failed(change, error);
}
