#include "tests/unit/fixture.h"

#include <glib/gstdio.h>
#include <unistd.h>

static void
test_domains(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    fixture_declare_class(fixture, ".sub.example", TBL_DOMAIN_RELAY);
    fixture_declare_class(fixture, "xn--mnchen-3ya.example", TBL_DOMAIN_RELAY);
    fixture_declare_class(fixture, "routed.example", TBL_DOMAIN_ROUTE);
    fixture_commit(fixture);
    assert_lookup(fixture, "relay_domains", "RELAY.Example.", "OK relay.example");
    assert_lookup(fixture, "relay_domains", "box.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_mailbox_domains", "box.example", "OK box.example");
    assert_lookup(fixture, "virtual_alias_domains", "alias.example", "OK alias.example");
    assert_lookup(fixture, "relay_domains", "a.b.sub.example", "OK .sub.example");
    assert_lookup(fixture, "relay_domains", "sub.example", "NOTFOUND");
    assert_lookup(fixture, "relay_domains", "münchen.example", "OK xn--mnchen-3ya.example");
    assert_lookup(fixture, "relay_domains", "routed.example", "NOTFOUND");
    assert_lookup(fixture, "relay_domains", "", "NOTFOUND");
    assert_lookup(fixture, "relay_domains", ".relay.example", "NOTFOUND");
}

static void
test_recipients(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    fixture_put(fixture,
                fixture_object(TBL_CLASS_MAILBOX, "no primary", "smtp:Only@relay.example", NULL));
    fixture_commit(fixture);
    assert_lookup(fixture, "relay_recipient_maps", "ANN@relay.example", "OK Ann.Lee@relay.example");
    assert_lookup(fixture, "relay_recipient_maps", "ann.lee+tag@relay.example",
                  "OK Ann.Lee@relay.example");
    assert_lookup(fixture, "relay_recipient_maps", "only@relay.example", "OK Only@relay.example");
    assert_lookup(fixture, "relay_recipient_maps", "nobody@relay.example", "NOTFOUND");
    assert_lookup(fixture, "relay_recipient_maps", "ann@box.example", "NOTFOUND");
    assert_lookup(fixture, "relay_recipient_maps", "ann@other.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_mailbox_maps", "ann@box.example", "OK Ann.Lee@relay.example");
    static const char *const no_address[] = {
        "", "\"\"", "*", "@", "@relay.example", "ann", "ann@", "ann@[127.0.0.1]"};
    for (guint i = 0; i < G_N_ELEMENTS(no_address); i++)
        assert_lookup(fixture, "relay_recipient_maps", no_address[i], "NOTFOUND");
}

static void
test_secondaries(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    TblDomain *rewriting = tbl_domain_new("rewrite.example", TBL_DOMAIN_RELAY);
    rewriting->rewrite = TBL_SWITCH_YES;
    fixture_declare(fixture, rewriting);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:bob@rewrite.example",
                                        "smtp:b@rewrite.example", NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "cy", "SMTP:cy@elsewhere.example",
                                        "smtp:cy@alias.example", "smtp:cy@box.example", NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "di", "SMTP:di@alias.example",
                                        "smtp:di2@alias.example", NULL));
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "ann@alias.example", "OK Ann.Lee@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "ann@box.example", "OK Ann.Lee@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "ann@relay.example",
                  "NOTFOUND"); /* the next hop knows */
    assert_lookup(fixture, "virtual_alias_maps", "ann.lee@relay.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_alias_maps", "B@rewrite.example", "OK bob@rewrite.example");
    assert_lookup(fixture, "virtual_alias_maps", "bob@rewrite.example",
                  "NOTFOUND"); /* never itself alone */
    /* a primary elsewhere is the normal case in a virtual-alias domain, and no answer in any other
     */
    assert_lookup(fixture, "virtual_alias_maps", "cy@alias.example", "OK cy@elsewhere.example");
    assert_lookup(fixture, "virtual_alias_maps", "cy@box.example", "NOTFOUND");
    /* nowhere to go: an answer would be a bounce after acceptance */
    assert_lookup(fixture, "virtual_alias_maps", "di@alias.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_alias_maps", "di2@alias.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_alias_maps", "ann@other.example", "NOTFOUND");
}

