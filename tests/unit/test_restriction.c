#include "tables/restriction.h"
#include "tables/view_over.h"
#include "tests/unit/fixture.h"

static void
refer(TblObject *object, TblRefs which, const char *reference)
{
    g_ptr_array_add(object->refs[which], g_strdup(reference));
}

/* A list with these members, ended by NULL; its address is NAME@relay.example. */
static void
put_list(Fixture *fixture, const char *name, ...)
{
    g_autofree char *address = g_strdup_printf("SMTP:%s@relay.example", name);
    TblObject *list = fixture_object(TBL_CLASS_DL, name, address, NULL);
    va_list args;
    va_start(args, name);
    for (const char *member; (member = va_arg(args, const char *));)
        refer(list, TBL_REFS_MEMBERS, member);
    va_end(args);
    fixture_put(fixture, list);
}

/* Judges mail to a mailbox (or list) that has one such reference. */
static TblRestriction
judge(Fixture *fixture, TblClass object_class, TblRefs which, const char *reference,
      const char *sender)
{
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_LOCAL, object_class, "goal");
    TblContext context = {fixture->view, fixture->config, 1000};
    refer(object, which, reference);
    tbl_view_begin(fixture->view);
    TblRestriction restriction = tbl_restriction_judge(&context, object, tbl_slice(sender), false);
    tbl_view_end(fixture->view);
    return restriction;
}

#define assert_accepts(reference, sender)                                                          \
    g_assert_cmpint(judge(fixture, TBL_CLASS_MAILBOX, TBL_REFS_ACCEPT_FROM, reference, sender),    \
                    ==, TBL_RESTRICTION_NONE);                                                     \
    g_assert_cmpint(judge(fixture, TBL_CLASS_MAILBOX, TBL_REFS_REJECT_FROM, reference, sender),    \
                    ==, TBL_RESTRICTION_REJECTED)
#define refute_accepts(reference, sender)                                                          \
    g_assert_cmpint(judge(fixture, TBL_CLASS_MAILBOX, TBL_REFS_ACCEPT_FROM, reference, sender),    \
                    ==, TBL_RESTRICTION_NOT_ACCEPTED);                                             \
    g_assert_cmpint(judge(fixture, TBL_CLASS_MAILBOX, TBL_REFS_REJECT_FROM, reference, sender),    \
                    ==, TBL_RESTRICTION_NONE)
#define assert_member(list, sender)                                                                \
    g_assert_cmpint(judge(fixture, TBL_CLASS_MAILBOX, TBL_REFS_ACCEPT_FROM_DL, list, sender), ==,  \
                    TBL_RESTRICTION_NONE);                                                         \
    g_assert_cmpint(judge(fixture, TBL_CLASS_MAILBOX, TBL_REFS_REJECT_FROM_DL, list, sender), ==,  \
                    TBL_RESTRICTION_REJECTED)
#define refute_member(list, sender)                                                                \
    g_assert_cmpint(judge(fixture, TBL_CLASS_MAILBOX, TBL_REFS_ACCEPT_FROM_DL, list, sender), ==,  \
                    TBL_RESTRICTION_NOT_ACCEPTED);                                                 \
    g_assert_cmpint(judge(fixture, TBL_CLASS_MAILBOX, TBL_REFS_REJECT_FROM_DL, list, sender), ==,  \
                    TBL_RESTRICTION_NONE)

/* relay.example and its mirror, ann (also outside), a remote that leads to joe@far.example. */
static Fixture *
world(void)
{
    Fixture *fixture = fixture_new("");
    TblDomain *mirror = tbl_domain_new("mirror.example", TBL_DOMAIN_RELAY);
    mirror->mirror = g_strdup("relay.example");
    fixture_declare_class(fixture, "relay.example", TBL_DOMAIN_RELAY);
    fixture_declare(fixture, mirror);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:Ann.Lee@relay.example",
                                        "smtp:ann@relay.example", "smtp:ann@other.example", NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:bob@relay.example", NULL));
    TblObject *joe = fixture_object(TBL_CLASS_REMOTE, "joe", "SMTP:joe@relay.example", NULL);
    joe->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("joe@far.example"), true);
    fixture_put(fixture, joe);
    return fixture;
}

