#include "tables/fate.h"

#include <string.h>

/* Objects that a walk for a cycle visits at most; a list has at most a thousand recipients by
 * default. */
#define WALK_MAX 100000

/* ---- What becomes of mail for one address ---- */

TblFate
tbl_fate_of(const TblContext *context, const char *text)
{
    TblAddress address;
    TblLocation location;
    const TblDomains *domains = context->view->domains(context->view);
    if (!tbl_address_parse(&address, tbl_slice(text)))
        return TBL_FATE_FINE;
    const TblDomain *domain =
        domains ? tbl_domains_find_mail(domains, tbl_address_domain(&address)) : NULL;
    if (!domain)
        return TBL_FATE_FINE;
    tbl_resolve_locate(context, &address, domain, &location);
    if (location.result != TBL_FOUND)
        return location.result == TBL_FAILED ? TBL_FATE_FAILED : TBL_FATE_ABSENT;
    g_autoptr(GString) value = g_string_new(NULL);
    switch (tbl_resolve_alias(context, &address, domain, &location, value)) {
    case TBL_ALIAS_NONE:
        return tbl_domains_class(domains, domain) == TBL_DOMAIN_VIRTUAL_ALIAS ? TBL_FATE_NOWHERE
                                                                              : TBL_FATE_FINE;
    case TBL_ALIAS_VALUE:
        return TBL_FATE_FINE;
    case TBL_ALIAS_EMPTY:
        return TBL_FATE_EMPTY;
    case TBL_ALIAS_OVER:
        return TBL_FATE_OVER;
    case TBL_ALIAS_FAILED:
        break;
    }
    return TBL_FATE_FAILED;
}

/* ---- Cycles ---- */

typedef struct {
    const TblContext *context;
    GHashTable *seen; /* ids (as text) of what was met */
    GPtrArray *met;   /* TblObject *, in the order of the walk; owned */
    guint64 goal;
    bool found, failed;
} Walk;

static void
walk_push(Walk *walk, TblOrigin origin, const char *reference)
{
    g_autoptr(TblObject) object = NULL;
    TblResult result = tbl_resolve_reference(walk->context, origin, reference, &object);
    if (result == TBL_FAILED)
        walk->failed = true;
    if (result != TBL_FOUND)
        return;
    walk->found = walk->found || object->id == walk->goal;
    g_autofree char *key = g_strdup_printf("%" G_GUINT64_FORMAT, object->id);
    if (walk->met->len < WALK_MAX && g_hash_table_add(walk->seen, g_steal_pointer(&key)))
        g_ptr_array_add(walk->met, g_steal_pointer(&object));
}

static void
walk_successors(Walk *walk, const TblObject *object)
{
    const GPtrArray *members = object->refs[TBL_REFS_MEMBERS];
    for (guint i = 0; object->object_class == TBL_CLASS_DL && i < members->len; i++)
        walk_push(walk, object->origin, g_ptr_array_index(members, i));
    if (object->object_class == TBL_CLASS_REMOTE && object->target)
        walk_push(walk, object->origin, object->target->value);
    if (object->text[TBL_TEXT_FORWARD])
        walk_push(walk, object->origin, object->text[TBL_TEXT_FORWARD]);
}

/* TBL_FOUND: mail for the object comes back to it. `met` (may be NULL) takes all objects on the
 * way. */
static TblResult
comes_back(const TblContext *context, const TblObject *object, GPtrArray *met)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) own = g_ptr_array_new_with_free_func((GDestroyNotify)tbl_object_free);
    Walk walk = {.context = context, .seen = seen, .met = met ? met : own, .goal = object->id};
    walk_successors(&walk, object);
    for (guint i = 0; i < walk.met->len && !walk.failed && (met || !walk.found); i++)
        walk_successors(&walk, g_ptr_array_index(walk.met, i));
    if (walk.failed)
        return TBL_FAILED;
    return walk.found ? TBL_FOUND : TBL_NOTFOUND;
}

/* TBL_FOUND: one of the object's addresses expands to nothing. */
static TblResult
yields_nothing(const TblContext *context, const TblObject *object)
{
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        TblFate fate =
            strcmp(proxy->type, "SMTP") == 0 ? tbl_fate_of(context, proxy->value) : TBL_FATE_FINE;
        if (fate == TBL_FATE_EMPTY || fate == TBL_FATE_FAILED)
            return fate == TBL_FATE_EMPTY ? TBL_FOUND : TBL_FAILED;
    }
    return TBL_NOTFOUND;
}

TblResult
tbl_fate_idle_cycle(const TblContext *context, const TblObject *object)
{
    g_autoptr(GPtrArray) met = g_ptr_array_new_with_free_func((GDestroyNotify)tbl_object_free);
    TblResult result = comes_back(context, object, met);
    if (result != TBL_FOUND)
        return result;
    /* The object itself is among those that were met. */
    for (guint i = 0; i < met->len; i++) {
        const TblObject *other = g_ptr_array_index(met, i);
        result = yields_nothing(context, other);
        if (result == TBL_FOUND)
            result = comes_back(context, other, NULL);
        if (result != TBL_NOTFOUND)
            return result;
    }
    return TBL_NOTFOUND;
}
