/* A stream of socketmap requests gives the same lookups wherever the reads end. */
#include "policyd/request.h"
#include "tests/fuzz/stream.h"

/* Small, so that short inputs hold over-long requests. */
#define LIMIT 40
/* The work grows with the square of the input. */
#define INPUT_MAX 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ssize_t
step(void *state, TblSlice input, GString *transcript)
{
    PdRequest request;
    ssize_t used = pd_request_decode(state, input, LIMIT, &request);

    if (used > 0 && request.kind == PD_REQUEST_LOOKUP) {
        g_assert_false(memchr(request.map.ptr, ' ', request.map.len) != NULL);
        g_assert_cmpuint(request.map.len + request.key.len, <=, LIMIT);
        g_string_append_c(transcript, 'L');
        g_string_append_len(transcript, request.map.ptr, (gssize)request.map.len);
        g_string_append_c(transcript, '\0');
        g_string_append_len(transcript, request.key.ptr, (gssize)request.key.len);
    } else if (used > 0 && request.kind == PD_REQUEST_OVERLONG) {
        g_string_append_c(transcript, 'O');
    }
    return used;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    TblSlice input = {(const char *)data, size};
    g_autoptr(GString) whole = g_string_new(NULL);
    guint32 skip = 0;

    if (size > INPUT_MAX)
        return 0;
    gssize rest = stream_feed(step, &skip, input, NULL, 0, whole);
    for (size_t cut = 1; cut < size; cut++) {
        g_autoptr(GString) parted = g_string_new(NULL);
        guint32 other = 0;
        g_assert_cmpint(stream_feed(step, &other, input, &cut, 1, parted), ==, rest);
        g_assert_cmpmem(parted->str, parted->len, whole->str, whole->len);
        g_assert_true(rest < 0 || other == skip);
    }
    g_autofree size_t *ones = g_new(size_t, size + 1);
    for (size_t i = 0; i < size; i++)
        ones[i] = 1;
    g_autoptr(GString) dripped = g_string_new(NULL);
    guint32 other = 0;
    g_assert_cmpint(stream_feed(step, &other, input, ones, size, dripped), ==, rest);
    g_assert_cmpmem(dripped->str, dripped->len, whole->str, whole->len);
    return 0;
}
