#include "policyd/action.h"
#include "policyd/rules.h"
#include "tests/unit/fixture.h"

/* The action for a request with these lines, from the committed store. Caller frees. */
static char *
act(Fixture *fixture, const char *lines)
{
    g_autofree char *request = g_strdup_printf("request=smtpd_access_policy\n%s\n", lines);
    g_autoptr(GString) scratch = g_string_new(NULL), action = g_string_new(NULL);
    TblContext context = {fixture->view, fixture->config, 1000};
    PdAttrs attrs = {0};

    g_assert_cmpint(pd_attrs_decode(&attrs, tbl_slice(request), 65536), ==,
                    (gint64)strlen(request));
    tbl_view_begin(fixture->view);
    pd_rules_decide(&context, &attrs, request, scratch, action);
    tbl_view_end(fixture->view);
    return g_string_free(g_steal_pointer(&action), FALSE);
}

#define assert_action(fixture, lines, expected)                                                    \
    do {                                                                                           \
        g_autofree char *got_ = act(fixture, lines);                                               \
        g_assert_cmpstr(got_, ==, expected);                                                       \
    } while (0)
#define RCPT "protocol_state=RCPT\n"
#define FAILED "DEFER_IF_PERMIT 4.3.0 Temporary lookup failure"

static Fixture *
world(const char *config)
{
    Fixture *fixture = fixture_new(config);

    fixture_declare(fixture, tbl_domain_new("relay.example", TBL_DOMAIN_RELAY));
    fixture_declare(fixture, tbl_domain_new("alias.example", TBL_DOMAIN_VIRTUAL_ALIAS));
    fixture_put(fixture,
                fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@relay.example",
                               "smtp:ann@alias.example", "smtp:ann@outside.example", NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_DL, "void", "SMTP:void@alias.example", NULL));
    return fixture;
}

static void
test_recipients(void)
{
    g_autoptr(Fixture) fixture = world("");

    fixture_commit(fixture);
    assert_action(fixture, RCPT "recipient=ann@relay.example\n", "DUNNO");
    assert_action(fixture, RCPT "recipient=ANN@Alias.Example.\n", "DUNNO");
    assert_action(fixture, RCPT "recipient=nobody@relay.example\n", "550 5.1.1 User unknown");
    assert_action(fixture, RCPT "recipient=nobody@alias.example\n", "550 5.1.1 User unknown");
    assert_action(fixture, RCPT "recipient=void@alias.example\n",
                  "550 5.2.4 Distribution list has no recipients");
    assert_action(fixture, RCPT "recipient=postmaster\n", "DUNNO");
    assert_action(fixture, RCPT "recipient=ann@[127.0.0.1]\n", "DUNNO");
    assert_action(fixture, RCPT "recipient=ann@outside.example\n", "DUNNO");
    /* no address, but in a domain of ours: the maps do not know it either */
    assert_action(fixture, RCPT "recipient=\xff@relay.example\n", "550 5.1.1 User unknown");
    assert_action(fixture, RCPT "recipient=a\x01@Relay.Example.\n", "550 5.1.1 User unknown");
    assert_action(fixture, RCPT "recipient=@relay.example\n", "DUNNO");
    assert_action(fixture, RCPT "recipient=\xff@far.example\n", "DUNNO");
    assert_action(fixture, RCPT "recipient=a@\xff\n", "DUNNO");
}

static void
leave_notice(Fixture *fixture, const char *address, bool moved, const char *notice)
{
    g_autofree char *key = tbl_proxy_key(tbl_slice("SMTP"), tbl_slice(address));
    TblRow tombstone = {.kind = TBL_ROW_TOMBSTONE,
                        .spelling = tbl_slice(address),
                        .moved = moved,
                        .notice = tbl_slice(notice)};

    g_assert_true(tbl_draft_set_tombstone(fixture_draft(fixture), key, &tombstone, NULL));
}

static void
test_tombstones(void)
{
    g_autoptr(Fixture) fixture = world("");
    g_autofree char *endless = g_strnfill(2000, 'x');

    leave_notice(fixture, "old@relay.example", true, "new@far.example");
    leave_notice(fixture, "gone@alias.example", false, "no longer\nin use");
    leave_notice(fixture, "long@relay.example", false, endless);
    fixture_commit(fixture);
    assert_action(fixture, RCPT "recipient=OLD+tag@relay.example\n",
                  "550 5.1.6 Recipient has moved to new@far.example");
    assert_action(fixture, RCPT "recipient=gone@alias.example\n",
                  "550 5.1.6 Recipient address is gone: no longer?in use");
    g_autofree char *action = act(fixture, RCPT "recipient=long@relay.example\n");
    g_assert_true(g_str_has_prefix(action, "550 5.1.6 "));
    g_assert_cmpuint(strlen(action), ==, PD_ACTION_MAX);
}

