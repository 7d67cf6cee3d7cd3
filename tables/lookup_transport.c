/* transport_maps: the object's route, else its domain's. */
#include "tables/lookup.h"

/* The last RDN of a Home-Server ("/o=A/ou=B/cn=Servers/cn=EXCH1" -> "EXCH1"). */
static const char *
last_rdn(const char *home_server)
{
    const char *equals = strrchr(home_server, '='), *slash = strrchr(home_server, '/');
    const char *last = MAX(equals, slash);
    return last ? last + 1 : home_server;
}

/* The route of the object behind the key. NOTFOUND: it has none, or nobody has the address. FAILED
 * (with a reason) also while an object that could have it is perhaps only not loaded yet. */
static TblResult
object_route(TblLookup *lookup)
{
    GHashTable *routes = lookup->context->config->routes;
    if (g_hash_table_size(routes) == 0)
        return TBL_NOTFOUND; /* certain without a look at the store */
    tbl_resolve_locate(lookup->context, &lookup->address, lookup->domain, lookup->location);
    if (lookup->location->result == TBL_FAILED)
        return tbl_lookup_store_failed(lookup->value);
    if (lookup->location->result == TBL_NOTFOUND && !lookup->location->tombstone &&
        !lookup->location->hidden)
        return tbl_lookup_absent(lookup->context, lookup->value);
    if (lookup->location->result == TBL_NOTFOUND)
        return TBL_NOTFOUND;
    if (!lookup->location->row.homed)
        return TBL_NOTFOUND;
    g_autoptr(TblObject) object = NULL;
    if (tbl_lookup_owner(lookup, &object) != TBL_FOUND)
        return TBL_FAILED;
    const char *home = object->text[TBL_TEXT_HOME_SERVER];
    g_autofree char *folded = home ? tbl_text_fold(tbl_slice(last_rdn(home))) : NULL;
    const char *route = folded ? g_hash_table_lookup(routes, folded) : NULL;
    if (!route)
        return TBL_NOTFOUND;
    g_string_append(lookup->value, route);
    return TBL_FOUND;
}

TblResult
tbl_lookup_transport(TblLookup *lookup, TblSlice key)
{
    char name[256];
    bool is_address = tbl_address_parse(&lookup->address, key);
    if (!is_address && !tbl_domain_canonical(key, false, name))
        return TBL_NOTFOUND;
    const TblDomain *domain =
        tbl_domains_find(lookup->domains, is_address ? tbl_address_domain(&lookup->address) : name);
    if (!domain)
        return TBL_NOTFOUND;
    TblDomainClass domain_class = tbl_domains_class(lookup->domains, domain);
    if (domain_class == TBL_DOMAIN_VIRTUAL_ALIAS)
        return TBL_NOTFOUND;
    TblResult result = TBL_NOTFOUND;
    gsize start = lookup->value->len;
    if (is_address && domain_class != TBL_DOMAIN_ROUTE) {
        lookup->domain = domain;
        result = object_route(lookup);
    }
    const char *route = tbl_domains_route(lookup->domains, domain);
    if (result == TBL_FOUND)
        return TBL_FOUND;
    if (route) {
        /* Also while the store fails: Postfix remembers a failed transport lookup until the process
         * ends. */
        g_string_truncate(lookup->value, start);
        g_string_append(lookup->value, route);
        return TBL_FOUND;
    }
    return result;
}