static void
test_extensions(void)
{
    g_autoptr(Fixture) fixture = fixture_world("[addresses]\nrecipient-delimiter=+-\n");
    TblDomain *plain = tbl_domain_new("plain.example", TBL_DOMAIN_VIRTUAL_ALIAS);
    plain->extensions = TBL_SWITCH_NO;
    fixture_declare(fixture, plain);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:bob@relay.example",
                                        "smtp:bob@plain.example", "smtp:\"bob x\"@alias.example",
                                        "smtp:owner@alias.example", NULL));
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "ann+Tag@alias.example",
                  "OK Ann.Lee+Tag@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "ann-a+b@alias.example",
                  "OK Ann.Lee-a+b@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "ann+@alias.example", "OK Ann.Lee+@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "+ann@alias.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_alias_maps", "owner-x@alias.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_alias_maps", "ann-request@alias.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_alias_maps", "bob+x@plain.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_alias_maps", "\"bob x+y\"@alias.example",
                  "OK bob+y@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "bob x+y@alias.example", "OK bob+y@relay.example");
}

static void
test_no_propagation(void)
{
    g_autoptr(Fixture) fixture = fixture_world("[addresses]\npropagate-extensions=canonical\n");
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "ann+t@alias.example", "OK Ann.Lee@relay.example");
    assert_lookup(fixture, "canonical_maps", "ann+t@box.example", "OK Ann.Lee+t@relay.example");
}

static void
test_remotes(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    TblObject *ext = fixture_object(TBL_CLASS_REMOTE, "ext", "SMTP:ext@box.example",
                                    "smtp:e@relay.example", "smtp:e@alias.example", NULL);
    ext->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("ext@far.example"), true);
    fixture_put(fixture, ext);
    TblObject *inward = fixture_object(TBL_CLASS_REMOTE, "inward", "SMTP:in@box.example", NULL);
    inward->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("ann@alias.example"), true);
    fixture_put(fixture, inward);
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "ext@box.example", "OK ext@far.example");
    assert_lookup(fixture, "virtual_alias_maps", "ext+t@box.example", "OK ext+t@far.example");
    assert_lookup(fixture, "virtual_alias_maps", "e@alias.example", "OK ext@far.example");
    assert_lookup(fixture, "virtual_alias_maps", "e@relay.example",
                  "NOTFOUND"); /* the next hop knows its contacts */
    assert_lookup(fixture, "relay_recipient_maps", "e@relay.example", "OK ext@box.example");
    assert_lookup(fixture, "virtual_alias_maps", "in@box.example",
                  "OK Ann.Lee@relay.example"); /* values are final */
}

