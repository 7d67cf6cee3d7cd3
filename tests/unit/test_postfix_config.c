#include "policyd/postfix_config.h"

static PdPostfixConfig *
chrooted(const char *column)
{
    g_autofree char *services =
        g_strdup_printf("smtp inet n - %s - - smtpd\n    -o x=y\nsubmission inet n - n - - smtpd\n"
                        "# comment inet n - y - - smtpd\nmail unix - - n - - virtual\nshort\n",
                        column);
    return pd_postfix_config_parse(
        "queue_directory = /q\nvirtual_alias_maps = $virtual_maps\nempty =\n",
        "queue_directory = /q\nvirtual_alias_maps =\ncompatibility_level = 3.6\n"
        "virtual_transport = mail:x\n",
        "queue_directory = /q\n", services,
        "submission/inet/smtpd_recipient_restrictions = permit\nodd\nx/y = z\n"
        "nobody/inet/a = b\n");
}

static void
test_read(void)
{
    g_autoptr(PdPostfixConfig) postfix = chrooted("y");
    const GPtrArray *services = pd_postfix_config_services(postfix);
    g_assert_cmpstr(pd_postfix_config_raw(postfix, "virtual_alias_maps"), ==, "$virtual_maps");
    g_assert_cmpstr(pd_postfix_config_value(postfix, "virtual_alias_maps"), ==, "");
    g_assert_cmpstr(pd_postfix_config_raw(postfix, "nothing"), ==, "");
    g_assert_true(pd_postfix_config_given(postfix, "queue_directory"));
    g_assert_false(pd_postfix_config_given(postfix, "virtual_alias_maps"));
    g_assert_cmpuint(services->len, ==, 3);
    g_autoptr(GPtrArray) names =
        pd_postfix_config_overriders(postfix, "smtpd_recipient_restrictions");
    g_assert_cmpuint(names->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(names, 0), ==, "submission/inet");
}

static void
test_virtual(void)
{
    g_autoptr(PdPostfixConfig) postfix = chrooted("y");
    const PdPostfixService *service;
    g_assert_true(pd_postfix_delivers_virtual(postfix, NULL, &service));
    g_assert_cmpstr(service->name, ==, "mail");
    g_assert_true(pd_postfix_delivers_virtual(postfix, "virtual:", &service));
    g_assert_null(service);
    g_assert_false(pd_postfix_delivers_virtual(postfix, "lmtp:unix:x", &service));
}

static void
test_split(void)
{
    static const struct {
        const char *value, *tokens;
    } cases[] = {
        {"", ""},
        {" , a,b\tc ,, d ", "a|b|c|d"},
        {"inline:{ { @a.b = x }, { c = y } }, d", "inline:{ { @a.b = x }, { c = y } }|d"},
        {"check { unix:x, timeout=1 } b", "check|{ unix:x, timeout=1 }|b"},
        {"{ open, a", "{ open, a"},
        {"a}b c", "a}b|c"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) tokens = pd_postfix_split(cases[i].value);
        g_ptr_array_add(tokens, NULL);
        g_autofree char *joined = g_strjoinv("|", (char **)tokens->pdata);
        g_assert_cmpstr(joined, ==, cases[i].tokens);
    }
}

static bool
is_capital(const char *element, G_GNUC_UNUSED guint index, G_GNUC_UNUSED gpointer data)
{
    return g_ascii_isupper(*element);
}

