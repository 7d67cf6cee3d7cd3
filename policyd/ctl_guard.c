#include "policyd/ctl_guard.h"

#include "tables/claim.h"

#include <string.h>

/* So many primaries are named when a change is refused. */
#define NAMED_MAX 10
/* Objects that a walk for a cycle visits at most; a list has at most a thousand recipients by
 * default. */
#define WALK_MAX 100000

#define SMTP_KEY "smtp:"

/* ---- What becomes of mail for one address ---- */

typedef enum {
    FATE_FINE,    /* delivered, or not ours to say */
    FATE_ABSENT,  /* in a declared domain, but nobody's */
    FATE_NOWHERE, /* stands for itself in a virtual-alias domain, which delivers nothing */
    FATE_OVER,    /* a list over the limits */
    FATE_EMPTY,   /* expands to nothing */
    FATE_FAILED,
} Fate;

static Fate
fate_of_address(const TblContext *context, const char *text)
{
    TblAddress address;
    TblLocation location;
    const TblDomains *domains = context->view->domains(context->view);
    if (!tbl_address_parse(&address, tbl_slice(text)))
        return FATE_FINE;
    const TblDomain *domain =
        domains ? tbl_domains_find_mail(domains, tbl_address_domain(&address)) : NULL;
    if (!domain)
        return FATE_FINE;
    tbl_resolve_locate(context, &address, domain, &location);
    if (location.result != TBL_FOUND)
        return location.result == TBL_FAILED ? FATE_FAILED : FATE_ABSENT;
    g_autoptr(GString) value = g_string_new(NULL);
    switch (tbl_resolve_alias(context, &address, domain, &location, value)) {
    case TBL_ALIAS_NONE:
        return tbl_domains_class(domains, domain) == TBL_DOMAIN_VIRTUAL_ALIAS ? FATE_NOWHERE
                                                                              : FATE_FINE;
    case TBL_ALIAS_VALUE:
        return FATE_FINE;
    case TBL_ALIAS_EMPTY:
        return FATE_EMPTY;
    case TBL_ALIAS_OVER:
        return FATE_OVER;
    case TBL_ALIAS_FAILED:
        break;
    }
    return FATE_FAILED;
}

/* The fate after the change, or FATE_FINE when it was the same before. */
static Fate
new_fate(const PdCtlChange *change, const char *text)
{
    TblContext after = pd_ctl_change_context(change), before = pd_ctl_change_base_context(change);
    Fate fate = fate_of_address(&after, text);
    if (fate == FATE_FINE || fate == FATE_FAILED)
        return fate;
    return fate_of_address(&before, text) == fate ? FATE_FINE : fate;
}

G_GNUC_PRINTF(2, 3)
static bool
refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED, text);
    return false;
}

static bool
set_store_failed(const PdCtlChange *change, GError **error)
{
    pd_ctl_set_store_failed(change->config, error);
    return false;
}

/* ---- Scans ---- */

bool
pd_ctl_covers(const char *name, TblSlice domain)
{
    size_t length = strlen(name);
    if (name[0] != '.')
        return tbl_slice_equal(tbl_slice(name), domain);
    return domain.len > length && memcmp(domain.ptr + domain.len - length, name, length) == 0;
}

typedef struct {
    PdCtlAddressFunc each;
    gpointer data;
} AddressScan;

static bool
scan_record(TblSlice key, TblSlice value, gpointer data)
{
    const AddressScan *scan = data;
    size_t prefix = strlen(SMTP_KEY);
    if (key.len < prefix || memcmp(key.ptr, SMTP_KEY, prefix) != 0)
        return false; /* behind the last SMTP address */
    const char *at = memrchr(key.ptr, '@', key.len);
    if (!at)
        return true;
    TblSlice domain = {at + 1, (size_t)(key.ptr + key.len - at - 1)};
    return scan->each(key, domain, value, scan->data);
}

bool
pd_ctl_each_address(TblReader *reader, PdCtlAddressFunc each, gpointer data)
{
    AddressScan scan = {each, data};
    return tbl_reader_each(reader, TBL_DB_ADDRESSES, tbl_slice(SMTP_KEY), scan_record, &scan) ==
           TBL_FOUND;
}

