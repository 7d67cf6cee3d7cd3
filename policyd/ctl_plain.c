#include "policyd/ctl_plain.h"

#include "tables/view_over.h"

struct PdCtlPlain {
    TblViewOver over;
    TblDomains *domains; /* NULL: none could ever be read */
};

static const TblDomains *
plain_domains(TblView *view)
{
    return ((PdCtlPlain *)view)->domains;
}

static TblDomains *
plain_declarations(const TblDomains *domains)
{
    TblDomains *plain = tbl_domains_new();
    g_autoptr(GPtrArray) list = tbl_domains_list(domains);
    for (guint i = 0; i < list->len; i++) {
        TblDomain *copy = tbl_domain_copy(g_ptr_array_index(list, i));
        copy->unknown = TBL_UNKNOWN_REJECT;
        tbl_domains_add(plain, copy);
    }
    return plain;
}

PdCtlPlain *
pd_ctl_plain_new(TblView *inner)
{
    PdCtlPlain *plain = g_new0(PdCtlPlain, 1);
    const TblDomains *domains = inner->domains(inner);
    tbl_view_over_init(&plain->over, inner);
    plain->over.base.domains = plain_domains;
    plain->domains = domains ? plain_declarations(domains) : NULL;
    return plain;
}

void
pd_ctl_plain_free(PdCtlPlain *plain)
{
    if (plain && plain->domains)
        tbl_domains_free(plain->domains);
    g_free(plain);
}

TblView *
pd_ctl_plain_view(PdCtlPlain *plain)
{
    return &plain->over.base;
}