/* What somebody wrote stays as it was written. */
static void
test_append_others(void)
{
    static const struct {
        const char *value, *left;
    } cases[] = {
        {"", "x"},
        {"A, B", "x"},
        {"a b,c", "x, a b,c"},
        {" check inet:1, { d, e }  f ", "x, check inet:1, { d, e }  f"},
        {"A b, C D, e", "x, b, e"},
        {"b C, D", "x, b"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new("x");
        pd_postfix_append_others(out, ", ", cases[i].value, is_capital, NULL);
        g_assert_cmpstr(out->str, ==, cases[i].left);
    }
}

static void
test_socketmap(void)
{
    static const struct {
        const char *token, *endpoint, *map;
    } cases[] = {
        {"socketmap:unix:policyd/socketmap:relay_domains", "unix:policyd/socketmap",
         "relay_domains"},
        {"proxy:socketmap:inet:127.0.0.1:10045:x", "inet:127.0.0.1:10045", "x"},
        {"hash:/etc/postfix/virtual", NULL, NULL},
        {"socketmap:", NULL, NULL},
        {"", NULL, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *endpoint = NULL;
        g_autofree char *map = NULL;
        g_assert_true(pd_postfix_socketmap(cases[i].token, &endpoint, &map) ==
                      (cases[i].map != NULL));
        g_assert_cmpstr(endpoint, ==, cases[i].endpoint);
        g_assert_cmpstr(map, ==, cases[i].map);
    }
}

static void
test_endpoint(void)
{
    g_autoptr(PdPostfixConfig) inside = chrooted("y");
    g_autoptr(PdPostfixConfig) outside = chrooted("n");
    char *below[] = {(char *)"unix:/q/policyd/s", (char *)"inet:127.0.0.1:1", NULL};
    char *elsewhere[] = {(char *)"unix:/run/s", (char *)"inet:0.0.0.0:1", NULL};
    char *sibling[] = {(char *)"unix:/queue/s", NULL};
    char *nothing[] = {NULL};
    g_assert_true(pd_postfix_endpoint_is(inside, "unix:policyd/s", below));
    g_assert_true(pd_postfix_endpoint_is(inside, "local:/q/policyd/../policyd/s", below));
    g_assert_true(pd_postfix_endpoint_is(inside, "inet:127.0.0.1:1", elsewhere));
    g_assert_false(pd_postfix_endpoint_is(inside, "unix:policyd/t", below));
    g_assert_false(pd_postfix_endpoint_is(inside, "inet:127.0.0.1:2", below));
    g_assert_true(pd_postfix_endpoint_usable(inside, "unix:policyd/s"));
    g_assert_false(pd_postfix_endpoint_usable(inside, "unix:/q/policyd/s"));
    g_assert_true(pd_postfix_endpoint_usable(outside, "unix:/q/policyd/s"));
    g_autofree char *a = pd_postfix_endpoint_spell(inside, below);
    g_autofree char *b = pd_postfix_endpoint_spell(inside, elsewhere);
    g_autofree char *c = pd_postfix_endpoint_spell(outside, elsewhere);
    g_autofree char *d = pd_postfix_endpoint_spell(inside, sibling);
    g_assert_cmpstr(a, ==, "unix:policyd/s");
    g_assert_cmpstr(b, ==, "inet:127.0.0.1:1");
    g_assert_cmpstr(c, ==, "unix:/run/s");
    g_assert_cmpstr(d, ==, "unix:/queue/s");
    g_assert_null(pd_postfix_endpoint_spell(inside, nothing));
}

static void
test_policy(void)
{
    static const char braces[] = "{ unix:p, timeout=9s, { default_action = 451 4.3.0 later } }";
    g_autofree char *plain = pd_postfix_policy_server("unix:p");
    g_autofree char *braced = pd_postfix_policy_server(braces);
    g_autofree char *empty = pd_postfix_policy_server("{ }");
    g_autofree char *timeout = pd_postfix_policy_attribute(braces, "timeout");
    g_autofree char *action = pd_postfix_policy_attribute(braces, "default_action");
    g_assert_cmpstr(plain, ==, "unix:p");
    g_assert_cmpstr(braced, ==, "unix:p");
    g_assert_cmpstr(empty, ==, "");
    g_assert_cmpstr(timeout, ==, "9s");
    g_assert_cmpstr(action, ==, "451 4.3.0 later");
    g_assert_null(pd_postfix_policy_attribute(braces, "time"));
    g_assert_null(pd_postfix_policy_attribute("unix:p", "timeout"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/postfix_config/read", test_read);
    g_test_add_func("/postfix_config/virtual", test_virtual);
    g_test_add_func("/postfix_config/split", test_split);
    g_test_add_func("/postfix_config/append_others", test_append_others);
    g_test_add_func("/postfix_config/socketmap", test_socketmap);
    g_test_add_func("/postfix_config/endpoint", test_endpoint);
    g_test_add_func("/postfix_config/policy", test_policy);
    return g_test_run();
}
