#include "tables/domain.h"

#include "tables/codec.h"

/* First number of an encoded declaration. Part of the store's format. */
#define DOMAIN_CLASS_MASK 0x7u
#define DOMAIN_CLASS_GIVEN (1u << 3)
#define DOMAIN_REWRITE_SHIFT 4
#define DOMAIN_EXPAND_SHIFT 6
#define DOMAIN_EXTENSIONS_SHIFT 8
#define DOMAIN_UNKNOWN_SHIFT 10
#define DOMAIN_CHOICE_MASK 0x3u
#define DOMAIN_ROUTE (1u << 12)
#define DOMAIN_MIRROR (1u << 13)
#define DOMAIN_RULE (1u << 14)
#define DOMAIN_CATCH_ALL (1u << 15)
#define DOMAIN_BATCH (1u << 16) /* absent in stores from before it was noted */
#define DOMAIN_BITS 17

struct TblDomains {
    GHashTable *by_name; /* name -> TblDomain *, owned */
    GHashTable *mirrors; /* name of OTHER -> GPtrArray of its mirrors, borrowed */
};

TblDomain *
tbl_domain_new(const char *name, TblDomainClass domain_class)
{
    TblDomain *domain = g_new0(TblDomain, 1);

    domain->name = g_strdup(name);
    domain->domain_class = domain_class;
    return domain;
}

TblDomain *
tbl_domain_copy(const TblDomain *domain)
{
    TblDomain *copy = g_new(TblDomain, 1);

    *copy = *domain;
    copy->name = g_strdup(domain->name);
    copy->route = g_strdup(domain->route);
    copy->mirror = g_strdup(domain->mirror);
    copy->rule = g_strdup(domain->rule);
    copy->catch_all = g_strdup(domain->catch_all);
    return copy;
}

void
tbl_domain_free(TblDomain *domain)
{
    if (!domain)
        return;
    g_free(domain->name);
    g_free(domain->route);
    g_free(domain->mirror);
    g_free(domain->rule);
    g_free(domain->catch_all);
    g_free(domain);
}

static bool
class_inherited(const TblDomain *domain)
{
    return domain->mirror && !domain->class_given;
}

bool
tbl_domain_equal(const TblDomain *a, const TblDomain *b)
{
    /* An inherited class is OTHER's business. */
    if (class_inherited(a) != class_inherited(b))
        return false;
    if (!class_inherited(a) && a->domain_class != b->domain_class)
        return false;
    return strcmp(a->name, b->name) == 0 && g_strcmp0(a->route, b->route) == 0 &&
           g_strcmp0(a->mirror, b->mirror) == 0 && g_strcmp0(a->rule, b->rule) == 0 &&
           g_strcmp0(a->catch_all, b->catch_all) == 0 && a->rewrite == b->rewrite &&
           a->expand == b->expand && a->extensions == b->extensions && a->unknown == b->unknown;
}

static const char *const domain_class_names[] = {
    [TBL_DOMAIN_RELAY] = "relay",
    [TBL_DOMAIN_VIRTUAL_MAILBOX] = "virtual-mailbox",
    [TBL_DOMAIN_VIRTUAL_ALIAS] = "virtual-alias",
    [TBL_DOMAIN_ROUTE] = "route",
};

const char *
tbl_domain_class_name(TblDomainClass domain_class)
{
    return domain_class >= TBL_DOMAIN_RELAY && domain_class <= TBL_DOMAIN_ROUTE
               ? domain_class_names[domain_class]
               : "";
}

TblDomainClass
tbl_domain_class_from_name(const char *name)
{
    for (guint i = TBL_DOMAIN_RELAY; i <= TBL_DOMAIN_ROUTE; i++) {
        if (strcmp(domain_class_names[i], name) == 0)
            return (TblDomainClass)i;
    }
    return 0;
}

const char *
tbl_unknown_name(TblUnknown unknown)
{
    switch (unknown) {
    case TBL_UNKNOWN_REJECT:
        return "reject";
    case TBL_UNKNOWN_DEFER:
        return "defer";
    case TBL_UNKNOWN_ACCEPT:
        return "accept";
    case TBL_UNKNOWN_DEFAULT:
        break;
    }
    return "";
}

/* The next hop of a relay domain knows its own secondaries, lists and forwards. */
static bool
class_is_final(const TblDomain *domain)
{
    return domain->domain_class == TBL_DOMAIN_VIRTUAL_ALIAS ||
           domain->domain_class == TBL_DOMAIN_VIRTUAL_MAILBOX;
}

bool
tbl_domain_rewrites(const TblDomain *domain)
{
    if (domain->rewrite != TBL_SWITCH_DEFAULT)
        return domain->rewrite == TBL_SWITCH_YES;
    return domain->mirror || class_is_final(domain);
}

bool
tbl_domain_expands(const TblDomain *domain)
{
    if (domain->expand != TBL_SWITCH_DEFAULT)
        return domain->expand == TBL_SWITCH_YES;
    return class_is_final(domain);
}

