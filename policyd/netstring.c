#include "policyd/netstring.h"

/* Decimal digits of the largest size_t, and the colon. */
#define HEADER_MAX 21

ssize_t
pd_netstring_header(TblSlice input, size_t max, size_t *length)
{
    size_t value = 0, at = 0;

    while (at < input.len && input.ptr[at] >= '0' && input.ptr[at] <= '9') {
        if (at == 1 && input.ptr[0] == '0')
            return PD_BROKEN;
        size_t digit = (size_t)(input.ptr[at] - '0');
        if (value > max / 10 || value * 10 > max - digit)
            return PD_BROKEN;
        value = value * 10 + digit;
        at++;
    }
    if (at == input.len)
        return PD_PARTIAL;
    if (at == 0 || input.ptr[at] != ':')
        return PD_BROKEN;
    *length = value;
    return (ssize_t)(at + 1);
}

ssize_t
pd_netstring_payload(TblSlice input, size_t header, size_t length, TblSlice *payload)
{
    size_t comma = header + length;

    if (input.len <= comma)
        return PD_PARTIAL;
    if (input.ptr[comma] != ',')
        return PD_BROKEN;
    *payload = (TblSlice){input.ptr + header, length};
    return (ssize_t)(comma + 1);
}

ssize_t
pd_netstring_decode(TblSlice input, size_t max, TblSlice *payload)
{
    size_t length = 0;
    ssize_t header = pd_netstring_header(input, max, &length);

    return header < 0 ? header : pd_netstring_payload(input, (size_t)header, length, payload);
}

void
pd_netstring_append(GString *out, TblSlice head, TblSlice tail)
{
    char digits[HEADER_MAX];
    size_t at = sizeof digits, length = head.len + tail.len, before = out->len;

    digits[--at] = ':';
    do {
        digits[--at] = (char)('0' + length % 10);
        length /= 10;
    } while (length > 0);
    g_string_set_size(out, before + (sizeof digits - at) + head.len + tail.len + 1);

    char *end = out->str + before;
    end = mempcpy(end, digits + at, sizeof digits - at);
    end = mempcpy(end, head.ptr, head.len);
    end = mempcpy(end, tail.ptr, tail.len);
    *end = ',';
}
