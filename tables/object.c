#include "tables/object.h"

#include "tables/address.h"

/* Copies the bytes and a NUL; what is behind them. */
static char *
bytes_put(char *at, TblSlice bytes)
{
    if (bytes.len > 0)
        memcpy(at, bytes.ptr, bytes.len);
    at[bytes.len] = '\0';
    return at + bytes.len + 1;
}

TblProxy *
tbl_proxy_new_keyed(TblSlice type, TblSlice value, TblSlice key, bool primary)
{
    gsize room = type.len + value.len + 2 + (key.len > 0 ? key.len + 1 : 0);
    TblProxy *proxy = g_malloc(sizeof *proxy + room);
    char *at = proxy->bytes;

    proxy->primary = primary;
    proxy->key_alone = false;
    proxy->type = at;
    for (size_t i = 0; i < type.len; i++)
        *at++ = g_ascii_toupper(type.ptr[i]);
    *at++ = '\0';
    proxy->value = at;
    at = bytes_put(at, value);
    proxy->key = key.len > 0 ? at : NULL;
    if (key.len > 0)
        (void)bytes_put(at, key);
    return proxy;
}

TblProxy *
tbl_proxy_new(TblSlice type, TblSlice value, bool primary)
{
    return tbl_proxy_new_keyed(type, value, (TblSlice){NULL, 0}, primary);
}

void
tbl_proxy_free(TblProxy *proxy)
{
    if (!proxy)
        return;
    if (proxy->key_alone)
        g_free(proxy->key);
    g_free(proxy);
}

const char *
tbl_proxy_own_key(TblProxy *proxy)
{
    if (!proxy->key) {
        proxy->key_alone = true;
        proxy->key = tbl_proxy_key(tbl_slice(proxy->type), tbl_slice(proxy->value));
    }
    return proxy->key;
}

static TblProxy *
proxy_copy(const TblProxy *proxy)
{
    return tbl_proxy_new_keyed(tbl_slice(proxy->type), tbl_slice(proxy->value),
                               tbl_slice(proxy->key), proxy->primary);
}

TblObject *
tbl_object_new(TblOrigin origin, TblClass object_class, const char *name)
{
    TblObject *object = g_new0(TblObject, 1);

    object->origin = origin;
    object->object_class = object_class;
    object->name = g_strdup(name);
    object->addresses = g_ptr_array_new_with_free_func((GDestroyNotify)tbl_proxy_free);
    for (guint i = 0; i < TBL_REFS_COUNT; i++)
        object->refs[i] = g_ptr_array_new_with_free_func(g_free);
    object->limit_in = object->limit_out = TBL_LIMIT_NONE;
    object->other = g_ptr_array_new_with_free_func(g_free);
    return object;
}

static void
strings_copy(GPtrArray *to, const GPtrArray *from)
{
    for (guint i = 0; i < from->len; i++)
        g_ptr_array_add(to, g_strdup(from->pdata[i]));
}

TblObject *
tbl_object_copy(const TblObject *object)
{
    TblObject *copy = tbl_object_new(object->origin, object->object_class, object->name);

    copy->id = object->id;
    for (guint i = 0; i < object->addresses->len; i++)
        g_ptr_array_add(copy->addresses, proxy_copy(object->addresses->pdata[i]));
    if (object->target)
        copy->target = proxy_copy(object->target);
    for (guint i = 0; i < TBL_TEXT_COUNT; i++)
        copy->text[i] = g_strdup(object->text[i]);
    for (guint i = 0; i < TBL_REFS_COUNT; i++)
        strings_copy(copy->refs[i], object->refs[i]);
    copy->limit_in = object->limit_in;
    copy->limit_out = object->limit_out;
    copy->hidden = object->hidden;
    copy->deliver_and_redirect = object->deliver_and_redirect;
    copy->authenticated_only = object->authenticated_only;
    copy->disabled = object->disabled;
    copy->created = object->created;
    copy->dn = g_strdup(object->dn);
    strings_copy(copy->other, object->other);
    return copy;
}

void
tbl_object_free(TblObject *object)
{
    if (!object)
        return;
    g_free(object->name);
    g_free(object->dn);
    g_ptr_array_unref(object->addresses);
    tbl_proxy_free(object->target);
    for (guint i = 0; i < TBL_TEXT_COUNT; i++)
        g_free(object->text[i]);
    for (guint i = 0; i < TBL_REFS_COUNT; i++)
        g_ptr_array_unref(object->refs[i]);
    g_ptr_array_unref(object->other);
    g_free(object);
}

/* Order of addresses for comparing: type, primary first, value. */
static int
proxy_compare(const TblProxy *a, const TblProxy *b)
{
    int order = strcmp(a->type, b->type);

    if (order == 0)
        order = (int)b->primary - (int)a->primary;
    return order != 0 ? order : strcmp(a->value, b->value);
}

static int
proxy_compare_in_array(gconstpointer a, gconstpointer b)
{
    return proxy_compare(*(TblProxy *const *)a, *(TblProxy *const *)b);
}

