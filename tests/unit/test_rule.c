#include "tables/rule.h"

typedef struct {
    const char *rule, *first, *last, *display, *alias, *expected;
} Case;

static TblObject *
person(const Case *test)
{
    TblObject *object = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_MAILBOX, "The Name");
    tbl_object_set_text(object, TBL_TEXT_FIRST, test->first);
    tbl_object_set_text(object, TBL_TEXT_LAST, test->last);
    tbl_object_set_text(object, TBL_TEXT_DISPLAY, test->display);
    tbl_object_set_text(object, TBL_TEXT_ALIAS, test->alias);
    tbl_object_set_text(object, TBL_TEXT_INITIALS, "Q");
    return object;
}

static void
test_expansions(void)
{
    static const Case cases[] = {
        {"%g.%s", "Jörg", "Weiß", NULL, "u1", "Joerg.Weiss"},
        {"%g.%s", NULL, "Solo", NULL, "u3", "Solo"},
        {"%g.%s", NULL, NULL, NULL, "u4", "u4"},
        {"%g.%s", NULL, NULL, NULL, NULL, "TheName"},
        {"%1g%s", "Rolf", "Aske", NULL, "u1", "RAske"},
        {"%g%2s", "Paul", "Burke", NULL, "pb", "PaulBu"},
        {"%g.%s.%m", NULL, NULL, NULL, "nine", "nine"},
        {"", "Ann", "Lee", NULL, "ann", "ann"},
        {"SMTP:%i%m", NULL, NULL, NULL, "ann", "Qann"},
        {"%d", NULL, NULL, "Mark M. Clark", "mc", "MarkMClark"},
        {"%r._%d", NULL, NULL, "Mark M. Clark", "mc", "MarkM_Clark"},
        {"%r..%d", NULL, NULL, "Mark M. Clark", "mc", "MarkMClark"},
        {"%r ._%r .%d", NULL, NULL, "Mark Clark", "mc", "_Mark.Clark"},
        {"%s%raX%s", NULL, "Adam", NULL, "a", "AdamAdXm"},
        {"%g_%%x", "Ann", NULL, NULL, "a", "Ann_%x"},
        {"%g.%s", "Søren", "Žižek", NULL, "s", "Soren.Zizek"},
        {"%g.%s", "O'Ne il", "(x)", NULL, "s", "O'Neil.x"},
        {"%m", NULL, NULL, NULL, "ÄÖÜ", "AeOeUe"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(TblRule) rule = tbl_rule_parse(cases[i].rule, "north.example", &error);
        g_assert_no_error(error);
        g_autoptr(TblObject) object = person(&cases[i]);
        g_autofree char *local = tbl_rule_expand(rule, object, TBL_RULE_GERMAN);
        g_assert_cmpstr(local, ==, cases[i].expected);
    }
}

static void
test_nordic(void)
{
    Case test = {"%g.%s", "Åsa", "Öberg-Älv", NULL, "a", NULL};
    g_autoptr(TblRule) rule = tbl_rule_parse(test.rule, "north.example", NULL);
    g_autoptr(TblObject) object = person(&test);
    g_autofree char *nordic = tbl_rule_expand(rule, object, TBL_RULE_NORDIC);
    g_autofree char *german = tbl_rule_expand(rule, object, TBL_RULE_GERMAN);
    g_assert_cmpstr(nordic, ==, "Asa.Oberg-Alv");
    g_assert_cmpstr(german, ==, "Asa.Oeberg-Aelv");
}

static void
test_nothing_left(void)
{
    Case test = {"%g", "...", NULL, NULL, "@", NULL};
    g_autoptr(TblRule) rule = tbl_rule_parse(test.rule, "north.example", NULL);
    g_autoptr(TblObject) object = person(&test);
    g_assert_null(tbl_rule_expand(rule, object, TBL_RULE_GERMAN));
}

static void
test_refusals(void)
{
    static const char *const bad[] = {
        "%ra\x1a%g",   "a\nb", "%x",  "%",   "%0g", "%100g", "%5",
        "%ra",         "%5%",  "a b", "a\"", "ä%m", "%m@",   "%m@other.example",
        "%m@[1.2.3.4]"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(tbl_rule_parse(bad[i], "north.example", &error));
        g_assert_nonnull(error);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(tbl_rule_parse("%m", NULL, &error));
    g_autoptr(TblRule) rule = tbl_rule_parse("%m@NORTH.Example", NULL, NULL);
    g_assert_cmpstr(tbl_rule_domain(rule), ==, "north.example");
}

/* Whatever comes out fits into an address, with its quotes and a number. */
static void
test_room(void)
{
    g_autofree char *quotes = g_strnfill(100, 'q'), *label = g_strnfill(60, 'd');
    g_autofree char *domain = g_strdup_printf("%s.%s.%s.%s.example", label, label, label, label);
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_MAILBOX, "u1");
    tbl_object_set_text(object, TBL_TEXT_LAST, quotes);
    g_autoptr(TblRule) quoting = tbl_rule_parse("%rq\"%s", "n.example", NULL);
    g_autofree char *short_local = tbl_rule_expand(quoting, object, TBL_RULE_GERMAN);
    g_assert_cmpuint(strlen(short_local), ==, 28); /* each with a backslash, and two around */
    g_autoptr(TblRule) far = tbl_rule_parse("%s", domain, NULL);
    g_autofree char *none = tbl_rule_expand(far, object, TBL_RULE_GERMAN);
    g_assert_null(none);
}

static void
test_same(void)
{
    g_assert_true(tbl_rule_same("%g.%s", "smtp:%g.%s@North.Example", "north.example"));
    g_assert_true(tbl_rule_same("%m", "@north.example", "north.example"));
    g_assert_true(tbl_rule_same(NULL, NULL, "north.example"));
    g_assert_false(tbl_rule_same("%m", NULL, "north.example"));
    g_assert_false(tbl_rule_same("%m", "%g", "north.example"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rule/expansions", test_expansions);
    g_test_add_func("/rule/nordic", test_nordic);
    g_test_add_func("/rule/nothing-left", test_nothing_left);
    g_test_add_func("/rule/refusals", test_refusals);
    g_test_add_func("/rule/same", test_same);
    g_test_add_func("/rule/room", test_room);
    return g_test_run();
}
