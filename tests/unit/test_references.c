#include "gif/references.h"

static void
test_names(void)
{
    static const struct {
        const char *text, *name;
    } cases[] = {
        {"ann", "ann"},
        {"Recipients/cn=ann", "ann"},
        {"Recipients/cn=Sub/CN= Ann Lee ", "Ann Lee"},
        {"/o=Org/ou=Site/cn=Recipients/cn=Name", "Name"},
        {"cn=bo", "bo"},
        {"cn=Lee, Ann", "Lee, Ann"},
        {"CN=Ann,OU=Staff,DC=north,DC=example", "CN=Ann,OU=Staff,DC=north,DC=example"},
        {"cn=Lee\\, Ann, 2.5.4.11=Staff", "cn=Lee\\, Ann, 2.5.4.11=Staff"},
        {"cn=a\\,dc=b", "a\\,dc=b"},
        {"cn=a,", "a,"},
        {"cn=a,=b", "a,=b"},
        {"cn=a\\", "a\\"},
        {"user/dept@far.example", "user/dept@far.example"},
        {"/cn=CN=Ann,OU=Staff", "CN=Ann,OU=Staff"},
        {"//cn=a/cn=b", "a/cn=b"},
        {"/o=Org/ou=Site", NULL},
        {"Recipients/cn=", NULL},
        {"a\nb", NULL},
        {"", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = gif_reference_name(tbl_slice(cases[i].text));
        g_assert_cmpstr(name, ==, cases[i].name);
    }
}

static char *
listed(const GifReferences *references)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    gif_references_copy(references, list);
    g_ptr_array_add(list, NULL);
    return g_strjoinv(",", (char **)list->pdata);
}

static void
test_list(void)
{
    g_autoptr(GPtrArray) start = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(start, g_strdup("a"));
    g_ptr_array_add(start, g_strdup("b"));
    g_autoptr(GifReferences) references = gif_references_new(start);
    g_assert_cmpuint(start->len, ==, 0);
    g_assert_false(gif_references_add(references, "A"));
    g_assert_true(gif_references_add(references, "\xc3\x84"));
    g_assert_false(gif_references_add(references, "\xc3\xa4"));
    g_assert_true(gif_references_remove(references, "B"));
    g_assert_false(gif_references_remove(references, "b"));
    g_assert_true(gif_references_add(references, "b"));
    g_assert_true(gif_references_contains(references, "a"));
    g_assert_cmpuint(gif_references_count(references), ==, 3);
    g_autofree char *all = listed(references);
    g_assert_cmpstr(all, ==, "a,\xc3\x84,b");
    gif_references_clear(references);
    g_assert_cmpuint(gif_references_count(references), ==, 0);
    g_assert_true(gif_references_add(references, "a"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/references/names", test_names);
    g_test_add_func("/references/list", test_list);
    return g_test_run();
}
