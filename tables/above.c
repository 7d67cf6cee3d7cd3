#include "tables/above.h"

#include "tables/referrer.h"

/* Lists that one question looks at; more are not answered, since others wait. */
#define LISTS_MAX 2000

typedef struct {
    const TblContext *context;
    TblAbove which;
    guint64 self;         /* the object that references must bind to, 0: none has the address */
    GHashTable *ids;      /* what is found */
    TblReferrerEdge edge; /* of these, one after the other */
    TblOrigin origin;
    bool failed;
} Search;

GHashTable *
tbl_above_set(void)
{
    return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

static void
add_id(GHashTable *set, guint64 id)
{
    guint64 *copy = g_new(guint64, 1);
    *copy = id;
    g_hash_table_add(set, copy);
}

/* The ids under one key; NULL for none. */
static GArray *
search_key(Search *search, TblReferrerKind kind, const char *text)
{
    TblView *view = search->context->view;
    g_autofree char *key = tbl_referrer_key(search->edge, search->origin, kind, tbl_slice(text));
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
    if (view->referrers(view, key, ids) == TBL_FAILED)
        search->failed = true;
    return ids->len && !search->failed ? g_steal_pointer(&ids) : NULL;
}

static void
add_all(Search *search, const GArray *ids)
{
    for (guint i = 0; i < ids->len; i++)
        add_id(search->ids, g_array_index(ids, guint64, i));
}

/* Whether a reference of the origin that is searched binds to the object. */
static bool
binds(Search *search, const char *reference)
{
    guint64 id = 0;
    TblResult result = tbl_resolve_reference_id(search->context, search->origin, reference, &id);
    search->failed = search->failed || result == TBL_FAILED;
    return search->self == 0 ? result == TBL_NOTFOUND : result == TBL_FOUND && id == search->self;
}

/* `reference` is `address` with something behind its local part. */
static bool
extends_address(const char *reference, const char *address)
{
    TblAddress whole;
    const char *at = strrchr(address, '@'), *colon = strchr(reference, ':');
    size_t local = (size_t)(at - address);
    bool typed = colon && g_ascii_strncasecmp(reference, "smtp:", strlen("smtp:")) == 0;
    return tbl_address_parse(&whole, tbl_slice(typed ? colon + 1 : reference)) &&
           whole.local_len > local && strcmp(tbl_address_domain(&whole), at + 1) == 0 &&
           memcmp(whole.text, address, local) == 0;
}

/* Which of those whose references may be `address` with an extension have one that is. */
static void
add_extended(Search *search, const GArray *ids, const char *address)
{
    TblView *view = search->context->view;
    for (guint i = 0; i < ids->len && !search->failed; i++) {
        guint64 id = g_array_index(ids, guint64, i);
        g_autoptr(TblObject) object = NULL;
        if (view->object(view, id, &object) != TBL_FOUND) {
            search->failed = true;
            return;
        }
        const GPtrArray *members = object->refs[TBL_REFS_MEMBERS];
        const char *forward = object->text[TBL_TEXT_FORWARD];
        bool found = search->edge == TBL_REFERRER_FORWARD && forward &&
                     extends_address(forward, address) && binds(search, forward);
        for (guint m = 0; search->edge == TBL_REFERRER_MEMBER && m < members->len && !found; m++) {
            const char *member = g_ptr_array_index(members, m);
            found = extends_address(member, address) && binds(search, member);
        }
        if (found)
            add_id(search->ids, id);
    }
}

/* Those that give one address of the object, or the mirror of one. */
static void
search_address(Search *search, const char *address)
{
    g_autoptr(GArray) exact = search_key(search, TBL_REFERRER_ADDRESS, address);
    if (exact && binds(search, address))
        add_all(search, exact);
    g_autoptr(GArray) extended =
        search->self ? search_key(search, TBL_REFERRER_EXTENDED, address) : NULL;
    if (extended)
        add_extended(search, extended, address);
}

static void
search_mirrors(Search *search, const TblAddress *address)
{
    const GPtrArray *mirrors = tbl_domains_mirrors(
        search->context->view->domains(search->context->view), tbl_address_domain(address));
    for (guint i = 0; mirrors && i < mirrors->len && !search->failed; i++) {
        const TblDomain *domain = g_ptr_array_index(mirrors, i);
        g_autofree char *mirrored =
            g_strdup_printf("%.*s@%s", (int)address->local_len, address->text, domain->name);
        search_address(search, mirrored);
    }
}

/* Remotes whose target an address is. */
static void
search_targets(Search *search, const TblAddress *address)
{
    static const TblRowKind kinds[] = {TBL_ROW_LOCAL_TARGET, TBL_ROW_DIRECTORY_TARGET};
    TblView *view = search->context->view;
    TblRows rows;
    g_autofree char *key = g_strconcat("smtp:", address->text, NULL);
    if (view->rows(view, tbl_slice(key), &rows) == TBL_FAILED)
        search->failed = true;
    for (guint i = 0; i < G_N_ELEMENTS(kinds) && !search->failed; i++) {
        const TblRow *row = tbl_rows_get(&rows, kinds[i]);
        if (row && row->object != search->self)
            add_id(search->ids, row->object);
    }
}

typedef void (*SearchFunc)(Search *search, gconstpointer what);

/* Runs `step` for each kind of edge and origin. */
static void
search_edges(Search *search, SearchFunc step, gconstpointer what)
{
    static const TblReferrerEdge edges[] = {TBL_REFERRER_MEMBER, TBL_REFERRER_FORWARD};
    guint count = search->which == TBL_ABOVE_LISTS ? 1 : G_N_ELEMENTS(edges);
    for (guint i = 0; i < count; i++) {
        search->edge = edges[i];
        for (int origin = TBL_ORIGIN_LOCAL; origin <= TBL_ORIGIN_DIRECTORY; origin++) {
            search->origin = (TblOrigin)origin;
            if (!search->failed)
                step(search, what);
        }
    }
}

static void
step_name(Search *search, gconstpointer what)
{
    const TblObject *object = what;
    if (object->origin != search->origin)
        return;
    g_autofree char *folded = tbl_text_fold(tbl_slice(object->name));
    g_autoptr(GArray) ids = folded ? search_key(search, TBL_REFERRER_NAME, folded) : NULL;
    if (ids)
        add_all(search, ids);
}

static void
step_address(Search *search, gconstpointer what)
{
    const TblAddress *address = what;
    search_address(search, address->text);
    if (search->self)
        search_mirrors(search, address);
}

static void
search_one_address(Search *search, const char *text)
{
    TblAddress address;
    if (!tbl_address_parse(&address, tbl_slice(text)))
        return;
    search_edges(search, step_address, &address);
    if (search->which == TBL_ABOVE_ALL && !search->failed)
        search_targets(search, &address);
}

TblResult
tbl_above_object(const TblContext *context, TblAbove which, const TblObject *object,
                 GHashTable *ids)
{
    Search search = {.context = context, .which = which, .self = object->id, .ids = ids};
    const GPtrArray *generated = object->refs[TBL_REFS_GENERATED];
    search_edges(&search, step_name, object);
    for (guint i = 0; i < object->addresses->len && !search.failed; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        if (strcmp(proxy->type, "SMTP") == 0)
            search_one_address(&search, proxy->value);
    }
    for (guint i = 0; i < generated->len && !search.failed; i++)
        search_one_address(&search, g_ptr_array_index(generated, i));
    return search.failed ? TBL_FAILED : TBL_FOUND;
}

TblResult
tbl_above_address(const TblContext *context, TblAbove which, const TblAddress *address,
                  GHashTable *ids)
{
    Search search = {.context = context, .which = which, .ids = ids};
    search_edges(&search, step_address, address);
    return search.failed ? TBL_FAILED : TBL_FOUND;
}

/* ---- Climbing ---- */

static bool
moves_on(const TblContext *context, guint64 id, GHashTable *ids)
{
    g_autoptr(TblObject) object = NULL;
    return context->view->object(context->view, id, &object) == TBL_FOUND &&
           tbl_above_object(context, TBL_ABOVE_LISTS, object, ids) == TBL_FOUND;
}

TblResult
tbl_above_reaches(const TblContext *context, const GHashTable *from, const GHashTable *goal)
{
    g_autoptr(GHashTable) seen = tbl_above_set(), ids = tbl_above_set();
    g_autoptr(GArray) queue = g_array_new(FALSE, FALSE, sizeof(guint64));
    GHashTableIter iter;
    gpointer id;
    g_hash_table_iter_init(&iter, (GHashTable *)from);
    while (g_hash_table_iter_next(&iter, &id, NULL))
        add_id(ids, *(guint64 *)id);
    for (guint at = 0;; at++) {
        g_hash_table_iter_init(&iter, ids);
        while (g_hash_table_iter_next(&iter, &id, NULL)) {
            if (g_hash_table_contains((GHashTable *)goal, id))
                return TBL_FOUND;
            if (g_hash_table_contains(seen, id))
                continue;
            add_id(seen, *(guint64 *)id);
            g_array_append_vals(queue, id, 1);
        }
        g_hash_table_remove_all(ids);
        if (at == queue->len)
            return TBL_NOTFOUND;
        if (queue->len > LISTS_MAX || !moves_on(context, g_array_index(queue, guint64, at), ids))
            return TBL_FAILED;
    }
}
