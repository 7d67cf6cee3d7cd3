#include "tables/change.h"

#include "tables/change_text.h"

/* ---- Comparing ---- */

static GHashTable *
keys_read(const TblObject *object)
{
    GHashTable *keys = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < object->addresses->len; i++) {
        TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        const char *key = tbl_proxy_own_key(proxy);
        if (key)
            g_hash_table_replace(keys, (gpointer)key, proxy);
    }
    return keys;
}

/* An object that comes or goes as a whole has nothing to compare with. */
static void
list_addresses(const TblObject *object, GPtrArray *list)
{
    for (guint i = 0; i < object->addresses->len; i++)
        g_ptr_array_add(list, g_ptr_array_index(object->addresses, i));
}

static void
compare_addresses(TblChange *change)
{
    g_autoptr(GHashTable) old = keys_read(change->before), new = keys_read(change->after);
    for (guint i = 0; i < change->after->addresses->len; i++) {
        TblProxy *proxy = g_ptr_array_index(change->after->addresses, i);
        const char *key = tbl_proxy_own_key(proxy);
        const TblProxy *was = key ? g_hash_table_lookup(old, key) : NULL;
        if (!was)
            g_ptr_array_add(change->added, proxy);
        else if (proxy->primary && !was->primary)
            g_ptr_array_add(change->promoted, proxy);
    }
    for (guint i = 0; i < change->before->addresses->len; i++) {
        TblProxy *proxy = g_ptr_array_index(change->before->addresses, i);
        const char *key = tbl_proxy_own_key(proxy);
        if (key && !g_hash_table_contains(new, key))
            g_ptr_array_add(change->removed, proxy);
    }
}

TblChange *
tbl_change_new(const TblObject *before, const TblObject *after)
{
    TblChange *change = g_new0(TblChange, 1);
    change->before = before;
    change->after = after;
    change->added = g_ptr_array_new();
    change->removed = g_ptr_array_new();
    change->promoted = g_ptr_array_new();
    if (before && after)
        compare_addresses(change);
    else if (after)
        list_addresses(after, change->added);
    else if (before)
        list_addresses(before, change->removed);
    return change;
}

void
tbl_change_free(TblChange *change)
{
    if (!change)
        return;
    g_ptr_array_unref(change->added);
    g_ptr_array_unref(change->removed);
    g_ptr_array_unref(change->promoted);
    g_free(change);
}

const char *
tbl_change_action(bool before, bool after)
{
    return !before ? "create" : !after ? "delete" : "modify";
}

/* ---- Domains as settings ---- */

static void
add_setting(GPtrArray *settings, const char *name, const char *value)
{
    if (value && *value)
        g_ptr_array_add(settings, g_strconcat(name, "=", value, NULL));
}

static void
add_switch(GPtrArray *settings, const char *name, TblSwitch value)
{
    if (value != TBL_SWITCH_DEFAULT)
        add_setting(settings, name, value == TBL_SWITCH_YES ? "yes" : "no");
}

static GPtrArray *
domain_settings(const TblDomain *domain)
{
    GPtrArray *settings = g_ptr_array_new_with_free_func(g_free);
    if (!domain)
        return settings;
    if (!domain->mirror || domain->class_given)
        add_setting(settings, "class", tbl_domain_class_name(domain->domain_class));
    add_setting(settings, "route", domain->route);
    add_setting(settings, "mirror", domain->mirror);
    add_setting(settings, "rule", domain->rule);
    add_setting(settings, "catch-all", domain->catch_all);
    add_switch(settings, "rewrite", domain->rewrite);
    add_switch(settings, "expand", domain->expand);
    add_setting(settings, "unknown", tbl_unknown_name(domain->unknown));
    add_switch(settings, "extensions", domain->extensions);
    return settings;
}

/* The texts of `all` that `others` has not. Borrowed elements. */
static GPtrArray *
texts_only_in(const GPtrArray *all, const GPtrArray *others)
{
    GPtrArray *only = g_ptr_array_new();
    if (!all || all->len == 0)
        return only;
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; others && i < others->len; i++)
        g_hash_table_add(known, g_ptr_array_index(others, i));
    for (guint i = 0; all && i < all->len; i++)
        if (!g_hash_table_contains(known, g_ptr_array_index(all, i)))
            g_ptr_array_add(only, g_ptr_array_index(all, i));
    return only;
}

/* ---- JSON ---- */

static void
json_proxies(TblJson *json, const char *key, const GPtrArray *proxies)
{
    tbl_json_array_begin(json, key);
    for (guint i = 0; i < proxies->len; i++) {
        g_autofree char *text = tbl_proxy_text(g_ptr_array_index(proxies, i));
        tbl_json_text(json, NULL, text);
    }
    tbl_json_array_end(json);
}

static void
json_texts(TblJson *json, const char *key, const GPtrArray *texts)
{
    tbl_json_array_begin(json, key);
    for (guint i = 0; texts && i < texts->len; i++)
        tbl_json_text(json, NULL, g_ptr_array_index(texts, i));
    tbl_json_array_end(json);
}

void
tbl_change_write_json(const TblChange *change, TblJson *json)
{
    const TblObject *object = change->after ? change->after : change->before;
    tbl_change_add_head(json, tbl_change_action(change->before, change->after),
                        tbl_class_name(object->object_class), tbl_slice(object->name));
    json_proxies(json, "added", change->added);
    json_proxies(json, "removed", change->removed);
    json_proxies(json, "promoted", change->promoted);
}