static void
test_other_states(void)
{
    static const char *const states[] = {"CONNECT",        "EHLO", "HELO", "MAIL", "DATA",
                                         "END-OF-MESSAGE", "VRFY", "ETRN", "rcpt", ""};
    g_autoptr(Fixture) fixture = world("");

    fixture_commit(fixture);
    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autofree char *lines =
            g_strdup_printf("protocol_state=%s\nrecipient=nobody@relay.example\n", states[i]);
        assert_action(fixture, lines, "DUNNO");
    }
    assert_action(fixture, "recipient=nobody@relay.example\n", "DUNNO");
    assert_action(fixture, RCPT "recipient=\n", "DUNNO");
    assert_action(fixture, RCPT, "DUNNO");
}

static void
test_unknown(void)
{
    g_autoptr(Fixture) fixture = world("[policy]\nunknown-recipient=defer\n");
    TblDomain *open = tbl_domain_new("open.example", TBL_DOMAIN_RELAY);
    TblDomain *firm = tbl_domain_new("firm.example", TBL_DOMAIN_RELAY);

    open->unknown = TBL_UNKNOWN_ACCEPT;
    firm->unknown = TBL_UNKNOWN_REJECT;
    fixture_declare(fixture, open);
    fixture_declare(fixture, firm);
    fixture_commit(fixture);
    assert_action(fixture, RCPT "recipient=nobody@relay.example\n",
                  "450 4.1.1 User unknown, try again later");
    assert_action(fixture, RCPT "recipient=nobody@open.example\n", "DUNNO");
    assert_action(fixture, RCPT "recipient=nobody@firm.example\n", "550 5.1.1 User unknown");
}

#define NOT_OWNED "553 5.7.1 Sender address is not owned by the login"

static void
test_sender_login(void)
{
    g_autoptr(Fixture) fixture =
        world("[policy]\nsender-login=reject\n[addresses]\nlogin=primary;alias\n");
    TblObject *bob = fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:bob@relay.example", NULL);

    tbl_object_set_text(bob, TBL_TEXT_ALIAS, "Bobby");
    fixture_put(fixture, bob);
    fixture_commit(fixture);
    assert_action(fixture,
                  RCPT "recipient=x@far.example\nsender=bob@relay.example\nsasl_username=bobby\n",
                  "DUNNO");
    assert_action(
        fixture,
        RCPT "recipient=x@far.example\nsender=bob@relay.example\nsasl_username=BOB@relay.example\n",
        "DUNNO");
    assert_action(fixture,
                  RCPT "recipient=x@far.example\nsender=bob@relay.example\nsasl_username=bob\n",
                  NOT_OWNED);
    assert_action(fixture,
                  RCPT "recipient=x@far.example\nsender=bob@relay.example\nsasl_username=Bobby,\n",
                  NOT_OWNED);
    assert_action(fixture,
                  RCPT "recipient=x@far.example\nsender=bob@relay.example\nsasl_username=,\n",
                  NOT_OWNED);
    assert_action(fixture,
                  RCPT "recipient=x@far.example\nsender=ann@relay.example\nsasl_username=bobby\n",
                  NOT_OWNED);
    assert_action(fixture,
                  RCPT "recipient=x@far.example\nsender=who@far.example\nsasl_username=bobby\n",
                  NOT_OWNED);
    assert_action(fixture, RCPT "recipient=x@far.example\nsender=\nsasl_username=bobby\n", "DUNNO");
    assert_action(fixture, RCPT "recipient=x@far.example\nsender=who@far.example\nsasl_username=\n",
                  "DUNNO");
    assert_action(fixture,
                  RCPT
                  "recipient=nobody@relay.example\nsender=ann@relay.example\nsasl_username=bobby\n",
                  NOT_OWNED);
    assert_action(fixture,
                  RCPT
                  "recipient=nobody@relay.example\nsender=bob@relay.example\nsasl_username=bobby\n",
                  "550 5.1.1 User unknown");
    assert_action(
        fixture, "protocol_state=MAIL\nrecipient=\nsender=ann@relay.example\nsasl_username=bobby\n",
        "DUNNO");
}

