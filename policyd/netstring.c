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
pd_netstring_decode(TblSlice input, size_t max, TblSlice *payload)
{
    size_t length = 0;
    ssize_t header = pd_netstring_header(input, max, &length);

    if (header < 0)
        return header;
    size_t comma = (size_t)header + length;
    if (input.len <= comma)
        return PD_PARTIAL;
    if (input.ptr[comma] != ',')
        return PD_BROKEN;
    *payload = (TblSlice){input.ptr + header, length};
    return (ssize_t)(comma + 1);
}

void
pd_netstring_append(GString *out, TblSlice head, TblSlice tail)
{
    char digits[HEADER_MAX];
    size_t at = sizeof digits, length = head.len + tail.len;

    digits[--at] = ':';
    do {
        digits[--at] = (char)('0' + length % 10);
        length /= 10;
    } while (length > 0);
    g_string_append_len(out, digits + at, (gssize)(sizeof digits - at));
    g_string_append_len(out, head.ptr, (gssize)head.len);
    g_string_append_len(out, tail.ptr, (gssize)tail.len);
    g_string_append_c(out, ',');
}
