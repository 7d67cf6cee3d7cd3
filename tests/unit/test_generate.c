#include "tables/generate.h"
#include "tests/unit/fixture.h"

static void
declare_with_rule(Fixture *fixture, const char *name, const char *rule)
{
    TblDomain *domain = tbl_domain_new(name, TBL_DOMAIN_VIRTUAL_ALIAS);
    domain->rule = g_strdup(rule);
    fixture_declare(fixture, domain);
    g_assert_true(tbl_generate_domain(fixture_draft(fixture), name, true, NULL));
}

static void
mailbox(Fixture *fixture, TblOrigin origin, const char *name, const char *first, const char *last,
        guint64 created)
{
    g_autofree char *address = g_strdup_printf("SMTP:%s@relay.example", name);
    TblObject *object = fixture_object(TBL_CLASS_MAILBOX, name, address, NULL);
    object->origin = origin;
    object->created = created;
    tbl_object_set_text(object, TBL_TEXT_FIRST, first);
    tbl_object_set_text(object, TBL_TEXT_LAST, last);
    fixture_put(fixture, object);
}

static Fixture *
world(void)
{
    Fixture *fixture = fixture_new("");
    fixture_declare(fixture, tbl_domain_new("relay.example", TBL_DOMAIN_RELAY));
    return fixture;
}

static void
give(Fixture *fixture, const char *name, const char *address)
{
    TblObject *object = tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, name, NULL);
    g_ptr_array_add(object->addresses, tbl_proxy_new(tbl_slice("SMTP"), tbl_slice(address), false));
    fixture_put(fixture, object);
}

static void
test_present_and_future(void)
{
    g_autoptr(Fixture) fixture = world();
    mailbox(fixture, TBL_ORIGIN_LOCAL, "u1", "Jörg", "Weiß", 0);
    declare_with_rule(fixture, "new.example", "%g.%s");
    fixture_commit(fixture);
    mailbox(fixture, TBL_ORIGIN_LOCAL, "u2", "Joerg", "Weiss", 0);
    mailbox(fixture, TBL_ORIGIN_LOCAL, "u3", "JOERG", "weiss", 0);
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "joerg.weiss@new.example", "OK u1@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "joerg.weiss2+x@new.example",
                  "OK u2+x@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "joerg.weiss3@new.example", "OK u3@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "joerg.weiss4@new.example", "NOTFOUND");
}

static void
test_goes_with_its_rule(void)
{
    g_autoptr(Fixture) fixture = world();
    mailbox(fixture, TBL_ORIGIN_LOCAL, "u1", "Ann", "Lee", 0);
    declare_with_rule(fixture, "new.example", "%g");
    give(fixture, "u1", "hand@new2.example");
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "ann@new.example", "OK u1@relay.example");
    declare_with_rule(fixture, "new.example", "%s");
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "ann@new.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_alias_maps", "lee@new.example", "OK u1@relay.example");
    declare_with_rule(fixture, "new.example", NULL);
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "lee@new.example", "NOTFOUND");
}

/* What the old rule made must not stand in the way of the new one, whoever comes first. */
static void
test_changed_rule_begins_anew(void)
{
    g_autoptr(Fixture) fixture = world();
    mailbox(fixture, TBL_ORIGIN_LOCAL, "u1", "Ray", "Lee", 0);
    mailbox(fixture, TBL_ORIGIN_LOCAL, "u2", "Ann", "Ray", 0);
    mailbox(fixture, TBL_ORIGIN_LOCAL, "u3", "Bob", "Ray", 0);
    declare_with_rule(fixture, "new.example", "%s");
    declare_with_rule(fixture, "new.example", "%g");
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "ray@new.example", "OK u1@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "ray2@new.example", "NOTFOUND");
    declare_with_rule(fixture, "new.example", "%s");
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "ray@new.example", "OK u2@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "ray2@new.example", "OK u3@relay.example");
}

/* An address that is another's target elsewhere is not free; in a declared domain it is just that.
 */
