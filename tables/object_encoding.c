/* The compact encoding of a directory object. Part of tables/object.h and tables/object_brief.h. */
#include "tables/codec.h"
#include "tables/object_bits.h"
#include "tables/object_brief.h"

static void
proxy_encode(const TblProxy *proxy, GByteArray *out)
{
    bool smtp = strcmp(proxy->type, SMTP) == 0;

    tbl_encode_number(out, (proxy->primary ? PROXY_PRIMARY : 0) | (smtp ? PROXY_SMTP : 0));
    if (!smtp)
        tbl_encode_string(out, tbl_slice(proxy->type));
    tbl_encode_string(out, tbl_slice(proxy->value));
}

/* An address and its number on the object. */
typedef struct {
    const TblProxy *proxy;
    guint index;
} Numbered;

static int
numbered_compare(gconstpointer a, gconstpointer b)
{
    const Numbered *left = a, *right = b;
    int order = strcmp(left->proxy->type, right->proxy->type);

    return order != 0 ? order : strcmp(left->proxy->value, right->proxy->value);
}

/* Primaries first, sorted by type, so that one state has one encoding; secondaries as given. */
static void
addresses_encode(const GPtrArray *addresses, GByteArray *out, GArray *places)
{
    g_autoptr(GArray) primaries = g_array_new(FALSE, FALSE, sizeof(Numbered));
    guint32 *place;

    tbl_encode_number(out, addresses->len);
    g_array_set_size(places, addresses->len);
    place = (guint32 *)(void *)places->data;
    for (guint i = 0; i < addresses->len; i++) {
        Numbered numbered = {addresses->pdata[i], i};

        if (numbered.proxy->primary)
            g_array_append_val(primaries, numbered);
    }
    g_array_sort(primaries, numbered_compare);
    for (guint i = 0; i < primaries->len; i++) {
        const Numbered *numbered = &g_array_index(primaries, Numbered, i);

        place[numbered->index] = out->len;
        proxy_encode(numbered->proxy, out);
    }
    for (guint i = 0; i < addresses->len; i++) {
        const TblProxy *proxy = addresses->pdata[i];

        if (!proxy->primary) {
            place[i] = out->len;
            proxy_encode(proxy, out);
        }
    }
}

static void
strings_encode(const GPtrArray *strings, GByteArray *out)
{
    tbl_encode_number(out, strings->len);
    for (guint i = 0; i < strings->len; i++)
        tbl_encode_string(out, tbl_slice(strings->pdata[i]));
}

static guint64
object_bits(const TblObject *object)
{
    guint64 bits = (guint64)object->object_class | (guint64)object->origin << OBJECT_ORIGIN_SHIFT;

    bits |= object->hidden ? OBJECT_HIDDEN : 0;
    bits |= object->deliver_and_redirect ? OBJECT_REDIRECT : 0;
    bits |= object->authenticated_only ? OBJECT_AUTHENTICATED : 0;
    bits |= object->disabled ? OBJECT_DISABLED : 0;
    bits |= object->target ? OBJECT_TARGET : 0;
    bits |= object->limit_in >= 0 ? OBJECT_LIMIT_IN : 0;
    bits |= object->limit_out >= 0 ? OBJECT_LIMIT_OUT : 0;
    bits |= object->created != 0 ? OBJECT_CREATED : 0;
    bits |= object->other->len > 0 ? OBJECT_OTHER : 0;
    bits |= object->dn ? OBJECT_DN : 0;
    for (guint i = 0; i < TBL_TEXT_COUNT; i++)
        bits |= (guint64)(object->text[i] != NULL) << (OBJECT_TEXT_SHIFT + i);
    for (guint i = 0; i < TBL_REFS_COUNT; i++)
        bits |= (guint64)(object->refs[i]->len > 0) << (OBJECT_REFS_SHIFT + i);
    return bits;
}

/* Generated addresses come later than the target in the bytes, but before it in the order of rows.
 */
static void
places_add_generated(const GPtrArray *generated, guint at, GByteArray *out, GArray *places)
{
    tbl_encode_number(out, generated->len);
    for (guint i = 0; i < generated->len; i++) {
        guint32 place = out->len;

        g_array_insert_val(places, at + i, place);
        tbl_encode_string(out, tbl_slice(generated->pdata[i]));
    }
}

