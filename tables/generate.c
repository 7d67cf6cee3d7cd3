#include "tables/generate.h"

#include "tables/address.h"
#include "tables/draft_overlay.h"
#include "tables/referrer.h"

/* The first number of a second one of the same name. */
#define FIRST_NUMBER 2

/* ---- A free address ---- */

static char *
compose(const TblRule *rule, const char *local, guint number)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *numbered = number ? g_strdup_printf("%s%u", local, number) : g_strdup(local);
    tbl_address_append_external(text, tbl_slice(numbered), tbl_slice(tbl_rule_domain(rule)));
    return g_strdup(text->str);
}

/* Of two objects of the directory the older one has the right to a name: by creation, then by UUID.
 */
static TblResult
is_older(TblDraft *draft, guint64 other_id, const TblObject *object)
{
    TblView *view = tbl_draft_view(draft);
    g_autoptr(TblObject) other = NULL;
    if (view->object(view, other_id, &other) != TBL_FOUND)
        return TBL_FAILED;
    bool older = other->created != object->created ? other->created < object->created
                                                   : strcmp(other->name, object->name) < 0;
    return older ? TBL_FOUND : TBL_NOTFOUND;
}

/* Whether a row of an address keeps a generated one away. In declared domains (`declared`) a target
 * is another's address; elsewhere it has its name for itself. */
static TblResult
blocks(TblDraft *draft, const TblRow *row, const TblObject *object, bool declared)
{
    if (row->object == object->id && row->object != 0)
        return TBL_NOTFOUND;
    switch (row->kind) {
    case TBL_ROW_LOCAL_TARGET:
        return declared ? TBL_NOTFOUND : TBL_FOUND;
    case TBL_ROW_DIRECTORY_TARGET:
        return TBL_NOTFOUND;
    case TBL_ROW_TOMBSTONE:
        return tbl_row_is_live_tombstone(row, g_get_real_time() / G_USEC_PER_SEC) ? TBL_FOUND
                                                                                  : TBL_NOTFOUND;
    case TBL_ROW_LOCAL_GENERATED: /* stands before the directory's, which all hosts must agree on */
        return object->origin == TBL_ORIGIN_LOCAL ? TBL_FOUND : TBL_NOTFOUND;
    case TBL_ROW_DIRECTORY_GENERATED:
        return object->origin == TBL_ORIGIN_LOCAL ? TBL_FOUND
                                                  : is_older(draft, row->object, object);
    default:
        return TBL_FOUND;
    }
}

/* FOUND: the object cannot have the address. */
static TblResult
taken(TblDraft *draft, const TblObject *object, const char *address)
{
    TblRows rows;
    g_autofree char *key = tbl_proxy_key(tbl_slice("SMTP"), tbl_slice(address));
    TblResult result = key ? tbl_draft_rows(draft, key, &rows) : TBL_FOUND;
    if (!key || result != TBL_FOUND)
        return result;
    result = TBL_NOTFOUND;
    bool declared = tbl_domains_find_mail(draft->domains, strrchr(key, '@') + 1) != NULL;
    for (guint i = 0; i < rows.count && result == TBL_NOTFOUND; i++)
        result = blocks(draft, &rows.row[i], object, declared);
    return result;
}

/* The next number of a name. Numbers are given out one after the other, so the first free one is
 * found by doubling and halving from `hint` (0: none). 0 when the store failed. */
