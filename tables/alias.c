/* The virtual_alias_maps half of tables/resolve.h: who finally receives mail for an address. */
#include "tables/resolve.h"

/* Lists inside lists, forwards behind forwards: deeper is taken for over the limit. Bounds the
 * stack, of which a level takes about 4 kB. */
#define DEPTH_MAX 250
/* Objects looked at for one answer, as a multiple of list-recipients: bounds the time that empty
 * lists can take. */
#define VISITS_PER_RECIPIENT 10
#define OK_PREFIX_SIZE 3 /* "OK " counts into [limits] reply */

typedef struct {
    const TblContext *context;
    const TblDomains *domains;
    bool ascii_key;
    guint depth;
    guint64 yields;         /* addresses emitted, duplicates too */
    char *extension;        /* what rows found through an extension put back; NULL for none */
    GHashTable *visited;    /* ids of objects that were expanded */
    GHashTable *recipients; /* canonical -> external */
    bool failed, over, cycle;
} Walk;

static void walk_address(Walk *walk, TblSlice spelling);
static void walk_object(Walk *walk, const TblObject *object);

/* The mail domain that declares a stored address's domain; NULL when none does. */
static const TblDomain *
declared(const TblDomains *domains, TblSlice spelling)
{
    char name[256];
    const char *at = memrchr(spelling.ptr, '@', spelling.len);
    size_t length = at ? (size_t)(spelling.ptr + spelling.len - at - 1) : 0;
    if (length == 0 || length >= sizeof name)
        return NULL;
    memcpy(name, at + 1, length);
    name[length] = '\0';
    return tbl_domains_find_mail(domains, name);
}

static bool
is_alias_domain(const TblDomains *domains, const TblDomain *domain)
{
    return domain && tbl_domains_class(domains, domain) == TBL_DOMAIN_VIRTUAL_ALIAS;
}

/* ---- Emitting ---- */

/* A final recipient. In a virtual-alias domain it would have nowhere to go: a bounce after
 * acceptance, so it counts for nothing. */
static void
emit(Walk *walk, TblSlice spelling)
{
    const TblDomain *domain = declared(walk->domains, spelling);
    TblAddress address;
    if (is_alias_domain(walk->domains, domain) || !tbl_address_parse(&address, spelling))
        return;
    g_autoptr(GString) text = g_string_new(NULL);
    tbl_resolve_append(text, walk->domains, spelling, walk->extension);
    if (walk->extension && !tbl_address_parse(&address, (TblSlice){text->str, text->len})) {
        walk->over = true; /* the extension made it longer than an address can be */
        return;
    }
    walk->yields++;
    /* Of several spellings the lowest: which it is must not depend on the order in which they are
     * met. */
    const char *other = g_hash_table_lookup(walk->recipients, address.text);
    if (!other || strcmp(text->str, other) < 0)
        g_hash_table_insert(walk->recipients, g_strdup(address.text), g_strdup(text->str));
    if (g_hash_table_size(walk->recipients) > walk->context->config->limits.list_recipients)
        walk->over = true;
}

/* The object's address for mail that reaches it on the way: a primary in a declared domain, else
 * the declared secondary that is lowest in canonical order, else the primary. NULL when it has
 * none. To an ASCII key an ASCII address, if there is one. */
static const TblProxy *
recipient_address(const Walk *walk, const TblObject *object)
{
    const TblProxy *primary = tbl_object_primary(object, "SMTP"), *lowest = NULL;
    bool primary_fits =
        primary && (!walk->ascii_key || tbl_slice_is_ascii(tbl_slice(primary->value)));
    if (primary_fits && declared(walk->domains, tbl_slice(primary->value)))
        return primary;
    g_autofree char *lowest_key = NULL;
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        TblSlice value = tbl_slice(proxy->value);
        if (strcmp(proxy->type, "SMTP") != 0 || !declared(walk->domains, value) ||
            (walk->ascii_key && !tbl_slice_is_ascii(value)))
            continue;
        g_autofree char *key = tbl_proxy_key(tbl_slice(proxy->type), value);
        if (key && (!lowest_key || strcmp(key, lowest_key) < 0)) {
            lowest = proxy;
            g_free(lowest_key);
            lowest_key = g_steal_pointer(&key);
        }
    }
    return lowest ? lowest : primary;
}