/* ---- Domains ---- */

typedef struct {
    PdCtlChange *change;
    char **names;
    bool force;
    GPtrArray *nowhere; /* char *, at most NAMED_MAX + 1 */
    GError *error;
} DomainGuard;

static bool
guard_names_cover(char **names, TblSlice domain)
{
    for (char **name = names; *name; name++)
        if (pd_ctl_covers(*name, domain))
            return true;
    return false;
}

/* A target in a domain that is declared now must be somebody's address. */
static bool
guard_target(PdCtlChange *change, guint64 id, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(TblObject) object = tbl_draft_object(change->draft, id, &cause);
    if (cause) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    if (!object || !object->target)
        return true;
    TblClaim claim = {0};
    if (tbl_claim_target(change->draft, object, &claim) != TBL_FOUND)
        return set_store_failed(change, error);
    bool fine = claim.fault != TBL_CLAIM_TARGET_INVALID;
    if (!fine)
        refuse(error, "remote \"%s\": %s", object->name,
               claim.reason ? claim.reason : "its target must be an address of another object");
    tbl_claim_clear(&claim);
    return fine;
}

static bool
guard_list(PdCtlChange *change, const char *spelling, bool forwards, GError **error)
{
    switch (new_fate(change, spelling)) {
    case FATE_OVER:
        return refuse(error, "%s would expand to more recipients than [limits] allows", spelling);
    case FATE_EMPTY:
        return !forwards ||
               refuse(error, "%s would forward in a cycle that yields nothing", spelling);
    case FATE_FAILED:
        return set_store_failed(change, error);
    default:
        return true;
    }
}

static bool
guard_row(DomainGuard *guard, const TblRow *row)
{
    g_autofree char *spelling = g_strndup(row->spelling.ptr, row->spelling.len);
    if (row->kind == TBL_ROW_LOCAL_TARGET)
        return guard_target(guard->change, row->object, &guard->error);
    if (row->kind != TBL_ROW_LOCAL)
        return true;
    if (row->object_class == TBL_CLASS_DL || row->forwards)
        return guard_list(guard->change, spelling, row->forwards, &guard->error);
    if (!row->primary || guard->force)
        return true;
    Fate fate = new_fate(guard->change, spelling);
    if (fate == FATE_FAILED)
        return set_store_failed(guard->change, &guard->error);
    if (fate == FATE_NOWHERE)
        g_ptr_array_add(guard->nowhere, g_steal_pointer(&spelling));
    return guard->nowhere->len <= NAMED_MAX;
}

static bool
guard_address(TblSlice key, TblSlice domain, TblSlice bytes, gpointer data)
{
    DomainGuard *guard = data;
    TblRows rows;
    if (!guard_names_cover(guard->names, domain))
        return true;
    if (!tbl_rows_decode(&rows, key, bytes))
        return set_store_failed(guard->change, &guard->error);
    for (guint i = 0; i < rows.count; i++)
        if (!guard_row(guard, &rows.row[i]))
            return false;
    return true;
}

static bool
guard_mirror(const TblDomains *domains, const TblDomain *domain, GError **error)
{
    const TblDomain *other = tbl_domains_get(domains, domain->mirror);
    if (strcmp(domain->name, domain->mirror) == 0)
        return refuse(error, "%s cannot mirror itself", domain->name);
    if (!other)
        return refuse(error, "%s mirrors %s, which is not declared", domain->name, domain->mirror);
    if (other->mirror)
        return refuse(error, "%s mirrors %s, which is a mirror itself (of %s)", domain->name,
                      other->name, other->mirror);
    if (other->domain_class == TBL_DOMAIN_ROUTE)
        return refuse(error, "%s mirrors %s, which is of class route and has no addresses",
                      domain->name, other->name);
    return true;
}

