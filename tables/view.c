#include "tables/view.h"

#include "tables/referrer.h"

typedef struct {
    TblView base;
    TblReader *reader; /* NULL: there is no store */
    bool usable;
    TblDomains *domains;
    guint64 domains_generation;
    bool domains_of_reader; /* `domains` came from this reader */
} ReaderView;

static TblResult
view_rows(TblView *base, TblSlice key, TblRows *rows)
{
    ReaderView *view = (ReaderView *)base;
    TblSlice bytes;
    rows->count = 0;
    if (!view->usable)
        return TBL_FAILED;
    TblResult result = tbl_reader_get(view->reader, TBL_DB_ADDRESSES, key, &bytes);
    return result == TBL_FOUND && !tbl_rows_decode(rows, key, bytes) ? TBL_FAILED : result;
}

static TblResult
object_bytes(ReaderView *view, guint64 id, TblSlice *bytes)
{
    char key[8];
    if (!view->usable)
        return TBL_FAILED;
    tbl_store_key_number(id, key);
    return tbl_reader_get(view->reader, TBL_DB_OBJECTS, (TblSlice){key, sizeof key}, bytes);
}

static TblResult
view_brief(TblView *base, guint64 id, TblObjectBrief *brief)
{
    TblSlice bytes;
    TblResult result = object_bytes((ReaderView *)base, id, &bytes);
    return result == TBL_FOUND && !tbl_object_brief(bytes, brief) ? TBL_FAILED : result;
}

static TblResult
view_object(TblView *base, guint64 id, TblObject **object)
{
    TblSlice bytes;
    *object = NULL;
    TblResult result = object_bytes((ReaderView *)base, id, &bytes);
    if (result == TBL_FOUND && !(*object = tbl_object_decode(bytes, id)))
        return TBL_FAILED;
    return result;
}

static TblResult
view_name(TblView *base, TblOrigin origin, const char *folded, guint64 *id)
{
    ReaderView *view = (ReaderView *)base;
    TblSlice bytes;
    if (!view->usable)
        return TBL_FAILED;
    g_autofree char *key = tbl_name_key(origin, folded);
    TblResult result = tbl_reader_get(view->reader, TBL_DB_NAMES, tbl_slice(key), &bytes);
    if (result == TBL_FOUND && bytes.len != 8)
        return TBL_FAILED;
    if (result == TBL_FOUND)
        *id = tbl_store_number_of_key(bytes);
    return result;
}

static TblResult
view_referrers(TblView *base, const char *key, GArray *ids)
{
    ReaderView *view = (ReaderView *)base;
    TblSlice bytes;
    if (!view->usable)
        return TBL_FAILED;
    TblResult result = tbl_reader_get(view->reader, TBL_DB_REFERRERS, tbl_slice(key), &bytes);
    return result == TBL_FOUND && !tbl_referrer_decode(bytes, ids) ? TBL_FAILED : result;
}

static const TblDomains *
view_domains(TblView *base)
{
    return ((ReaderView *)base)->domains;
}

static bool
view_usable(TblView *base)
{
    return ((ReaderView *)base)->usable;
}

static bool
view_populated(TblView *base)
{
    ReaderView *view = (ReaderView *)base;
    return view->usable && tbl_reader_meta(view->reader)->populated;
}

TblView *
tbl_view_new(void)
{
    ReaderView *view = g_new0(ReaderView, 1);
    view->base = (TblView){.rows = view_rows,
                           .object = view_object,
                           .name = view_name,
                           .domains = view_domains,
                           .usable = view_usable,
                           .populated = view_populated,
                           .referrers = view_referrers,
                           .brief = view_brief};
    return &view->base;
}

void
tbl_view_free(TblView *base)
{
    ReaderView *view = (ReaderView *)base;
    if (!view)
        return;
    tbl_reader_free(view->reader);
    if (view->domains)
        tbl_domains_free(view->domains);
    g_free(view);
}

void
tbl_view_set_reader(TblView *base, TblReader *reader)
{
    ReaderView *view = (ReaderView *)base;
    tbl_reader_free(view->reader);
    view->reader = reader;
    view->usable = false;
    view->domains_of_reader = false;
}

typedef struct {
    TblDomains *domains;
    bool broken;
} Loading;

static bool
load_domain(TblSlice key, TblSlice value, gpointer data)
{
    Loading *loading = data;
    TblDomain *domain = tbl_domain_decode(value, key);
    if (!domain) {
        loading->broken = true;
        return false;
    }
    tbl_domains_add(loading->domains, domain);
    return true;
}

/* Keeps the old table when the new one cannot be read: a domain lookup must not fail for one bad
 * record. */
static bool
load_domains(ReaderView *view)
{
    Loading loading = {.domains = tbl_domains_new()};
    TblResult result =
        tbl_reader_each(view->reader, TBL_DB_DOMAINS, (TblSlice){0}, load_domain, &loading);
    if (result != TBL_FOUND || loading.broken) {
        tbl_domains_free(loading.domains);
        return false;
    }
    if (view->domains)
        tbl_domains_free(view->domains);
    view->domains = loading.domains;
    view->domains_generation = tbl_reader_meta(view->reader)->domains_generation;
    view->domains_of_reader = true;
    return true;
}

void
tbl_view_begin(TblView *base)
{
    ReaderView *view = (ReaderView *)base;
    view->usable = view->reader && tbl_reader_begin(view->reader);
    if (!view->usable)
        return;
    if (!view->domains_of_reader ||
        view->domains_generation != tbl_reader_meta(view->reader)->domains_generation) {
        if (!load_domains(view)) {
            tbl_reader_end(view->reader);
            view->usable = false;
        }
    }
}

void
tbl_view_end(TblView *base)
{
    ReaderView *view = (ReaderView *)base;
    if (view->usable)
        tbl_reader_end(view->reader);
    view->usable = false;
}

TblReader *
tbl_view_reader(TblView *base)
{
    return ((ReaderView *)base)->reader;
}