static void
test_named(void)
{
    g_autoptr(Fixture) fixture = world();
    put_list(fixture, "team", "ann", NULL);
    fixture_commit(fixture);
    assert_accepts("ann", "ann@relay.example");
    assert_accepts("ANN", "ANN.lee@Relay.Example.");
    assert_accepts("ann", "ann+tag@relay.example");
    assert_accepts("ann", "ann@mirror.example");
    assert_accepts("ann", "ann@other.example");
    refute_accepts("ann", "ann+tag@other.example"); /* nothing takes extensions out there */
    refute_accepts("ann", "bob@relay.example");
    refute_accepts("ann", "nobody@relay.example");
    refute_accepts("ann", "ann");
    refute_accepts("ann", "\xff@relay.example");
    refute_accepts("nobody", "ann@relay.example");
    /* References that are addresses. */
    assert_accepts("ann@relay.example", "ann.lee@relay.example");
    assert_accepts("smtp:Ann@Relay.example", "ann.lee@relay.example");
    assert_accepts("ann+x@relay.example", "ann.lee@relay.example");
    assert_accepts("ann@mirror.example", "ann.lee@relay.example");
    assert_accepts("ann@other.example", "ann.lee@relay.example");
    refute_accepts("bob@relay.example", "ann.lee@relay.example");
    refute_accepts("nobody@relay.example", "nobody@relay.example");
    /* A list means its own address. */
    assert_accepts("team", "team@relay.example");
    refute_accepts("team", "ann@relay.example");
}

static void
test_outside(void)
{
    g_autoptr(Fixture) fixture = world();
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "sue@far.example", NULL));
    fixture_commit(fixture);
    assert_accepts("sam@far.example", "Sam@Far.Example");
    assert_accepts("SMTP:sam@far.example", "sam@far.example");
    refute_accepts("sam@far.example", "sam+x@far.example");
    /* A remote by its target, by name, or as the address that nobody has. */
    assert_accepts("joe", "joe@far.example");
    assert_accepts("joe", "joe@relay.example");
    assert_accepts("joe@far.example", "joe@far.example");
    /* The name of another object, which has no address. */
    refute_accepts("sue@far.example", "sue@far.example");
}

static void
test_members(void)
{
    g_autoptr(Fixture) fixture = world();
    put_list(fixture, "team", "ann", "sam@far.example", NULL);
    put_list(fixture, "by-address", "ann@relay.example", NULL);
    put_list(fixture, "by-tag", "ann+news@relay.example", NULL);
    put_list(fixture, "by-mirror", "ann@mirror.example", NULL);
    put_list(fixture, "all", "team", "joe", "loop", NULL);
    put_list(fixture, "loop", "all@relay.example", NULL);
    fixture_commit(fixture);
    assert_member("team", "ann@relay.example");
    assert_member("team", "ann@other.example");
    assert_member("team", "sam@far.example");
    assert_member("team@relay.example", "ann@relay.example");
    refute_member("team", "bob@relay.example");
    refute_member("team", "team@relay.example");
    refute_member("ann", "ann@relay.example"); /* a mailbox has no members */
    refute_member("nobody", "ann@relay.example");
    assert_member("by-address", "ann.lee@relay.example");
    assert_member("by-tag", "ann.lee@relay.example");
    refute_member("by-tag", "bob@relay.example");
    assert_member("by-mirror", "ann.lee@relay.example");
    /* Nested, around a cycle. */
    assert_member("all", "ann@relay.example");
    assert_member("all", "sam@far.example");
    assert_member("all", "joe@far.example");
    assert_member("loop", "ann@relay.example");
    assert_member("all", "all@relay.example"); /* by way of loop */
    refute_member("loop", "bob@relay.example");
}

/* References may give an address of any type. */
static void
test_other_types(void)
{
    g_autoptr(Fixture) fixture = world();
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "eve", "SMTP:eve@relay.example",
                                        "X400:c=US;a= ;s=Eve;", NULL));
    put_list(fixture, "by-x400", "X400:C=US;a= ;s=Eve;", NULL);
    put_list(fixture, "above", "by-x400", NULL);
    fixture_commit(fixture);
    assert_accepts("x400:c=us;A= ;s=eve;", "eve@relay.example");
    refute_accepts("X400:c=US;a= ;s=Eve;", "ann@relay.example");
    refute_accepts("X400:c=US;a= ;s=Eva;", "eve@relay.example");
    refute_accepts("SIP:eve@relay.example", "eve@relay.example");
    assert_member("by-x400", "eve@relay.example");
    assert_member("above", "eve@relay.example");
    refute_member("by-x400", "ann@relay.example");
}