static guint
next_number(TblDraft *draft, const TblRule *rule, const TblObject *object, const char *local,
            guint hint)
{
    guint high = MAX(hint, FIRST_NUMBER), low = high - 1;
    for (;;) { /* the name without a number, or `low`, is taken */
        g_autofree char *address = compose(rule, local, high);
        TblResult result = taken(draft, object, address);
        if (result == TBL_FAILED)
            return 0;
        if (result == TBL_NOTFOUND)
            break;
        low = high;
        high *= 2;
    }
    while (high - low > 1) {
        guint middle = low + (high - low) / 2;
        g_autofree char *address = compose(rule, local, middle);
        TblResult result = taken(draft, object, address);
        if (result == TBL_FAILED)
            return 0;
        if (result == TBL_FOUND)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* `address` with the first number that is free. */
static char *
numbered_address(TblDraft *draft, const TblRule *rule, const TblObject *object, const char *local,
                 GError **error)
{
    g_autofree char *name = compose(rule, local, 0);
    g_autofree char *folded = tbl_text_fold(tbl_slice(name));
    guint hint = GPOINTER_TO_UINT(g_hash_table_lookup(draft->numbers, folded));
    guint number = next_number(draft, rule, object, local, hint);
    if (number == 0) {
        tbl_store_set_unreadable(error);
        return NULL;
    }
    g_hash_table_insert(draft->numbers, g_steal_pointer(&folded), GUINT_TO_POINTER(number + 1));
    return compose(rule, local, number);
}

char *
tbl_generate_address(TblDraft *draft, const TblRule *rule, const TblObject *object, GError **error)
{
    g_autofree char *local = tbl_rule_expand(rule, object, tbl_rule_letters());
    if (!local)
        return NULL;
    g_autofree char *address = compose(rule, local, 0);
    switch (taken(draft, object, address)) {
    case TBL_NOTFOUND:
        return g_steal_pointer(&address);
    case TBL_FOUND:
        if (object->origin == TBL_ORIGIN_LOCAL)
            return numbered_address(draft, rule, object, local, error);
        tbl_draft_wait(draft, object->id, address, true);
        return NULL;
    default:
        tbl_store_set_unreadable(error);
        return NULL;
    }
}

/* ---- The generated addresses of an object ---- */

static bool
is_in_domain(const char *address, const char *domain)
{
    const char *at = strrchr(address, '@');
    return at && strcmp(at + 1, domain) == 0;
}

static bool
has_explicit(const TblObject *object, const char *domain)
{
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        if (strcmp(proxy->type, "SMTP") == 0 && is_in_domain(proxy->value, domain))
            return true;
    }
    return false;
}

static void
drop_in_domain(TblObject *object, const char *domain)
{
    GPtrArray *generated = object->refs[TBL_REFS_GENERATED];
    for (guint i = generated->len; i > 0; i--)
        if (is_in_domain(g_ptr_array_index(generated, i - 1), domain))
            g_ptr_array_remove_index(generated, i - 1);
}

static void
drop_unruled(TblDraft *draft, TblObject *object)
{
    GPtrArray *generated = object->refs[TBL_REFS_GENERATED];
    for (guint i = generated->len; i > 0; i--) {
        const char *at = strrchr(g_ptr_array_index(generated, i - 1), '@');
        const TblDomain *domain = at ? tbl_domains_get(draft->domains, at + 1) : NULL;
        if (!domain || !domain->rule || object->object_class != TBL_CLASS_MAILBOX ||
            has_explicit(object, at + 1))
            g_ptr_array_remove_index(generated, i - 1);
    }
}

static bool
has_generated(const TblObject *object, const char *domain)
{
    const GPtrArray *generated = object->refs[TBL_REFS_GENERATED];
    for (guint i = 0; i < generated->len; i++)
        if (is_in_domain(g_ptr_array_index(generated, i), domain))
            return true;
    return false;
}

/* The rules of all declared domains; made when they are first needed after a domain was changed. */
static const GPtrArray *
rules_of(TblDraft *draft)
{
    if (draft->rules)
        return draft->rules;
    draft->rules = g_ptr_array_new_with_free_func((GDestroyNotify)tbl_rule_free);
    g_autoptr(GPtrArray) domains = tbl_domains_list(draft->domains);
    for (guint i = 0; i < domains->len; i++) {
        const TblDomain *domain = g_ptr_array_index(domains, i);
        TblRule *rule = domain->rule ? tbl_rule_parse(domain->rule, domain->name, NULL) : NULL;
        if (rule) /* it was checked before it was stored */
            g_ptr_array_add(draft->rules, rule);
    }
    return draft->rules;
}

bool
tbl_generate_has_rules(TblDraft *draft)
{
    return rules_of(draft)->len > 0;
}

bool
tbl_generate_update(TblDraft *draft, TblObject *object, GError **error)
{
    drop_unruled(draft, object);
    const GPtrArray *rules = rules_of(draft);
    for (guint i = 0; object->object_class == TBL_CLASS_MAILBOX && i < rules->len; i++) {
        const TblRule *rule = g_ptr_array_index(rules, i);
        const char *domain = tbl_rule_domain(rule);
        g_autoptr(GError) lost = NULL;
        if (has_explicit(object, domain) || has_generated(object, domain))
            continue;
        char *address = tbl_generate_address(draft, rule, object, &lost);
        if (lost) {
            g_propagate_error(error, g_steal_pointer(&lost));
            return false;
        }
        if (address)
            g_ptr_array_add(object->refs[TBL_REFS_GENERATED], address);
    }
    return true;
}

/* ---- A changed rule ---- */

static bool
collect_id(TblSlice key, TblSlice value, gpointer data)
{
    guint64 id = tbl_store_number_of_key(key);
    g_array_append_val((GArray *)data, id);
    return true;
}

/* Ids of all objects, also those that only the draft has; an id may come twice or be gone. */
static GArray *
all_ids(TblDraft *draft)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
    TblReader *reader = tbl_view_reader(draft->snapshot);
    if (tbl_reader_each(reader, TBL_DB_OBJECTS, (TblSlice){0}, collect_id, ids) != TBL_FOUND)
        return NULL;
    g_autoptr(GPtrArray) changed = tbl_draft_objects_sorted(&draft->objects);
    for (guint i = 0; i < changed->len; i++)
        g_array_append_val(ids, ((const TblDraftObject *)g_ptr_array_index(changed, i))->id);
    g_array_sort(ids, tbl_referrer_compare_ids);
    return g_steal_pointer(&ids);
}

