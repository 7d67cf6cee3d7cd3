#include "tables/fate.h"

#include "tables/fate_walk.h"

#include <string.h>

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
    case TBL_ALIAS_ABSENT:
        return TBL_FATE_NOWHERE;
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

/* TBL_FOUND: mail for the object comes back to it. */
static TblResult
comes_back(const TblContext *context, const TblObject *object)
{
    g_autoptr(TblFateWalk) walk = tbl_fate_walk_new(context, object);
    while (!tbl_fate_walk_is_back(walk) && tbl_fate_walk_step(walk))
        ;
    if (walk->failed)
        return TBL_FAILED;
    return tbl_fate_walk_is_back(walk) ? TBL_FOUND : TBL_NOTFOUND;
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
    g_autoptr(TblFateWalk) walk = tbl_fate_walk_new(context, object);
    while (tbl_fate_walk_step(walk))
        ;
    if (walk->failed)
        return TBL_FAILED;
    if (!tbl_fate_walk_is_back(walk))
        return TBL_NOTFOUND;
    for (guint i = 0; i < walk->met->len; i++) {
        const TblObject *other = tbl_fate_walk_object(walk, i);
        TblResult result = yields_nothing(context, other);
        if (result == TBL_FOUND)
            result = comes_back(context, other);
        if (result != TBL_NOTFOUND)
            return result;
    }
    return TBL_NOTFOUND;
}
