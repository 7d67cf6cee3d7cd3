#include "policyd/compare_value.h"

static void
test_equal(void)
{
    static const struct {
        TblMap map;
        const char *ours, *theirs;
        bool equal;
    } cases[] = {
        {TBL_MAP_VIRTUAL_ALIAS_MAPS, "a@x.example,b@y.example", "b@Y.example  A@x.example,", true},
        {TBL_MAP_VIRTUAL_ALIAS_MAPS, "a@x.example", "a@x.example, a@x.example", true},
        {TBL_MAP_VIRTUAL_ALIAS_MAPS, "a@x.example", "a@x.example,b@x.example", false},
        {TBL_MAP_VIRTUAL_ALIAS_MAPS, "a@x.example", "b@x.example", false},
        {TBL_MAP_VIRTUAL_ALIAS_MAPS, "ann@other.example", "@other.example", true},
        {TBL_MAP_VIRTUAL_ALIAS_MAPS, "\"j, s\"@x.example", "\"j, s\"@x.example", true},
        {TBL_MAP_VIRTUAL_ALIAS_MAPS, "\"j\\\" s\"@x.example", "s@x.example", false},
        {TBL_MAP_VIRTUAL_ALIAS_MAPS, "j@x\xc3\xb6.example", "j@xn--x-1ga.example", true},
        {TBL_MAP_VIRTUAL_ALIAS_MAPS, "a@x.example", NULL, false},
        {TBL_MAP_VIRTUAL_ALIAS_MAPS, NULL, "a@x.example", false},
        {TBL_MAP_VIRTUAL_ALIAS_MAPS, NULL, NULL, true},
        {TBL_MAP_RELAY_RECIPIENT_MAPS, "a@x.example", "OK", true},
        {TBL_MAP_RELAY_RECIPIENT_MAPS, "a@x.example", NULL, false},
        {TBL_MAP_RELAY_DOMAINS, "x.example", "anything", true},
        {TBL_MAP_SENDER_LOGIN_MAPS, "ann,bob", "Bob Ann", true},
        {TBL_MAP_SENDER_LOGIN_MAPS, "ann", "bob", false},
        {TBL_MAP_TRANSPORT_MAPS, "relay:[a]:25", "relay:[a]:25 ", true},
        {TBL_MAP_TRANSPORT_MAPS, "relay:[a]:25", "smtp:[a]:25", false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        if (pd_compare_equal(cases[i].map, "ann@key.example", cases[i].ours, cases[i].theirs) !=
            cases[i].equal)
            g_assert_cmpuint(i, ==, G_MAXSIZE); /* names the case */
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compare_value/equal", test_equal);
    return g_test_run();
}