static void
test_sender_login_off(void)
{
    g_autoptr(Fixture) fixture = world("");

    fixture_commit(fixture);
    assert_action(fixture,
                  RCPT "recipient=x@far.example\nsender=ann@relay.example\nsasl_username=bobby\n",
                  "DUNNO");
}

/* A store that nothing was ever put into must not call anybody unknown. */
static void
test_empty_store(void)
{
    g_autoptr(Fixture) empty = fixture_new("");
    g_autoptr(Fixture) unpopulated = fixture_new("");

    assert_action(empty, RCPT "recipient=nobody@relay.example\n", FAILED);
    fixture_declare(unpopulated, tbl_domain_new("relay.example", TBL_DOMAIN_RELAY));
    fixture_commit(unpopulated);
    assert_action(unpopulated, RCPT "recipient=nobody@relay.example\n", FAILED);
    assert_action(unpopulated, RCPT "recipient=nobody@far.example\n", "DUNNO");
}

static void
test_no_store(void)
{
    g_autoptr(Fixture) fixture = world("[policy]\nsender-login=reject\n");

    fixture_commit(fixture);
    assert_action(fixture, RCPT "recipient=ann@relay.example\n", "DUNNO");
    tbl_view_set_reader(fixture->view, NULL);
    assert_action(fixture, RCPT "recipient=ann@relay.example\n", FAILED);
    assert_action(fixture, RCPT "recipient=ann@far.example\n",
                  "DUNNO"); /* the domains are remembered */
    assert_action(fixture,
                  RCPT "recipient=ann@far.example\nsender=ann@relay.example\nsasl_username=x\n",
                  FAILED);
    assert_action(fixture, "protocol_state=DATA\nrecipient=ann@relay.example\n", "DUNNO");
}

#define NOT_TAKEN "550 5.7.1 Recipient does not take mail from this sender"
#define NOT_AUTHENTICATED "550 5.7.1 Recipient takes mail from authenticated senders only"
#define TOO_LARGE "550 5.2.3 Message is larger than the recipient's limit of 1 kB"

static void
add_reference(TblObject *object, TblRefs which, const char *reference)
{
    g_ptr_array_add(object->refs[which], g_strdup(reference));
}

static void
test_authenticated_only(void)
{
    g_autoptr(Fixture) fixture = world("[policy]\ntrusted-networks=192.0.2.0/24;2001:db8::/32\n");
    TblObject *staff = fixture_object(TBL_CLASS_MAILBOX, "staff", "SMTP:staff@relay.example", NULL);

    staff->authenticated_only = true;
    fixture_put(fixture, staff);
    fixture_commit(fixture);
#define STAFF RCPT "recipient=staff@relay.example\nsender=x@far.example\n"
    assert_action(fixture, STAFF, NOT_AUTHENTICATED);
    assert_action(fixture, STAFF "sasl_username=\nccert_subject=\nclient_address=\n",
                  NOT_AUTHENTICATED);
    assert_action(fixture, STAFF "sasl_username=x\n", "DUNNO");
    assert_action(fixture, STAFF "ccert_subject=x\n", "DUNNO");
    assert_action(fixture, STAFF "client_address=192.0.2.7\n", "DUNNO");
    assert_action(fixture, STAFF "client_address=::ffff:192.0.2.7\n", "DUNNO");
    assert_action(fixture, STAFF "client_address=2001:db8:1::7\n", "DUNNO");
    assert_action(fixture, STAFF "client_address=192.0.3.7\n", NOT_AUTHENTICATED);
    assert_action(fixture, STAFF "client_address=127.0.0.1\n", NOT_AUTHENTICATED);
    assert_action(fixture, STAFF "client_address=unknown\n", NOT_AUTHENTICATED);
    assert_action(fixture, STAFF "client_address=192.0.2\n", NOT_AUTHENTICATED);
    /* The null sender proves nothing either. */
    assert_action(fixture, RCPT "recipient=staff@relay.example\nsender=\n", NOT_AUTHENTICATED);
}

