#include "tables/domain.h"

typedef struct {
    const char *route;
    TblDomainClass domain_class;
    const char *stored; /* or NULL: refused */
    const char *hint;   /* what the message must say */
} RouteCase;

static const RouteCase cases[] = {
    {"[mx.example]:25", TBL_DOMAIN_RELAY, "relay:[mx.example]:25", NULL},
    {"[mx.example]:25", TBL_DOMAIN_VIRTUAL_MAILBOX, "smtp:[mx.example]:25", NULL},
    {"mx.example", TBL_DOMAIN_ROUTE, "smtp:mx.example", NULL},
    {"  relay:[a.example] ,[b.example]:587 ", TBL_DOMAIN_RELAY,
     "relay:[a.example], [b.example]:587", NULL},
    {"a.example, smtp.example", TBL_DOMAIN_RELAY, "relay:a.example, smtp.example", NULL},
    {"smtp:[2001:db8::1]:25", TBL_DOMAIN_RELAY, "smtp:[2001:db8::1]:25", NULL},
    {"[2001:db8::1]", TBL_DOMAIN_RELAY, "relay:[2001:db8::1]", NULL},
    {"smtp:mx.example:2025", TBL_DOMAIN_RELAY, "smtp:mx.example:2025", NULL},
    {"smtp:[mx.example]:submission", TBL_DOMAIN_RELAY, "smtp:[mx.example]:submission", NULL},
    {"lmtp:unix:/run/lmtp", TBL_DOMAIN_VIRTUAL_MAILBOX, "lmtp:unix:/run/lmtp", NULL},
    {"lmtp:inet:127.0.0.1:24", TBL_DOMAIN_VIRTUAL_MAILBOX, "lmtp:inet:127.0.0.1:24", NULL},
    {"discard:", TBL_DOMAIN_RELAY, "discard:", NULL},
    {"discard: silently, always", TBL_DOMAIN_RELAY, "discard:silently, always", NULL},
    {"error:5.1.1 no, never: gone", TBL_DOMAIN_RELAY, "error:5.1.1 no, never: gone", NULL},
    {"error:550", TBL_DOMAIN_RELAY, "error:550", NULL},
    {"retry: 4.2.0 moving", TBL_DOMAIN_RELAY, "retry:4.2.0 moving", NULL},
    {"maildrop:store", TBL_DOMAIN_VIRTUAL_MAILBOX, "maildrop:store", NULL},
    {"mx.example:25", TBL_DOMAIN_RELAY, NULL, "[mx.example]:25"},
    {"localhost:2525", TBL_DOMAIN_RELAY, NULL, "[localhost]:2525"},
    {"mx.example:submission", TBL_DOMAIN_RELAY, NULL, "[mx.example]:submission"},
    {"inet:127.0.0.1:24", TBL_DOMAIN_RELAY, NULL, "only after lmtp:"},
    {"unix:/run/lmtp", TBL_DOMAIN_RELAY, NULL, "only after lmtp:"},
    {"smtp:unix:/run/lmtp", TBL_DOMAIN_RELAY, NULL, "only after lmtp:"},
    {"relay:[a.example], inet:b.example:25", TBL_DOMAIN_RELAY, NULL, "only after lmtp:"},
    {"lmtp:unix:", TBL_DOMAIN_RELAY, NULL, "lmtp:unix:/path"},
    {"25", TBL_DOMAIN_RELAY, NULL, "[host]:25"},
    {"mx.example: 25", TBL_DOMAIN_RELAY, NULL, "[mx.example]:25"},
    {"relay:[a.example], 25", TBL_DOMAIN_RELAY, NULL, "[host]:25"},
    {"smtp:", TBL_DOMAIN_RELAY, NULL, "empty"},
    {"smtp:  ", TBL_DOMAIN_RELAY, NULL, "empty"},
    {"smtp:a.example,", TBL_DOMAIN_RELAY, NULL, "empty"},
    {"a.example,,b.example", TBL_DOMAIN_RELAY, NULL, "empty"},
    {"", TBL_DOMAIN_RELAY, NULL, "empty"},
    {" ", TBL_DOMAIN_ROUTE, NULL, "empty"},
    {":mx.example", TBL_DOMAIN_RELAY, NULL, "transport"},
    {"a b:mx.example", TBL_DOMAIN_RELAY, NULL, "transport"},
    {"a.example b.example", TBL_DOMAIN_RELAY, NULL, "blank"},
    {"error:", TBL_DOMAIN_RELAY, NULL, "text"},
    {"retry: ", TBL_DOMAIN_RELAY, NULL, "text"},
    {"[mx.example", TBL_DOMAIN_RELAY, NULL, "[host]"},
    {"[]", TBL_DOMAIN_RELAY, NULL, "[host]"},
    {"[mx.example]:65536", TBL_DOMAIN_RELAY, NULL, "[mx.example]:25"},
    {"[mx.example]:0", TBL_DOMAIN_RELAY, NULL, "[mx.example]:25"},
    {"[mx.example]25", TBL_DOMAIN_RELAY, NULL, "[mx.example]:25"},
    {"[mx.example]:", TBL_DOMAIN_RELAY, NULL, "[mx.example]:25"},
    {"smtp:a\tb", TBL_DOMAIN_RELAY, NULL, "control"},
    {"error:a\nb", TBL_DOMAIN_RELAY, NULL, "control"},
    {"error:\xff", TBL_DOMAIN_RELAY, NULL, "UTF-8"},
    {"smtp:[mx.example]", TBL_DOMAIN_VIRTUAL_ALIAS, NULL, "virtual-alias"},
};

static void
test_routes(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *stored = tbl_route_complete(cases[i].route, cases[i].domain_class, &error);

        g_test_message("route %u", i);
        g_assert_cmpstr(stored, ==, cases[i].stored);
        if (cases[i].stored) {
            g_assert_no_error(error);
            continue;
        }
        g_assert_nonnull(error);
        g_assert_nonnull(strstr(error->message, cases[i].hint));
    }
}

/* What is stored is accepted again and stays the same, whatever the class. */
static void
test_idempotent(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *again = NULL;

        if (!cases[i].stored)
            continue;
        again = tbl_route_complete(cases[i].stored, TBL_DOMAIN_ROUTE, NULL);
        g_assert_cmpstr(again, ==, cases[i].stored);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/route/routes", test_routes);
    g_test_add_func("/route/idempotent", test_idempotent);
    return g_test_run();
}
