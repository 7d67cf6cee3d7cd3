#include "tests/unit/fixture.h"

#include <sys/resource.h>

static void
add_member(TblObject *list, const char *member)
{
    g_ptr_array_add(list->refs[TBL_REFS_MEMBERS], g_strdup(member));
}

static void
test_lists(void)
{
    g_autoptr(Fixture) fixture = fixture_world("[limits]\nlist-recipients=3\n");
    TblObject *staff = fixture_object(TBL_CLASS_DL, "staff", "SMTP:staff@box.example",
                                      "smtp:staff@relay.example", NULL);
    add_member(staff, "ANN");
    add_member(staff, "zed@far.example");
    add_member(staff, "nobody"); /* unresolved: counts for nothing */
    add_member(staff, "nobody@box.example");
    add_member(staff, "inner");
    fixture_put(fixture, staff);
    TblObject *inner = fixture_object(TBL_CLASS_DL, "inner", "SMTP:inner@box.example", NULL);
    add_member(inner, "staff"); /* a cycle */
    add_member(inner, "ann@alias.example");
    add_member(inner, "Bob@far.example");
    fixture_put(fixture, inner);
    fixture_put(fixture, fixture_object(TBL_CLASS_DL, "empty", "SMTP:empty@box.example",
                                        "smtp:empty@relay.example", NULL));
    TblObject *big = fixture_object(TBL_CLASS_DL, "big", "SMTP:big@box.example", NULL);
    for (int i = 0; i < 4; i++)
        g_ptr_array_add(big->refs[TBL_REFS_MEMBERS], g_strdup_printf("m%d@far.example", i));
    fixture_put(fixture, big);
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "staff@box.example",
                  "OK Ann.Lee@relay.example,Bob@far.example,zed@far.example");
    assert_lookup(fixture, "virtual_alias_maps", "inner@box.example",
                  "OK Ann.Lee@relay.example,Bob@far.example,zed@far.example");
    assert_lookup(fixture, "virtual_mailbox_maps", "staff@box.example", "OK staff@box.example");
    /* where it does not expand it is a recipient of the next hop */
    assert_lookup(fixture, "virtual_alias_maps", "staff@relay.example", "NOTFOUND");
    assert_lookup(fixture, "relay_recipient_maps", "staff@relay.example", "OK staff@box.example");
    assert_lookup(fixture, "virtual_alias_maps", "empty@box.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_mailbox_maps", "empty@box.example", "NOTFOUND");
    assert_lookup(fixture, "relay_recipient_maps", "empty@relay.example", "OK empty@box.example");
    assert_lookup(fixture, "virtual_alias_maps", "big@box.example", "TEMP");
    assert_lookup(fixture, "virtual_mailbox_maps", "big@box.example", "TEMP");
    assert_lookup(fixture, "transport_maps", "big@box.example", "NOTFOUND");
}

/* Members that no object has are what somebody typed: they count by what they mean, not by how they
 * are spelt. */
static void
test_unresolved_members(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    TblObject *staff = fixture_object(TBL_CLASS_DL, "staff", "SMTP:staff@box.example", NULL);
    add_member(staff, "nobody@BOX.Example");
    add_member(staff, "smtp:nobody@alias.example.");
    add_member(staff, "zed@FAR.example");
    add_member(staff, "SMTP:Zed@far.example.");
    add_member(staff, "\"zed\"@far.example");
    add_member(staff, "x y@far.example");
    add_member(staff, "ä@münchen.example");
    add_member(staff, "broken@[127.0.0.1]");
    fixture_put(fixture, staff);
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "staff@box.example",
                  "OK \"x y\"@far.example,Zed@far.example,ä@xn--mnchen-3ya.example");
}

/* Deep nesting is followed to its end. */
static void
test_nested_lists(void)
{
    enum { DEPTH = 150 };
    g_autoptr(Fixture) fixture = fixture_world("");
    for (int i = 0; i < DEPTH; i++) {
        g_autofree char *name = g_strdup_printf("list%d", i),
                        *address = g_strdup_printf("SMTP:list%d@box.example", i),
                        *next = g_strdup_printf("list%d", i + 1);
        TblObject *list = fixture_object(TBL_CLASS_DL, name, address, NULL);
        add_member(list, i == DEPTH - 1 ? "ann" : next);
        fixture_put(fixture, list);
    }
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "list0@box.example", "OK Ann.Lee@relay.example");
}

static void
forward(Fixture *fixture, const char *name, const char *to, bool both)
{
    g_autofree char *address = g_strdup_printf("SMTP:%s@box.example", name),
                    *secondary = g_strdup_printf("smtp:%s.also@box.example", name),
                    *alias = g_strdup_printf("smtp:%s@alias.example", name);
    TblObject *object = fixture_object(TBL_CLASS_MAILBOX, name, address, secondary, alias, NULL);
    tbl_object_set_text(object, TBL_TEXT_FORWARD, to);
    object->deliver_and_redirect = both;
    fixture_put(fixture, object);
}