bool
tbl_domain_extends(const TblDomain *domain)
{
    return domain->extensions != TBL_SWITCH_NO;
}

void
tbl_domain_encode(const TblDomain *domain, GByteArray *out)
{
    const char *const texts[] = {domain->route, domain->mirror, domain->rule, domain->catch_all};
    guint64 bits = (guint64)domain->domain_class;

    bits |= domain->class_given ? DOMAIN_CLASS_GIVEN : 0;
    bits |= (guint64)domain->rewrite << DOMAIN_REWRITE_SHIFT;
    bits |= (guint64)domain->expand << DOMAIN_EXPAND_SHIFT;
    bits |= (guint64)domain->extensions << DOMAIN_EXTENSIONS_SHIFT;
    bits |= (guint64)domain->unknown << DOMAIN_UNKNOWN_SHIFT;
    bits |= domain->route ? DOMAIN_ROUTE : 0;
    bits |= domain->mirror ? DOMAIN_MIRROR : 0;
    bits |= domain->rule ? DOMAIN_RULE : 0;
    bits |= domain->catch_all ? DOMAIN_CATCH_ALL : 0;
    bits |= domain->batch ? DOMAIN_BATCH : 0;
    tbl_encode_number(out, bits);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (texts[i])
            tbl_encode_string(out, tbl_slice(texts[i]));
    }
    if (domain->batch)
        tbl_encode_number(out, domain->batch);
}

/* NULL when the bit says that there is none; an empty or NUL-holding text is damage. */
static char *
text_decode(TblCursor *cursor, bool present)
{
    TblSlice text;

    if (!present)
        return NULL;
    text = tbl_cursor_string(cursor);
    if (text.len == 0 || memchr(text.ptr, '\0', text.len)) {
        cursor->broken = true;
        return NULL;
    }
    return g_strndup(text.ptr, text.len);
}

TblDomain *
tbl_domain_decode(TblSlice bytes, TblSlice name)
{
    TblCursor cursor = tbl_cursor(bytes);
    guint64 bits = tbl_cursor_number(&cursor);
    guint domain_class = (guint)bits & DOMAIN_CLASS_MASK;
    g_autofree char *copy = NULL;
    g_autoptr(TblDomain) domain = NULL;

    if (cursor.broken || bits >> DOMAIN_BITS != 0 || domain_class < TBL_DOMAIN_RELAY ||
        domain_class > TBL_DOMAIN_ROUTE || name.len == 0 || memchr(name.ptr, '\0', name.len))
        return NULL;
    copy = g_strndup(name.ptr, name.len);
    domain = tbl_domain_new(copy, (TblDomainClass)domain_class);
    domain->class_given = bits & DOMAIN_CLASS_GIVEN;
    domain->rewrite = (TblSwitch)(bits >> DOMAIN_REWRITE_SHIFT & DOMAIN_CHOICE_MASK);
    domain->expand = (TblSwitch)(bits >> DOMAIN_EXPAND_SHIFT & DOMAIN_CHOICE_MASK);
    domain->extensions = (TblSwitch)(bits >> DOMAIN_EXTENSIONS_SHIFT & DOMAIN_CHOICE_MASK);
    domain->unknown = (TblUnknown)(bits >> DOMAIN_UNKNOWN_SHIFT & DOMAIN_CHOICE_MASK);
    domain->route = text_decode(&cursor, bits & DOMAIN_ROUTE);
    domain->mirror = text_decode(&cursor, bits & DOMAIN_MIRROR);
    domain->rule = text_decode(&cursor, bits & DOMAIN_RULE);
    domain->catch_all = text_decode(&cursor, bits & DOMAIN_CATCH_ALL);
    if (bits & DOMAIN_BATCH)
        domain->batch = tbl_cursor_number(&cursor);
    if (!tbl_cursor_done(&cursor) || (bits & DOMAIN_BATCH && domain->batch == 0) ||
        domain->rewrite > TBL_SWITCH_NO || domain->expand > TBL_SWITCH_NO ||
        domain->extensions > TBL_SWITCH_NO)
        return NULL;
    return g_steal_pointer(&domain);
}

/* Any odd number without pattern: 2^64 / golden ratio. */
#define HASH_FACTOR 0x9e3779b97f4a7c15u

/* Eight bytes at a time: every lookup looks for the domains of its key and of its answer. */
static guint
name_hash(gconstpointer name)
{
    const char *at = name;
    size_t left = strlen(at);
    guint64 block, sum = left;

    for (; left >= sizeof block; at += sizeof block, left -= sizeof block) {
        memcpy(&block, at, sizeof block);
        sum = (sum ^ block) * HASH_FACTOR;
        sum ^= sum >> 32;
    }
    for (; left > 0; at++, left--)
        sum = (sum ^ (unsigned char)*at) * HASH_FACTOR;
    return (guint)(sum ^ (sum >> 32));
}