static void
test_targets(void)
{
    g_autoptr(Fixture) fixture = world();
    TblObject *remote = fixture_object(TBL_CLASS_REMOTE, "r", "smtp:r@relay.example", NULL);
    remote->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("ann@far.example"), true);
    fixture_put(fixture, remote);
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_MAILBOX, "ann");
    g_autoptr(TblRule) rule = tbl_rule_parse("%m@far.example", NULL, NULL);
    g_autofree char *elsewhere = tbl_generate_address(fixture_draft(fixture), rule, object, NULL);
    g_assert_cmpstr(elsewhere, ==, "ann2@far.example");
    fixture_declare(fixture, tbl_domain_new("far.example", TBL_DOMAIN_RELAY));
    g_autofree char *declared = tbl_generate_address(fixture_draft(fixture), rule, object, NULL);
    g_assert_cmpstr(declared, ==, "ann@far.example");
}

static void
test_explicit_displaces(void)
{
    g_autoptr(Fixture) fixture = world();
    mailbox(fixture, TBL_ORIGIN_LOCAL, "u1", "Ann", "Lee", 0);
    mailbox(fixture, TBL_ORIGIN_LOCAL, "u2", "Bob", "Ray", 0);
    declare_with_rule(fixture, "new.example", "%g.%s");
    fixture_commit(fixture);
    give(fixture, "u2",
         "ann.lee@new.example"); /* and u2 has an explicit one now: none is made for it */
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "ann.lee@new.example", "OK u2@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "ann.lee2@new.example", "OK u1@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "bob.ray@new.example", "NOTFOUND");
}

static void
test_names_change_numbers_stay(void)
{
    g_autoptr(Fixture) fixture = world();
    declare_with_rule(fixture, "new.example", "%s");
    mailbox(fixture, TBL_ORIGIN_LOCAL, "u1", NULL, "Lee", 0);
    mailbox(fixture, TBL_ORIGIN_LOCAL, "u2", NULL, "Lee", 0);
    fixture_commit(fixture);
    TblObject *first = tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "u1", NULL);
    g_assert_true(tbl_draft_delete(fixture_draft(fixture), first->id, NULL));
    tbl_object_free(first);
    TblObject *second = tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "u2", NULL);
    tbl_object_set_text(second, TBL_TEXT_LAST, "Married");
    fixture_put(fixture, second);
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "lee@new.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_alias_maps", "lee2@new.example", "OK u2@relay.example");
}

static void
test_directory_is_not_numbered(void)
{
    g_autoptr(Fixture) fixture = world();
    declare_with_rule(fixture, "new.example", "%s");
    mailbox(fixture, TBL_ORIGIN_DIRECTORY, "young", NULL, "Lee", 200);
    mailbox(fixture, TBL_ORIGIN_DIRECTORY, "old", NULL, "Lee", 100);
    mailbox(fixture, TBL_ORIGIN_DIRECTORY, "middle", NULL, "Lee", 150);
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "lee@new.example", "OK old@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "lee2@new.example", "NOTFOUND");
    mailbox(fixture, TBL_ORIGIN_LOCAL, "here", NULL, "Lee", 0);
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "lee@new.example", "OK old@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "lee2@new.example", "OK here@relay.example");
}

/* 20,000 of one name; each must find its number at once, in this draft and in the next. */
static void
test_many_of_one_name(void)
{
    g_autoptr(Fixture) fixture = world();
    declare_with_rule(fixture, "new.example", "%g.%s");
    for (guint i = 1; i <= 20000; i++) {
        g_autofree char *name = g_strdup_printf("u%u", i);
        mailbox(fixture, TBL_ORIGIN_LOCAL, name, "J", "Smith", 0);
        if (i % 5000 == 0)
            fixture_commit(fixture);
    }
    assert_lookup(fixture, "virtual_alias_maps", "j.smith@new.example", "OK u1@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "j.smith5001@new.example",
                  "OK u5001@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "j.smith20000@new.example",
                  "OK u20000@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "j.smith20001@new.example", "NOTFOUND");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/generate/present-and-future", test_present_and_future);
    g_test_add_func("/generate/goes-with-rule", test_goes_with_its_rule);
    g_test_add_func("/generate/changed-rule", test_changed_rule_begins_anew);
    g_test_add_func("/generate/targets", test_targets);
    g_test_add_func("/generate/explicit-displaces", test_explicit_displaces);
    g_test_add_func("/generate/names-change", test_names_change_numbers_stay);
    g_test_add_func("/generate/directory", test_directory_is_not_numbered);
    g_test_add_func("/generate/many", test_many_of_one_name);
    return g_test_run();
}