/* Members bind when they are asked for. */
static void
test_later(void)
{
    g_autoptr(Fixture) fixture = world();
    put_list(fixture, "team", "carl", "dora@relay.example", NULL);
    fixture_commit(fixture);
    refute_member("team", "carl@relay.example");
    fixture_put(fixture,
                fixture_object(TBL_CLASS_MAILBOX, "Carl", "SMTP:carl@relay.example", NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "d", "SMTP:dora@relay.example", NULL));
    fixture_commit(fixture);
    assert_member("team", "carl@relay.example");
    assert_member("team", "dora@relay.example");
    /* An object with an address as its name comes before who has the address. */
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "dora@relay.example",
                                        "SMTP:x@relay.example", NULL));
    fixture_commit(fixture);
    refute_member("team", "dora@relay.example");
    assert_member("team", "x@relay.example");
}

static void
test_null_sender(void)
{
    g_autoptr(Fixture) fixture = world();
    fixture_commit(fixture);
    g_assert_cmpint(judge(fixture, TBL_CLASS_MAILBOX, TBL_REFS_ACCEPT_FROM, "ann", ""), ==,
                    TBL_RESTRICTION_NONE);
    g_assert_cmpint(judge(fixture, TBL_CLASS_DL, TBL_REFS_ACCEPT_FROM, "ann", ""), ==,
                    TBL_RESTRICTION_NOT_ACCEPTED);
    g_assert_cmpint(judge(fixture, TBL_CLASS_DL, TBL_REFS_ACCEPT_FROM_DL, "ann", ""), ==,
                    TBL_RESTRICTION_NOT_ACCEPTED);
    g_assert_cmpint(judge(fixture, TBL_CLASS_DL, TBL_REFS_REJECT_FROM, "ann", ""), ==,
                    TBL_RESTRICTION_NONE);
}

static void
test_both(void)
{
    g_autoptr(Fixture) fixture = world();
    put_list(fixture, "team", "ann", "bob", NULL);
    fixture_commit(fixture);
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_MAILBOX, "goal");
    TblContext context = {fixture->view, fixture->config, 1000};
    refer(object, TBL_REFS_ACCEPT_FROM, "joe");
    refer(object, TBL_REFS_ACCEPT_FROM_DL, "team");
    refer(object, TBL_REFS_REJECT_FROM, "bob");
    tbl_view_begin(fixture->view);
#define assert_judged(sender, expected)                                                            \
    g_assert_cmpint(tbl_restriction_judge(&context, object, tbl_slice(sender), false), ==, expected)
    assert_judged("ann@relay.example", TBL_RESTRICTION_NONE);
    assert_judged("joe@far.example", TBL_RESTRICTION_NONE);
    assert_judged("bob@relay.example", TBL_RESTRICTION_REJECTED);
    assert_judged("who@far.example", TBL_RESTRICTION_NOT_ACCEPTED);
    tbl_view_end(fixture->view);
    /* A store that fails is no reason to take or to refuse. */
    assert_judged("ann@relay.example", TBL_RESTRICTION_FAILED);
}

static TblResult
no_referrers(TblView *view, const char *key, GArray *ids)
{
    return TBL_FAILED;
}

/* Who is refused by one list for certain is refused, although another cannot be looked up. */
static void
test_certain(void)
{
    g_autoptr(Fixture) fixture = world();
    put_list(fixture, "all", "bob", NULL);
    (void)fixture_commit(fixture);
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_MAILBOX, "goal");
    TblViewOver over;
    TblContext context = {&over.base, fixture->config, 1000};
    tbl_view_begin(fixture->view);
    tbl_view_over_init(&over, fixture->view);
    over.base.referrers = no_referrers;
    refer(object, TBL_REFS_REJECT_FROM, "ann");
    refer(object, TBL_REFS_ACCEPT_FROM_DL, "all");
    g_assert_cmpint(tbl_restriction_judge(&context, object, tbl_slice("ann@relay.example"), false),
                    ==, TBL_RESTRICTION_REJECTED);
    g_assert_cmpint(tbl_restriction_judge(&context, object, tbl_slice("bob@relay.example"), false),
                    ==, TBL_RESTRICTION_FAILED);
    refer(object, TBL_REFS_ACCEPT_FROM, "bob");
    g_assert_cmpint(tbl_restriction_judge(&context, object, tbl_slice("bob@relay.example"), false),
                    ==, TBL_RESTRICTION_NONE);
    tbl_view_end(fixture->view);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/restriction/named", test_named);
    g_test_add_func("/restriction/outside", test_outside);
    g_test_add_func("/restriction/members", test_members);
    g_test_add_func("/restriction/other-types", test_other_types);
    g_test_add_func("/restriction/later", test_later);
    g_test_add_func("/restriction/null-sender", test_null_sender);
    g_test_add_func("/restriction/both", test_both);
    g_test_add_func("/restriction/certain", test_certain);
    return g_test_run();
}
