#include "tables/referrer.h"

static GHashTable *
collect(const char *member, const char *target)
{
    g_autoptr(TblObject) list = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_DL, "list");
    GHashTable *keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (member)
        g_ptr_array_add(list->refs[TBL_REFS_MEMBERS], g_strdup(member));
    if (target)
        list->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice(target), true);
    tbl_referrer_collect(list, keys);
    return keys;
}

/* All keys in order, with blanks between. */
static char *
keys_of(const char *member, const char *target)
{
    g_autoptr(GHashTable) keys = collect(member, target);
    g_autoptr(GList) sorted = g_list_sort(g_hash_table_get_keys(keys), (GCompareFunc)strcmp);
    GString *text = g_string_new(NULL);
    for (GList *at = sorted; at; at = at->next)
        g_string_append_printf(text, "%s%s", text->len ? " " : "", (const char *)at->data);
    return g_string_free(text, FALSE);
}

static void
test_keys(void)
{
    static const struct {
        const char *member, *target, *keys;
    } cases[] = {
        {"Ann", NULL, "m1nann"},
        {"A@b.example", NULL, "m1@a@b.example m1na@b.example"},
        {"a+x@b.example", NULL, "m1+a@b.example m1@a+x@b.example m1na+x@b.example"},
        {"a+x@q.r.b.example", NULL,
         "m1+a@q.r.b.example m1.a+x@.b.example m1.a@.b.example m1@a+x@q.r.b.example "
         "m1na+x@q.r.b.example"},
        {"X400:c=US;s=Eve;", NULL, "m1@x400:c=us;s=eve; m1nx400:c=us;s=eve;"},
        {NULL, "A@q.r.b.example", "t1.smtp:a@.b.example t1@smtp:a@q.r.b.example"},
        {NULL, "a@b.example", "t1@smtp:a@b.example"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *keys = keys_of(cases[i].member, cases[i].target);
        g_assert_cmpstr(keys, ==, cases[i].keys);
    }
}

/* However many labels and extensions one could see in a reference, it is noted a few times. */
static void
test_few_keys(void)
{
    enum { LABELS = 100, MOST = 20 };
    g_autoptr(GString) member = g_string_new("a-b+c-d-e+f-g-h+i-j-k@");
    for (guint i = 0; i < LABELS; i++)
        g_string_append(member, "l.");
    g_string_append(member, "example");
    g_autoptr(GHashTable) keys = collect(member->str, NULL);
    g_assert_cmpuint(g_hash_table_size(keys), <, MOST);
}

static void
test_below(void)
{
    g_assert_cmpstr(tbl_referrer_below("q.r.b.example"), ==, ".b.example");
    g_assert_cmpstr(tbl_referrer_below(".r.b.example"), ==, ".b.example");
    g_assert_cmpstr(tbl_referrer_below(".b.example"), ==, ".b.example");
    g_assert_null(tbl_referrer_below("b.example"));
    g_assert_null(tbl_referrer_below(".example"));
    g_assert_null(tbl_referrer_below("example"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/referrer/keys", test_keys);
    g_test_add_func("/referrer/few-keys", test_few_keys);
    g_test_add_func("/referrer/below", test_below);
    return g_test_run();
}
