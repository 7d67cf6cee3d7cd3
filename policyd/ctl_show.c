#include "policyd/ctl_show.h"

#include "tables/address.h"

#include <string.h>

static const char *
origin_name(TblOrigin origin)
{
    return origin == TBL_ORIGIN_DIRECTORY ? "directory" : "local";
}

/* The name a reference binds to, else the reference; NULL when the store failed. Caller frees. */
static char *
reference_name(const TblContext *context, TblOrigin origin, const char *reference)
{
    g_autoptr(TblObject) object = NULL;
    switch (tbl_resolve_reference(context, origin, reference, &object)) {
    case TBL_FOUND:
        return g_strdup(object ? object->name : reference);
    case TBL_NOTFOUND:
        return g_strdup(reference);
    default:
        return NULL;
    }
}

static gint
compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of a reference list, sorted, each once (a list may have an object by name and by
 * address); NULL when the store failed. */
static GPtrArray *
sorted_names(const TblContext *context, const TblObject *object, TblRefs which)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    const GPtrArray *refs = object->refs[which];
    for (guint i = 0; i < refs->len; i++) {
        char *name = reference_name(context, object->origin, g_ptr_array_index(refs, i));
        if (!name)
            return NULL;
        /* Not by g_hash_table_add, which would keep the new one for the old. */
        if (g_hash_table_contains(seen, name)) {
            g_free(name);
            continue;
        }
        g_hash_table_add(seen, name);
        g_ptr_array_add(names, name);
    }
    g_ptr_array_sort(names, compare_texts);
    return g_steal_pointer(&names);
}

/* ---- JSON ---- */

/* What domain rules made; always secondaries. */
static void
json_generated(TblJson *json, const TblObject *object)
{
    const GPtrArray *generated = object->refs[TBL_REFS_GENERATED];
    tbl_json_array_begin(json, "generated");
    for (guint i = 0; i < generated->len; i++) {
        g_autofree char *text = g_strconcat("smtp:", g_ptr_array_index(generated, i), NULL);
        tbl_json_text(json, NULL, text);
    }
    tbl_json_array_end(json);
}

static void
json_addresses(TblJson *json, const TblObject *object)
{
    /* As stored: primaries first, by type, then secondaries as they came. */
    const GPtrArray *addresses = object->addresses;
    tbl_json_array_begin(json, "addresses");
    for (guint i = 0; i < addresses->len; i++) {
        g_autofree char *text = tbl_proxy_text(g_ptr_array_index(addresses, i));
        tbl_json_text(json, NULL, text);
    }
    tbl_json_array_end(json);
    json_generated(json, object);
    if (object->target) {
        g_autofree char *text = g_strconcat(object->target->type, ":", object->target->value, NULL);
        tbl_json_text(json, "target", text);
    }
}

static bool
json_refs(TblJson *json, const TblContext *context, const TblObject *object, TblRefs which)
{
    g_autoptr(GPtrArray) names = sorted_names(context, object, which);
    if (!names)
        return false;
    if (names->len == 0 && !(which == TBL_REFS_MEMBERS && object->object_class == TBL_CLASS_DL))
        return true;
    tbl_json_array_begin(json, tbl_refs_name(which));
    for (guint i = 0; i < names->len; i++)
        tbl_json_text(json, NULL, g_ptr_array_index(names, i));
    tbl_json_array_end(json);
    return true;
}

static bool
json_forward(TblJson *json, const TblContext *context, const TblObject *object)
{
    if (!object->text[TBL_TEXT_FORWARD])
        return true;
    g_autofree char *name = reference_name(context, object->origin, object->text[TBL_TEXT_FORWARD]);
    if (!name)
        return false;
    tbl_json_text(json, "forward", name);
    return true;
}

typedef struct {
    const char *name, *value; /* borrowed */
} Other;

static gint
compare_others(gconstpointer a, gconstpointer b)
{
    return strcmp(((const Other *)a)->name, ((const Other *)b)->name);
}

/* By name, whichever column or line came first; g_array_sort leaves the values of one attribute in
 * their order. */
static GArray *
sorted_others(const TblObject *object)
{
    GArray *others = g_array_new(FALSE, FALSE, sizeof(Other));
    for (guint i = 0; i + 1 < object->other->len; i += 2) {
        Other other = {g_ptr_array_index(object->other, i),
                       g_ptr_array_index(object->other, i + 1)};
        g_array_append_val(others, other);
    }
    g_array_sort(others, compare_others);
    return others;
}

/* Several values of one attribute become an array. */
static void
json_other(TblJson *json, const TblObject *object)
{
    g_autoptr(GArray) others = sorted_others(object);
    if (others->len == 0)
        return;
    tbl_json_object_begin(json, "other");
    for (guint i = 0, end; i < others->len; i = end) {
        const Other *first = &g_array_index(others, Other, i);
        for (end = i + 1; end < others->len; end++)
            if (compare_others(first, &g_array_index(others, Other, end)) != 0)
                break;
        if (end == i + 1) {
            tbl_json_text(json, first->name, first->value);
            continue;
        }
        tbl_json_array_begin(json, first->name);
        for (guint j = i; j < end; j++)
            tbl_json_text(json, NULL, g_array_index(others, Other, j).value);
        tbl_json_array_end(json);
    }
    tbl_json_object_end(json);
}