void
tbl_object_encode_places(const TblObject *object, GByteArray *out, GArray *places)
{
    tbl_encode_number(out, object_bits(object));
    tbl_encode_string(out, tbl_slice(object->name));
    addresses_encode(object->addresses, out, places);
    if (object->target) {
        guint32 place = out->len;

        g_array_append_val(places, place);
        proxy_encode(object->target, out);
    }
    for (guint i = 0; i < TBL_TEXT_COUNT; i++) {
        if (object->text[i])
            tbl_encode_string(out, tbl_slice(object->text[i]));
    }
    for (guint i = 0; i < TBL_REFS_COUNT; i++) {
        if (i == TBL_REFS_GENERATED && object->refs[i]->len > 0)
            places_add_generated(object->refs[i], object->addresses->len, out, places);
        else if (object->refs[i]->len > 0)
            strings_encode(object->refs[i], out);
    }
    if (object->limit_in >= 0)
        tbl_encode_number(out, (guint64)object->limit_in);
    if (object->limit_out >= 0)
        tbl_encode_number(out, (guint64)object->limit_out);
    if (object->created != 0)
        tbl_encode_number(out, object->created);
    if (object->other->len > 0)
        strings_encode(object->other, out);
    if (object->dn)
        tbl_encode_string(out, tbl_slice(object->dn));
}

void
tbl_object_encode(const TblObject *object, GByteArray *out)
{
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(guint32));

    tbl_object_encode_places(object, out, places);
}

/* ---- Without decoding it all ---- */

/* What the first number of an encoding says. */
static TblObjectBrief
brief_of_bits(guint64 bits)
{
    static const TblRefs restrictions[] = {TBL_REFS_ACCEPT_FROM, TBL_REFS_ACCEPT_FROM_DL,
                                           TBL_REFS_REJECT_FROM, TBL_REFS_REJECT_FROM_DL};
    TblObjectBrief brief = {
        .origin = (TblOrigin)(bits >> OBJECT_ORIGIN_SHIFT & OBJECT_ORIGIN_MASK),
        .object_class = (TblClass)(bits & OBJECT_CLASS_MASK),
        .disabled = bits & OBJECT_DISABLED,
        .forwards = bits >> (OBJECT_TEXT_SHIFT + TBL_TEXT_FORWARD) & 1,
        .homed = bits >> (OBJECT_TEXT_SHIFT + TBL_TEXT_HOME_SERVER) & 1,
        .restricted = bits & (OBJECT_AUTHENTICATED | OBJECT_LIMIT_IN),
    };

    for (guint i = 0; i < G_N_ELEMENTS(restrictions); i++)
        brief.restricted = brief.restricted || (bits >> (OBJECT_REFS_SHIFT + restrictions[i]) & 1);
    return brief;
}

TblObjectBrief
tbl_object_brief_of(const TblObject *object)
{
    const TblProxy *smtp = tbl_object_primary(object, SMTP);
    TblObjectBrief brief = brief_of_bits(object_bits(object));

    brief.name = tbl_slice(object->name);
    brief.addresses = object->addresses->len;
    brief.smtp = tbl_slice(smtp ? smtp->value : NULL);
    return brief;
}

bool
tbl_object_brief(TblSlice bytes, TblObjectBrief *brief)
{
    TblCursor cursor = tbl_cursor(bytes);
    bool primary = true;

    *brief = brief_of_bits(tbl_cursor_number(&cursor));
    brief->name_place = (guint32)(cursor.at - (const unsigned char *)bytes.ptr);
    brief->name = tbl_cursor_string(&cursor);
    brief->addresses = (guint)tbl_cursor_number(&cursor);
    /* Primaries come first. */
    for (guint i = 0; i < brief->addresses && primary && brief->smtp.len == 0; i++) {
        TblSlice type, value;

        if (!tbl_skim_proxy(&cursor, &type, &value, &primary))
            return false;
        if (primary && tbl_slice_equal(type, tbl_slice(SMTP)))
            brief->smtp = value;
    }
    return !cursor.broken;
}

