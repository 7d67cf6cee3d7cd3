#include "policyd/netstring.h"

#define LIMIT 16384

static void
test_whole(void)
{
    static const struct {
        const char *input, *payload;
    } cases[] = {
        {"0:,", ""},           {"1:a,", "a"},
        {"5:a b c,", "a b c"}, {"12:hello world!,", "hello world!"},
        {"3:,,,,", ",,,"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        TblSlice payload = {NULL, 0};
        TblSlice input = tbl_slice(cases[i].input);

        g_assert_cmpint(pd_netstring_decode(input, LIMIT, &payload), ==, (gint64)input.len);
        g_assert_true(tbl_slice_equal(payload, tbl_slice(cases[i].payload)));
        g_assert_true(payload.ptr > input.ptr && payload.ptr < input.ptr + input.len);
        /* Each beginning of it is incomplete. */
        for (size_t cut = 0; cut < input.len; cut++)
            g_assert_cmpint(pd_netstring_decode((TblSlice){input.ptr, cut}, LIMIT, &payload), ==,
                            PD_PARTIAL);
    }
}

static void
test_bytes_behind_it_stay(void)
{
    TblSlice payload;

    g_assert_cmpint(pd_netstring_decode(tbl_slice("2:ab,2:cd,"), LIMIT, &payload), ==, 5);
    g_assert_true(tbl_slice_equal(payload, tbl_slice("ab")));
}

static void
test_broken(void)
{
    static const char *const broken[] = {
        "x",
        ":",
        ":a,",
        "-5:a b c,",
        "+5:a b c,",
        " 5:a b c,",
        "05:a b c,",
        "00:,",
        "0x5:a b c,",
        "12a:",
        "5 :",
        "5:a b cX",
        "0:x",
        "16385:",
        "99999",
        "999999999:",
        "18446744073709551617:a,",
        "99999999999999999999999999999999",
    };

    for (guint i = 0; i < G_N_ELEMENTS(broken); i++) {
        TblSlice payload;
        g_test_message("%s", broken[i]);
        g_assert_cmpint(pd_netstring_decode(tbl_slice(broken[i]), LIMIT, &payload), ==, PD_BROKEN);
    }
}

static void
test_limit(void)
{
    size_t length = 0;

    g_assert_cmpint(pd_netstring_header(tbl_slice("16384:"), LIMIT, &length), ==, 6);
    g_assert_cmpuint(length, ==, LIMIT);
    g_assert_cmpint(pd_netstring_header(tbl_slice("16385:"), LIMIT, &length), ==, PD_BROKEN);
    /* Known as soon as the digits say so, not when the colon comes. */
    g_assert_cmpint(pd_netstring_header(tbl_slice("20000"), LIMIT, &length), ==, PD_BROKEN);
    g_assert_cmpint(pd_netstring_header(tbl_slice("1638"), LIMIT, &length), ==, PD_PARTIAL);
    g_assert_cmpint(pd_netstring_header(tbl_slice("18446744073709551615:"), SIZE_MAX, &length), ==,
                    21);
    g_assert_cmpuint(length, ==, SIZE_MAX);
    g_assert_cmpint(pd_netstring_header(tbl_slice("18446744073709551616:"), SIZE_MAX, &length), ==,
                    PD_BROKEN);
}

static void
test_append(void)
{
    g_autoptr(GString) out = g_string_new("before");
    g_autofree char *big = g_strnfill(99997, 'x');

    pd_netstring_append(out, tbl_slice("NOTFOUND "), (TblSlice){"", 0});
    pd_netstring_append(out, tbl_slice("OK "), tbl_slice("ann@company.example"));
    pd_netstring_append(out, (TblSlice){"", 0}, (TblSlice){"", 0});
    g_assert_cmpstr(out->str, ==, "before9:NOTFOUND ,22:OK ann@company.example,0:,");
    g_string_truncate(out, 0);
    pd_netstring_append(out, tbl_slice("OK "), tbl_slice(big));
    TblSlice payload;
    g_assert_cmpint(pd_netstring_decode((TblSlice){out->str, out->len}, 100000, &payload), ==,
                    (gint64)out->len);
    g_assert_cmpuint(payload.len, ==, 100000);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/netstring/whole", test_whole);
    g_test_add_func("/netstring/bytes-behind-it-stay", test_bytes_behind_it_stay);
    g_test_add_func("/netstring/broken", test_broken);
    g_test_add_func("/netstring/limit", test_limit);
    g_test_add_func("/netstring/append", test_append);
    return g_test_run();
}