/* ---- Following ---- */

/* A reference that no object has: an address outside stands for itself, anything else counts for
 * nothing. It is as somebody typed it. */
static void
walk_unresolved(Walk *walk, const char *reference)
{
    static const char smtp[] = "smtp:";
    const size_t prefix =
        g_ascii_strncasecmp(reference, smtp, sizeof smtp - 1) == 0 ? sizeof smtp - 1 : 0;
    TblAddress address;
    if (!tbl_address_parse(&address, tbl_slice(reference + prefix)) ||
        tbl_domains_find_mail(walk->domains, tbl_address_domain(&address)))
        return;
    g_autoptr(GString) spelling = g_string_new(NULL);
    tbl_address_append_spelling(spelling, &address);
    emit(walk, (TblSlice){spelling->str, spelling->len});
}

static void
walk_reference(Walk *walk, TblOrigin origin, const char *reference)
{
    g_autoptr(TblObject) object = NULL;
    TblResult result = tbl_resolve_reference(walk->context, origin, reference, &object);
    if (result == TBL_FAILED)
        walk->failed = true;
    else if (result == TBL_FOUND)
        walk_object(walk, object);
    else
        walk_unresolved(walk, reference);
}

static void
walk_members(Walk *walk, const TblObject *list)
{
    const GPtrArray *members = list->refs[TBL_REFS_MEMBERS];
    for (guint i = 0; i < members->len && !walk->failed && !walk->over; i++)
        walk_reference(walk, list->origin, g_ptr_array_index(members, i));
}

/* False when the forward is none: unresolved, or it yields nothing without being a cycle; then the
 * mailbox keeps the mail. */
static bool
walk_forward(Walk *walk, const TblObject *object, TblSlice own)
{
    bool outer_cycle = walk->cycle;
    guint64 before = walk->yields;
    walk->cycle = false;
    walk_reference(walk, object->origin, object->text[TBL_TEXT_FORWARD]);
    bool cycle = walk->cycle, yielded = walk->yields > before;
    walk->cycle = walk->cycle || outer_cycle;
    if (walk->failed || walk->over)
        return true;
    if (!yielded && !cycle)
        return false;
    if (object->deliver_and_redirect && own.len)
        emit(walk, own);
    return true;
}

static bool
same_address(const TblAddress *address, TblSlice spelling)
{
    TblAddress other;
    return tbl_address_parse(&other, spelling) && other.len == address->len &&
           memcmp(other.text, address->text, other.len) == 0;
}

/* Marks an object as expanded; false when it was already, or when there were too many. */
static bool
visit(Walk *walk, guint64 id)
{
    if (g_hash_table_size(walk->visited) >=
            walk->context->config->limits.list_recipients * VISITS_PER_RECIPIENT ||
        walk->depth >= DEPTH_MAX) {
        walk->over = true;
        return false;
    }
    guint64 *key = g_new(guint64, 1);
    *key = id;
    if (g_hash_table_add(walk->visited, key))
        return true;
    walk->cycle = true;
    return false;
}

/* Whether a remote's target can be followed: in a declared domain it must be the address of another
 * object or, in a relay domain, the remote's own. Programs refuse others, replication may bring
 * them. */
