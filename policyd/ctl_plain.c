#include "policyd/ctl_plain.h"

struct PdCtlPlain {
    TblView base;
    TblView *inner;
    TblDomains *domains; /* NULL: none could ever be read */
};

static TblResult
plain_rows(TblView *view, TblSlice key, TblRows *rows)
{
    TblView *inner = ((PdCtlPlain *)view)->inner;
    return inner->rows(inner, key, rows);
}

static TblResult
plain_object(TblView *view, guint64 id, TblObject **object)
{
    TblView *inner = ((PdCtlPlain *)view)->inner;
    return inner->object(inner, id, object);
}

static TblResult
plain_name(TblView *view, TblOrigin origin, const char *folded, guint64 *id)
{
    TblView *inner = ((PdCtlPlain *)view)->inner;
    return inner->name(inner, origin, folded, id);
}

static const TblDomains *
plain_domains(TblView *view)
{
    return ((PdCtlPlain *)view)->domains;
}

static bool
plain_usable(TblView *view)
{
    TblView *inner = ((PdCtlPlain *)view)->inner;
    return inner->usable(inner);
}

static bool
plain_populated(TblView *view)
{
    TblView *inner = ((PdCtlPlain *)view)->inner;
    return inner->populated(inner);
}

static TblResult
plain_referrers(TblView *view, const char *key, GArray *ids)
{
    TblView *inner = ((PdCtlPlain *)view)->inner;
    return inner->referrers(inner, key, ids);
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
    plain->base = (TblView){.rows = plain_rows,
                            .object = plain_object,
                            .name = plain_name,
                            .domains = plain_domains,
                            .usable = plain_usable,
                            .populated = plain_populated,
                            .referrers = plain_referrers};
    plain->inner = inner;
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
    return &plain->base;
}
