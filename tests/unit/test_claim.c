#include "tests/unit/fixture.h"

static int
address_fault(Fixture *fixture, guint64 self, const char *type, const char *value,
              const char *holder)
{
    TblClaim claim;
    g_assert_cmpint(
        tbl_claim_address(fixture_draft(fixture), self, tbl_slice(type), tbl_slice(value), &claim),
        ==, TBL_FOUND);
    int fault = claim.fault;
    if (holder)
        g_assert_cmpstr(claim.holder, ==, holder);
    g_assert_cmpint(claim.reason != NULL, ==, fault != 0);
    tbl_claim_clear(&claim);
    return fault;
}

static int
target_fault(Fixture *fixture, const char *name, const char *target, const char *own)
{
    TblClaim claim;
    g_autoptr(TblObject) remote = fixture_object(TBL_CLASS_REMOTE, name, own, NULL);
    remote->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice(target), true);
    g_assert_cmpint(tbl_claim_target(fixture_draft(fixture), remote, &claim), ==, TBL_FOUND);
    int fault = claim.fault;
    tbl_claim_clear(&claim);
    return fault;
}

static TblObject *
remote_with_target(const char *name, const char *target)
{
    TblObject *remote = fixture_object(TBL_CLASS_REMOTE, name, NULL);
    remote->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice(target), true);
    return remote;
}

static void
test_addresses(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    TblObject *ann = fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@north.example",
                                    "X400:c=US;s=Lee;", NULL);
    fixture_declare(fixture, tbl_domain_new("north.example", TBL_DOMAIN_RELAY));
    g_assert_true(tbl_draft_put(fixture_draft(fixture), ann, NULL));
    fixture_put(fixture, remote_with_target("ext", "ext@far.example"));
    g_assert_cmpint(address_fault(fixture, 0, "smtp", "ANN@North.example", "ann"), ==,
                    TBL_CLAIM_ADDRESS_TAKEN);
    g_assert_cmpint(address_fault(fixture, ann->id, "smtp", "ANN@North.example", NULL), ==,
                    TBL_CLAIM_FREE);
    g_assert_cmpint(address_fault(fixture, 0, "x400", "C=us;S=LEE;", "ann"), ==,
                    TBL_CLAIM_ADDRESS_TAKEN);
    g_assert_cmpint(address_fault(fixture, 0, "smtp", "new@north.example", NULL), ==,
                    TBL_CLAIM_FREE);
    /* outside declared domains a target reserves its address */
    g_assert_cmpint(address_fault(fixture, 0, "smtp", "ext@far.example", "ext"), ==,
                    TBL_CLAIM_ADDRESS_TAKEN);
    tbl_object_free(ann);
}

static void
test_targets(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    fixture_declare(fixture, tbl_domain_new("north.example", TBL_DOMAIN_RELAY));
    fixture_declare(fixture, tbl_domain_new("alias.example", TBL_DOMAIN_VIRTUAL_ALIAS));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@north.example",
                                        "smtp:a@far.example", NULL));
    fixture_put(fixture, remote_with_target("ext", "ext@far.example"));
    g_assert_cmpint(target_fault(fixture, "r", "ext@far.example", "SMTP:r@north.example"), ==,
                    TBL_CLAIM_TARGET_TAKEN);
    g_assert_cmpint(target_fault(fixture, "r", "A@far.example", "SMTP:r@north.example"), ==,
                    TBL_CLAIM_TARGET_TAKEN);
    g_assert_cmpint(target_fault(fixture, "r", "free@far.example", "SMTP:r@north.example"), ==,
                    TBL_CLAIM_FREE);
    g_assert_cmpint(target_fault(fixture, "r", "ann@north.example", "SMTP:r@north.example"), ==,
                    TBL_CLAIM_FREE);
    g_assert_cmpint(target_fault(fixture, "r", "nobody@north.example", "SMTP:r@north.example"), ==,
                    TBL_CLAIM_TARGET_INVALID);
    g_assert_cmpint(target_fault(fixture, "r", "r@north.example", "SMTP:r@north.example"), ==,
                    TBL_CLAIM_FREE);
    g_assert_cmpint(target_fault(fixture, "r", "r@alias.example", "SMTP:r@alias.example"), ==,
                    TBL_CLAIM_TARGET_INVALID);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/claim/addresses", test_addresses);
    g_test_add_func("/claim/targets", test_targets);
    return g_test_run();
}