static bool
target_leads_on(Walk *walk, const TblObject *remote)
{
    TblSlice target = tbl_slice(remote->target->value);
    const TblDomain *domain = declared(walk->domains, target);
    TblAddress address;
    if (!domain)
        return true;
    if (!tbl_address_parse(&address, target))
        return false;
    g_autofree TblLocation *location = g_new(TblLocation, 1);
    tbl_resolve_locate(walk->context, &address, domain, location);
    if (location->result != TBL_FOUND) {
        walk->failed = walk->failed || location->result == TBL_FAILED;
        return false;
    }
    return location->row.object != remote->id ||
           tbl_domains_class(walk->domains, domain) == TBL_DOMAIN_RELAY;
}

/* Lists, remotes and forwards where they expand. `address` is what the object was entered by, NULL
 * for none. False when the object is none of them: its address stands for itself, or its primary
 * for it. */
static bool
expand_object(Walk *walk, const TblObject *object, const TblAddress *address)
{
    bool list = object->object_class == TBL_CLASS_DL;
    bool remote = object->object_class == TBL_CLASS_REMOTE && object->target &&
                  strcmp(object->target->type, "SMTP") == 0 &&
                  !(address && same_address(address, tbl_slice(object->target->value)));
    if (!list && !remote && !object->text[TBL_TEXT_FORWARD])
        return false;
    if (!visit(walk, object->id))
        return true;
    walk->depth++;
    bool answered = true;
    if (list) {
        walk_members(walk, object);
    } else if (remote) {
        if (target_leads_on(walk, object))
            walk_address(walk, tbl_slice(object->target->value));
    } else {
        const TblProxy *own = recipient_address(walk, object);
        answered = walk_forward(walk, object, own ? tbl_slice(own->value) : (TblSlice){NULL, 0});
    }
    walk->depth--;
    return answered;
}

/* Whether lists, remotes and forwards of an object expand when it is entered through `domain`. */
static bool
expands(const Walk *walk, const TblDomain *domain, TblSlice primary)
{
    const TblDomain *of_primary = primary.len ? declared(walk->domains, primary) : NULL;
    return tbl_domain_expands(domain) && (!of_primary || tbl_domain_expands(of_primary));
}

/* The primary that a secondary, generated or mirrored address stands for, and the mail domain that
 * declares it; empty when that row does not apply. */
static TblSlice
rewritten(Walk *walk, const TblDomain *domain, const TblLocation *location,
          const TblDomain **of_primary)
{
    const TblRow *row = &location->row;
    bool other_name = !row->primary || location->mirrored;
    TblSlice primary = row->primary_address;
    if (!other_name || !primary.len || !tbl_domain_rewrites(domain))
        return (TblSlice){NULL, 0};
    *of_primary = declared(walk->domains, primary);
    if (!*of_primary && !is_alias_domain(walk->domains, domain))
        return (TblSlice){NULL, 0};
    return primary;
}

/* An object that was met on the way (a member, a forward): entered through its recipient address.
 */
static void
walk_object(Walk *walk, const TblObject *object)
{
    if (object->disabled && walk->context->config->directory.exclude_disabled)
        return;
    const TblProxy *own = recipient_address(walk, object),
                   *primary = tbl_object_primary(object, "SMTP");
    TblSlice value = own ? tbl_slice(own->value) : (TblSlice){NULL, 0};
    const TblDomain *domain = own ? declared(walk->domains, value) : NULL;
    TblAddress address;
    if (own && !tbl_address_parse(&address, value)) {
        walk->failed = true;
        return;
    }
    if (!domain ||
        expands(walk, domain, primary ? tbl_slice(primary->value) : (TblSlice){NULL, 0})) {
        if (expand_object(walk, object, own ? &address : NULL))
            return;
    }
    if (!own)
        return;
    /* In a virtual-alias domain a secondary stands for a primary elsewhere. */
    bool elsewhere = !own->primary && primary && is_alias_domain(walk->domains, domain) &&
                     tbl_domain_rewrites(domain);
    emit(walk, elsewhere ? tbl_slice(primary->value) : value);
}

/* ---- Rows of the map ---- */

