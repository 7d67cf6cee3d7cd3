#include "tables/json.h"

#include <math.h>

static void
test_writing(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    TblJson json;

    tbl_json_begin(&json, out);
    tbl_json_text(&json, "a", "x\"\\\n\r\t\x01\x7f ü");
    tbl_json_text(&json, "b", NULL);
    tbl_json_number(&json, "c", G_MININT64);
    tbl_json_real(&json, "d", 1.5);
    tbl_json_real(&json, "e", NAN);
    tbl_json_bool(&json, "f", true);
    tbl_json_array_begin(&json, "g");
    tbl_json_array_end(&json);
    tbl_json_array_begin(&json, "h");
    tbl_json_text(&json, NULL, "1");
    tbl_json_object_begin(&json, NULL);
    tbl_json_null(&json, "k\n");
    tbl_json_bool(&json, "l", false);
    tbl_json_object_end(&json);
    tbl_json_number(&json, NULL, 2);
    tbl_json_array_end(&json);
    tbl_json_object_begin(&json, "m");
    tbl_json_object_end(&json);
    tbl_json_end(&json);
    g_assert_cmpstr(
        out->str, ==,
        "{\"a\":\"x\\\"\\\\\\n\\r\\t\\u0001\\u007f ü\",\"b\":null,\"c\":-9223372036854775808,"
        "\"d\":1.500,\"e\":null,\"f\":true,\"g\":[],\"h\":[\"1\",{\"k\\n\":null,\"l\":false},2],"
        "\"m\":{}}");
}

static void
test_invalid_utf8(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    TblJson json;

    tbl_json_begin(&json, out);
    tbl_json_text(&json, "a", "x\xff\xc3y");
    tbl_json_end(&json);
    g_assert_cmpstr(out->str, ==, "{\"a\":\"x\xef\xbf\xbd\xef\xbf\xbdy\"}");
}

/* What some readers take for the end of a line is written as an escape, its neighbours are not. */
static void
test_line_breakers(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    TblJson json;

    tbl_json_begin(&json, out);
    tbl_json_text(
        &json, "a",
        "\xc2\x80\xc2\x85\xc2\x9f\xc2\xa0|\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa");
    tbl_json_end(&json);
    g_assert_cmpstr(
        out->str, ==,
        "{\"a\":\"\\u0080\\u0085\\u009f\xc2\xa0|\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa\"}");
}

static void
test_large_real(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    TblJson json;

    tbl_json_begin(&json, out);
    tbl_json_real(&json, "a", 1e300);
    tbl_json_end(&json);
    g_assert_true(g_str_has_suffix(out->str, ".000}"));
    g_assert_cmpuint(out->len, ==, strlen("{\"a\":") + 301 + strlen(".000}"));
}

static void
test_time(void)
{
    static const struct {
        gint64 seconds;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {1700000000, "2023-11-14T22:13:20Z"},
        {G_MAXINT64, "9999-12-31T23:59:59Z"},
        {G_MININT64, "0001-01-01T00:00:00Z"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = tbl_json_time(cases[i].seconds);
        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/writing", test_writing);
    g_test_add_func("/json/invalid-utf8", test_invalid_utf8);
    g_test_add_func("/json/line-breakers", test_line_breakers);
    g_test_add_func("/json/large-real", test_large_real);
    g_test_add_func("/json/time", test_time);
    return g_test_run();
}
