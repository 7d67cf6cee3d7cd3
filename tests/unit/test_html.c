#include "gif/html.h"

static char *
html(TblSlice text, gsize max)
{
    GString *out = g_string_new(NULL);
    gif_html_append(out, text, max);
    return g_string_free(out, FALSE);
}

static void
assert_html(const char *text, const char *expected)
{
    g_autofree char *got = html(tbl_slice(text), 1000);
    g_assert_cmpstr(got, ==, expected);
}

#define U(code) "<span class=\"u\">" code "</span>"

static void
test_markup(void)
{
    assert_html("", "");
    assert_html("ann@company.example", "ann@company.example");
    assert_html("</script><script>", "&lt;/script&gt;&lt;script&gt;");
    assert_html("\"'&amp;`${}", "&quot;&#39;&amp;amp;`${}");
    assert_html("<span class=\"u\">U+202E</span>",
                "&lt;span class=&quot;u&quot;&gt;U+202E&lt;/span&gt;");
}

static void
test_invisible(void)
{
    assert_html("a\tb\nc\r\x7f", "a" U("U+0009") "b" U("U+000A") "c" U("U+000D") U("U+007F"));
    /* U+0085, U+00AD, U+00A0 */
    assert_html("\302\205\302\255\302\240", U("U+0085") U("U+00AD") U("U+00A0"));
    /* The bidi controls of UAX 9, zero width characters, line and paragraph separators. */
    assert_html("\330\234\342\200\216\342\200\217", U("U+061C") U("U+200E") U("U+200F"));
    assert_html("\342\200\252\342\200\256\342\201\246\342\201\251",
                U("U+202A") U("U+202E") U("U+2066") U("U+2069"));
    assert_html("\342\200\213\342\200\215\342\201\240\357\273\277",
                U("U+200B") U("U+200D") U("U+2060") U("U+FEFF"));
    assert_html("\342\200\250\342\200\251", U("U+2028") U("U+2029"));
    /* A Hangul filler, a variation selector, a tag, private use. */
    assert_html("\343\205\244\357\270\217\363\240\201\201\356\200\200",
                U("U+3164") U("U+FE0F") U("U+E0041") U("U+E000"));
    /* Scripts that are written from right to left are as good as others. */
    assert_html("\327\251\327\234\327\225\327\235", "\327\251\327\234\327\225\327\235");
}

static void
test_accents(void)
{
    assert_html("o\314\201\314\202\314\203", "o\314\201\314\202\314\203");
    assert_html("o\314\201\314\202\314\203\314\204\314\205x",
                "o\314\201\314\202\314\203" U("U+0304") U("U+0305") "x");
}

static void
test_bytes(void)
{
    assert_html("a\377b\303", "a" U("xFF") "b" U("xC3"));
    assert_html("\355\240\200\300\257", U("xED") U("xA0") U("x80") U("xC0") U("xAF"));
    g_autofree char *nul = html((TblSlice){"a\0b", 3}, 10);
    g_assert_cmpstr(nul, ==, "a" U("x00") "b");
}

static void
test_cut(void)
{
    g_autofree char *whole = html(tbl_slice("\303\244\303\266\303\274"), 3);
    g_autofree char *cut = html(tbl_slice("\303\244\303\266\303\274"), 2);
    g_assert_cmpstr(whole, ==, "\303\244\303\266\303\274");
    g_assert_cmpstr(cut, ==,
                    "\303\244\303\266<span class=\"cut\">\342\200\246 (6 bytes in all)</span>");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/html/markup", test_markup);
    g_test_add_func("/html/invisible", test_invisible);
    g_test_add_func("/html/accents", test_accents);
    g_test_add_func("/html/bytes", test_bytes);
    g_test_add_func("/html/cut", test_cut);
    return g_test_run();
}