static bool
guard_catch_all(PdCtlChange *change, const TblDomain *domain, GError **error)
{
    switch (new_fate(change, domain->catch_all)) {
    case FATE_ABSENT:
        return refuse(error,
                      "%s is the catch-all of %s, and must exist or lie in an undeclared domain",
                      domain->catch_all, domain->name);
    case FATE_NOWHERE:
        return refuse(error, "%s is the catch-all of %s, and mail for it would have nowhere to go",
                      domain->catch_all, domain->name);
    case FATE_OVER:
        return refuse(error, "%s is the catch-all of %s, and has too many recipients",
                      domain->catch_all, domain->name);
    case FATE_FAILED:
        return set_store_failed(change, error);
    default:
        return true;
    }
}

/* A catch-all that is new is judged whatever was before. */
static bool
guard_new_catch_all(PdCtlChange *change, const TblDomain *domain, GError **error)
{
    TblContext context = pd_ctl_change_context(change);
    const TblDomains *before = change->base->domains(change->base);
    const TblDomain *old = before ? tbl_domains_get(before, domain->name) : NULL;
    if (old && g_strcmp0(old->catch_all, domain->catch_all) == 0)
        return guard_catch_all(change, domain, error);
    switch (fate_of_address(&context, domain->catch_all)) {
    case FATE_FINE:
    case FATE_EMPTY:
        return true;
    case FATE_FAILED:
        return set_store_failed(change, error);
    case FATE_ABSENT:
        return refuse(error, "the catch-all %s must exist or lie in an undeclared domain",
                      domain->catch_all);
    default:
        return refuse(error, "mail for the catch-all %s would have nowhere to go",
                      domain->catch_all);
    }
}

static bool
guard_declarations(PdCtlChange *change, char **names, GError **error)
{
    TblView *view = tbl_draft_view(change->draft);
    const TblDomains *domains = view->domains(view);
    g_autoptr(GPtrArray) list = tbl_domains_list(domains);
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        bool touched = g_strv_contains((const char *const *)names, domain->name);
        if (domain->mirror &&
            (touched || g_strv_contains((const char *const *)names, domain->mirror)) &&
            !guard_mirror(domains, domain, error))
            return false;
        if (domain->catch_all && !(touched ? guard_new_catch_all(change, domain, error)
                                           : guard_catch_all(change, domain, error)))
            return false;
    }
    return true;
}

static bool
refuse_nowhere(const GPtrArray *addresses, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < addresses->len && i < NAMED_MAX; i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "",
                               (const char *)g_ptr_array_index(addresses, i));
    return refuse(error,
                  "mail for these primaries would have nowhere to go, because a virtual-alias "
                  "domain delivers "
                  "nothing itself: %s%s; give them a primary elsewhere first (or use --force)",
                  names->str, addresses->len > NAMED_MAX ? ", and more" : "");
}

bool
pd_ctl_guard_domains(PdCtlChange *change, char **names, bool force, GError **error)
{
    if (!guard_declarations(change, names, error))
        return false;
    g_autoptr(GPtrArray) nowhere = g_ptr_array_new_with_free_func(g_free);
    DomainGuard guard = {.change = change, .names = names, .force = force, .nowhere = nowhere};
    bool readable = pd_ctl_each_address(change->reader, guard_address, &guard);
    if (guard.error) {
        g_propagate_error(error, guard.error);
        return false;
    }
    if (!readable)
        return set_store_failed(change, error);
    return nowhere->len == 0 || refuse_nowhere(nowhere, error);
}

/* ---- Objects ---- */

typedef struct {
    const TblContext *context;
    guint64 goal;
    GHashTable *seen;   /* ids as text */
    GPtrArray *waiting; /* TblObject * */
    bool found, failed;
} Walk;

static void
walk_push(Walk *walk, TblOrigin origin, const char *reference)
{
    TblObject *object = NULL;
    TblResult result = tbl_resolve_reference(walk->context, origin, reference, &object);
    if (result == TBL_FAILED)
        walk->failed = true;
    if (result != TBL_FOUND || !object)
        return;
    if (object->id == walk->goal)
        walk->found = true;
    g_autofree char *key = g_strdup_printf("%" G_GUINT64_FORMAT, object->id);
    if (g_hash_table_size(walk->seen) >= WALK_MAX ||
        !g_hash_table_add(walk->seen, g_steal_pointer(&key)))
        tbl_object_free(object);
    else
        g_ptr_array_add(walk->waiting, object);
}

