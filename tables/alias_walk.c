#include "tables/alias_walk.h"

#define OK_PREFIX_SIZE 3 /* "OK " counts into [limits] reply */

void
tbl_step_clear(gpointer data)
{
    TblStep *step = data;
    tbl_object_free(step->owned);
    g_free(step->text);
    g_free(step->made);
}

void
tbl_walk_push(TblWalk *walk, TblStep step)
{
    g_array_append_val(walk->steps, step);
}

TblStep
tbl_walk_pop(TblWalk *walk)
{
    TblStep step = g_array_index(walk->steps, TblStep, walk->steps->len - 1);
    g_array_index(walk->steps, TblStep, walk->steps->len - 1) = (TblStep){0};
    g_array_set_size(walk->steps, walk->steps->len - 1);
    return step;
}

void
tbl_walk_begin(TblWalk *walk)
{
    walk->steps = g_array_new(FALSE, FALSE, sizeof(TblStep));
    g_array_set_clear_func(walk->steps, tbl_step_clear);
    walk->visited = tbl_id_set_new();
    walk->recipients = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void
tbl_walk_end(TblWalk *walk)
{
    g_array_unref(walk->steps);
    tbl_id_set_free(walk->visited);
    g_hash_table_unref(walk->recipients);
    g_clear_pointer(&walk->referred, g_hash_table_unref);
}

bool
tbl_walk_recall(const TblWalk *walk, TblOrigin origin, const char *reference,
                const TblObject **object)
{
    gpointer known = NULL;
    if (!walk->referred)
        return false;
    g_autofree char *key = tbl_name_key(origin, reference); /* names of two origins do not meet */
    bool found = g_hash_table_lookup_extended(walk->referred, key, NULL, &known);
    *object = known;
    return found;
}

void
tbl_walk_remember(TblWalk *walk, TblOrigin origin, const char *reference, TblObject *object)
{
    if (!walk->referred)
        walk->referred =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)tbl_object_free);
    g_hash_table_insert(walk->referred, tbl_name_key(origin, reference), object);
}

const TblDomain *
tbl_walk_declared(const TblDomains *domains, TblSlice spelling)
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

bool
tbl_walk_is_alias_domain(const TblDomains *domains, const TblDomain *domain)
{
    return domain && tbl_domains_class(domains, domain) == TBL_DOMAIN_VIRTUAL_ALIAS;
}

void
tbl_walk_emit(TblWalk *walk, TblSlice spelling)
{
    const TblDomain *domain = tbl_walk_declared(walk->domains, spelling);
    TblAddress address;
    if (tbl_walk_is_alias_domain(walk->domains, domain) || !tbl_address_parse(&address, spelling))
        return;
    g_autofree char *text = NULL;
    if (walk->extension) {
        GString *extended = g_string_new(NULL);
        tbl_resolve_append(extended, walk->domains, spelling, walk->extension);
        text = g_string_free(extended, FALSE);
    } else {
        text = g_strndup(spelling.ptr, spelling.len);
    }
    if (walk->extension && !tbl_address_parse(&address, tbl_slice(text))) {
        walk->over = true; /* the extension made it longer than an address can be */
        return;
    }
    walk->yields++;
    /* Of several spellings the lowest: which it is must not depend on the order in which they are
     * met. */
    const char *other = g_hash_table_lookup(walk->recipients, address.text);
    if (!other || strcmp(text, other) < 0)
        g_hash_table_insert(walk->recipients, g_strdup(address.text), g_steal_pointer(&text));
    if (g_hash_table_size(walk->recipients) > walk->context->config->limits.list_recipients)
        walk->over = true;
}

/* The declared secondary that is lowest in canonical order; with `final` of those outside
 * virtual-alias domains, which lead to the primary and nowhere else. NULL for none. */
