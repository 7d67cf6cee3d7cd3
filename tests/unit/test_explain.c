#include "policyd/explain.h"
#include "tests/unit/fixture.h"

/* The explanation out of the committed store; caller frees. */
static PdExplanation *
explain(Fixture *fixture, const char *key)
{
    PdStats stats = {0};
    PdAnswerer *answerer = pd_answerer_new(fixture->config, &stats);
    pd_answerer_set_reader(answerer, tbl_reader_new(fixture->store, NULL));
    PdExplanation *explanation = pd_explain_new(answerer, key);
    pd_answerer_free(answerer);
    return explanation;
}

static void
assert_smtp(Fixture *fixture, const char *key, const char *smtp, const char *because)
{
    g_autoptr(PdExplanation) explanation = explain(fixture, key);
    g_assert_true(g_str_has_prefix(explanation->smtp, smtp));
    if (!strstr(explanation->sentence, because))
        g_error("%s: \"%s\" does not say \"%s\"", key, explanation->sentence, because);
    g_assert_true(g_str_has_suffix(explanation->sentence, "."));
    g_assert_cmpint(explanation->temporary, ==, smtp[0] == '4');
}

static void
test_outcomes(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    fixture_put(fixture, fixture_object(TBL_CLASS_DL, "void", "SMTP:void@box.example", NULL));
    fixture_commit(fixture);
    assert_smtp(fixture, "ann.lee@relay.example", "250 2.1.5 Ok",
                "keeps its address because it is the primary address of mailbox \"ann\"");
    assert_smtp(fixture, "ann@alias.example", "250 2.1.5 Ok",
                "goes to Ann.Lee@relay.example because it is a secondary address of");
    assert_smtp(fixture, "ann+x@alias.example", "250 2.1.5 Ok",
                "goes to Ann.Lee+x@relay.example because without its extension it is a secondary");
    assert_smtp(fixture, "who@box.example",
                "550 5.1.1 <who@box.example>: Recipient address rejected: ",
                "refused (550 5.1.1) because nobody has it in box.example");
    assert_smtp(fixture, "void@box.example", "550 5.2.4 ", "dl \"void\" has no recipients");
    assert_smtp(fixture, "\"a@box.example", "550 5.1.1 ", "no address that anybody can have");
    assert_smtp(fixture, "who@where.example", "not ours", "its domain is not declared here");
    assert_smtp(fixture, "where.example", "no address", "not declared here");
    assert_smtp(fixture, "relay.example", "no address", "declared with class relay");
    assert_smtp(fixture, "a b", "no address", "neither an address nor a domain");
}

/* A replica may hold what an import refuses. */
static void
test_over_limits(void)
{
    g_autoptr(Fixture) fixture = fixture_world("[limits]\nlist-recipients=1\n");
    TblObject *list = fixture_object(TBL_CLASS_DL, "big", "SMTP:big@box.example", NULL);
    g_ptr_array_add(list->refs[TBL_REFS_MEMBERS], g_strdup("ann"));
    g_ptr_array_add(list->refs[TBL_REFS_MEMBERS], g_strdup("x@far.example"));
    fixture_put(fixture, list);
    fixture_commit(fixture);
    assert_smtp(fixture, "big@box.example", "450 4.2.4 ", "dl \"big\" is over the limits");
}

static void
test_disabled(void)
{
    g_autoptr(Fixture) fixture =
        fixture_world("[directory]\nuri=ldap://127.0.0.1\nbase=dc=x\nallow-plaintext=yes\n"
                      "exclude-disabled=yes\n");
    TblObject *gone = fixture_object(TBL_CLASS_MAILBOX, "gone", "SMTP:gone@box.example", NULL);
    gone->disabled = true;
    fixture_put(fixture, gone);
    fixture_commit(fixture);
    g_autoptr(PdExplanation) explanation = explain(fixture, "gone@box.example");
    const PdExplainStep *exact = g_ptr_array_index(explanation->steps, 2);
    g_assert_cmpstr(exact->step, ==, "exact");
    g_assert_cmpint(exact->result, ==, PD_STEP_HIDDEN);
    g_assert_cmpuint(exact->rows->len, ==, 1);
    g_assert_nonnull(strstr(explanation->sentence, "mailbox \"gone\" is disabled"));
}

/* Without objects absence is not certain; a domain without a route and with [routes] cannot even be
 * resolved. */
static void
test_not_populated(void)
{
    static const struct {
        const char *config, *smtp;
    } cases[] = {{"", "450 4.3.0 "}, {"[routes]\nA=smtp:[a.example]\n", "451 4.3.0 "}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Fixture) fixture = fixture_new(cases[i].config);
        fixture_declare_class(fixture, "relay.example", TBL_DOMAIN_RELAY);
        fixture_commit(fixture);
        assert_smtp(fixture, "ann@relay.example", cases[i].smtp, "the store is not populated yet");
    }
}

/* What goes over the wire obeys the limits: an over-long request is absent, and one to the policy
 * service has no reply. */
static void
test_limits_of_requests(void)
{
    g_autoptr(Fixture) fixture =
        fixture_world("[limits]\nsocketmap-request=1024\npolicy-request=1024\n");
    fixture_commit(fixture);
    g_autofree char *extension = g_strnfill(1100, 'x');
    g_autofree char *key = g_strdup_printf("ann+%s@relay.example", extension);
    g_autoptr(PdExplanation) explanation = explain(fixture, key);
    g_assert_cmpstr(explanation->map[TBL_MAP_RELAY_DOMAINS].word, ==, "OK");
    g_assert_cmpstr(explanation->map[TBL_MAP_RELAY_RECIPIENT_MAPS].word, ==, "NOTFOUND");
    g_assert_cmpstr(explanation->policy, ==, "");
    g_assert_true(g_str_has_prefix(explanation->smtp, "451 4.3.5 "));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/explain/outcomes", test_outcomes);
    g_test_add_func("/explain/over-limits", test_over_limits);
    g_test_add_func("/explain/disabled", test_disabled);
    g_test_add_func("/explain/not-populated", test_not_populated);
    g_test_add_func("/explain/limits-of-requests", test_limits_of_requests);
    return g_test_run();
}