static void
test_mirrors_and_catch_alls(void)
{
    g_autoptr(Fixture) fixture = fixture_world("[addresses]\npostmaster=ann@relay.example\n");
    TblDomain *mirror = tbl_domain_new("mirror.example", TBL_DOMAIN_RELAY);
    mirror->mirror = g_strdup("relay.example");
    fixture_declare(fixture, mirror);
    TblDomain *all = tbl_domain_new("all.example", TBL_DOMAIN_VIRTUAL_ALIAS);
    all->catch_all = g_strdup("ann@alias.example");
    fixture_declare(fixture, all);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:bob@relay.example",
                                        "smtp:bob@all.example", NULL));
    fixture_commit(fixture);
    assert_lookup(fixture, "relay_domains", "mirror.example", "OK mirror.example");
    assert_lookup(fixture, "virtual_alias_maps", "ann+t@mirror.example",
                  "OK Ann.Lee+t@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "ann.lee@mirror.example",
                  "OK Ann.Lee@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "nobody@mirror.example", "NOTFOUND");
    assert_lookup(fixture, "relay_recipient_maps", "bob@mirror.example", "OK bob@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "any+thing@all.example",
                  "OK Ann.Lee@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "bob@all.example", "OK bob@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "postmaster@box.example", "OK ann@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "abuse+x@box.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_mailbox_maps", "postmaster@box.example", "NOTFOUND");
}

static void
test_routes(void)
{
    g_autoptr(Fixture) fixture = fixture_world("[routes]\nEXCH1=smtp:[exch1.example.com]:25\n");
    TblDomain *routed = tbl_domain_new("hop.example", TBL_DOMAIN_RELAY);
    routed->route = g_strdup("relay:[hop.example]");
    fixture_declare(fixture, routed);
    TblObject *bob = fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:bob@hop.example",
                                    "smtp:bob@alias.example", NULL);
    tbl_object_set_text(bob, TBL_TEXT_HOME_SERVER, "/o=A/ou=B/cn=Servers/cn=exch1");
    fixture_put(fixture, bob);
    fixture_commit(fixture);
    assert_lookup(fixture, "transport_maps", "bob@hop.example", "OK smtp:[exch1.example.com]:25");
    assert_lookup(fixture, "transport_maps", "Bob+t@hop.example", "OK smtp:[exch1.example.com]:25");
    assert_lookup(fixture, "transport_maps", "whoever@hop.example", "OK relay:[hop.example]");
    assert_lookup(fixture, "transport_maps", "hop.example", "OK relay:[hop.example]");
    assert_lookup(fixture, "transport_maps", "ann@relay.example", "NOTFOUND");
    assert_lookup(fixture, "transport_maps", "bob@alias.example", "NOTFOUND");
    static const char *const absent[] = {"*", "@hop.example", ".hop.example", "x@far.example", ""};
    for (guint i = 0; i < G_N_ELEMENTS(absent); i++)
        assert_lookup(fixture, "transport_maps", absent[i], "NOTFOUND");
}

static void
test_logins(void)
{
    g_autoptr(Fixture) fixture = fixture_world("[addresses]\nlogin=account;primary;alias\n");
    TblObject *bob = fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:bob@relay.example",
                                    "smtp:bob@undeclared.example", NULL);
    tbl_object_set_text(bob, TBL_TEXT_ALIAS, "BOB@relay.example");
    tbl_object_set_text(bob, TBL_TEXT_ACCOUNT, "CORP\\bob");
    fixture_put(fixture, bob);
    TblObject *blank = fixture_object(TBL_CLASS_MAILBOX, "blank", "smtp:blank@relay.example", NULL);
    tbl_object_set_text(blank, TBL_TEXT_ACCOUNT, "two words");
    fixture_put(fixture, blank);
    fixture_commit(fixture);
    assert_lookup(fixture, "smtpd_sender_login_maps", "bob+x@relay.example",
                  "OK bob@relay.example,CORP\\bob");
    assert_lookup(fixture, "smtpd_sender_login_maps", "bob@undeclared.example",
                  "OK bob@relay.example,CORP\\bob");
    assert_lookup(fixture, "smtpd_sender_login_maps", "bob+x@undeclared.example", "NOTFOUND");
    assert_lookup(fixture, "smtpd_sender_login_maps", "blank@relay.example", "NOTFOUND");
    assert_lookup(fixture, "smtpd_sender_login_maps", "nobody@relay.example", "NOTFOUND");
}

static void
test_canonical(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    fixture_commit(fixture);
    static const char *const maps[] = {"canonical_maps", "sender_canonical_maps",
                                       "recipient_canonical_maps"};
    for (guint i = 0; i < G_N_ELEMENTS(maps); i++) {
        assert_lookup(fixture, maps[i], "ANN+x@relay.example", "OK Ann.Lee+x@relay.example");
        assert_lookup(fixture, maps[i], "ann.lee@relay.example", "NOTFOUND");
        assert_lookup(fixture, maps[i], "ann@other.example", "NOTFOUND");
    }
    assert_lookup(fixture, "relocated_maps", "ann@relay.example", "NOTFOUND");
}

/* An object with an ASCII address never answers a UTF-8 local part to an ASCII key. */
static void
test_utf8(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "jörg", "SMTP:Jörg@box.example",
                                        "smtp:joerg@box.example", "smtp:jorg@alias.example", NULL));
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_mailbox_maps", "JÖRG@BOX.example", "OK Jörg@box.example");
    assert_lookup(fixture, "virtual_mailbox_maps", "jorg@alias.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_mailbox_maps", "joerg@box.example", "OK joerg@box.example");
    assert_lookup(fixture, "virtual_alias_maps", "jorg@alias.example", "OK joerg@box.example");
    assert_lookup(fixture, "canonical_maps", "joerg@box.example", "NOTFOUND");
}