/* Puts every mailbox again, without its generated addresses in `drop` (NULL: with them). */
static bool
put_mailboxes(TblDraft *draft, const GArray *ids, const char *drop, GError **error)
{
    for (guint i = 0; i < ids->len; i++) {
        g_autoptr(TblObject) object = NULL;
        guint64 id = g_array_index(ids, guint64, i);
        if (i > 0 && g_array_index(ids, guint64, i - 1) == id)
            continue;
        if (!tbl_draft_read_object(draft, id, &object, error))
            return false;
        if (!object || object->object_class != TBL_CLASS_MAILBOX)
            continue;
        if (drop && !has_generated(object, drop))
            continue;
        if (drop)
            drop_in_domain(object, drop);
        if (!tbl_draft_put(draft, object, error))
            return false;
    }
    return true;
}

/* Takes out all that a rule made, before the next one makes anything: none may stand in the way of
 * the new ones. */
static bool
drop_generated(TblDraft *draft, const GArray *ids, const char *domain, GError **error)
{
    const TblDomain *declared = tbl_domains_get(draft->domains, domain);
    g_autoptr(TblDomain) ruled = declared && declared->rule ? tbl_domain_copy(declared) : NULL;
    if (ruled) {
        g_autoptr(TblDomain) bare = tbl_domain_copy(ruled);
        g_clear_pointer(&bare->rule, g_free);
        tbl_draft_put_domain(draft, bare);
    }
    bool good = put_mailboxes(draft, ids, domain, error);
    if (ruled)
        tbl_draft_put_domain(draft, ruled);
    g_hash_table_remove_all(draft->numbers); /* they may be free again */
    return good;
}

bool
tbl_generate_domain(TblDraft *draft, const char *domain, bool anew, GError **error)
{
    g_autoptr(GArray) ids = all_ids(draft);
    if (!ids)
        return tbl_store_set_unreadable(error);
    if (anew && !drop_generated(draft, ids, domain, error))
        return false;
    const TblDomain *declared = tbl_domains_get(draft->domains, domain);
    return !declared || !declared->rule || put_mailboxes(draft, ids, NULL, error);
}