static void
test_forwards(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    forward(fixture, "f1", "ann", false);
    forward(fixture, "f2", "ann", true);
    forward(fixture, "m1", "m2", true);
    forward(fixture, "m2", "m1", true);
    forward(fixture, "c1", "c2", false);
    forward(fixture, "c2", "c1", false);
    forward(fixture, "lost", "nobody", false);
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "f1@box.example", "OK Ann.Lee@relay.example");
    assert_lookup(fixture, "virtual_alias_maps", "f2@box.example",
                  "OK Ann.Lee@relay.example,f2@box.example");
    assert_lookup(fixture, "virtual_alias_maps", "m1@box.example",
                  "OK m1@box.example,m2@box.example");
    assert_lookup(fixture, "virtual_alias_maps", "c1@box.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_mailbox_maps", "c1@box.example",
                  "NOTFOUND"); /* a pure cycle is absent */
    assert_lookup(fixture, "canonical_maps", "c1.also@box.example", "NOTFOUND");
    assert_lookup(fixture, "canonical_maps", "f1.also@box.example", "OK f1@box.example");
    assert_lookup(fixture, "virtual_alias_maps", "lost@box.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_mailbox_maps", "lost@box.example",
                  "OK lost@box.example"); /* the mailbox keeps the mail */
}

/* A member without a primary is reached by the lowest of its addresses that leads anywhere. */
static void
test_no_primary(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "info", "smtp:info@alias.example",
                                        "smtp:info@relay.example", "smtp:info@box.example", NULL));
    TblObject *staff = fixture_object(TBL_CLASS_DL, "staff", "SMTP:staff@box.example", NULL);
    add_member(staff, "info");
    fixture_put(fixture, staff);
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "staff@box.example", "OK info@box.example");
}

/* The copy goes to a primary elsewhere when only an alias for it is declared. */
static void
test_copy_elsewhere(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    TblObject *away = fixture_object(TBL_CLASS_MAILBOX, "away", "SMTP:away@far.example",
                                     "smtp:away@alias.example", NULL);
    tbl_object_set_text(away, TBL_TEXT_FORWARD, "ann");
    away->deliver_and_redirect = true;
    fixture_put(fixture, away);
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "away@alias.example",
                  "OK Ann.Lee@relay.example,away@far.example");
}

/* A forward that is none, or yields nothing, is not one by the object's other addresses either. */
static void
test_forwards_in_vain(void)
{
    static const char *const names[] = {"lost", "vain"};
    g_autoptr(Fixture) fixture = fixture_world("");
    fixture_put(fixture,
                fixture_object(TBL_CLASS_DL, "nobodies", "SMTP:nobodies@box.example", NULL));
    forward(fixture, "lost", "nobody", true);
    forward(fixture, "vain", "nobodies", true);
    fixture_commit(fixture);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *also = g_strdup_printf("%s.also@box.example", names[i]),
                        *extended = g_strdup_printf("%s.also+tag@box.example", names[i]),
                        *alias = g_strdup_printf("%s@alias.example", names[i]),
                        *own = g_strdup_printf("OK %s@box.example", names[i]),
                        *own_extended = g_strdup_printf("OK %s+tag@box.example", names[i]);
        assert_lookup(fixture, "virtual_alias_maps", also, own);
        assert_lookup(fixture, "virtual_alias_maps", extended, own_extended);
        assert_lookup(fixture, "virtual_alias_maps", alias, own);
        assert_lookup(fixture, "virtual_mailbox_maps", also, own);
    }
}

/* References give addresses of any type; those of other types than SMTP never stand for themselves.
 */
static void
test_other_types(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    g_autofree char *name = g_strnfill(1000, 'x');
    g_autofree char *notes = g_strconcat("NOTES:CN=", name, "@North", NULL);
    TblObject *staff = fixture_object(TBL_CLASS_DL, "staff", "SMTP:staff@box.example", NULL);
    add_member(staff, "x400:C=us;a= ;S=eve;");
    add_member(staff, notes);
    add_member(staff, "SIP:nobody@far.example");
    add_member(staff, "X400:c=US;s=Nobody;");
    fixture_put(fixture, staff);
    forward(fixture, "f", "X400:c=US;a= ;s=Eve;", false);
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "staff@box.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_alias_maps", "f@box.example", "NOTFOUND");
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "eve", "SMTP:eve@box.example",
                                        "X400:c=US;a= ;s=Eve;", NULL));
    fixture_put(fixture,
                fixture_object(TBL_CLASS_MAILBOX, "nina", "SMTP:nina@box.example", notes, NULL));
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "staff@box.example",
                  "OK eve@box.example,nina@box.example");
    assert_lookup(fixture, "virtual_alias_maps", "f@box.example", "OK eve@box.example");
    /* A name comes first. */
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "X400:c=US;a= ;s=Eve;",
                                        "SMTP:named@box.example", NULL));
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "f@box.example", "OK named@box.example");
}

/* Contacts behind contacts, each met through an extension of its own, which is put back behind the
 * others: as soon as it is longer than an address can be, only a domain without extensions has an
 * answer, and no more of it need be kept. */
