#include "tables/referrer.h"

#include "tables/address.h"
#include "tables/codec.h"

/* Places where an extension might begin that are noted of one address; nobody writes more. */
#define CUTS_MAX 8

char *
tbl_referrer_key(TblReferrerEdge edge, TblOrigin origin, TblReferrerKind kind, TblSlice text)
{
    char *key = g_malloc(text.len + TBL_REFERRER_MARK_SIZE + 1);
    key[0] = (char)edge;
    key[1] = (char)('0' + (int)origin);
    key[2] = (char)kind;
    memcpy(key + TBL_REFERRER_MARK_SIZE, text.ptr, text.len);
    key[text.len + TBL_REFERRER_MARK_SIZE] = '\0';
    return key;
}

char *
tbl_referrer_mark(TblReferrerEdge edge, TblOrigin origin, TblReferrerKind kind)
{
    return tbl_referrer_key(edge, origin, kind, (TblSlice){"", 0});
}

char *
tbl_referrer_mark_of(const char *key)
{
    return g_strndup(key, TBL_REFERRER_MARK_SIZE);
}

int
tbl_referrer_compare_ids(const void *a, const void *b)
{
    guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
    return (x > y) - (x < y);
}

const char *
tbl_referrer_below(const char *domain)
{
    const char *last = strrchr(domain, '.');
    return last ? memrchr(domain, '.', (size_t)(last - domain)) : NULL;
}

typedef struct {
    GHashTable *keys;
    TblOrigin origin;
    TblReferrerEdge edge;
} Collection;

static void
add_key(const Collection *collection, TblReferrerKind kind, TblSlice text)
{
    g_hash_table_add(collection->keys,
                     tbl_referrer_key(collection->edge, collection->origin, kind, text));
}

static void
add_below(const Collection *collection, TblSlice local, const char *domain)
{
    const char *below = tbl_referrer_below(domain);
    if (!below)
        return;
    g_autofree char *text = g_strdup_printf("%.*s@%s", (int)local.len, local.ptr, below);
    add_key(collection, TBL_REFERRER_BELOW, tbl_slice(text));
}

static void
add_cuts(const Collection *collection, const TblAddress *address)
{
    guint cuts = 0;
    for (guint at = 1; at < address->local_len && cuts < CUTS_MAX; at++) {
        if (!g_ascii_ispunct(address->text[at]))
            continue;
        g_autofree char *cut =
            g_strdup_printf("%.*s@%s", (int)at, address->text, tbl_address_domain(address));
        add_key(collection, TBL_REFERRER_EXTENDED, tbl_slice(cut));
        add_below(collection, (TblSlice){address->text, at}, tbl_address_domain(address));
        cuts++;
    }
}

static void
add_reference(const Collection *collection, const char *reference)
{
    g_autofree char *folded = tbl_text_fold(tbl_slice(reference));
    TblAddress address;
    if (folded)
        add_key(collection, TBL_REFERRER_NAME, tbl_slice(folded));
    g_autofree char *other = tbl_address_reference_key(reference);
    if (other)
        add_key(collection, TBL_REFERRER_ADDRESS, tbl_slice(other));
    if (other || !strchr(reference, '@') || !tbl_address_parse_reference(&address, reference))
        return;
    add_key(collection, TBL_REFERRER_ADDRESS, (TblSlice){address.text, address.len});
    add_below(collection, (TblSlice){address.text, address.local_len},
              tbl_address_domain(&address));
    add_cuts(collection, &address);
}

bool
tbl_referrer_has_any(const TblObject *object)
{
    return (object->object_class == TBL_CLASS_DL && object->refs[TBL_REFS_MEMBERS]->len > 0) ||
           object->text[TBL_TEXT_FORWARD] || object->target;
}

void
tbl_referrer_collect(const TblObject *object, GHashTable *keys)
{
    Collection members = {keys, object->origin, TBL_REFERRER_MEMBER},
               forward = {keys, object->origin, TBL_REFERRER_FORWARD},
               targets = {keys, object->origin, TBL_REFERRER_TARGET};
    const GPtrArray *list = object->refs[TBL_REFS_MEMBERS];
    for (guint i = 0; object->object_class == TBL_CLASS_DL && i < list->len; i++)
        add_reference(&members, g_ptr_array_index(list, i));
    const char *target = object->target ? tbl_proxy_own_key(object->target) : NULL;
    const char *at = target ? strrchr(target, '@') : NULL;
    if (target)
        add_key(&targets, TBL_REFERRER_ADDRESS, tbl_slice(target));
    if (at)
        add_below(&targets, (TblSlice){target, (size_t)(at - target)}, at + 1);
    if (object->text[TBL_TEXT_FORWARD])
        add_reference(&forward, object->text[TBL_TEXT_FORWARD]);
}

/* Each as what it is above the one before. */
void
tbl_referrer_encode(const GArray *ids, GByteArray *out)
{
    guint64 last = 0;
    for (guint i = 0; i < ids->len; i++) {
        guint64 id = g_array_index(ids, guint64, i);
        tbl_encode_number(out, id - last);
        last = id;
    }
}

bool
tbl_referrer_decode(TblSlice bytes, GArray *ids)
{
    TblCursor cursor = tbl_cursor(bytes);
    guint64 id = 0;
    while (!tbl_cursor_done(&cursor)) {
        guint64 step = tbl_cursor_number(&cursor);
        if (cursor.broken || step == 0 || step > G_MAXUINT64 - id)
            return false;
        id += step;
        g_array_append_val(ids, id);
    }
    return true;
}
