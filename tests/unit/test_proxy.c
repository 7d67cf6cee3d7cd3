#include "gif/proxy.h"

typedef struct {
    const char *text;
    bool bare;
    const char *expected; /* "TYPE:value key" and flags, or the fault */
} Case;

static const Case cases[] = {
    {"SMTP:Ann@North.Example", true, "SMTP:Ann@north.example smtp:ann@north.example"},
    {"smtp:a@b.example", true, "SMTP:a@b.example smtp:a@b.example lower"},
    {"sMtp:a@b.example", true, "SMTP:a@b.example smtp:a@b.example"},
    {"smtp:\"a b\"@c.example", true, "SMTP:\"a b\"@c.example smtp:a b@c.example lower"},
    {"smtp:a b@c.example", true, "237"},
    {"smtp:a@[192.0.2.1]", true, "237"},
    {"SMTP:", true, "237"},
    {"SMTP:nobody", true, "237"},
    {" SMTP: a@b.example ", true, "SMTP:a@b.example smtp:a@b.example trimmed"},
    {"a@b.example", true, "SMTP:a@b.example smtp:a@b.example bare"},
    {"a@b.example", false, "230"},
    {"nothing", true, "230"},
    {"a@", true, "230"},
    {":a", true, "231"},
    {"ABCDEFGHI:a", true, "232"},
    {"A!:b", true, "245"},
    {"X400:c=US;a= ;p=N;", true, "X400:c=US;a= ;p=N; x400:c=us;a= ;p=n;"},
    {"MIGRATE:PROFS:NODE(USER)", true, "MIGRATE:PROFS:NODE(USER) migrate:profs:node(user)"},
    {"X400:", true, "237"},
    {"X400:a\nb", true, "237"},
};

static void
test_parse(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GifProxy proxy;
        g_auto(TblArena) memory = {0};
        g_autofree char *reason = NULL, *got = NULL;
        int fault =
            gif_proxy_parse(&proxy, &memory, tbl_slice(cases[i].text), cases[i].bare, &reason);
        g_assert_cmpint(fault != 0, ==, reason != NULL);
        if (fault != 0)
            got = g_strdup_printf("%d", fault);
        else
            got = g_strdup_printf("%s:%s %s%s%s%s", proxy.type, proxy.value, proxy.key,
                                  proxy.lower ? " lower" : "", proxy.bare ? " bare" : "",
                                  proxy.trimmed ? " trimmed" : "");
        g_assert_cmpstr(got, ==, cases[i].expected);
    }
}

static void
test_long(void)
{
    GifProxy proxy;
    char *reason = NULL;
    g_auto(TblArena) memory = {0};
    g_autofree char *fits = g_strnfill(TBL_PROXY_MAX - strlen("X500:"), 'x');
    g_autofree char *good = g_strconcat("X500:", fits, NULL), *bad = g_strconcat(good, "x", NULL);
    g_assert_cmpint(gif_proxy_parse(&proxy, &memory, tbl_slice(good), true, &reason), ==, 0);
    g_assert_cmpint(gif_proxy_parse(&proxy, &memory, tbl_slice(bad), true, &reason), ==, 237);
    g_free(reason);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proxy/parse", test_parse);
    g_test_add_func("/proxy/long", test_long);
    return g_test_run();
}