static int
string_compare_in_array(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A shallow copy in `order`. */
static GPtrArray *
array_sorted(const GPtrArray *array, GCompareFunc order)
{
    GPtrArray *copy = g_ptr_array_sized_new(array->len);

    for (guint i = 0; i < array->len; i++)
        g_ptr_array_add(copy, array->pdata[i]);
    g_ptr_array_sort(copy, order);
    return copy;
}

static bool
addresses_equal(const GPtrArray *a, const GPtrArray *b)
{
    g_autoptr(GPtrArray) left = NULL, right = NULL;

    if (a->len != b->len)
        return false;
    left = array_sorted(a, proxy_compare_in_array);
    right = array_sorted(b, proxy_compare_in_array);
    for (guint i = 0; i < a->len; i++) {
        if (proxy_compare(left->pdata[i], right->pdata[i]) != 0)
            return false;
    }
    return true;
}

static bool
references_equal(const GPtrArray *a, const GPtrArray *b)
{
    g_autoptr(GPtrArray) left = NULL, right = NULL;

    if (a->len != b->len)
        return false;
    left = array_sorted(a, string_compare_in_array);
    right = array_sorted(b, string_compare_in_array);
    for (guint i = 0; i < a->len; i++) {
        if (strcmp(left->pdata[i], right->pdata[i]) != 0)
            return false;
    }
    return true;
}

/* Attribute and value of a pair, for sorting. */
typedef struct {
    const char *attribute, *value;
} Pair;

static int
pair_compare(gconstpointer a, gconstpointer b)
{
    const Pair *left = a, *right = b;
    int order = strcmp(left->attribute, right->attribute);

    return order != 0 ? order : strcmp(left->value, right->value);
}

static GArray *
pairs_sorted(const GPtrArray *other)
{
    GArray *pairs = g_array_sized_new(FALSE, FALSE, sizeof(Pair), other->len / 2);

    for (guint i = 0; i + 1 < other->len; i += 2) {
        Pair pair = {other->pdata[i], other->pdata[i + 1]};
        g_array_append_val(pairs, pair);
    }
    g_array_sort(pairs, pair_compare);
    return pairs;
}

static bool
pairs_equal(const GPtrArray *a, const GPtrArray *b)
{
    g_autoptr(GArray) left = NULL, right = NULL;

    if (a->len != b->len)
        return false;
    left = pairs_sorted(a);
    right = pairs_sorted(b);
    for (guint i = 0; i < left->len; i++) {
        if (pair_compare(&g_array_index(left, Pair, i), &g_array_index(right, Pair, i)) != 0)
            return false;
    }
    return true;
}

bool
tbl_object_equal(const TblObject *a, const TblObject *b)
{
    if (a->origin != b->origin || a->object_class != b->object_class ||
        strcmp(a->name, b->name) != 0 || a->limit_in != b->limit_in ||
        a->limit_out != b->limit_out || a->hidden != b->hidden ||
        a->deliver_and_redirect != b->deliver_and_redirect ||
        a->authenticated_only != b->authenticated_only || a->disabled != b->disabled ||
        a->created != b->created || g_strcmp0(a->dn, b->dn) != 0 || !a->target != !b->target)
        return false;
    if (a->target && proxy_compare(a->target, b->target) != 0)
        return false;
    for (guint i = 0; i < TBL_TEXT_COUNT; i++) {
        if (g_strcmp0(a->text[i], b->text[i]) != 0)
            return false;
    }
    for (guint i = 0; i < TBL_REFS_COUNT; i++) {
        if (!references_equal(a->refs[i], b->refs[i]))
            return false;
    }
    return addresses_equal(a->addresses, b->addresses) && pairs_equal(a->other, b->other);
}

const TblProxy *
tbl_object_primary(const TblObject *object, const char *type)
{
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = object->addresses->pdata[i];

        if (proxy->primary && strcmp(proxy->type, type) == 0)
            return proxy;
    }
    return NULL;
}

void
tbl_object_set_text(TblObject *object, TblText which, const char *value)
{
    char *copy = value && *value ? g_strdup(value) : NULL;

    g_free(object->text[which]);
    object->text[which] = copy;
}

static const char *const class_names[] = {
    [TBL_CLASS_MAILBOX] = "mailbox",
    [TBL_CLASS_REMOTE] = "remote",
    [TBL_CLASS_DL] = "dl",
    [TBL_CLASS_PUBLIC_FOLDER] = "public-folder",
};

const char *
tbl_class_name(TblClass object_class)
{
    return object_class >= TBL_CLASS_MAILBOX && object_class <= TBL_CLASS_PUBLIC_FOLDER
               ? class_names[object_class]
               : "";
}

TblClass
tbl_class_from_name(const char *name)
{
    for (guint i = TBL_CLASS_MAILBOX; i <= TBL_CLASS_PUBLIC_FOLDER; i++) {
        if (strcmp(class_names[i], name) == 0)
            return (TblClass)i;
    }
    return 0;
}

const char *
tbl_text_name(TblText which)
{
    static const char *const names[TBL_TEXT_COUNT] = {
        [TBL_TEXT_DISPLAY] = "display",
        [TBL_TEXT_ALIAS] = "alias",
        [TBL_TEXT_FIRST] = "first",
        [TBL_TEXT_LAST] = "last",
        [TBL_TEXT_INITIALS] = "initials",
        [TBL_TEXT_ACCOUNT] = "account",
        [TBL_TEXT_HOME_SERVER] = "home_server",
        [TBL_TEXT_FORWARD] = "forward",
        [TBL_TEXT_CONTAINER] = "container",
    };
    return names[which];
}

const char *
tbl_refs_name(TblRefs which)
{
    static const char *const names[TBL_REFS_COUNT] = {
        [TBL_REFS_MEMBERS] = "members",
        [TBL_REFS_ACCEPT_FROM] = "accept_from",
        [TBL_REFS_REJECT_FROM] = "reject_from",
        [TBL_REFS_ACCEPT_FROM_DL] = "accept_from_dl",
        [TBL_REFS_REJECT_FROM_DL] = "reject_from_dl",
        [TBL_REFS_GENERATED] = "generated",
    };
    return names[which];
}

char *
tbl_proxy_text(const TblProxy *proxy)
{
    g_autofree char *lower = proxy->primary ? NULL : g_ascii_strdown(proxy->type, -1);
    return g_strconcat(lower ? lower : proxy->type, ":", proxy->value, NULL);
}
