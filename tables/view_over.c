#include "tables/view_over.h"

static TblView *
inner_of(TblView *view)
{
    return ((TblViewOver *)view)->inner;
}

static TblResult
over_rows(TblView *view, TblSlice key, TblRows *rows)
{
    return inner_of(view)->rows(inner_of(view), key, rows);
}

static TblResult
over_object(TblView *view, guint64 id, TblObject **object)
{
    return inner_of(view)->object(inner_of(view), id, object);
}

static TblResult
over_name(TblView *view, TblOrigin origin, const char *folded, guint64 *id)
{
    return inner_of(view)->name(inner_of(view), origin, folded, id);
}

static const TblDomains *
over_domains(TblView *view)
{
    return inner_of(view)->domains(inner_of(view));
}

static bool
over_usable(TblView *view)
{
    return inner_of(view)->usable(inner_of(view));
}

static bool
over_populated(TblView *view)
{
    return inner_of(view)->populated(inner_of(view));
}

static TblResult
over_referrers(TblView *view, const char *key, GArray *ids)
{
    return inner_of(view)->referrers(inner_of(view), key, ids);
}

static TblResult
over_brief(TblView *view, guint64 id, TblObjectBrief *brief)
{
    return inner_of(view)->brief(inner_of(view), id, brief);
}

void
tbl_view_over_init(TblViewOver *over, TblView *inner)
{
    over->inner = inner;
    over->base = (TblView){.rows = over_rows,
                           .object = over_object,
                           .name = over_name,
                           .domains = over_domains,
                           .usable = over_usable,
                           .populated = over_populated,
                           .referrers = over_referrers,
                           .brief = inner->brief ? over_brief : NULL};
}