/* The forward is shown as the name it leads to, with the references. */
static void
json_scalars(TblJson *json, const TblObject *object)
{
    for (int which = 0; which < TBL_TEXT_COUNT; which++)
        if (which != TBL_TEXT_FORWARD && object->text[which])
            tbl_json_text(json, tbl_text_name(which), object->text[which]);
    tbl_json_bool(json, "hidden", object->hidden);
    tbl_json_bool(json, "deliver_and_redirect", object->deliver_and_redirect);
    if (object->limit_in != TBL_LIMIT_NONE)
        tbl_json_number(json, "limit_in", object->limit_in);
    if (object->limit_out != TBL_LIMIT_NONE)
        tbl_json_number(json, "limit_out", object->limit_out);
    if (object->authenticated_only)
        tbl_json_bool(json, "authenticated_only", true);
    if (object->disabled)
        tbl_json_bool(json, "disabled", true);
}

bool
pd_ctl_append_object_json(GString *out, const TblContext *context, const TblObject *object)
{
    TblJson json;
    tbl_json_begin(&json, out);
    tbl_json_text(&json, "class", tbl_class_name(object->object_class));
    tbl_json_text(&json, "name", object->name);
    tbl_json_text(&json, "origin", origin_name(object->origin));
    json_addresses(&json, object);
    if (!json_refs(&json, context, object, TBL_REFS_MEMBERS))
        return false;
    json_scalars(&json, object);
    if (!json_forward(&json, context, object))
        return false;
    for (TblRefs which = TBL_REFS_ACCEPT_FROM; which <= TBL_REFS_REJECT_FROM_DL; which++)
        if (!json_refs(&json, context, object, which))
            return false;
    json_other(&json, object);
    tbl_json_end(&json);
    return true;
}

/* ---- Text ---- */

static void
text_line(GString *out, const char *key, const char *value)
{
    g_string_append_printf(out, "%-20s %s\n", key, value);
}

static bool
text_refs(GString *out, const TblContext *context, const TblObject *object, TblRefs which)
{
    g_autoptr(GPtrArray) names = sorted_names(context, object, which);
    if (!names)
        return false;
    for (guint i = 0; i < names->len; i++)
        text_line(out, which == TBL_REFS_MEMBERS ? "member" : tbl_refs_name(which),
                  g_ptr_array_index(names, i));
    return true;
}

static void
text_limit(GString *out, const char *key, gint64 limit)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT " kB", limit);
    if (limit != TBL_LIMIT_NONE)
        text_line(out, key, text);
}

static void
text_scalars(GString *out, const TblObject *object)
{
    for (int which = 0; which < TBL_TEXT_COUNT; which++)
        if (which != TBL_TEXT_FORWARD && object->text[which])
            text_line(out, tbl_text_name(which), object->text[which]);
    if (object->hidden)
        text_line(out, "hidden", "yes");
    if (object->deliver_and_redirect)
        text_line(out, "deliver_and_redirect", "yes");
    if (object->authenticated_only)
        text_line(out, "authenticated_only", "yes");
    if (object->disabled)
        text_line(out, "disabled", "yes");
    text_limit(out, "limit_in", object->limit_in);
    text_limit(out, "limit_out", object->limit_out);
}

bool
pd_ctl_append_object_text(GString *out, const TblContext *context, const TblObject *object)
{
    const GPtrArray *addresses = object->addresses;
    text_line(out, "name", object->name);
    text_line(out, "class", tbl_class_name(object->object_class));
    text_line(out, "origin", origin_name(object->origin));
    for (guint i = 0; i < addresses->len; i++) {
        g_autofree char *text = tbl_proxy_text(g_ptr_array_index(addresses, i));
        text_line(out, "address", text);
    }
    for (guint i = 0; i < object->refs[TBL_REFS_GENERATED]->len; i++)
        text_line(out, "generated", g_ptr_array_index(object->refs[TBL_REFS_GENERATED], i));
    if (object->target) {
        g_autofree char *text = tbl_proxy_text(object->target);
        text_line(out, "target", text);
    }
    text_scalars(out, object);
    if (object->text[TBL_TEXT_FORWARD]) {
        g_autofree char *name =
            reference_name(context, object->origin, object->text[TBL_TEXT_FORWARD]);
        if (!name)
            return false;
        text_line(out, "forward", name);
    }
    for (TblRefs which = TBL_REFS_MEMBERS; which <= TBL_REFS_REJECT_FROM_DL; which++)
        if (!text_refs(out, context, object, which))
            return false;
    g_autoptr(GArray) others = sorted_others(object);
    for (guint i = 0; i < others->len; i++)
        text_line(out, g_array_index(others, Other, i).name, g_array_index(others, Other, i).value);
    return true;
}