static bool
is_role_address(const TblAddress *address)
{
    TblSlice local = {address->text, address->local_len};
    return tbl_slice_equal(local, tbl_slice("postmaster")) ||
           tbl_slice_equal(local, tbl_slice("abuse"));
}

/* What stands in for an address that nobody has: the domain's catch-all, else the host's
 * postmaster; NULL for nothing. */
static const char *
stand_in(const TblContext *context, const TblAddress *address, const TblDomain *domain)
{
    const char *postmaster = context->config->addresses.postmaster;
    if (domain->catch_all)
        return domain->catch_all;
    return *postmaster && is_role_address(address) ? postmaster : NULL;
}

/* True when something stands in. */
static bool
answer_nobody(Walk *walk, const TblAddress *address, const TblDomain *domain)
{
    const char *instead = stand_in(walk->context, address, domain);
    if (!instead)
        return false;
    TblAddress other;
    TblSlice text = tbl_slice(instead);
    const TblDomain *of_other = declared(walk->domains, text);
    if (of_other && tbl_address_parse(&other, text)) {
        /* It must exist by itself, or a catch-all would lead to a catch-all. */
        TblLocation location;
        tbl_resolve_locate(walk->context, &other, of_other, &location);
        walk->failed = walk->failed || location.result == TBL_FAILED;
        if (location.result != TBL_FOUND)
            return false;
    }
    walk_address(walk, text);
    return true;
}

/* The row of virtual_alias_maps that matches a located address; false when none does. */
static bool
answer(Walk *walk, const TblAddress *address, const TblDomain *domain, const TblLocation *location)
{
    if (location->result == TBL_FAILED) {
        walk->failed = true;
        return true;
    }
    if (location->result == TBL_NOTFOUND)
        return !location->tombstone && !location->hidden && answer_nobody(walk, address, domain);
    const TblRow *row = &location->row;
    bool special =
        row->object_class == TBL_CLASS_DL || row->object_class == TBL_CLASS_REMOTE || row->forwards;
    const TblDomain *of_primary = NULL;
    TblSlice primary = rewritten(walk, domain, location, &of_primary);
    bool unfit = primary.len && walk->ascii_key && !tbl_slice_is_ascii(primary);
    g_autoptr(TblObject) object = NULL;
    if ((special && expands(walk, domain, row->primary_address)) || unfit) {
        if (walk->context->view->object(walk->context->view, row->object, &object) != TBL_FOUND) {
            walk->failed = true;
            return true;
        }
        if (special && expands(walk, domain, row->primary_address) &&
            expand_object(walk, object, address))
            return true;
        const TblProxy *fit = unfit ? recipient_address(walk, object) : NULL;
        if (fit)
            primary = tbl_slice(fit->value);
    }
    if (!primary.len)
        return false;
    if (special && !same_address(address, primary))
        walk_address(walk, primary);
    else
        emit(walk, primary);
    return true;
}

/* An address met on the way (a target, a catch-all, the primary of a list): followed while the map
 * would answer it. */
static void
walk_address(Walk *walk, TblSlice spelling)
{
    TblAddress address;
    const TblDomain *domain = declared(walk->domains, spelling);
    if (!domain || !tbl_address_parse(&address, spelling)) {
        emit(walk, spelling);
        return;
    }
    if (walk->depth >= DEPTH_MAX) {
        walk->over = true;
        return;
    }
    g_autofree TblLocation *location = g_new(TblLocation, 1);
    tbl_resolve_locate(walk->context, &address, domain, location);
    char *outer = walk->extension;
    g_autofree char *both = NULL;
    if (location->result == TBL_FOUND && location->extension[0] &&
        walk->context->config->addresses.propagate_virtual)
        walk->extension = both = g_strconcat(location->extension, outer, NULL);
    walk->depth++;
    if (!answer(walk, &address, domain, location)) {
        walk->extension = outer;
        emit(walk, spelling);
    }
    walk->depth--;
    walk->extension = outer;
}