bool
tbl_object_find_address(TblSlice bytes, TblSlice spelling, guint most, guint32 *place)
{
    TblCursor cursor = tbl_cursor(bytes);

    (void)tbl_cursor_number(&cursor);
    (void)tbl_cursor_string(&cursor);
    guint64 count = tbl_cursor_number(&cursor);
    for (guint64 i = 0; i < count && i < most && !cursor.broken; i++) {
        TblSlice type, value;
        bool primary;

        *place = (guint32)(cursor.at - (const unsigned char *)bytes.ptr);
        if (tbl_skim_proxy(&cursor, &type, &value, &primary) && tbl_slice_equal(value, spelling))
            return true;
    }
    return false;
}

static TblCursor
cursor_at(TblSlice bytes, guint32 place)
{
    place = MIN(place, bytes.len);
    return tbl_cursor((TblSlice){bytes.ptr + place, bytes.len - place});
}

bool
tbl_object_proxy_at(TblSlice bytes, guint32 place, TblSlice *type, TblSlice *value, bool *primary)
{
    TblCursor cursor = cursor_at(bytes, place);

    return tbl_skim_proxy(&cursor, type, value, primary);
}

bool
tbl_object_text_at(TblSlice bytes, guint32 place, TblSlice *text)
{
    TblCursor cursor = cursor_at(bytes, place);

    *text = tbl_cursor_string(&cursor);
    return !cursor.broken;
}

/* ---- From the beginning to the references ---- */

bool
tbl_skim_target(TblSkim *skim, TblSlice *type, TblSlice *value)
{
    bool primary;

    return skim->bits & OBJECT_TARGET && tbl_skim_proxy(&skim->cursor, type, value, &primary);
}

static void
skim_texts(TblSkim *skim)
{
    for (guint i = 0; i < TBL_TEXT_COUNT; i++) {
        if (skim->bits >> (OBJECT_TEXT_SHIFT + i) & 1)
            (void)tbl_cursor_string(&skim->cursor);
    }
}

bool
tbl_skim_reference(TblSkim *skim, TblRefs *kind, TblSlice *text)
{
    guint64 kinds = skim->bits >> OBJECT_REFS_SHIFT;

    if (skim->kind == 0)
        skim_texts(skim);
    while (skim->references == 0 && skim->kind < TBL_REFS_COUNT && !skim->cursor.broken) {
        if (kinds >> skim->kind++ & 1)
            skim->references = tbl_cursor_number(&skim->cursor);
    }
    if (skim->references == 0 || skim->cursor.broken)
        return false;
    skim->references--;
    *kind = (TblRefs)(skim->kind - 1);
    *text = tbl_cursor_string(&skim->cursor);
    return !skim->cursor.broken;
}

/* ---- Decoding ---- */

/* A string without NUL, copied; NULL (and a broken cursor) otherwise. */
static char *
string_decode(TblCursor *cursor)
{
    TblSlice text = tbl_cursor_string(cursor);

    if (cursor->broken || (text.len > 0 && memchr(text.ptr, '\0', text.len))) {
        cursor->broken = true;
        return NULL;
    }
    return g_strndup(text.ptr, text.len);
}

/* A string without NUL, borrowed; a broken cursor otherwise. */
static TblSlice
slice_decode(TblCursor *cursor)
{
    TblSlice text = tbl_cursor_string(cursor);

    if (text.len > 0 && memchr(text.ptr, '\0', text.len))
        cursor->broken = true;
    return text;
}

/* A spelt-out type is upper case, as tbl_proxy_new makes it, and not SMTP, which has its own bit.
 */
static TblSlice
type_decode(TblCursor *cursor)
{
    TblSlice type = slice_decode(cursor);

    for (size_t i = 0; !cursor->broken && i < type.len; i++) {
        if (g_ascii_islower(type.ptr[i]))
            cursor->broken = true;
    }
    if (type.len == 0 || tbl_slice_equal(type, tbl_slice(SMTP)))
        cursor->broken = true;
    return type;
}

