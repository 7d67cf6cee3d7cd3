#include "policyd/request.h"

#define LIMIT 16384

static void
assert_request(const char *input, const char *map, const char *key)
{
    guint32 skip = 0;
    PdRequest request;

    g_assert_cmpint(pd_request_decode(&skip, tbl_slice(input), LIMIT, &request), ==,
                    (gint64)strlen(input));
    g_assert_cmpint(request.kind, ==, PD_REQUEST_LOOKUP);
    g_assert_true(tbl_slice_equal(request.map, tbl_slice(map)));
    g_assert_true(tbl_slice_equal(request.key, tbl_slice(key)));
    g_assert_cmpuint(skip, ==, 0);
}

static void
test_parts(void)
{
    assert_request("11:aliases a@b,", "aliases", "a@b");
    assert_request("20:aliases \"john s\"@b.c,", "aliases", "\"john s\"@b.c");
    assert_request("10:aliases  a,", "aliases", " a");
    assert_request("8:aliases ,", "aliases", "");
    assert_request("7:aliases,", "aliases", "");
    assert_request("4: a@b,", "", "a@b");
    assert_request("1: ,", "", "");
    assert_request("0:,", "", "");
}

static void
test_nul_in_key(void)
{
    guint32 skip = 0;
    PdRequest request;

    g_assert_cmpint(pd_request_decode(&skip, (TblSlice){"5:m a\0b,", 8}, LIMIT, &request), ==, 8);
    g_assert_true(tbl_slice_equal(request.key, (TblSlice){"a\0b", 3}));
}

static void
test_overlong(void)
{
    g_autofree char *keys = g_strnfill(LIMIT + 1, 'k');
    g_autofree char *input = g_strdup_printf("%d:%s,1:m,", LIMIT + 1, keys);
    TblSlice rest = tbl_slice(input);
    guint32 skip = 0;
    PdRequest request;

    /* In pieces of 1000 bytes, of which nothing is kept. */
    for (;;) {
        TblSlice piece = {rest.ptr, MIN(rest.len, 1000)};
        ssize_t used = pd_request_decode(&skip, piece, LIMIT, &request);
        g_assert_cmpint(used, >, 0);
        rest = (TblSlice){rest.ptr + used, rest.len - (size_t)used};
        if (request.kind == PD_REQUEST_OVERLONG)
            break;
        g_assert_cmpint(request.kind, ==, PD_REQUEST_NONE);
    }
    g_assert_cmpuint(skip, ==, 0);
    g_assert_true(tbl_slice_equal(rest, tbl_slice("1:m,")));
    g_assert_cmpint(pd_request_decode(&skip, rest, LIMIT, &request), ==, 4);
    g_assert_true(tbl_slice_equal(request.map, tbl_slice("m")));
}

static void
test_overlong_without_comma(void)
{
    g_autofree char *keys = g_strnfill(LIMIT + 1, 'k');
    g_autofree char *input = g_strdup_printf("%d:%sX", LIMIT + 1, keys);
    guint32 skip = 0;
    PdRequest request;

    g_assert_cmpint(pd_request_decode(&skip, tbl_slice(input), LIMIT, &request), ==, PD_BROKEN);
}

static void
test_overlong_limit(void)
{
    guint32 skip = 0;
    PdRequest request;

    g_assert_cmpint(pd_request_decode(&skip, tbl_slice("1048576:"), LIMIT, &request), ==, 8);
    g_assert_cmpint(request.kind, ==, PD_REQUEST_NONE);
    g_assert_cmpuint(skip, ==, PD_REQUEST_OVERLONG_MAX + 1);
    g_assert_cmpint(pd_request_decode(&skip, (TblSlice){"", 0}, LIMIT, &request), ==, PD_PARTIAL);
    skip = 0;
    g_assert_cmpint(pd_request_decode(&skip, tbl_slice("1048577:"), LIMIT, &request), ==,
                    PD_BROKEN);
    /* A limit over that is the limit. */
    g_assert_cmpint(
        pd_request_decode(&skip, tbl_slice("1048577:"), 2 * PD_REQUEST_OVERLONG_MAX, &request), ==,
        PD_PARTIAL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/request/parts", test_parts);
    g_test_add_func("/request/nul-in-key", test_nul_in_key);
    g_test_add_func("/request/overlong", test_overlong);
    g_test_add_func("/request/overlong-without-comma", test_overlong_without_comma);
    g_test_add_func("/request/overlong-limit", test_overlong_limit);
    return g_test_run();
}
