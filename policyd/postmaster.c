#include "policyd/postmaster.h"

#include "tables/resolve.h"

static bool
is_absent(const TblConfig *config, TblView *view)
{
    TblContext context = {view, config, g_get_real_time() / G_USEC_PER_SEC};
    TblAddress address;
    TblLocation location;
    const TblDomains *domains = view->domains(view);

    if (!view->usable(view) || !domains ||
        !tbl_address_parse(&address, tbl_slice(config->addresses.postmaster)))
        return false;
    const TblDomain *domain = tbl_domains_find_mail(domains, tbl_address_domain(&address));
    if (!domain)
        return false;
    tbl_resolve_locate(&context, &address, domain, &location);
    return location.result == TBL_NOTFOUND && !config->directory.set;
}

bool
pd_postmaster_check(const TblConfig *config, TblView *view, GError **error)
{
    tbl_view_begin(view);
    bool good = pd_postmaster_check_begun(config, view, error);
    tbl_view_end(view);
    return good;
}

bool
pd_postmaster_check_begun(const TblConfig *config, TblView *view, GError **error)
{
    if (!*config->addresses.postmaster || !is_absent(config, view))
        return true;
    return tbl_config_refuse_key(config, "addresses", "postmaster", error,
                                 "%s lies in a declared domain and does not exist; give the "
                                 "address to somebody first, or name one outside",
                                 config->addresses.postmaster);
}

bool
pd_postmaster_check_store(const TblConfig *config, GError **error)
{
    if (!*config->addresses.postmaster)
        return true;
    TblStore *store =
        tbl_store_open(config->store.path, config->store.map_size, TBL_STORE_READ, NULL);
    TblReader *reader = store ? tbl_reader_new(store, NULL) : NULL;
    bool good = true;
    if (reader) {
        TblView *view = tbl_view_new();
        tbl_view_set_reader(view, reader);
        good = pd_postmaster_check(config, view, error);
        tbl_view_free(view);
    }
    tbl_store_close(store);
    return good;
}