static TblProxy *
proxy_decode(TblCursor *cursor)
{
    guint64 bits = tbl_cursor_number(cursor);
    TblSlice type, value;

    if (bits > (PROXY_PRIMARY | PROXY_SMTP))
        cursor->broken = true;
    type = bits & PROXY_SMTP ? tbl_slice(SMTP) : type_decode(cursor);
    value = slice_decode(cursor);
    return cursor->broken ? NULL : tbl_proxy_new(type, value, bits & PROXY_PRIMARY);
}

/* The number of elements that follow; each takes at least one byte, so more than what is left is
 * damage. */
static guint
count_decode(TblCursor *cursor)
{
    guint64 count = tbl_cursor_number(cursor);

    if (count > (guint64)(cursor->end - cursor->at) || count > G_MAXUINT) {
        cursor->broken = true;
        return 0;
    }
    return (guint)count;
}

static void
strings_decode(TblCursor *cursor, GPtrArray *strings)
{
    guint count = count_decode(cursor);

    for (guint i = 0; i < count && !cursor->broken; i++) {
        char *text = string_decode(cursor);

        if (text)
            g_ptr_array_add(strings, text);
    }
}

static gint64
limit_decode(TblCursor *cursor)
{
    guint64 limit = tbl_cursor_number(cursor);

    if (limit > G_MAXINT64)
        cursor->broken = true;
    return (gint64)(limit & G_MAXINT64);
}

static void
body_decode(TblCursor *cursor, TblObject *object, guint64 bits)
{
    guint count = count_decode(cursor);

    for (guint i = 0; i < count && !cursor->broken; i++) {
        TblProxy *proxy = proxy_decode(cursor);

        if (proxy)
            g_ptr_array_add(object->addresses, proxy);
    }
    if (bits & OBJECT_TARGET)
        object->target = proxy_decode(cursor);
    for (guint i = 0; i < TBL_TEXT_COUNT; i++) {
        if (bits >> (OBJECT_TEXT_SHIFT + i) & 1)
            object->text[i] = string_decode(cursor);
    }
    for (guint i = 0; i < TBL_REFS_COUNT; i++) {
        if (bits >> (OBJECT_REFS_SHIFT + i) & 1)
            strings_decode(cursor, object->refs[i]);
    }
    if (bits & OBJECT_LIMIT_IN)
        object->limit_in = limit_decode(cursor);
    if (bits & OBJECT_LIMIT_OUT)
        object->limit_out = limit_decode(cursor);
    if (bits & OBJECT_CREATED)
        object->created = tbl_cursor_number(cursor);
    if (bits & OBJECT_OTHER)
        strings_decode(cursor, object->other);
    if (bits & OBJECT_DN)
        object->dn = string_decode(cursor);
    if (object->other->len % 2 != 0)
        cursor->broken = true;
}

TblObject *
tbl_object_decode(TblSlice bytes, guint64 id)
{
    TblCursor cursor = tbl_cursor(bytes);
    guint64 bits = tbl_cursor_number(&cursor);
    guint origin = (guint)(bits >> OBJECT_ORIGIN_SHIFT) & OBJECT_ORIGIN_MASK;
    guint object_class = (guint)bits & OBJECT_CLASS_MASK;
    g_autofree char *name = string_decode(&cursor);
    g_autoptr(TblObject) object = NULL;

    if (cursor.broken || bits >> OBJECT_BITS != 0 || object_class < TBL_CLASS_MAILBOX ||
        object_class > TBL_CLASS_PUBLIC_FOLDER || origin < TBL_ORIGIN_LOCAL ||
        origin > TBL_ORIGIN_DIRECTORY)
        return NULL;
    object = tbl_object_new((TblOrigin)origin, (TblClass)object_class, name);
    object->id = id;
    object->hidden = bits & OBJECT_HIDDEN;
    object->deliver_and_redirect = bits & OBJECT_REDIRECT;
    object->authenticated_only = bits & OBJECT_AUTHENTICATED;
    object->disabled = bits & OBJECT_DISABLED;
    body_decode(&cursor, object, bits);
    if (!tbl_cursor_done(&cursor))
        return NULL;
    return g_steal_pointer(&object);
}