static void
test_many_extensions(void)
{
    /* All of them in each step would be 100 MB. */
    enum { LONG_WAY = 2000, MOST_KB = 40 * 1024 };
    struct rusage before, after;
    g_autoptr(Fixture) fixture = fixture_world("");
    TblDomain *plain = tbl_domain_new("plain.example", TBL_DOMAIN_RELAY);
    plain->extensions = TBL_SWITCH_NO;
    fixture_declare(fixture, plain);
    g_autofree char *tag = g_strnfill(50, 'x');
    for (int i = 0; i < LONG_WAY; i++) {
        g_autofree char *name = g_strdup_printf("c%d", i),
                        *address = g_strdup_printf("SMTP:c%d@box.example", i),
                        *target = i + 1 < LONG_WAY
                                      ? g_strdup_printf("c%d+%s@box.example", i + 1, tag)
                                      : g_strdup("end@plain.example");
        TblObject *contact = fixture_object(TBL_CLASS_REMOTE, name, address, NULL);
        contact->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice(target), true);
        fixture_put(fixture, contact);
    }
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "end", "SMTP:end@plain.example", NULL));
    fixture_commit(fixture);
    g_assert_cmpint(getrusage(RUSAGE_SELF, &before), ==, 0);
    assert_lookup(fixture, "virtual_alias_maps", "c0+y@box.example", "OK end@plain.example");
    g_assert_cmpint(getrusage(RUSAGE_SELF, &after), ==, 0);
    g_assert_cmpint(after.ru_maxrss - before.ru_maxrss, <, MOST_KB);
}

static void
plant_row(Fixture *fixture, const char *key, const TblRow *row)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    TblRows rows = {.count = 1, .row = {*row}};
    tbl_rows_encode(&rows, tbl_slice(key), bytes);
    fixture_plant(fixture, TBL_DB_ADDRESSES, tbl_slice(key),
                  (TblSlice){(const char *)bytes->data, bytes->len});
}

/* Two rows each of which says that the other is the primary: no program writes them. */
static void
test_contradictory_rows(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    TblDomain *closed = tbl_domain_new("closed.example", TBL_DOMAIN_VIRTUAL_MAILBOX);
    closed->expand = TBL_SWITCH_NO;
    fixture_declare(fixture, closed);
    fixture_put(fixture, fixture_object(TBL_CLASS_DL, "list", "SMTP:one@closed.example",
                                        "smtp:two@closed.example", NULL));
    fixture_commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "two@closed.example", "OK one@closed.example");
    TblSlice one = tbl_slice("one@closed.example"), two = tbl_slice("two@closed.example");
    TblRow row = {.kind = TBL_ROW_LOCAL, .object_class = TBL_CLASS_DL, .object = 2};
    row.spelling = one;
    row.primary_address = two;
    plant_row(fixture, "smtp:one@closed.example", &row);
    row.spelling = two;
    row.primary_address = one;
    plant_row(fixture, "smtp:two@closed.example", &row);
    assert_lookup(fixture, "virtual_alias_maps", "two@closed.example", "TEMP");
}

/* What is answered to an ASCII key has no UTF-8 local part while the object has an ASCII address.
 */
static void
test_ascii_keys(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "moe", "SMTP:möe@box.example",
                                        "smtp:moe@alias.example", "smtp:moe@box.example", NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "zoe", "SMTP:zöe@box.example",
                                        "smtp:zoe@alias.example", NULL));
    TblObject *staff = fixture_object(TBL_CLASS_DL, "staff", "SMTP:staff@box.example", NULL);
    add_member(staff, "moe");
    add_member(staff, "zoe");
    add_member(staff, "ann");
    fixture_put(fixture, staff);
    fixture_commit(fixture);
    /* moe@alias.example is lower, but leads only back. */
    assert_lookup(fixture, "virtual_alias_maps", "staff@box.example",
                  "OK Ann.Lee@relay.example,moe@box.example");
    assert_lookup(fixture, "virtual_alias_maps", "moe@alias.example", "OK moe@box.example");
    assert_lookup(fixture, "virtual_alias_maps", "moe@box.example", "NOTFOUND");
    assert_lookup(fixture, "virtual_alias_maps", "zoe@alias.example", "NOTFOUND");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/alias/lists", test_lists);
    g_test_add_func("/alias/unresolved-members", test_unresolved_members);
    g_test_add_func("/alias/nested-lists", test_nested_lists);
    g_test_add_func("/alias/forwards", test_forwards);
    g_test_add_func("/alias/no-primary", test_no_primary);
    g_test_add_func("/alias/copy-elsewhere", test_copy_elsewhere);
    g_test_add_func("/alias/forwards-in-vain", test_forwards_in_vain);
    g_test_add_func("/alias/other-types", test_other_types);
    g_test_add_func("/alias/many-extensions", test_many_extensions);
    g_test_add_func("/alias/contradictory-rows", test_contradictory_rows);
    g_test_add_func("/alias/ascii-keys", test_ascii_keys);
    return g_test_run();
}