static void
test_size(void)
{
    static const struct {
        const char *size, *action;
    } cases[] = {
        {"", "DUNNO"},
        {"0", "DUNNO"},
        {"1024", "DUNNO"},
        {"1025", TOO_LARGE},
        {"0001025", TOO_LARGE},
        {"12k", "DUNNO"},
        {"-5", "DUNNO"},
        {" 99999", "DUNNO"},
        {"18446744073709551615", TOO_LARGE},
        {"18446744073709551616", TOO_LARGE},
        {"99999999999999999999999999", TOO_LARGE},
    };
    g_autoptr(Fixture) fixture = world("");
    TblObject *small = fixture_object(TBL_CLASS_MAILBOX, "small", "SMTP:small@relay.example",
                                      "smtp:small@alias.example", NULL),
              *none = fixture_object(TBL_CLASS_MAILBOX, "none", "SMTP:none@relay.example", NULL),
              *vast = fixture_object(TBL_CLASS_MAILBOX, "vast", "SMTP:vast@relay.example", NULL);

    small->limit_in = 1;
    none->limit_in = 0;
    vast->limit_in = G_MAXINT64;
    fixture_put(fixture, small);
    fixture_put(fixture, none);
    fixture_put(fixture, vast);
    fixture_commit(fixture);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *lines =
            g_strdup_printf(RCPT "recipient=small@relay.example\nsize=%s\n", cases[i].size);
        assert_action(fixture, lines, cases[i].action);
    }
    assert_action(fixture, RCPT "recipient=small@relay.example\n", "DUNNO");
    assert_action(fixture, RCPT "recipient=Small+x@alias.example\nsize=1025\n", TOO_LARGE);
    assert_action(fixture, RCPT "recipient=none@relay.example\nsize=1\n",
                  "550 5.2.3 Message is larger than the recipient's limit of 0 kB");
    assert_action(fixture, RCPT "recipient=none@relay.example\nsize=0\n", "DUNNO");
    assert_action(fixture, RCPT "recipient=vast@relay.example\nsize=18446744073709551615\n",
                  "DUNNO");
    assert_action(fixture,
                  "protocol_state=END-OF-MESSAGE\nrecipient=small@relay.example\nsize=9999\n",
                  "DUNNO");
}

/* The rows of the decision stand in one order. */
static void
test_order(void)
{
    g_autoptr(Fixture) fixture = world("");
    TblDomain *open = tbl_domain_new("open.example", TBL_DOMAIN_RELAY);
    TblObject *strict =
                  fixture_object(TBL_CLASS_MAILBOX, "strict", "SMTP:strict@relay.example", NULL),
              *hollow = fixture_object(TBL_CLASS_DL, "hollow", "SMTP:hollow@alias.example", NULL);

    open->catch_all = g_strdup("strict@relay.example");
    strict->limit_in = 1;
    add_reference(strict, TBL_REFS_ACCEPT_FROM, "ann");
    hollow->authenticated_only = true;
    fixture_declare(fixture, open);
    fixture_put(fixture, strict);
    fixture_put(fixture, hollow);
    fixture_commit(fixture);
    assert_action(fixture, RCPT "recipient=strict@relay.example\nsender=x@far.example\nsize=9999\n",
                  NOT_TAKEN);
    assert_action(fixture,
                  RCPT "recipient=strict@relay.example\nsender=ann@relay.example\nsize=9999\n",
                  TOO_LARGE);
    assert_action(fixture, RCPT "recipient=strict@relay.example\nsender=ann@relay.example\n",
                  "DUNNO");
    assert_action(fixture, RCPT "recipient=hollow@alias.example\nsender=x@far.example\n",
                  "550 5.2.4 Distribution list has no recipients");
    /* An address that nobody has is not restricted by what the catch-all leads to. */
    assert_action(fixture, RCPT "recipient=any@open.example\nsender=x@far.example\nsize=9999\n",
                  "DUNNO");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rules/recipients", test_recipients);
    g_test_add_func("/rules/tombstones", test_tombstones);
    g_test_add_func("/rules/other-states", test_other_states);
    g_test_add_func("/rules/unknown", test_unknown);
    g_test_add_func("/rules/sender-login", test_sender_login);
    g_test_add_func("/rules/sender-login-off", test_sender_login_off);
    g_test_add_func("/rules/empty-store", test_empty_store);
    g_test_add_func("/rules/no-store", test_no_store);
    g_test_add_func("/rules/authenticated-only", test_authenticated_only);
    g_test_add_func("/rules/size", test_size);
    g_test_add_func("/rules/order", test_order);
    return g_test_run();
}