static void
leave_notice(Fixture *fixture, const char *address, bool moved, const char *notice, gint64 expires)
{
    g_autofree char *key = tbl_proxy_key(tbl_slice("SMTP"), tbl_slice(address));
    TblRow tombstone = {.kind = TBL_ROW_TOMBSTONE,
                        .spelling = tbl_slice(address),
                        .moved = moved,
                        .notice = tbl_slice(notice),
                        .expires = expires};
    g_assert_true(tbl_draft_set_tombstone(fixture_draft(fixture), key, &tombstone, NULL));
}

/* The clock of the fixture stands at 1000. */
static void
test_tombstones(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    TblDomain *all = tbl_domain_new("all.example", TBL_DOMAIN_VIRTUAL_ALIAS);
    all->catch_all = g_strdup("ann@alias.example");
    fixture_declare(fixture, all);
    leave_notice(fixture, "old@relay.example", true, "new@far.example", 0);
    leave_notice(fixture, "gone@all.example", false, "no longer in use", 1001);
    leave_notice(fixture, "expired@all.example", false, "no longer in use", 1000);
    g_assert_cmpuint(fixture_commit(fixture), ==, 1);
    assert_lookup(fixture, "relocated_maps", "OLD+x@relay.example", "OK new@far.example");
    assert_lookup(fixture, "relay_recipient_maps", "old@relay.example", "NOTFOUND");
    assert_lookup(fixture, "relocated_maps", "gone@all.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_alias_maps", "gone@all.example",
                  "NOTFOUND"); /* it ends the search */
    assert_lookup(fixture, "virtual_alias_maps", "expired@all.example", "OK Ann.Lee@relay.example");
    leave_notice(fixture, "old@relay.example", true, "new@far.example", 0);
    g_assert_cmpuint(fixture_commit(fixture), ==, 0); /* no net change */
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:old@relay.example", NULL));
    fixture_commit(fixture);
    assert_lookup(fixture, "relocated_maps", "old@relay.example", "NOTFOUND");
    assert_lookup(fixture, "relay_recipient_maps", "old@relay.example", "OK old@relay.example");
}

/* A mirror has what the other domain has under exactly that key. */
static void
test_tombstones_behind_mirrors(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    TblDomain *mirror = tbl_domain_new("mirror.example", TBL_DOMAIN_RELAY);
    mirror->mirror = g_strdup("relay.example");
    fixture_declare(fixture, mirror);
    leave_notice(fixture, "ann+old@relay.example", true, "new@far.example", 0);
    leave_notice(fixture, "ann+expired@relay.example", false, "no longer in use", 1000);
    fixture_commit(fixture);
    assert_lookup(fixture, "relay_recipient_maps", "ann+old@relay.example", "NOTFOUND");
    assert_lookup(fixture, "relay_recipient_maps", "ann+old@mirror.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_alias_maps", "ann+old@mirror.example", "NOTFOUND");
    assert_lookup(fixture, "relocated_maps", "ann+old@mirror.example", "NOTFOUND");
    assert_lookup(fixture, "relay_recipient_maps", "ann+expired@mirror.example",
                  "OK Ann.Lee@relay.example");
    assert_lookup(fixture, "relay_recipient_maps", "ann+other@mirror.example",
                  "OK Ann.Lee@relay.example");
}

