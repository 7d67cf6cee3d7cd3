#include "tables/object_plain.h"

#include "tables/append.h"
#include "tables/codec.h"
#include "tables/object_bits.h"

static char *
string_put(char *at, TblSlice text)
{
    return tbl_append_put(tbl_put_number(at, text.len), text);
}

gsize
tbl_plain_size(const TblPlainObject *object)
{
    /* The bits, how many addresses, two limits, how many others; then the strings. */
    gsize size = 5 * TBL_NUMBER_MAX + TBL_NUMBER_MAX + object->name.len;
    for (guint i = 0; i < object->n_addresses; i++)
        size += 3 * TBL_NUMBER_MAX + object->addresses[i].type.len + object->addresses[i].value.len;
    for (guint i = 0; i < TBL_TEXT_COUNT; i++)
        size += TBL_NUMBER_MAX + object->text[i].len;
    for (guint i = 0; i < object->n_other; i++)
        size += TBL_NUMBER_MAX + object->other[i].len;
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

static char *
address_put(char *at, const TblPlainAddress *address)
{
    bool smtp = tbl_slice_equal(address->type, tbl_slice(SMTP));
    at = tbl_put_number(at, (address->primary ? PROXY_PRIMARY : 0) | (smtp ? PROXY_SMTP : 0));
    if (!smtp)
        at = string_put(at, address->type);
    return string_put(at, address->value);
}

/* The primary whose type comes next behind the one of `last` (NULL: the first of all); NULL: there
 * is none. A handful, so they are not sorted. */
static const TblPlainAddress *
primary_next(const TblPlainObject *object, const TblPlainAddress *last)
{
    const TblPlainAddress *next = NULL;
    for (guint i = 0; i < object->n_addresses && object->addresses[i].primary; i++) {
        const TblPlainAddress *address = &object->addresses[i];
        if (last && tbl_slice_compare(address->type, last->type) <= 0)
            continue;
        if (!next || tbl_slice_compare(address->type, next->type) < 0)
            next = address;
    }
    return next;
}

static char *
addresses_put(const TblPlainObject *object, const char *start, char *at, guint32 *places)
{
    at = tbl_put_number(at, object->n_addresses);
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
    char *at = tbl_put_number(out, plain_bits(object));
    *name_place = (guint32)(at - out);
    at = string_put(at, object->name);
    at = addresses_put(object, out, at, places);
    for (guint i = 0; i < TBL_TEXT_COUNT; i++)
        if (object->text[i].len > 0)
            at = string_put(at, object->text[i]);
    if (object->limit_in >= 0)
        at = tbl_put_number(at, (guint64)object->limit_in);
    if (object->limit_out >= 0)
        at = tbl_put_number(at, (guint64)object->limit_out);
    if (object->n_other > 0)
        at = tbl_put_number(at, object->n_other);
    for (guint i = 0; i < object->n_other; i++)
        at = string_put(at, object->other[i]);
    return (gsize)(at - out);
}