static void
walk_successors(Walk *walk, const TblObject *object)
{
    const GPtrArray *members = object->refs[TBL_REFS_MEMBERS];
    for (guint i = 0; object->object_class == TBL_CLASS_DL && i < members->len; i++)
        walk_push(walk, object->origin, g_ptr_array_index(members, i));
    if (object->object_class == TBL_CLASS_REMOTE && object->target)
        walk_push(walk, object->origin, object->target->value);
    if (object->text[TBL_TEXT_FORWARD])
        walk_push(walk, object->origin, object->text[TBL_TEXT_FORWARD]);
}

/* Does mail for an object come back to it? */
static TblResult
object_reaches_itself(const TblContext *context, const TblObject *object)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) waiting = g_ptr_array_new_with_free_func((GDestroyNotify)tbl_object_free);
    Walk walk = {.context = context, .goal = object->id, .seen = seen, .waiting = waiting};
    walk_successors(&walk, object);
    while (waiting->len > 0 && !walk.found && !walk.failed) {
        g_autoptr(TblObject) next = g_ptr_array_steal_index_fast(waiting, waiting->len - 1);
        walk_successors(&walk, next);
    }
    if (walk.failed)
        return TBL_FAILED;
    return walk.found ? TBL_FOUND : TBL_NOTFOUND;
}

static bool
guard_empty(PdCtlChange *change, const TblObject *object, GError **error)
{
    TblContext context = pd_ctl_change_context(change);
    switch (object_reaches_itself(&context, object)) {
    case TBL_FOUND:
        return refuse(error, "mail for %s would go in a cycle that yields nothing", object->name);
    case TBL_FAILED:
        return set_store_failed(change, error);
    default:
        return true;
    }
}

static bool
guard_proxy(PdCtlChange *change, const TblObject *object, const TblProxy *proxy, GError **error)
{
    if (strcmp(proxy->type, "SMTP") != 0)
        return true;
    switch (new_fate(change, proxy->value)) {
    case FATE_NOWHERE:
        return !proxy->primary ||
               refuse(error,
                      "mail for %s would have nowhere to go: it is a primary in a "
                      "virtual-alias domain, which delivers nothing itself",
                      proxy->value);
    case FATE_OVER:
        return refuse(error, "%s would expand to more recipients than [limits] allows",
                      proxy->value);
    case FATE_EMPTY:
        return guard_empty(change, object, error);
    case FATE_FAILED:
        return set_store_failed(change, error);
    default:
        return true;
    }
}

/* An address that went may have been the target of a remote. */
static bool
guard_left_target(PdCtlChange *change, const TblProxy *proxy, GError **error)
{
    TblRows rows;
    g_autofree char *key = tbl_proxy_key(tbl_slice(proxy->type), tbl_slice(proxy->value));
    TblResult result = key ? tbl_draft_rows(change->draft, key, &rows) : TBL_NOTFOUND;
    if (result == TBL_FAILED)
        return set_store_failed(change, error);
    const TblRow *target = result == TBL_FOUND ? tbl_rows_get(&rows, TBL_ROW_LOCAL_TARGET) : NULL;
    return !target || guard_target(change, target->object, error);
}

static bool
guard_catch_alls(PdCtlChange *change, GError **error)
{
    TblView *view = tbl_draft_view(change->draft);
    g_autoptr(GPtrArray) list = tbl_domains_list(view->domains(view));
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        if (domain->catch_all && !guard_catch_all(change, domain, error))
            return false;
    }
    return true;
}

bool
pd_ctl_guard_object(PdCtlChange *change, const TblObject *before, const TblObject *after,
                    GError **error)
{
    for (guint i = 0; after && i < after->addresses->len; i++)
        if (!guard_proxy(change, after, g_ptr_array_index(after->addresses, i), error))
            return false;
    /* An address that stayed has kept its rows, so the target that it answers is still fine. */
    for (guint i = 0; before && i < before->addresses->len; i++)
        if (!guard_left_target(change, g_ptr_array_index(before->addresses, i), error))
            return false;
    return guard_catch_alls(change, error);
}