static void
test_unknown_switch(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    static const struct {
        const char *name;
        TblDomainClass domain_class;
        TblUnknown unknown;
    } domains[] = {{"d1.example", TBL_DOMAIN_RELAY, TBL_UNKNOWN_DEFER},
                   {"d2.example", TBL_DOMAIN_RELAY, TBL_UNKNOWN_ACCEPT},
                   {"d3.example", TBL_DOMAIN_VIRTUAL_ALIAS, TBL_UNKNOWN_DEFER}};
    for (guint i = 0; i < G_N_ELEMENTS(domains); i++) {
        TblDomain *domain = tbl_domain_new(domains[i].name, domains[i].domain_class);
        domain->unknown = domains[i].unknown;
        fixture_declare(fixture, domain);
    }
    fixture_commit(fixture);
    assert_lookup(fixture, "relay_recipient_maps", "x@d1.example", "TEMP");
    assert_lookup(fixture, "virtual_alias_maps", "x@d1.example", "NOTFOUND");
    assert_lookup(fixture, "relay_recipient_maps", "X@D2.example", "OK x@d2.example");
    assert_lookup(fixture, "relay_recipient_maps", "\"X Y\"@d2.example", "OK \"x y\"@d2.example");
    assert_lookup(fixture, "virtual_alias_maps", "x@d3.example", "TEMP");
}

static void
test_nothing_known(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    for (int map = 0; map < TBL_MAP_COUNT; map++) {
        assert_lookup(fixture, tbl_map_name((TblMap)map), "ann@relay.example", "TEMP");
        assert_lookup(fixture, tbl_map_name((TblMap)map), "relay.example", "TEMP");
    }
    fixture_declare_class(fixture, "relay.example", TBL_DOMAIN_RELAY);
    fixture_commit(fixture);
    assert_lookup(fixture, "relay_domains", "relay.example", "OK relay.example");
    assert_lookup(fixture, "relay_domains", "other.example", "NOTFOUND");
    assert_lookup(fixture, "relay_recipient_maps", "ann@relay.example", "TEMP"); /* not populated */
    assert_lookup(fixture, "relay_recipient_maps", "ann@other.example", "NOTFOUND");
    assert_lookup(fixture, "relocated_maps", "ann@relay.example", "NOTFOUND");
}

/* The file is cut while it is in use: domains and their routes answer from memory, everything else
 * that needs it fails. */
/* An object that is not loaded yet could bring a route of its own, where there are any. */
static void
test_transport_before_objects(void)
{
    g_autoptr(Fixture) fixture = fixture_new("[routes]\nx=smtp:[x]\n");
    TblDomain *routed = tbl_domain_new("hop.example", TBL_DOMAIN_RELAY);
    routed->route = g_strdup("relay:[hop.example]");
    fixture_declare(fixture, routed);
    fixture_declare_class(fixture, "relay.example", TBL_DOMAIN_RELAY);
    fixture_commit(fixture);
    assert_lookup(fixture, "transport_maps", "ann@hop.example", "OK relay:[hop.example]");
    assert_lookup(fixture, "transport_maps", "ann@relay.example", "TEMP");
    assert_lookup(fixture, "transport_maps", "relay.example", "NOTFOUND");
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:bob@relay.example", NULL));
    fixture_commit(fixture);
    assert_lookup(fixture, "transport_maps", "ann@relay.example", "NOTFOUND");
}

static void
test_failing_store(void)
{
    g_autoptr(Fixture) fixture = fixture_world("[routes]\nx=smtp:[x]\n");
    TblDomain *routed = tbl_domain_new("hop.example", TBL_DOMAIN_RELAY);
    routed->route = g_strdup("relay:[hop.example]");
    fixture_declare(fixture, routed);
    fixture_commit(fixture);
    assert_lookup(fixture, "relay_domains", "relay.example",
                  "OK relay.example"); /* the domains are read */
    g_assert_cmpint(truncate(fixture->path, 0), ==, 0);
    assert_lookup(fixture, "relay_recipient_maps", "ann@relay.example", "TEMP");
    assert_lookup(fixture, "virtual_alias_maps", "ann@alias.example", "TEMP");
    assert_lookup(fixture, "virtual_alias_maps", "ann@undeclared.example", "NOTFOUND");
    assert_lookup(fixture, "relay_domains", "relay.example", "OK relay.example");
    assert_lookup(fixture, "relay_domains", "undeclared.example", "NOTFOUND");
    assert_lookup(fixture, "transport_maps", "bob@hop.example", "OK relay:[hop.example]");
    assert_lookup(fixture, "transport_maps", "bob@relay.example", "TEMP");
    assert_lookup(fixture, "relocated_maps", "ann@relay.example", "NOTFOUND");
    assert_lookup(fixture, "smtpd_sender_login_maps", "ann@undeclared.example", "TEMP");
}

