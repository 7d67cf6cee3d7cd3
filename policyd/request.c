#include "policyd/request.h"

static ssize_t
request_skip(guint32 *skip, TblSlice input, size_t at, PdRequest *request)
{
    size_t here = MIN(*skip, input.len - at);

    if (here == *skip && input.ptr[at + here - 1] != ',')
        return PD_BROKEN;
    *skip -= (guint32)here;
    request->kind = *skip > 0 ? PD_REQUEST_NONE : PD_REQUEST_OVERLONG;
    return (ssize_t)(at + here);
}

ssize_t
pd_request_decode(guint32 *skip, TblSlice input, size_t max, PdRequest *request)
{
    if (input.len == 0)
        return PD_PARTIAL;
    if (*skip > 0)
        return request_skip(skip, input, 0, request);

    size_t length = 0;
    ssize_t header = pd_netstring_header(input, MAX(max, PD_REQUEST_OVERLONG_MAX), &length);
    if (header < 0)
        return header;
    if (length > max) {
        *skip = (guint32)length + 1;
        return request_skip(skip, input, (size_t)header, request);
    }

    TblSlice payload = {NULL, 0};
    ssize_t used = pd_netstring_payload(input, (size_t)header, length, &payload);
    if (used < 0)
        return used;
    const char *space = memchr(payload.ptr, ' ', payload.len);
    size_t name = space ? (size_t)(space - payload.ptr) : payload.len;
    size_t key = space ? name + 1 : payload.len;
    request->kind = PD_REQUEST_LOOKUP;
    request->map = (TblSlice){payload.ptr, name};
    request->key = (TblSlice){payload.ptr + key, payload.len - key};
    return used;
}
