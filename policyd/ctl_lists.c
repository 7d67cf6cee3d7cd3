#include "policyd/ctl_lists.h"
#include "policyd/ctl_fate.h"
#include "policyd/ctl_guard.h"
#include "policyd/ctl_touch.h"

#include "tables/above.h"

#include <string.h>

/* So many addresses are named when a change is refused. */
#define NAMED_MAX 10

typedef struct {
    PdCtlChange *change;
    bool force;         /* addresses may have nowhere to go */
    GPtrArray *nowhere; /* char *, at most NAMED_MAX + 1 */
    GError *error;
} Lists;

/* An address that expands to nothing is a list without members, which is fine, or in a cycle. */
static bool
judge_empty(Lists *lists, const TblObject *object)
{
    TblContext after = pd_ctl_change_context(lists->change),
               before = pd_ctl_change_base_context(lists->change);
    switch (tbl_fate_new_idle_cycle(&after, &before, object)) {
    case TBL_NOTFOUND:
        return true;
    case TBL_FAILED:
        return pd_ctl_guard_failed(lists->change, &lists->error);
    case TBL_FOUND:
        break;
    }
    return pd_ctl_refuse_cycle(lists->change, object, &lists->error);
}

/* A list that was over the limits by one address may get another. */
static bool
was_over(const Lists *lists, const TblObject *object)
{
    TblContext base = pd_ctl_change_base_context(lists->change);
    g_autoptr(TblObject) before = NULL;
    if (base.view->object(base.view, object->id, &before) != TBL_FOUND)
        return false;
    g_autoptr(GPtrArray) addresses = tbl_fate_addresses(&base, before);
    bool over = false;
    for (guint i = 0; i < addresses->len && !over; i++)
        over = tbl_fate_of(&base, g_ptr_array_index(addresses, i)) == TBL_FATE_OVER;
    return over;
}

static bool
judge_nowhere(Lists *lists, const TblObject *object, const char *address)
{
    TblContext after = pd_ctl_change_context(lists->change),
               before = pd_ctl_change_base_context(lists->change);
    TblResult stranded =
        lists->force ? TBL_NOTFOUND : tbl_fate_is_stranded(&after, &before, object, address);
    if (stranded == TBL_FAILED)
        return pd_ctl_guard_failed(lists->change, &lists->error);
    if (stranded == TBL_FOUND)
        g_ptr_array_add(lists->nowhere, g_strdup(address));
    return lists->nowhere->len <= NAMED_MAX;
}

static bool
judge_address(Lists *lists, const TblObject *object, const char *address)
{
    TblContext context = pd_ctl_change_context(lists->change);
    TblFate fate = tbl_fate_of(&context, address);
    TblContext before = pd_ctl_change_base_context(lists->change);
    if (fate != TBL_FATE_FINE && fate != TBL_FATE_FAILED &&
        tbl_fate_is_hidden(&before, object, address))
        return true;
    /* What was a list without members before may be a cycle now. */
    if (fate == TBL_FATE_EMPTY)
        return judge_empty(lists, object);
    if (fate == TBL_FATE_NOWHERE)
        return judge_nowhere(lists, object, address);
    switch (pd_ctl_fate_if_new(lists->change, address, fate)) {
    case TBL_FATE_FAILED:
        return pd_ctl_guard_failed(lists->change, &lists->error);
    case TBL_FATE_OVER:
        return was_over(lists, object) ||
               pd_ctl_refuse_over(lists->change, object, address, &lists->error);
    default:
        return true;
    }
}

static bool
judge_target(Lists *lists, const TblObject *object)
{
    TblContext after = pd_ctl_change_context(lists->change),
               before = pd_ctl_change_base_context(lists->change);
    switch (tbl_fate_loses_target(&after, &before, object)) {
    case TBL_NOTFOUND:
        return true;
    case TBL_FAILED:
        return pd_ctl_guard_failed(lists->change, &lists->error);
    case TBL_FOUND:
        break;
    }
    return pd_ctl_refuse(&lists->error,
                         "remote \"%s\": its target %s lies in a declared domain, and would be "
                         "no address of another object",
                         object->name, object->target->value);
}

static bool
judge(const TblObject *object, gpointer data)
{
    Lists *lists = data;
    TblContext context = pd_ctl_change_context(lists->change);
    const TblProxy *primary = tbl_object_primary(object, "SMTP");
    bool leads_on = tbl_fate_leads_on(object);
    if (!leads_on &&
        (lists->force || (primary && tbl_fate_delivers(context.view->domains(context.view),
                                                       tbl_slice(primary->value)))))
        return true;
    if (!judge_target(lists, object))
        return false;
    g_autoptr(GPtrArray) addresses = tbl_fate_addresses(&context, object);
    if (addresses->len == 0)
        return !leads_on || judge_empty(lists, object);
    bool good = true;
    for (guint i = 0; i < addresses->len && good; i++)
        good = judge_address(lists, object, g_ptr_array_index(addresses, i));
    return good;
}

static bool
refuse_nowhere(const GPtrArray *addresses, bool forceable, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < addresses->len && i < NAMED_MAX; i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "",
                               (const char *)g_ptr_array_index(addresses, i));
    return pd_ctl_refuse(
        error,
        "mail for these addresses would have nowhere to go, because a virtual-alias domain "
        "delivers nothing itself: %s%s; give who has them a primary elsewhere first%s",
        names->str, addresses->len > NAMED_MAX ? ", and more" : "",
        forceable ? " (or use --force)" : "");
}

bool
pd_ctl_guard_lists(PdCtlChange *change, bool force, GError **error)
{
    TblContext context = pd_ctl_change_context(change);
    g_auto(GStrv) domains = pd_ctl_touched_domains(change);
    g_autoptr(GPtrArray) nowhere = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(TblIdSet) touched = tbl_id_set_new();
    Lists lists = {.change = change, .force = force, .nowhere = nowhere};
    if (!pd_ctl_touched_objects(change, touched, error))
        return false;
    TblResult result = tbl_above_each(&context, touched, judge, &lists);
    if (lists.error) {
        g_propagate_error(error, lists.error);
        return false;
    }
    if (result == TBL_FAILED)
        return pd_ctl_guard_failed(change, error);
    return nowhere->len == 0 || refuse_nowhere(nowhere, domains[0] != NULL, error);
}