static void
test_map_names(void)
{
    g_assert_cmpint(tbl_map_from_name(tbl_slice("virtual_alias_map")), ==, TBL_MAP_COUNT);
    g_assert_cmpint(tbl_map_from_name(tbl_slice("Virtual_Alias_Maps")), ==, TBL_MAP_COUNT);
    for (int map = 0; map < TBL_MAP_COUNT; map++)
        g_assert_cmpint(tbl_map_from_name(tbl_slice(tbl_map_name((TblMap)map))), ==, map);
}

static TblRecipientKind
recipient_kind(Fixture *fixture, const char *key)
{
    TblContext context = {.view = fixture->view, .config = fixture->config, .now = 1000};
    TblRecipient recipient;
    tbl_view_begin(fixture->view);
    tbl_maps_recipient(&context, tbl_slice(key), &recipient);
    tbl_view_end(fixture->view);
    return recipient.kind;
}

static void
test_policy_agrees(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    fixture_put(fixture, fixture_object(TBL_CLASS_DL, "empty", "SMTP:empty@box.example", NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "di", "SMTP:di@alias.example", NULL));
    fixture_commit(fixture);
    g_assert_cmpint(recipient_kind(fixture, "ANN@alias.example."), ==, TBL_RECIPIENT_FOUND);
    g_assert_cmpint(recipient_kind(fixture, "ann@relay.example"), ==, TBL_RECIPIENT_FOUND);
    g_assert_cmpint(recipient_kind(fixture, "nobody@relay.example"), ==, TBL_RECIPIENT_ABSENT);
    g_assert_cmpint(recipient_kind(fixture, "di@alias.example"), ==, TBL_RECIPIENT_ABSENT);
    g_assert_cmpint(recipient_kind(fixture, "empty@box.example"), ==, TBL_RECIPIENT_EMPTY_LIST);
    g_assert_cmpint(recipient_kind(fixture, "x@far.example"), ==, TBL_RECIPIENT_NOT_OURS);
    g_assert_cmpint(recipient_kind(fixture, "x@[127.0.0.1]"), ==, TBL_RECIPIENT_NOT_OURS);
    g_assert_cmpint(recipient_kind(fixture, "postmaster"), ==, TBL_RECIPIENT_NOT_OURS);
    g_assert_cmpint(truncate(fixture->path, 0), ==, 0);
    g_assert_cmpint(recipient_kind(fixture, "ann@relay.example"), ==, TBL_RECIPIENT_FAILED);
    g_assert_cmpint(recipient_kind(fixture, "x@far.example"), ==, TBL_RECIPIENT_NOT_OURS);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/maps/domains", test_domains);
    g_test_add_func("/maps/recipients", test_recipients);
    g_test_add_func("/maps/secondaries", test_secondaries);
    g_test_add_func("/maps/extensions", test_extensions);
    g_test_add_func("/maps/no-propagation", test_no_propagation);
    g_test_add_func("/maps/remotes", test_remotes);
    g_test_add_func("/maps/transport-before-objects", test_transport_before_objects);
    g_test_add_func("/maps/mirrors", test_mirrors_and_catch_alls);
    g_test_add_func("/maps/routes", test_routes);
    g_test_add_func("/maps/logins", test_logins);
    g_test_add_func("/maps/canonical", test_canonical);
    g_test_add_func("/maps/utf8", test_utf8);
    g_test_add_func("/maps/tombstones", test_tombstones);
    g_test_add_func("/maps/tombstones-behind-mirrors", test_tombstones_behind_mirrors);
    g_test_add_func("/maps/unknown", test_unknown_switch);
    g_test_add_func("/maps/nothing-known", test_nothing_known);
    g_test_add_func("/maps/failing-store", test_failing_store);
    g_test_add_func("/maps/names", test_map_names);
    g_test_add_func("/maps/policy", test_policy_agrees);
    return g_test_run();
}
