#include "policyd/ctl_declare.h"

/* Options as typed, and what becomes of a new domain or of one that is there. */
typedef struct {
    const char *name;
    PdCtlDeclaration options; /* string literals; never cleared */
    int code;                 /* 0, or the exit code of the refusal */
    const char *hint;         /* what the message must say */
} DeclareCase;

#define OPTIONS(...)                                                                               \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static const DeclareCase new_cases[] = {
    {"class", OPTIONS(.domain_class = (char *)"relay"), 0, NULL},
    {"no class", OPTIONS(0), TBL_EXIT_USAGE, "--class"},
    {"unknown class", OPTIONS(.domain_class = (char *)"local"), TBL_EXIT_USAGE, "virtual-alias"},
    {"alias route",
     OPTIONS(.domain_class = (char *)"virtual-alias", .route = (char *)"[mx.example]"),
     TBL_EXIT_USAGE, "--route"},
    {"alias rewrite", OPTIONS(.domain_class = (char *)"virtual-alias", .rewrite = (char *)"no"),
     TBL_EXIT_USAGE, "--rewrite=no"},
    {"alias expand", OPTIONS(.domain_class = (char *)"virtual-alias", .expand = (char *)"no"),
     TBL_EXIT_USAGE, "--expand=no"},
    {"alias accept", OPTIONS(.domain_class = (char *)"virtual-alias", .unknown = (char *)"accept"),
     TBL_EXIT_USAGE, "--unknown=accept"},
    {"alias defer", OPTIONS(.domain_class = (char *)"virtual-alias", .unknown = (char *)"defer"), 0,
     NULL},
    {"alias with empty route",
     OPTIONS(.domain_class = (char *)"virtual-alias", .route = (char *)""), 0, NULL},
    {"port", OPTIONS(.domain_class = (char *)"relay", .route = (char *)"mx.example:25"),
     TBL_EXIT_USAGE, "[mx.example]:25"},
    {"switch", OPTIONS(.domain_class = (char *)"relay", .rewrite = (char *)"true"), TBL_EXIT_USAGE,
     "yes or no"},
    {"unknown", OPTIONS(.domain_class = (char *)"relay", .unknown = (char *)"drop"), TBL_EXIT_USAGE,
     "defer"},
    {"mirror", OPTIONS(.mirror = (char *)"Other.Example"), 0, NULL},
    {"mirror of nobody", OPTIONS(.mirror = (char *)"nobody.example"), TBL_EXIT_REFUSED,
     "nobody.example"},
    {"mirror of what has no addresses", OPTIONS(.mirror = (char *)"out.example"), TBL_EXIT_REFUSED,
     "class route"},
    {"mirror of subdomains", OPTIONS(.mirror = (char *)".example"), TBL_EXIT_USAGE, "exact"},
    {"mirror and catch-all",
     OPTIONS(.mirror = (char *)"other.example", .catch_all = (char *)"a@b.example"), TBL_EXIT_USAGE,
     "--catch-all"},
    {"mirror of class route",
     OPTIONS(.domain_class = (char *)"route", .mirror = (char *)"other.example"), TBL_EXIT_USAGE,
     "route"},
    {"catch-all",
     OPTIONS(.domain_class = (char *)"relay", .catch_all = (char *)"SMTP:all@b.example"), 0, NULL},
    {"catch-all without domain",
     OPTIONS(.domain_class = (char *)"relay", .catch_all = (char *)"all"), TBL_EXIT_USAGE, "all"},
    {"rule", OPTIONS(.domain_class = (char *)"relay", .rule = (char *)"%g.%s"), 0, NULL},
    {"rule with domain",
     OPTIONS(.domain_class = (char *)"relay", .rule = (char *)"smtp:%1g%s@New.Example"), 0, NULL},
    {"rule of another domain",
     OPTIONS(.domain_class = (char *)"relay", .rule = (char *)"%g@other.example"), TBL_EXIT_USAGE,
     "new.example"},
    {"bad rule", OPTIONS(.domain_class = (char *)"relay", .rule = (char *)"%q"), TBL_EXIT_USAGE,
     "%m"},
    {"rule of a mirror", OPTIONS(.mirror = (char *)"other.example", .rule = (char *)"%m"),
     TBL_EXIT_USAGE, "--mirror"},
    {"rule of class route", OPTIONS(.domain_class = (char *)"route", .rule = (char *)"%m"),
     TBL_EXIT_USAGE, "--rule"},
    {"route without next hop", OPTIONS(.domain_class = (char *)"route"), 0, NULL},
};

static TblDomains *
some_domains(void)
{
    TblDomains *domains = tbl_domains_new();
    TblDomain *other = tbl_domain_new("other.example", TBL_DOMAIN_VIRTUAL_MAILBOX);
    other->class_given = true;
    other->route = g_strdup("lmtp:unix:/run/lmtp");
    tbl_domains_add(domains, other);
    TblDomain *out = tbl_domain_new("out.example", TBL_DOMAIN_ROUTE);
    out->class_given = true;
    tbl_domains_add(domains, out);
    return domains;
}

static void
check(const DeclareCase *one, TblDomain *domain)
{
    g_autoptr(TblDomains) domains = some_domains();
    g_autoptr(GError) error = NULL;
    bool applied = pd_ctl_declaration_apply(&one->options, domains, domain, &error);
    g_test_message("%s: %s", one->name, error ? error->message : "done");
    g_assert_cmpint(applied, ==, one->code == 0);
    if (one->code == 0) {
        g_assert_no_error(error);
        return;
    }
    g_assert_error(error, TBL_EXIT_ERROR, one->code);
    g_assert_nonnull(strstr(error->message, one->hint));
}

