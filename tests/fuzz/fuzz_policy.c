/* A stream of policy requests gives the same attributes wherever the reads end, and actions are fit
 * to be sent. */
#include "policyd/attrs.h"
#include "policyd/action.h"
#include "tests/fuzz/stream.h"

/* Small, so that short inputs meet it. */
#define LIMIT 200
#define INPUT_MAX 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ssize_t
step(void *state, TblSlice input, GString *transcript)
{
    PdAttrs *attrs = state;
    ssize_t used = pd_attrs_decode(attrs, input, LIMIT);

    if (used <= 0)
        return used;
    g_assert_cmpint(used, <=, LIMIT);
    for (int attr = 0; attr < PD_ATTR_COUNT; attr++) {
        TblSlice value = pd_attrs_get(attrs, input.ptr, (PdAttr)attr);
        g_assert_true(!memchr(value.ptr, '\n', value.len) && !memchr(value.ptr, 0, value.len));
        g_string_append_c(transcript, '=');
        g_string_append_len(transcript, value.ptr, (gssize)value.len);
    }
    g_string_append_c(transcript, '\n');
    *attrs = (PdAttrs){0};
    return used;
}

static void
check_clean(TblSlice input)
{
    g_autoptr(GString) action = g_string_new_len(input.ptr, (gssize)input.len);

    pd_action_clean(action, 0);
    g_assert_cmpuint(action->len, >, 0);
    g_assert_cmpuint(action->len, <=, PD_ACTION_MAX);
    g_assert_true(g_utf8_validate(action->str, (gssize)action->len, NULL));
    for (gsize i = 0; i < action->len; i++)
        g_assert_false(g_ascii_iscntrl(action->str[i]));
    /* What is clean stays as it is. */
    g_autofree char *once = g_strdup(action->str);
    pd_action_clean(action, 0);
    g_assert_cmpstr(action->str, ==, once);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    TblSlice input = {(const char *)data, size};
    g_autoptr(GString) whole = g_string_new(NULL);
    PdAttrs attrs = {0};

    if (size > INPUT_MAX)
        return 0;
    check_clean(input);
    gssize rest = stream_feed(step, &attrs, input, NULL, 0, whole);
    for (size_t cut = 1; cut < size; cut++) {
        g_autoptr(GString) parted = g_string_new(NULL);
        PdAttrs other = {0};
        g_assert_cmpint(stream_feed(step, &other, input, &cut, 1, parted), ==, rest);
        g_assert_cmpmem(parted->str, parted->len, whole->str, whole->len);
        g_assert_true(rest < 0 || memcmp(&other, &attrs, sizeof attrs) == 0);
    }
    return 0;
}