void
tbl_change_write_domain_json(const TblDomain *before, const TblDomain *after, TblJson *json)
{
    g_autoptr(GPtrArray) old = domain_settings(before), new = domain_settings(after);
    g_autoptr(GPtrArray) added = texts_only_in(new, old), removed = texts_only_in(old, new);
    tbl_change_add_head(json, tbl_change_action(before, after), "domain",
                        tbl_slice((after ? after : before)->name));
    json_texts(json, "added", added);
    json_texts(json, "removed", removed);
    json_texts(json, "promoted", NULL);
}

/* ---- Text ---- */

static void
text_proxies(GString *out, char mark, const GPtrArray *proxies)
{
    for (guint i = 0; i < proxies->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(proxies, i);
        tbl_change_append_proxy(out, mark, tbl_slice(proxy->type), tbl_slice(proxy->value),
                                proxy->primary);
    }
}

static void
text_texts(GString *out, char mark, const char *what, const GPtrArray *texts)
{
    for (guint i = 0; i < texts->len; i++)
        tbl_change_append_item(out, mark, what, tbl_slice(g_ptr_array_index(texts, i)));
}

static void
text_value(GString *out, const char *what, const char *before, const char *after)
{
    if (g_strcmp0(before, after) == 0)
        return;
    if (before)
        tbl_change_append_item(out, '-', what, tbl_slice(before));
    if (after)
        tbl_change_append_item(out, '+', what, tbl_slice(after));
}

static void
text_limit(GString *out, const char *what, gint64 before, gint64 after)
{
    g_autofree char *old =
        before == TBL_LIMIT_NONE ? NULL : g_strdup_printf("%" G_GINT64_FORMAT " kB", before);
    g_autofree char *new =
        after == TBL_LIMIT_NONE ? NULL : g_strdup_printf("%" G_GINT64_FORMAT " kB", after);
    text_value(out, what, old, new);
}

static void
text_switch(GString *out, const char *what, bool before, bool after)
{
    if (before != after)
        tbl_change_append_item(out, after ? '+' : '-', what, tbl_slice("yes"));
}

static void
text_refs(GString *out, const TblObject *before, const TblObject *after)
{
    for (guint i = 0; i < TBL_REFS_COUNT; i++) {
        const GPtrArray *old = before ? before->refs[i] : NULL,
                        *new = after ? after->refs[i] : NULL;
        if ((!old || old->len == 0) && (!new || new->len == 0))
            continue;
        g_autoptr(GPtrArray) added = texts_only_in(new, old), removed = texts_only_in(old, new);
        text_texts(out, '+', tbl_change_reference_name(i), added);
        text_texts(out, '-', tbl_change_reference_name(i), removed);
    }
}

/* Attribute and value of each pair that an import file brought, as one text. */
static GPtrArray *
other_texts(const TblObject *object)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i + 1 < object->other->len; i += 2)
        g_ptr_array_add(texts, g_strdup_printf("%s=%s", (const char *)object->other->pdata[i],
                                               (const char *)object->other->pdata[i + 1]));
    return texts;
}

static void
text_attributes(GString *out, const TblObject *before, const TblObject *after)
{
    text_value(out, "class", tbl_class_name(before->object_class),
               tbl_class_name(after->object_class));
    text_value(out, "name", before->name, after->name);
    for (guint i = 0; i < TBL_TEXT_COUNT; i++)
        text_value(out, tbl_text_name(i), before->text[i], after->text[i]);
    text_limit(out, "limit_in", before->limit_in, after->limit_in);
    text_limit(out, "limit_out", before->limit_out, after->limit_out);
    text_switch(out, "hidden", before->hidden, after->hidden);
    text_switch(out, "deliver_and_redirect", before->deliver_and_redirect,
                after->deliver_and_redirect);
    text_switch(out, "authenticated_only", before->authenticated_only, after->authenticated_only);
    text_switch(out, "disabled", before->disabled, after->disabled);
    g_autoptr(GPtrArray) old = other_texts(before), new = other_texts(after);
    g_autoptr(GPtrArray) added = texts_only_in(new, old), removed = texts_only_in(old, new);
    text_texts(out, '+', "other", added);
    text_texts(out, '-', "other", removed);
}

static char *
target_text(const TblObject *object)
{
    return object && object->target
               ? g_strconcat(object->target->type, ":", object->target->value, NULL)
               : NULL;
}

void
tbl_change_write_text(const TblChange *change, GString *out)
{
    const TblObject *before = change->before, *after = change->after;
    const TblObject *object = after ? after : before;
    tbl_change_append_head(out, tbl_change_action(before, after),
                           tbl_class_name(object->object_class), tbl_slice(object->name));
    text_proxies(out, '+', change->added);
    text_proxies(out, '-', change->removed);
    text_proxies(out, '^', change->promoted);
    g_autofree char *old = target_text(before), *new = target_text(after);
    text_value(out, "target", old, new);
    text_refs(out, before, after);
    /* Of what comes or goes as a whole, addresses, target and members say enough. */
    if (before && after)
        text_attributes(out, before, after);
}

void
tbl_change_write_domain_text(const TblDomain *before, const TblDomain *after, GString *out)
{
    g_autoptr(GPtrArray) old = domain_settings(before), new = domain_settings(after);
    g_autoptr(GPtrArray) added = texts_only_in(new, old), removed = texts_only_in(old, new);
    tbl_change_append_head(out, tbl_change_action(before, after), "domain",
                           tbl_slice((after ? after : before)->name));
    text_texts(out, '+', "", added);
    text_texts(out, '-', "", removed);
}
