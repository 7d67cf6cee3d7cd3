#include "tables/domain.h"

static TblDomain *
full_domain(void)
{
    TblDomain *domain = tbl_domain_new("north.example", TBL_DOMAIN_VIRTUAL_MAILBOX);

    domain->class_given = true;
    domain->route = g_strdup("lmtp:unix:/run/lmtp");
    domain->mirror = g_strdup("south.example");
    domain->rule = g_strdup("%g.%s");
    domain->catch_all = g_strdup("ann@south.example");
    domain->rewrite = TBL_SWITCH_NO;
    domain->expand = TBL_SWITCH_YES;
    domain->extensions = TBL_SWITCH_NO;
    domain->unknown = TBL_UNKNOWN_ACCEPT;
    domain->batch = 300;
    return domain;
}

static void
test_roundtrip(void)
{
    g_autoptr(TblDomain) domain = full_domain();
    g_autoptr(TblDomain) copy = tbl_domain_copy(domain);
    g_autoptr(TblDomain) back = NULL;
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    tbl_domain_encode(domain, bytes);
    back = tbl_domain_decode((TblSlice){(const char *)bytes->data, bytes->len},
                             tbl_slice("north.example"));
    g_assert_nonnull(back);
    g_assert_true(tbl_domain_equal(domain, back));
    g_assert_cmpuint(back->batch, ==, 300);
    copy->batch = 0; /* where it comes from is no part of what it is */
    g_assert_true(tbl_domain_equal(domain, copy));
    copy->unknown = TBL_UNKNOWN_DEFAULT;
    g_assert_false(tbl_domain_equal(domain, copy));
    for (guint length = 0; length < bytes->len; length++) {
        g_autofree char *cut = g_memdup(bytes->data, length);
        g_assert_null(tbl_domain_decode((TblSlice){cut, length}, tbl_slice("north.example")));
    }
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    g_assert_null(tbl_domain_decode((TblSlice){(const char *)bytes->data, bytes->len},
                                    tbl_slice("north.example")));
    g_assert_null(tbl_domain_decode((TblSlice){"\0", 1}, tbl_slice("no.class.example")));
}

static void
test_find(void)
{
    g_autoptr(TblDomains) domains = tbl_domains_new();

    tbl_domains_add(domains, tbl_domain_new("example.com", TBL_DOMAIN_RELAY));
    tbl_domains_add(domains, tbl_domain_new(".example.com", TBL_DOMAIN_VIRTUAL_ALIAS));
    tbl_domains_add(domains, tbl_domain_new(".b.example.com", TBL_DOMAIN_ROUTE));
    tbl_domains_add(domains, tbl_domain_new(".only.example", TBL_DOMAIN_RELAY));
    g_assert_cmpuint(tbl_domains_count(domains), ==, 4);
    g_assert_cmpstr(tbl_domains_find(domains, "example.com")->name, ==, "example.com");
    g_assert_cmpstr(tbl_domains_find(domains, "a.example.com")->name, ==, ".example.com");
    g_assert_cmpstr(tbl_domains_find(domains, "y.x.example.com")->name, ==, ".example.com");
    g_assert_cmpstr(tbl_domains_find(domains, "b.example.com")->name, ==, ".example.com");
    g_assert_cmpstr(tbl_domains_find(domains, "z.y.b.example.com")->name, ==, ".b.example.com");
    g_assert_null(tbl_domains_find(domains, "only.example"));
    g_assert_null(tbl_domains_find(domains, "badexample.com"));
    g_assert_null(tbl_domains_find(domains, "com"));
    g_assert_null(tbl_domains_find(domains, ""));
    /* A key with a leading dot is no domain, though it is a declared name. */
    g_assert_null(tbl_domains_find(domains, ".example.com"));
    g_assert_nonnull(tbl_domains_get(domains, ".example.com"));
    g_assert_null(tbl_domains_find_mail(domains, "z.b.example.com"));
    g_assert_nonnull(tbl_domains_find_mail(domains, "z.c.example.com"));
}

