#include "policyd/ctl_touch.h"

#include "policyd/ctl_fate.h"
#include "policyd/ctl_guard.h"
#include "tables/above.h"
#include "tables/referrer.h"

#include <string.h>

/* ---- Domains ---- */

static void
add_name(const TblDomain *before, const TblDomain *after, gpointer data)
{
    g_ptr_array_add(data, g_strdup((after ? after : before)->name));
}

char **
pd_ctl_touched_domains(const PdCtlChange *change)
{
    TblView *view = tbl_draft_view(change->draft);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    tbl_draft_foreach_domain_change(change->draft, add_name, names);
    for (guint i = names->len; i > 0; i--) {
        const char *name = g_ptr_array_index(names, i - 1);
        /* One that mirrors it no longer has changed itself. */
        const GPtrArray *mirrors = tbl_domains_mirrors(view->domains(view), name);
        const TblDomain *domain = tbl_domains_get(view->domains(view), name);
        for (guint m = 0; mirrors && m < mirrors->len; m++)
            g_ptr_array_add(names, g_strdup(((const TblDomain *)mirrors->pdata[m])->name));
        if (domain && domain->mirror)
            g_ptr_array_add(names, g_strdup(domain->mirror));
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

/* ---- Who has an address in them, or gives one ---- */

typedef struct {
    PdCtlChange *change;
    char **names;
    TblSlice mark; /* of the references that are looked at */
    TblIdSet *ids;
    bool broken;
} Touch;

static bool
covers(const Touch *touch, TblSlice domain)
{
    for (char **name = touch->names; *name; name++)
        if (pd_ctl_covers(*name, domain))
            return true;
    return false;
}

static TblDomainClass
class_of(TblView *view, const char *domain)
{
    const TblDomains *domains = view->domains(view);
    const TblDomain *found = domains ? tbl_domains_find_mail(domains, domain) : NULL;
    return found ? tbl_domains_class(domains, found) : (TblDomainClass)0;
}

static bool
changes_class(const Touch *touch, TblSlice domain)
{
    g_autofree char *name = g_strndup(domain.ptr, domain.len);
    return class_of(touch->change->base, name) !=
           class_of(tbl_draft_view(touch->change->draft), name);
}

static bool
touch_address(TblSlice key, TblSlice domain, TblSlice bytes, gpointer data)
{
    Touch *touch = data;
    TblRows rows;
    if (!covers(touch, domain))
        return true;
    if (!tbl_rows_decode(&rows, key, bytes)) {
        touch->broken = true;
        return false;
    }
    bool all = changes_class(touch, domain);
    for (guint i = 0; i < rows.count; i++) {
        const TblRow *row = &rows.row[i];
        if (row->object != 0 && (all || row->object_class == TBL_CLASS_DL ||
                                 row->object_class == TBL_CLASS_REMOTE || row->forwards))
            (void)tbl_id_set_add(touch->ids, row->object);
    }
    return true;
}

static bool
touch_reference(TblSlice key, TblSlice value, gpointer data)
{
    Touch *touch = data;
    if (key.len < touch->mark.len || memcmp(key.ptr, touch->mark.ptr, touch->mark.len) != 0)
        return false;
    const char *at = memrchr(key.ptr + touch->mark.len, '@', key.len - touch->mark.len);
    if (!at || !covers(touch, (TblSlice){at + 1, (size_t)(key.ptr + key.len - at - 1)}))
        return true;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
    touch->broken = touch->broken || !tbl_referrer_decode(value, ids);
    for (guint i = 0; i < ids->len; i++)
        (void)tbl_id_set_add(touch->ids, g_array_index(ids, guint64, i));
    return !touch->broken;
}

static bool
touch_references(Touch *touch)
{
    static const TblReferrerEdge edges[] = {TBL_REFERRER_MEMBER, TBL_REFERRER_FORWARD,
                                            TBL_REFERRER_TARGET};
    for (guint i = 0; i < G_N_ELEMENTS(edges); i++) {
        for (int origin = TBL_ORIGIN_LOCAL; origin <= TBL_ORIGIN_DIRECTORY; origin++) {
            g_autofree char *mark =
                tbl_referrer_mark(edges[i], (TblOrigin)origin, TBL_REFERRER_ADDRESS);
            touch->mark = tbl_slice(mark);
            if (tbl_reader_each(touch->change->reader, TBL_DB_REFERRERS, touch->mark,
                                touch_reference, touch) == TBL_FAILED)
                return false;
        }
    }
    return true;
}

/* ---- Objects that change ---- */

static bool
touch_change(const TblObject *before, const TblObject *after, gpointer data)
{
    Touch *touch = data;
    TblContext base = pd_ctl_change_base_context(touch->change);
    if (after)
        (void)tbl_id_set_add(touch->ids, after->id);
    /* Who refers to it now is above it; who does so no longer was. */
    touch->broken =
        before && tbl_above_object(&base, TBL_ABOVE_ALL, NULL, before, touch->ids) == TBL_FAILED;
    return !touch->broken;
}

bool
pd_ctl_touched_objects(PdCtlChange *change, TblIdSet *ids, GError **error)
{
    g_auto(GStrv) names = pd_ctl_touched_domains(change);
    Touch touch = {.change = change, .names = names, .ids = ids};
    if (!tbl_draft_foreach_change(change->draft, touch_change, &touch, error))
        return false;
    bool good = !touch.broken;
    if (good && names[0])
        good = pd_ctl_each_address(change->reader, touch_address, &touch) &&
               touch_references(&touch) && !touch.broken;
    return good || pd_ctl_guard_failed(change, error);
}