/* ---- The answer ---- */

static int
compare_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static TblAlias
join(Walk *walk, const TblAddress *address, GString *value)
{
    guint count;
    g_autofree char **keys = (char **)g_hash_table_get_keys_as_array(walk->recipients, &count);
    if (count == 1 && strcmp(keys[0], address->text) == 0)
        return TBL_ALIAS_NONE; /* an identity answer in a virtual-alias domain is a bounce after
                                  acceptance */
    qsort(keys, count, sizeof *keys, compare_text);
    gsize start = value->len;
    for (guint i = 0; i < count; i++) {
        if (i > 0)
            g_string_append_c(value, ',');
        g_string_append(value, g_hash_table_lookup(walk->recipients, keys[i]));
    }
    if (value->len - start + OK_PREFIX_SIZE <= walk->context->config->limits.reply)
        return TBL_ALIAS_VALUE;
    g_string_truncate(value, start);
    return TBL_ALIAS_OVER;
}

/* The common cases without a single allocation: nobody, and a mailbox. Sets `*result` and returns
 * true when one applies. */
static bool
answer_simply(Walk *walk, const TblAddress *address, const TblDomain *domain,
              const TblLocation *location, GString *value, TblAlias *result)
{
    const TblRow *row = &location->row;
    if (location->result == TBL_NOTFOUND &&
        (location->tombstone || location->hidden || !stand_in(walk->context, address, domain))) {
        *result = TBL_ALIAS_NONE;
        return true;
    }
    if (location->result != TBL_FOUND || location->extension[0] || row->forwards ||
        (row->object_class != TBL_CLASS_MAILBOX && row->object_class != TBL_CLASS_PUBLIC_FOLDER))
        return false;
    const TblDomain *of_primary = NULL;
    TblSlice primary = rewritten(walk, domain, location, &of_primary);
    if (primary.len && walk->ascii_key && !tbl_slice_is_ascii(primary))
        return false;
    bool nowhere = primary.len && is_alias_domain(walk->domains, of_primary);
    if (!primary.len || nowhere || (location->mirrored && same_address(address, primary))) {
        *result = nowhere ? TBL_ALIAS_ABSENT : TBL_ALIAS_NONE;
        return true;
    }
    g_string_append_len(value, primary.ptr, (gssize)primary.len);
    *result = TBL_ALIAS_VALUE;
    return true;
}

static TblAlias
finish(Walk *walk, const TblAddress *address, const TblLocation *location, bool answered,
       GString *value)
{
    if (walk->failed)
        return TBL_ALIAS_FAILED;
    if (walk->over)
        return TBL_ALIAS_OVER;
    if (!answered)
        return TBL_ALIAS_NONE;
    if (g_hash_table_size(walk->recipients) > 0)
        return join(walk, address, value);
    bool list = location->result == TBL_FOUND && location->row.object_class == TBL_CLASS_DL;
    return list || walk->cycle ? TBL_ALIAS_EMPTY : TBL_ALIAS_ABSENT;
}

TblAlias
tbl_resolve_alias(const TblContext *context, const TblAddress *address, const TblDomain *domain,
                  const TblLocation *location, GString *value)
{
    TblAlias result;
    Walk walk = {
        .context = context,
        .domains = context->view->domains(context->view),
        .ascii_key = tbl_slice_is_ascii((TblSlice){address->text, address->local_len}),
    };
    if (answer_simply(&walk, address, domain, location, value, &result))
        return result;
    walk.visited = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    walk.recipients = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (location->result == TBL_FOUND && location->extension[0] &&
        context->config->addresses.propagate_virtual)
        walk.extension = (char *)location->extension;
    bool answered = answer(&walk, address, domain, location);
    result = finish(&walk, address, location, answered, value);
    g_hash_table_unref(walk.visited);
    g_hash_table_unref(walk.recipients);
    return result;
}
