#include "tables/fate.h"

#include "tables/alias_walk.h"
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

/* ---- All addresses of an object ---- */

/* A subdomain, for declarations of all of them. */
#define ANY_LABEL "any"

bool
tbl_fate_leads_on(const TblObject *object)
{
    return object->object_class == TBL_CLASS_DL || object->object_class == TBL_CLASS_REMOTE ||
           object->text[TBL_TEXT_FORWARD];
}

static void
add_address(const TblContext *context, GPtrArray *addresses, const char *text)
{
    TblAddress address;
    g_ptr_array_add(addresses, g_strdup(text));
    if (!tbl_address_parse(&address, tbl_slice(text)))
        return;
    const GPtrArray *mirrors =
        tbl_domains_mirrors(context->view->domains(context->view), tbl_address_domain(&address));
    for (guint i = 0; mirrors && i < mirrors->len; i++) {
        const char *name = ((const TblDomain *)g_ptr_array_index(mirrors, i))->name;
        g_autofree char *domain = g_strdup_printf("%s%s", name[0] == '.' ? ANY_LABEL : "", name);
        GString *mirrored = g_string_new(NULL);
        tbl_address_append_external(mirrored, (TblSlice){address.typed, address.typed_len},
                                    tbl_slice(domain));
        g_ptr_array_add(addresses, g_string_free(mirrored, FALSE));
    }
}

GPtrArray *
tbl_fate_addresses(const TblContext *context, const TblObject *object)
{
    GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
    const GPtrArray *generated = object->refs[TBL_REFS_GENERATED];
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        if (strcmp(proxy->type, "SMTP") == 0)
            add_address(context, addresses, proxy->value);
    }
    for (guint i = 0; i < generated->len; i++)
        add_address(context, addresses, g_ptr_array_index(generated, i));
    return addresses;
}

/* ---- Nowhere to go ---- */

bool
tbl_fate_delivers(const TblDomains *domains, TblSlice primary)
{
    /* One in UTF-8 stands for no ASCII address. */
    return primary.len > 0 && tbl_slice_is_ascii(primary) &&
           !tbl_walk_is_alias_domain(domains, tbl_walk_declared(domains, primary));
}

static bool
has_address(const TblObject *object, const char *address)
{
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        if (strcmp(proxy->type, "SMTP") == 0 && strcmp(proxy->value, address) == 0)
            return true;
    }
    return false;
}

TblResult
tbl_fate_is_stranded(const TblContext *context, const TblContext *before, const TblObject *object,
                     const char *address)
{
    if (!has_address(object, address))
        return TBL_NOTFOUND;
    const TblProxy *primary = tbl_object_primary(object, "SMTP");
    TblFate fate = primary && strcmp(primary->value, address) != 0
                       ? tbl_fate_of(context, primary->value)
                       : TBL_FATE_FINE;
    if (fate == TBL_FATE_NOWHERE || fate == TBL_FATE_FAILED)
        return fate == TBL_FATE_FAILED ? TBL_FAILED : TBL_NOTFOUND;
    g_autoptr(TblObject) old = NULL;
    TblResult was = before->view->object(before->view, object->id, &old);
    if (was != TBL_FOUND || !has_address(old, address))
        return was == TBL_FAILED ? TBL_FAILED : TBL_FOUND;
    fate = tbl_fate_of(before, address);
    return fate == TBL_FATE_FAILED    ? TBL_FAILED
           : fate == TBL_FATE_NOWHERE ? TBL_NOTFOUND
                                      : TBL_FOUND;
}

bool
tbl_fate_is_hidden(const TblContext *context, const TblObject *object, const char *text)
{
    const TblDomains *domains = context->view->domains(context->view);
    TblAddress address;
    TblLocation location;
    if (object->origin != TBL_ORIGIN_DIRECTORY || !tbl_address_parse(&address, tbl_slice(text)))
        return false;
    tbl_resolve_locate(context, &address,
                       tbl_domains_find_mail(domains, tbl_address_domain(&address)), &location);
    return location.result == TBL_FOUND && location.row.object != object->id;
}

/* ---- Targets ---- */

TblResult
tbl_fate_loses_target(const TblContext *context, const TblContext *before, const TblObject *remote)
{
    if (remote->object_class != TBL_CLASS_REMOTE || remote->origin != TBL_ORIGIN_LOCAL ||
        !remote->target || strcmp(remote->target->type, "SMTP") != 0)
        return TBL_NOTFOUND;
    TblResult now = tbl_resolve_target(context, remote);
    if (now != TBL_NOTFOUND)
        return now == TBL_FAILED ? TBL_FAILED : TBL_NOTFOUND;
    g_autoptr(TblObject) old = NULL;
    TblResult was = before->view->object(before->view, remote->id, &old);
    if (was == TBL_NOTFOUND)
        return TBL_FOUND;
    return was == TBL_FAILED ? TBL_FAILED : tbl_resolve_target(before, old);
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

/* TBL_FOUND: one of the object's addresses expands to nothing. Who has none may be a member. */
static TblResult
yields_nothing(const TblContext *context, const TblObject *object)
{
    g_autoptr(GPtrArray) addresses = tbl_fate_addresses(context, object);
    if (addresses->len == 0) {
        TblAlias alias = tbl_resolve_alias_of(context, object);
        return alias == TBL_ALIAS_EMPTY    ? TBL_FOUND
               : alias == TBL_ALIAS_FAILED ? TBL_FAILED
                                           : TBL_NOTFOUND;
    }
    for (guint i = 0; i < addresses->len; i++) {
        TblFate fate = tbl_fate_of(context, g_ptr_array_index(addresses, i));
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

TblResult
tbl_fate_new_idle_cycle(const TblContext *context, const TblContext *before,
                        const TblObject *object)
{
    TblResult now = tbl_fate_idle_cycle(context, object);
    if (now != TBL_FOUND)
        return now;
    g_autoptr(TblObject) old = NULL;
    TblResult was = before->view->object(before->view, object->id, &old);
    if (was == TBL_FOUND)
        was = tbl_fate_idle_cycle(before, old);
    return was == TBL_FOUND ? TBL_NOTFOUND : was == TBL_NOTFOUND ? TBL_FOUND : TBL_FAILED;
}
