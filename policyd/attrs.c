#include "policyd/attrs.h"

#define REQUEST_NAME "smtpd_access_policy"

static const TblSlice attr_names[PD_ATTR_COUNT] = {
    [PD_ATTR_REQUEST] = {"request", 7},
    [PD_ATTR_PROTOCOL_STATE] = {"protocol_state", 14},
    [PD_ATTR_CLIENT_ADDRESS] = {"client_address", 14},
    [PD_ATTR_SENDER] = {"sender", 6},
    [PD_ATTR_RECIPIENT] = {"recipient", 9},
    [PD_ATTR_SIZE] = {"size", 4},
    [PD_ATTR_SASL_USERNAME] = {"sasl_username", 13},
    [PD_ATTR_CCERT_SUBJECT] = {"ccert_subject", 13},
};

/* The lengths of these names tell them from most of the 30 that Postfix sends. */
#define LENGTH_MAX 14
#define LENGTHS (1u << 4 | 1u << 6 | 1u << 7 | 1u << 9 | 1u << 13 | 1u << 14)

static PdAttr
attr_from_name(TblSlice name)
{
    guint attr = 0;

    if (name.len > LENGTH_MAX || !(LENGTHS >> name.len & 1))
        return PD_ATTR_COUNT;
    while (attr < PD_ATTR_COUNT && !tbl_slice_equal(attr_names[attr], name))
        attr++;
    return attr;
}

/* One line without its end. */
static bool
attrs_take_line(PdAttrs *attrs, TblSlice line)
{
    const char *equals = memchr(line.ptr, '=', line.len);

    if (!equals || equals == line.ptr || ++attrs->count > PD_ATTRS_MAX)
        return false;
    size_t name_length = (size_t)(equals - line.ptr);
    PdAttr attr = attr_from_name((TblSlice){line.ptr, name_length});
    if (attr == PD_ATTR_COUNT || (attrs->present & (1u << attr)))
        return true;
    attrs->present |= 1u << attr;
    attrs->value[attr].start = attrs->at + (guint32)name_length + 1;
    attrs->value[attr].length = (guint32)(line.len - name_length - 1);
    return true;
}

static ssize_t
attrs_finish(const PdAttrs *attrs, TblSlice request)
{
    TblSlice name = pd_attrs_get(attrs, request.ptr, PD_ATTR_REQUEST);

    if (!tbl_slice_equal(name, tbl_slice(REQUEST_NAME)) || memchr(request.ptr, 0, request.len))
        return PD_BROKEN;
    return (ssize_t)request.len;
}

ssize_t
pd_attrs_decode(PdAttrs *attrs, TblSlice input, size_t max)
{
    for (;;) {
        const char *start = input.ptr + attrs->searched;
        const char *newline =
            attrs->searched < input.len ? memchr(start, '\n', input.len - attrs->searched) : NULL;
        size_t end = newline ? (size_t)(newline - input.ptr) : input.len;

        /* The request needs at least the byte at `end`. */
        if (end >= max)
            return PD_BROKEN;
        if (!newline) {
            attrs->searched = (guint32)end;
            return PD_PARTIAL;
        }
        if (end == attrs->at)
            return attrs_finish(attrs, (TblSlice){input.ptr, end + 1});
        if (!attrs_take_line(attrs, (TblSlice){input.ptr + attrs->at, end - attrs->at}))
            return PD_BROKEN;
        attrs->at = attrs->searched = (guint32)end + 1;
    }
}

TblSlice
pd_attrs_get(const PdAttrs *attrs, const char *input, PdAttr attr)
{
    if (!(attrs->present & (1u << attr)))
        return (TblSlice){"", 0};
    return (TblSlice){input + attrs->value[attr].start, attrs->value[attr].length};
}