static void
test_new(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(new_cases); i++) {
        g_autoptr(TblDomain) domain = tbl_domain_new("new.example", (TblDomainClass)0);
        domain->class_given = false;
        check(&new_cases[i], domain);
    }
}

static void
test_values(void)
{
    const DeclareCase one = {
        "values",
        OPTIONS(.domain_class = (char *)"relay", .route = (char *)"[mx.example]",
                .catch_all = (char *)"All@Outside.Example", .rewrite = (char *)"yes",
                .expand = (char *)"no", .extensions = (char *)"no", .unknown = (char *)"defer"),
        0, NULL};
    g_autoptr(TblDomain) domain = tbl_domain_new("new.example", (TblDomainClass)0);
    check(&one, domain);
    g_assert_cmpint(domain->domain_class, ==, TBL_DOMAIN_RELAY);
    g_assert_true(domain->class_given);
    g_assert_cmpstr(domain->route, ==, "relay:[mx.example]");
    g_assert_cmpstr(domain->catch_all, ==, "All@outside.example");
    g_assert_cmpint(domain->rewrite, ==, TBL_SWITCH_YES);
    g_assert_cmpint(domain->expand, ==, TBL_SWITCH_NO);
    g_assert_cmpint(domain->extensions, ==, TBL_SWITCH_NO);
    g_assert_cmpint(domain->unknown, ==, TBL_UNKNOWN_DEFER);
}

static void
test_mirror_inherits(void)
{
    const DeclareCase one = {"mirror", OPTIONS(.mirror = (char *)"other.example"), 0, NULL};
    g_autoptr(TblDomain) domain = tbl_domain_new("new.example", (TblDomainClass)0);
    domain->class_given = false;
    check(&one, domain);
    g_assert_cmpint(domain->domain_class, ==, TBL_DOMAIN_VIRTUAL_MAILBOX);
    g_assert_false(domain->class_given);
    g_assert_null(domain->route);
}

/* `domain set` with empty values takes settings back, and only those. */
static void
test_empty_removes(void)
{
    const DeclareCase one = {"empty",
                             OPTIONS(.route = (char *)"", .catch_all = (char *)"",
                                     .rewrite = (char *)"", .unknown = (char *)""),
                             0, NULL};
    g_autoptr(TblDomain) domain = tbl_domain_new("old.example", TBL_DOMAIN_RELAY);
    domain->class_given = true;
    domain->route = g_strdup("relay:[mx.example]");
    domain->catch_all = g_strdup("all@outside.example");
    domain->rewrite = domain->expand = TBL_SWITCH_YES;
    domain->unknown = TBL_UNKNOWN_DEFER;
    check(&one, domain);
    g_assert_null(domain->route);
    g_assert_null(domain->catch_all);
    g_assert_cmpint(domain->rewrite, ==, TBL_SWITCH_DEFAULT);
    g_assert_cmpint(domain->expand, ==, TBL_SWITCH_YES);
    g_assert_cmpint(domain->unknown, ==, TBL_UNKNOWN_DEFAULT);
    g_assert_cmpint(domain->domain_class, ==, TBL_DOMAIN_RELAY);
}

static void
test_rule(void)
{
    const DeclareCase mine = {"subdomains", OPTIONS(.rule = (char *)"%m"), TBL_EXIT_USAGE, "exact"};
    const DeclareCase other = {"another", OPTIONS(.rule = (char *)"%m"), 0, NULL};
    const DeclareCase gone = {"empty", OPTIONS(.rule = (char *)""), 0, NULL};
    g_autoptr(TblDomain) wide = tbl_domain_new(".new.example", TBL_DOMAIN_RELAY);
    wide->class_given = true;
    check(&mine, wide);
    g_autoptr(TblDomain) ruled = tbl_domain_new("new.example", TBL_DOMAIN_RELAY);
    ruled->class_given = true;
    ruled->rule = g_strdup("%g");
    check(&other, ruled);
    g_assert_cmpstr(ruled->rule, ==, "%m");
    check(&gone, ruled);
    g_assert_null(ruled->rule);
}

/* What is stored and what is given are judged together. */
static void
test_set_conflicts(void)
{
    const DeclareCase one = {"to alias", OPTIONS(.domain_class = (char *)"virtual-alias"),
                             TBL_EXIT_USAGE, "--route="};
    const DeclareCase two = {"no class", OPTIONS(.domain_class = (char *)""), TBL_EXIT_USAGE,
                             "--class"};
    g_autoptr(TblDomain) routed = tbl_domain_new("old.example", TBL_DOMAIN_RELAY);
    routed->class_given = true;
    routed->route = g_strdup("relay:[mx.example]");
    check(&one, routed);
    g_autoptr(TblDomain) plain = tbl_domain_new("old.example", TBL_DOMAIN_RELAY);
    plain->class_given = true;
    check(&two, plain);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl-declare/new", test_new);
    g_test_add_func("/ctl-declare/values", test_values);
    g_test_add_func("/ctl-declare/mirror", test_mirror_inherits);
    g_test_add_func("/ctl-declare/empty", test_empty_removes);
    g_test_add_func("/ctl-declare/rule", test_rule);
    g_test_add_func("/ctl-declare/conflicts", test_set_conflicts);
    return g_test_run();
}