static void
test_mirror(void)
{
    g_autoptr(TblDomains) domains = tbl_domains_new();
    g_autoptr(TblDomains) copy = NULL;
    TblDomain *mirror = tbl_domain_new("m.example", TBL_DOMAIN_RELAY);
    TblDomain *other = tbl_domain_new("o.example", TBL_DOMAIN_VIRTUAL_MAILBOX);
    const TblDomain *found;

    mirror->mirror = g_strdup("o.example");
    other->route = g_strdup("lmtp:[o.example]");
    tbl_domains_add(domains, mirror);
    found = tbl_domains_get(domains, "m.example");
    g_assert_cmpuint(tbl_domains_class(domains, found), ==, TBL_DOMAIN_RELAY);
    g_assert_null(tbl_domains_route(domains, found));
    tbl_domains_add(domains, other);
    g_assert_cmpuint(tbl_domains_class(domains, found), ==, TBL_DOMAIN_VIRTUAL_MAILBOX);
    g_assert_cmpstr(tbl_domains_route(domains, found), ==, "lmtp:[o.example]");
    /* The switches' defaults follow the inherited class too; a mirror always rewrites by default.
     */
    g_assert_true(tbl_domain_expands(found));
    tbl_domains_add(domains, tbl_domain_new("o.example", TBL_DOMAIN_RELAY));
    g_assert_cmpuint(tbl_domains_class(domains, found), ==, TBL_DOMAIN_RELAY);
    g_assert_false(tbl_domain_expands(found));
    g_assert_true(tbl_domain_rewrites(found));
    copy = tbl_domains_copy(domains);
    tbl_domains_remove(domains, "m.example");
    tbl_domains_remove(domains, "m.example");
    tbl_domains_add(domains, tbl_domain_new("o.example", TBL_DOMAIN_RELAY));
    g_assert_cmpuint(tbl_domains_count(domains), ==, 1);
    g_assert_cmpuint(tbl_domains_count(copy), ==, 2);
}

static void
test_mirror_class_given(void)
{
    g_autoptr(TblDomains) domains = tbl_domains_new();
    TblDomain *mirror = tbl_domain_new("m.example", TBL_DOMAIN_RELAY);
    const TblDomain *found;

    mirror->mirror = g_strdup("o.example");
    mirror->class_given = true;
    mirror->route = g_strdup("relay:[m.example]");
    tbl_domains_add(domains, tbl_domain_new("o.example", TBL_DOMAIN_VIRTUAL_ALIAS));
    tbl_domains_add(domains, mirror);
    found = tbl_domains_get(domains, "m.example");
    g_assert_cmpuint(tbl_domains_class(domains, found), ==, TBL_DOMAIN_RELAY);
    g_assert_cmpstr(tbl_domains_route(domains, found), ==, "relay:[m.example]");
}

static void
test_switches(void)
{
    static const struct {
        TblDomainClass domain_class;
        bool rewrites, expands;
    } cases[] = {
        {TBL_DOMAIN_RELAY, false, false},
        {TBL_DOMAIN_VIRTUAL_MAILBOX, true, true},
        {TBL_DOMAIN_VIRTUAL_ALIAS, true, true},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(TblDomain) domain = tbl_domain_new("a.example", cases[i].domain_class);

        g_assert_true(tbl_domain_rewrites(domain) == cases[i].rewrites);
        g_assert_true(tbl_domain_expands(domain) == cases[i].expands);
        g_assert_true(tbl_domain_extends(domain));
        domain->rewrite = cases[i].rewrites ? TBL_SWITCH_NO : TBL_SWITCH_YES;
        domain->expand = cases[i].expands ? TBL_SWITCH_NO : TBL_SWITCH_YES;
        domain->extensions = TBL_SWITCH_NO;
        g_assert_true(tbl_domain_rewrites(domain) != cases[i].rewrites);
        g_assert_true(tbl_domain_expands(domain) != cases[i].expands);
        g_assert_false(tbl_domain_extends(domain));
    }
}

static void
test_list(void)
{
    g_autoptr(TblDomains) domains = tbl_domains_new();
    g_autoptr(GPtrArray) list = NULL;

    tbl_domains_add(domains, tbl_domain_new("b.example", TBL_DOMAIN_RELAY));
    tbl_domains_add(domains, tbl_domain_new(".a.example", TBL_DOMAIN_RELAY));
    tbl_domains_add(domains, tbl_domain_new("a.example", TBL_DOMAIN_RELAY));
    list = tbl_domains_list(domains);
    g_assert_cmpuint(list->len, ==, 3);
    g_assert_cmpstr(((const TblDomain *)list->pdata[0])->name, ==, ".a.example");
    g_assert_cmpstr(((const TblDomain *)list->pdata[1])->name, ==, "a.example");
    g_assert_cmpstr(((const TblDomain *)list->pdata[2])->name, ==, "b.example");
}

static void
test_names(void)
{
    for (guint i = TBL_DOMAIN_RELAY; i <= TBL_DOMAIN_ROUTE; i++)
        g_assert_cmpuint(tbl_domain_class_from_name(tbl_domain_class_name((TblDomainClass)i)), ==,
                         i);
    g_assert_cmpuint(tbl_domain_class_from_name("virtual_alias"), ==, 0);
    g_assert_cmpstr(tbl_unknown_name(TBL_UNKNOWN_DEFAULT), ==, "");
    g_assert_cmpstr(tbl_unknown_name(TBL_UNKNOWN_DEFER), ==, "defer");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain/roundtrip", test_roundtrip);
    g_test_add_func("/domain/find", test_find);
    g_test_add_func("/domain/mirror", test_mirror);
    g_test_add_func("/domain/mirror-class-given", test_mirror_class_given);
    g_test_add_func("/domain/switches", test_switches);
    g_test_add_func("/domain/list", test_list);
    g_test_add_func("/domain/names", test_names);
    return g_test_run();
}