static const TblProxy *
lowest_address(const TblWalk *walk, const TblObject *object, bool final)
{
    const TblProxy *lowest = NULL;
    g_autofree char *lowest_key = NULL;
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        TblSlice value = tbl_slice(proxy->value);
        const TblDomain *domain =
            strcmp(proxy->type, "SMTP") == 0 ? tbl_walk_declared(walk->domains, value) : NULL;
        if (!domain || (walk->ascii_key && !tbl_slice_is_ascii(value)) ||
            (final && tbl_walk_is_alias_domain(walk->domains, domain)))
            continue;
        g_autofree char *key = tbl_proxy_key(tbl_slice(proxy->type), value);
        if (key && (!lowest_key || strcmp(key, lowest_key) < 0)) {
            lowest = proxy;
            g_free(lowest_key);
            lowest_key = g_steal_pointer(&key);
        }
    }
    return lowest;
}

const TblProxy *
tbl_walk_recipient_address(const TblWalk *walk, const TblObject *object)
{
    const TblProxy *primary = tbl_object_primary(object, "SMTP");
    bool unfit = primary && walk->ascii_key && !tbl_slice_is_ascii(tbl_slice(primary->value));
    if (primary && !unfit && tbl_walk_declared(walk->domains, tbl_slice(primary->value)))
        return primary;
    const TblProxy *lowest = unfit || !primary ? lowest_address(walk, object, true) : NULL;
    if (!lowest)
        lowest = lowest_address(walk, object, false);
    return lowest ? lowest : primary;
}

TblSlice
tbl_walk_own_spelling(const TblWalk *walk, const TblObject *object, const TblProxy *own)
{
    const TblProxy *primary = tbl_object_primary(object, "SMTP");
    const TblDomain *domain = tbl_walk_declared(walk->domains, tbl_slice(own->value));
    bool elsewhere = !own->primary && primary && tbl_walk_is_alias_domain(walk->domains, domain) &&
                     tbl_domain_rewrites(domain) &&
                     (!walk->ascii_key || tbl_slice_is_ascii(tbl_slice(primary->value)));
    return tbl_slice(elsewhere ? primary->value : own->value);
}

void
tbl_walk_emit_with(TblWalk *walk, TblSlice spelling, char *extension)
{
    char *now = walk->extension;
    walk->extension = extension;
    tbl_walk_emit(walk, spelling);
    walk->extension = now;
}

void
tbl_walk_finish_forward(TblWalk *walk, const TblStep *step)
{
    bool none = walk->yields == step->yields && !walk->cycle;
    walk->cycle = walk->cycle || step->cycle;
    if (none && step->text)
        tbl_walk_emit_with(walk, tbl_slice(step->text), step->outer);
    walk->itself = walk->itself || (none && step->asked);
    const TblProxy *own = !none && step->object->deliver_and_redirect
                              ? tbl_walk_recipient_address(walk, step->object)
                              : NULL;
    if (own)
        tbl_walk_emit(walk, tbl_walk_own_spelling(walk, step->object, own));
}

typedef struct {
    const char *key, *text; /* canonical, external */
} Recipient;

static int
compare_recipients(const void *a, const void *b)
{
    return strcmp(((const Recipient *)a)->key, ((const Recipient *)b)->key);
}

TblAlias
tbl_walk_join(TblWalk *walk, const TblAddress *address, GString *value)
{
    guint count = g_hash_table_size(walk->recipients), at = 0;
    g_autofree Recipient *sorted = g_new(Recipient, count);
    GHashTableIter iter;
    gpointer key, text;
    g_hash_table_iter_init(&iter, walk->recipients);
    while (g_hash_table_iter_next(&iter, &key, &text))
        sorted[at++] = (Recipient){key, text};
    if (count == 1 && strcmp(sorted[0].key, address->text) == 0)
        return TBL_ALIAS_NONE; /* an identity answer in a virtual-alias domain is a bounce after
                                  acceptance */
    qsort(sorted, count, sizeof *sorted, compare_recipients);
    gsize start = value->len;
    for (guint i = 0; i < count; i++) {
        if (i > 0)
            g_string_append_c(value, ',');
        g_string_append(value, sorted[i].text);
    }
    if (value->len - start + OK_PREFIX_SIZE <= walk->context->config->limits.reply)
        return TBL_ALIAS_VALUE;
    g_string_truncate(value, start);
    return TBL_ALIAS_OVER;
}
