#include "tables/object_plain.h"

#include "tables/object_bits.h"

/* A number of 64 bits takes ten groups of seven. */
#define NUMBER_SIZE 10
#define NUMBER_MORE 0x80u
#define NUMBER_BITS 7

static char *
number_put(char *at, guint64 number)
{
    while (number >= NUMBER_MORE) {
        *at++ = (char)(number | NUMBER_MORE);
        number >>= NUMBER_BITS;
    }
    *at++ = (char)number;
    return at;
}

static char *
string_put(char *at, TblSlice text)
{
    at = number_put(at, text.len);
    memcpy(at, text.ptr, text.len);
    return at + text.len;
}

gsize
tbl_plain_size(const TblPlainObject *object)
{
    /* The bits, how many addresses, two limits, how many others; then the strings. */
    gsize size = 5 * NUMBER_SIZE + NUMBER_SIZE + object->name.len;
    for (guint i = 0; i < object->n_addresses; i++)
        size += 3 * NUMBER_SIZE + object->addresses[i].type.len + object->addresses[i].value.len;
    for (guint i = 0; i < TBL_TEXT_COUNT; i++)
        size += NUMBER_SIZE + object->text[i].len;
    for (guint i = 0; i < object->n_other; i++)
        size += NUMBER_SIZE + object->other[i].len;
    return size;
}

static guint64
plain_bits(const TblPlainObject *object)
{
    guint64 bits = (guint64)object->object_class | (guint64)TBL_ORIGIN_LOCAL << OBJECT_ORIGIN_SHIFT;
    bits |= object->hidden ? OBJECT_HIDDEN : 0;
    bits |= object->deliver_and_redirect ? OBJECT_REDIRECT : 0;
    bits |= object->authenticated_only ? OBJECT_AUTHENTICATED : 0;
    bits |= object->limit_in >= 0 ? OBJECT_LIMIT_IN : 0;
    bits |= object->limit_out >= 0 ? OBJECT_LIMIT_OUT : 0;
    bits |= object->n_other > 0 ? OBJECT_OTHER : 0;
    for (guint i = 0; i < TBL_TEXT_COUNT; i++)
        bits |= (guint64)(object->text[i].len > 0) << (OBJECT_TEXT_SHIFT + i);
    return bits;
}

static bool
is_smtp(TblSlice type)
{
    return type.len == strlen(SMTP) && memcmp(type.ptr, SMTP, strlen(SMTP)) == 0;
}

static char *
address_put(char *at, const TblPlainAddress *address)
{
    bool smtp = is_smtp(address->type);
    at = number_put(at, (address->primary ? PROXY_PRIMARY : 0) | (smtp ? PROXY_SMTP : 0));
    if (!smtp)
        at = string_put(at, address->type);
    return string_put(at, address->value);
}

/* Order of strcmp. */
static int
type_compare(TblSlice a, TblSlice b)
{
    int order = memcmp(a.ptr, b.ptr, MIN(a.len, b.len));
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* The primary whose type comes next behind the one of `last` (NULL: the first of all); NULL: there
 * is none. A handful, so they are not sorted. */
static const TblPlainAddress *
primary_next(const TblPlainObject *object, const TblPlainAddress *last)
{
    const TblPlainAddress *next = NULL;
    for (guint i = 0; i < object->n_addresses && object->addresses[i].primary; i++) {
        const TblPlainAddress *address = &object->addresses[i];
        if (last && type_compare(address->type, last->type) <= 0)
            continue;
        if (!next || type_compare(address->type, next->type) < 0)
            next = address;
    }
    return next;
}

static char *
addresses_put(const TblPlainObject *object, const char *start, char *at, guint32 *places)
{
    at = number_put(at, object->n_addresses);
    for (const TblPlainAddress *primary = primary_next(object, NULL); primary;
         primary = primary_next(object, primary)) {
        places[primary - object->addresses] = (guint32)(at - start);
        at = address_put(at, primary);
    }
    for (guint i = 0; i < object->n_addresses; i++) {
        if (!object->addresses[i].primary) {
            places[i] = (guint32)(at - start);
            at = address_put(at, &object->addresses[i]);
        }
    }
    return at;
}

gsize
tbl_plain_encode(const TblPlainObject *object, char *out, guint32 *name_place, guint32 *places)
{
    char *at = number_put(out, plain_bits(object));
    *name_place = (guint32)(at - out);
    at = string_put(at, object->name);
    at = addresses_put(object, out, at, places);
    for (guint i = 0; i < TBL_TEXT_COUNT; i++)
        if (object->text[i].len > 0)
            at = string_put(at, object->text[i]);
    if (object->limit_in >= 0)
        at = number_put(at, (guint64)object->limit_in);
    if (object->limit_out >= 0)
        at = number_put(at, (guint64)object->limit_out);
    if (object->n_other > 0)
        at = number_put(at, object->n_other);
    for (guint i = 0; i < object->n_other; i++)
        at = string_put(at, object->other[i]);
    return (gsize)(at - out);
}
