#include "tables/above.h"

#include "tables/referrer.h"

/* Lists that one question looks at; more are not answered, since others wait. */
#define LISTS_MAX 2000

typedef struct {
    const TblContext *context;
    TblAbove which;
    const TblAboveScope *scope; /* NULL: look everywhere */
    guint64 self;         /* the object that references must bind to, 0: none has the address */
    TblIdSet *ids;        /* what is found */
    TblReferrerEdge edge; /* of these, one after the other */
    TblOrigin origin;
    bool failed;
} Search;

static const TblReferrerEdge edges[] = {TBL_REFERRER_MEMBER, TBL_REFERRER_FORWARD};
static const TblReferrerKind kinds[] = {TBL_REFERRER_NAME, TBL_REFERRER_ADDRESS,
                                        TBL_REFERRER_EXTENDED, TBL_REFERRER_BELOW};

/* Whether the edge that is searched has such references at all. */
static bool
in_scope(const Search *search, TblReferrerKind kind)
{
    guint at = 0;
    while (kinds[at] != kind)
        at++;
    return !search->scope || search->scope->has[search->edge == TBL_REFERRER_FORWARD]
                                               [search->origin == TBL_ORIGIN_DIRECTORY][at];
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

/* Mail that comes back to the object itself is no way from another one. */
static void
add_id(Search *search, guint64 id)
{
    if (id != search->self)
        (void)tbl_id_set_add(search->ids, id);
}

static void
add_all(Search *search, const GArray *ids)
{
    for (guint i = 0; i < ids->len; i++)
        add_id(search, g_array_index(ids, guint64, i));
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

/* What a reference is asked for that was noted under less than itself. */
typedef struct {
    TblSlice local;         /* with which its local part begins */
    const char *domain;     /* this is its domain, */
    const TblDomain *below; /* or one that this declares with all other subdomains */
} Pattern;

static bool
fits(const Search *search, const Pattern *pattern, const char *reference)
{
    TblAddress whole;
    const TblDomains *domains = search->context->view->domains(search->context->view);
    if (!tbl_address_parse_reference(&whole, reference) || whole.local_len < pattern->local.len ||
        memcmp(whole.text, pattern->local.ptr, pattern->local.len) != 0)
        return false;
    const char *domain = tbl_address_domain(&whole);
    return pattern->below ? tbl_domains_find(domains, domain) == pattern->below
                          : strcmp(domain, pattern->domain) == 0;
}

/* Whether what an object gives fits, and binds; a target is not looked up as a name. */
static bool
gives(Search *search, const Pattern *pattern, const TblObject *object)
{
    const GPtrArray *members = object->refs[TBL_REFS_MEMBERS];
    const char *forward = object->text[TBL_TEXT_FORWARD];
    if (search->edge == TBL_REFERRER_TARGET)
        return object->target && fits(search, pattern, object->target->value);
    if (search->edge == TBL_REFERRER_FORWARD)
        return forward && fits(search, pattern, forward) && binds(search, forward);
    for (guint i = 0; i < members->len; i++) {
        const char *member = g_ptr_array_index(members, i);
        if (fits(search, pattern, member) && binds(search, member))
            return true;
    }
    return false;
}

/* Adds those whose references may fit that have one that does. */
static void
add_fitting(Search *search, const GArray *ids, const Pattern *pattern)
{
    TblView *view = search->context->view;
    for (guint i = 0; i < ids->len && !search->failed; i++) {
        guint64 id = g_array_index(ids, guint64, i);
        g_autoptr(TblObject) object = NULL;
        if (view->object(view, id, &object) != TBL_FOUND) {
            search->failed = true;
            return;
        }
        if (gives(search, pattern, object))
            add_id(search, id);
    }
}

static void
search_pattern(Search *search, TblReferrerKind kind, const char *text, const Pattern *pattern)
{
    g_autoptr(GArray) ids =
        search->self && in_scope(search, kind) ? search_key(search, kind, text) : NULL;
    if (ids)
        add_fitting(search, ids, pattern);
}

/* Those that give one address of the object, or the mirror of one. */
static void
search_address(Search *search, const char *address)
{
    g_autoptr(GArray) exact = in_scope(search, TBL_REFERRER_ADDRESS)
                                  ? search_key(search, TBL_REFERRER_ADDRESS, address)
                                  : NULL;
    if (exact && binds(search, address))
        add_all(search, exact);
    const char *at = strrchr(address, '@');
    Pattern pattern = {{address, (size_t)(at - address)}, at + 1, NULL};
    search_pattern(search, TBL_REFERRER_EXTENDED, address, &pattern);
}

static void
search_target_key(Search *search, TblReferrerKind kind, const char *address, const Pattern *pattern)
{
    g_autofree char *key = g_strconcat("smtp:", address, NULL);
    search->edge = TBL_REFERRER_TARGET;
    for (int origin = TBL_ORIGIN_LOCAL; origin <= TBL_ORIGIN_DIRECTORY; origin++) {
        search->origin = (TblOrigin)origin;
        g_autoptr(GArray) ids = search_key(search, kind, key);
        if (ids && pattern)
            add_fitting(search, ids, pattern);
        else if (ids)
            add_all(search, ids);
    }
}

/* Remotes whose target an address is. */
static void
search_targets(Search *search, const char *address)
{
    search_target_key(search, TBL_REFERRER_ADDRESS, address, NULL);
}

/* Those that give it in a subdomain. */
static void
search_below(Search *search, const char *address, const Pattern *pattern)
{
    search_pattern(search, TBL_REFERRER_BELOW, address, pattern);
}

/* Remotes whose target it is in a subdomain. */
static void
search_targets_below(Search *search, const char *address, const Pattern *pattern)
{
    search_target_key(search, TBL_REFERRER_BELOW, address, pattern);
}

/* The address as each mirror of its domain has it. Those that are all subdomains with `below`: as
 * it is noted, and what it must be. */
typedef void (*MirrorFunc)(Search *search, const char *address);
typedef void (*BelowFunc)(Search *search, const char *address, const Pattern *pattern);

static void
each_mirrored(Search *search, const TblAddress *address, MirrorFunc each, BelowFunc below)
{
    const GPtrArray *mirrors = tbl_domains_mirrors(
        search->context->view->domains(search->context->view), tbl_address_domain(address));
    for (guint i = 0; mirrors && i < mirrors->len && !search->failed; i++) {
        const TblDomain *domain = g_ptr_array_index(mirrors, i);
        bool all = domain->name[0] == '.';
        const char *name = all ? tbl_referrer_below(domain->name) : domain->name;
        if (!name)
            continue;
        g_autofree char *mirrored =
            g_strdup_printf("%.*s@%s", (int)address->local_len, address->text, name);
        const Pattern pattern = {{address->text, address->local_len}, domain->name, domain};
        if (all)
            below(search, mirrored, &pattern);
        else
            each(search, mirrored);
    }
}

typedef void (*SearchFunc)(Search *search, gconstpointer what);

/* Runs `step` for each kind of edge and origin. */
static void
search_edges(Search *search, SearchFunc step, gconstpointer what)
{
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
    if (object->origin != search->origin || !in_scope(search, TBL_REFERRER_NAME))
        return;
    g_autofree char *folded = tbl_text_fold(tbl_slice(object->name));
    g_autoptr(GArray) ids = folded ? search_key(search, TBL_REFERRER_NAME, folded) : NULL;
    if (ids)
        add_all(search, ids);
}

/* Those that give an address of another type than SMTP, by its key. */
static void
step_proxy(Search *search, gconstpointer what)
{
    const char *key = what;
    g_autoptr(GArray) ids = in_scope(search, TBL_REFERRER_ADDRESS)
                                ? search_key(search, TBL_REFERRER_ADDRESS, key)
                                : NULL;
    if (ids && binds(search, key))
        add_all(search, ids);
}

static void
step_address(Search *search, gconstpointer what)
{
    const TblAddress *address = what;
    search_address(search, address->text);
    if (search->self)
        each_mirrored(search, address, search_address, search_below);
}

/* Whether an address may be given by anybody. */
static bool
asks_addresses(const TblAboveScope *scope, TblAbove which)
{
    bool asks = !scope || which == TBL_ABOVE_ALL;
    for (guint i = 0; !asks && i < G_N_ELEMENTS(edges); i++)
        for (guint origin = 0; origin < 2; origin++)
            for (guint kind = 1; kind < G_N_ELEMENTS(kinds); kind++)
                asks = asks || scope->has[i][origin][kind];
    return asks;
}

static void
search_one_address(Search *search, const char *text)
{
    TblAddress address;
    if (!tbl_address_parse(&address, tbl_slice(text)))
        return;
    search_edges(search, step_address, &address);
    if (search->which == TBL_ABOVE_ALL && !search->failed) {
        search_targets(search, address.text);
        each_mirrored(search, &address, search_targets, search_targets_below);
    }
}

TblResult
tbl_above_object(const TblContext *context, TblAbove which, const TblAboveScope *scope,
                 const TblObject *object, TblIdSet *ids)
{
    Search search = {
        .context = context, .which = which, .scope = scope, .self = object->id, .ids = ids};
    const GPtrArray *generated = object->refs[TBL_REFS_GENERATED];
    search_edges(&search, step_name, object);
    if (!asks_addresses(scope, which))
        return search.failed ? TBL_FAILED : TBL_FOUND;
    for (guint i = 0; i < object->addresses->len && !search.failed; i++) {
        TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        if (strcmp(proxy->type, "SMTP") == 0)
            search_one_address(&search, proxy->value);
        else if (tbl_proxy_own_key(proxy))
            search_edges(&search, step_proxy, tbl_proxy_own_key(proxy));
    }
    for (guint i = 0; i < generated->len && !search.failed; i++)
        search_one_address(&search, g_ptr_array_index(generated, i));
    return search.failed ? TBL_FAILED : TBL_FOUND;
}

TblResult
tbl_above_address(const TblContext *context, TblAbove which, const TblAddress *address,
                  TblIdSet *ids)
{
    Search search = {.context = context, .which = which, .ids = ids};
    search_edges(&search, step_address, address);
    return search.failed ? TBL_FAILED : TBL_FOUND;
}

TblResult
tbl_above_scope(const TblContext *context, TblAboveScope *scope)
{
    TblView *view = context->view;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
    *scope = (TblAboveScope){0};
    for (int origin = TBL_ORIGIN_LOCAL; origin <= TBL_ORIGIN_DIRECTORY; origin++) {
        g_autofree char *mark =
            tbl_referrer_mark(TBL_REFERRER_TARGET, (TblOrigin)origin, TBL_REFERRER_ADDRESS);
        TblResult result = view->referrers(view, mark, ids);
        if (result == TBL_FAILED)
            return TBL_FAILED;
        scope->targets = scope->targets || result == TBL_FOUND;
    }
    for (guint edge = 0; edge < G_N_ELEMENTS(edges); edge++) {
        for (guint origin = 0; origin < 2; origin++) {
            for (guint kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
                g_autofree char *mark = tbl_referrer_mark(
                    edges[edge], origin ? TBL_ORIGIN_DIRECTORY : TBL_ORIGIN_LOCAL, kinds[kind]);
                TblResult result = view->referrers(view, mark, ids);
                if (result == TBL_FAILED)
                    return TBL_FAILED;
                scope->has[edge][origin][kind] = result == TBL_FOUND;
                scope->any = scope->any || result == TBL_FOUND;
            }
        }
    }
    return TBL_FOUND;
}

/* ---- Climbing ---- */

typedef struct {
    const TblContext *context;
    TblAbove which;
    const TblAboveScope *scope; /* NULL: look everywhere */
    TblIdSet *seen, *next;
    GArray *queue; /* guint64: everything that was seen, nearest first */
} Climb;

static void
climb_end(Climb *climb)
{
    tbl_id_set_free(climb->seen);
    tbl_id_set_free(climb->next);
    g_array_unref(climb->queue);
}

/* Moves what was found to the queue, in the order of ids. */
static void
climb_take(Climb *climb)
{
    g_autoptr(GArray) ids = tbl_id_set_sorted(climb->next);
    for (guint i = 0; i < ids->len; i++) {
        guint64 id = g_array_index(ids, guint64, i);
        if (tbl_id_set_add(climb->seen, id))
            g_array_append_val(climb->queue, id);
    }
    tbl_id_set_clear(climb->next);
}

static Climb
climb_begin(const TblContext *context, TblAbove which, const TblAboveScope *scope,
            const TblIdSet *from)
{
    Climb climb = {context,
                   which,
                   scope,
                   tbl_id_set_new(),
                   tbl_id_set_new(),
                   g_array_new(FALSE, FALSE, sizeof(guint64))};
    g_autoptr(GArray) ids = tbl_id_set_sorted(from);
    for (guint i = 0; i < ids->len; i++)
        (void)tbl_id_set_add(climb.next, g_array_index(ids, guint64, i));
    climb_take(&climb);
    return climb;
}

/* The `at`th of the queue, with what is above it added. FOUND with the object, NOTFOUND when there
 * is none any more. */
static TblResult
climb_step(Climb *climb, guint at, TblObject **object)
{
    TblView *view = climb->context->view;
    *object = NULL;
    TblResult result = view->object(view, g_array_index(climb->queue, guint64, at), object);
    if (result != TBL_FOUND)
        return result;
    if (tbl_above_object(climb->context, climb->which, climb->scope, *object, climb->next) !=
        TBL_FOUND)
        return TBL_FAILED;
    climb_take(climb);
    return TBL_FOUND;
}

TblResult
tbl_above_each(const TblContext *context, const TblIdSet *from, TblAboveFunc each, gpointer data)
{
    TblAboveScope scope;
    if (tbl_above_scope(context, &scope) == TBL_FAILED)
        return TBL_FAILED;
    Climb climb = climb_begin(context, TBL_ABOVE_ALL, &scope, from);
    bool more = true, failed = false;
    guint first = climb.queue->len;
    for (guint at = 0; more && !failed && at < climb.queue->len; at++) {
        g_autoptr(TblObject) object = NULL;
        TblResult result = climb_step(&climb, at, &object);
        failed = result == TBL_FAILED || (result == TBL_NOTFOUND && at >= first);
        more = failed || result == TBL_NOTFOUND || each(object, data);
    }
    climb_end(&climb);
    return failed ? TBL_FAILED : TBL_FOUND;
}

TblResult
tbl_above_reaches(const TblContext *context, const TblIdSet *from, const TblIdSet *goal)
{
    Climb climb = climb_begin(context, TBL_ABOVE_LISTS, NULL, from);
    TblResult result = TBL_NOTFOUND;
    guint known = 0; /* of the queue: not the goal */
    for (guint at = 0; result == TBL_NOTFOUND; at++) {
        for (; known < climb.queue->len && result == TBL_NOTFOUND; known++)
            if (tbl_id_set_has(goal, g_array_index(climb.queue, guint64, known)))
                result = TBL_FOUND;
        if (result == TBL_FOUND || at == climb.queue->len)
            break;
        g_autoptr(TblObject) list = NULL;
        if (at == LISTS_MAX || climb_step(&climb, at, &list) != TBL_FOUND)
            result = TBL_FAILED;
    }
    climb_end(&climb);
    return result;
}
