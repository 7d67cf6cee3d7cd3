#include "tables/json_reader.h"

#include <string.h>

static GHashTable *
read_text(const char *text)
{
    return tbl_json_read(text, strlen(text), NULL);
}

static void
test_members(void)
{
    g_autoptr(GHashTable) members = read_text("{\"a\":\"x\\n\\u00fc\",\"b\":12,\"c\":true,\"d\":"
                                              "null,\"e\":[1,\"2\"],\"f\":{\"g\":1},\"\":\"\"}\n");

    g_assert_nonnull(members);
    g_assert_cmpstr(g_hash_table_lookup(members, "a"), ==, "x\nü");
    g_assert_cmpstr(g_hash_table_lookup(members, "b"), ==, "12");
    g_assert_cmpstr(g_hash_table_lookup(members, "c"), ==, "true");
    g_assert_cmpstr(g_hash_table_lookup(members, "d"), ==, "null");
    g_assert_cmpstr(g_hash_table_lookup(members, "e"), ==, "[1,\"2\"]");
    g_assert_cmpstr(g_hash_table_lookup(members, "f"), ==, "{\"g\":1}");
    g_assert_cmpstr(g_hash_table_lookup(members, ""), ==, "");
    g_assert_null(g_hash_table_lookup(members, "g"));
}

static void
test_refused(void)
{
    static const char *const texts[] = {
        "",        " ",       "[]",         "\"a\"",        "12",
        "{",       "{\"a\"}", "{\"a\":1}}", "{\"a\":\xff}", "{\"a\":\"\xff\"}",
        "nonsense"};
    g_autofree char *deep = g_strnfill(100000, '[');

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;

        g_test_message("text %u", i);
        g_assert_null(tbl_json_read(texts[i], strlen(texts[i]), &error));
        g_assert_nonnull(error);
    }
    g_assert_null(read_text(deep));
    g_assert_null(tbl_json_read("{\"a\":\0001}", 8, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json_reader/members", test_members);
    g_test_add_func("/json_reader/refused", test_refused);
    return g_test_run();
}