TblDomains *
tbl_domains_new(void)
{
    TblDomains *domains = g_new(TblDomains, 1);

    domains->by_name =
        g_hash_table_new_full(name_hash, g_str_equal, NULL, (GDestroyNotify)tbl_domain_free);
    domains->mirrors =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    return domains;
}

/* Keeps inherited classes true, so that the switches' defaults need only the declaration itself. */
static void
mirrors_adopt_class(TblDomains *domains, const TblDomain *other)
{
    const GPtrArray *mirrors = g_hash_table_lookup(domains->mirrors, other->name);

    for (guint i = 0; mirrors && i < mirrors->len; i++) {
        TblDomain *mirror = mirrors->pdata[i];

        if (!mirror->class_given)
            mirror->domain_class = other->domain_class;
    }
}

static void
mirrors_add(TblDomains *domains, TblDomain *mirror)
{
    GPtrArray *mirrors = g_hash_table_lookup(domains->mirrors, mirror->mirror);
    const TblDomain *other = tbl_domains_get(domains, mirror->mirror);

    if (!mirrors) {
        mirrors = g_ptr_array_new();
        g_hash_table_insert(domains->mirrors, g_strdup(mirror->mirror), mirrors);
    }
    g_ptr_array_add(mirrors, mirror);
    if (other && !mirror->class_given)
        mirror->domain_class = other->domain_class;
}

void
tbl_domains_add(TblDomains *domains, TblDomain *domain)
{
    tbl_domains_remove(domains, domain->name);
    if (domain->mirror)
        mirrors_add(domains, domain);
    g_hash_table_replace(domains->by_name, domain->name, domain);
    mirrors_adopt_class(domains, domain);
}

void
tbl_domains_remove(TblDomains *domains, const char *name)
{
    TblDomain *domain = g_hash_table_lookup(domains->by_name, name);

    if (!domain)
        return;
    if (domain->mirror)
        g_ptr_array_remove_fast(g_hash_table_lookup(domains->mirrors, domain->mirror), domain);
    g_hash_table_remove(domains->by_name, name);
}

TblDomains *
tbl_domains_copy(const TblDomains *domains)
{
    TblDomains *copy = tbl_domains_new();
    GHashTableIter iter;
    gpointer domain;

    g_hash_table_iter_init(&iter, domains->by_name);
    while (g_hash_table_iter_next(&iter, NULL, &domain))
        tbl_domains_add(copy, tbl_domain_copy(domain));
    return copy;
}

void
tbl_domains_free(TblDomains *domains)
{
    if (!domains)
        return;
    g_hash_table_unref(domains->mirrors);
    g_hash_table_unref(domains->by_name);
    g_free(domains);
}

guint
tbl_domains_count(const TblDomains *domains)
{
    return g_hash_table_size(domains->by_name);
}

const TblDomain *
tbl_domains_get(const TblDomains *domains, const char *name)
{
    return domains ? g_hash_table_lookup(domains->by_name, name) : NULL;
}

const TblDomain *
tbl_domains_find(const TblDomains *domains, const char *domain)
{
    const TblDomain *found;

    if (domain[0] == '.')
        return NULL;
    found = tbl_domains_get(domains, domain);
    while (!found && (domain = strchr(domain, '.'))) {
        found = tbl_domains_get(domains, domain);
        domain++;
    }
    return found;
}

const TblDomain *
tbl_domains_find_mail(const TblDomains *domains, const char *domain)
{
    const TblDomain *found = tbl_domains_find(domains, domain);

    return found && found->domain_class != TBL_DOMAIN_ROUTE ? found : NULL;
}

TblDomainClass
tbl_domains_class(const TblDomains *domains, const TblDomain *domain)
{
    const TblDomain *other =
        class_inherited(domain) ? tbl_domains_get(domains, domain->mirror) : NULL;

    return other ? other->domain_class : domain->domain_class;
}

const GPtrArray *
tbl_domains_mirrors(const TblDomains *domains, const char *other)
{
    return domains ? g_hash_table_lookup(domains->mirrors, other) : NULL;
}

const char *
tbl_domains_route(const TblDomains *domains, const TblDomain *domain)
{
    const TblDomain *other;

    if (domain->route || !domain->mirror)
        return domain->route;
    other = tbl_domains_get(domains, domain->mirror);
    return other ? other->route : NULL;
}

static int
domain_compare_in_array(gconstpointer a, gconstpointer b)
{
    return strcmp((*(TblDomain *const *)a)->name, (*(TblDomain *const *)b)->name);
}

GPtrArray *
tbl_domains_list(const TblDomains *domains)
{
    GPtrArray *list = g_ptr_array_sized_new(g_hash_table_size(domains->by_name));
    GHashTableIter iter;
    gpointer domain;

    g_hash_table_iter_init(&iter, domains->by_name);
    while (g_hash_table_iter_next(&iter, NULL, &domain))
        g_ptr_array_add(list, domain);
    g_ptr_array_sort(list, domain_compare_in_array);
    return list;
}
