/* What several objects would have goes to the next one when its holder goes, in whatever order
 * things happen. */
#include "tables/claim.h"
#include "tables/restriction.h"
#include "tests/unit/fixture.h"

#define ROUNDS 40
#define STEPS 30
#define OBJECTS 5

/* ---- Shared targets ---- */

#define TARGET "joe@far.example"

static const char *const spellings[] = {"joe@far.example", "Joe@far.example", "JOE@far.example"};

static void
put_remote(Fixture *fixture, guint number)
{
    g_autofree char *name = g_strdup_printf("r%u", number);
    g_autofree char *address = g_strdup_printf("SMTP:%s@relay.example", name);
    TblObject *remote = fixture_object(TBL_CLASS_REMOTE, name, address, NULL);
    g_autoptr(TblObject) before =
        tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, name, NULL);
    remote->id = before ? before->id : 0;
    const char *spelling = spellings[number % G_N_ELEMENTS(spellings)];
    remote->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice(spelling), true);
    fixture_put(fixture, remote);
}

static void
delete_name(Fixture *fixture, TblOrigin origin, const char *name)
{
    g_autoptr(TblObject) object = tbl_draft_find(fixture_draft(fixture), origin, name, NULL);
    g_assert_nonnull(object);
    g_assert_true(tbl_draft_delete(fixture_draft(fixture), object->id, NULL));
}

/* Whether the sender with the target counts as the remote. */
static bool
counts_as(Fixture *fixture, const char *name)
{
    g_autoptr(TblObject) goal = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_MAILBOX, "goal");
    TblContext context = {fixture->view, fixture->config, 1000};
    g_ptr_array_add(goal->refs[TBL_REFS_REJECT_FROM], g_strdup(name));
    tbl_view_begin(fixture->view);
    TblRestriction restriction = tbl_restriction_judge(&context, goal, tbl_slice(TARGET), false);
    tbl_view_end(fixture->view);
    g_assert_cmpint(restriction, !=, TBL_RESTRICTION_FAILED);
    return restriction == TBL_RESTRICTION_REJECTED;
}

static void
assert_claims(Fixture *fixture, const bool *there)
{
    guint count = 0;
    for (guint i = 0; i < OBJECTS; i++)
        count += there[i];
    TblDraft *draft = fixture_draft(fixture);
    TblClaim claim;
    /* For somebody new, the target is taken while anybody has it. */
    g_assert_cmpint(tbl_claim_address(draft, 0, tbl_slice("SMTP"), tbl_slice(TARGET), &claim), ==,
                    TBL_FOUND);
    g_assert_cmpint(claim.fault, ==, count ? TBL_CLAIM_ADDRESS_TAKEN : TBL_CLAIM_FREE);
    tbl_claim_clear(&claim);
    for (guint i = 0; i < OBJECTS; i++) {
        g_autofree char *name = g_strdup_printf("r%u", i);
        g_autoptr(TblObject) remote = tbl_draft_find(draft, TBL_ORIGIN_LOCAL, name, NULL);
        g_assert_true((remote != NULL) == there[i]);
        if (!remote)
            continue;
        g_assert_cmpint(tbl_claim_target(draft, remote, &claim), ==, TBL_FOUND);
        g_assert_cmpint(claim.fault, ==, count > 1 ? TBL_CLAIM_TARGET_TAKEN : TBL_CLAIM_FREE);
        tbl_claim_clear(&claim);
    }
}

static void
test_targets(void)
{
    for (guint round = 0; round < ROUNDS; round++) {
        g_autoptr(Fixture) fixture = fixture_world("");
        bool there[OBJECTS] = {false};
        for (guint step = 0; step < STEPS; step++) {
            guint number = (guint)g_test_rand_int_range(0, OBJECTS);
            g_autofree char *name = g_strdup_printf("r%u", number);
            if (!there[number] || g_test_rand_bit())
                put_remote(fixture, number);
            else
                delete_name(fixture, TBL_ORIGIN_LOCAL, name);
            g_autoptr(TblObject) now =
                tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, name, NULL);
            there[number] = now != NULL;
            assert_claims(fixture, there);
            if (g_test_rand_bit())
                continue;
            (void)fixture_commit(fixture);
            for (guint i = 0; i < OBJECTS; i++) {
                g_autofree char *other = g_strdup_printf("r%u", i);
                g_assert_true(counts_as(fixture, other) == there[i]);
            }
        }
    }
}

/* ---- Generated addresses of the directory ---- */

/* The claimants: mailboxes of the directory with one alias. */
typedef struct {
    bool there, explicit;
    guint64 created;
} Claimant;

static void
put_claimant(Fixture *fixture, guint number, const Claimant *claimant)
{
    g_autofree char *name = g_strdup_printf("uuid%u", number);
    g_autofree char *address = g_strdup_printf("SMTP:d%u@relay.example", number);
    g_autofree char *own = g_strdup_printf("smtp:own%u@rule.example", number);
    TblObject *object =
        fixture_object(TBL_CLASS_MAILBOX, name, address, claimant->explicit ? own : NULL, NULL);
    g_autoptr(TblObject) before =
        tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_DIRECTORY, name, NULL);
    object->origin = TBL_ORIGIN_DIRECTORY;
    object->created = claimant->created;
    object->id = before ? before->id : 0;
    tbl_object_set_text(object, TBL_TEXT_ALIAS, "Ann");
    fixture_put(fixture, object);
}

static char *
expected_answer(const Claimant *claimants, bool taken)
{
    guint oldest = OBJECTS;
    for (guint i = 0; i < OBJECTS; i++) {
        if (claimants[i].there && !claimants[i].explicit &&
            (oldest == OBJECTS || claimants[i].created < claimants[oldest].created))
            oldest = i; /* of the same age the one with the lower name, which comes first */
    }
    if (taken)
        return g_strdup("OK taker@relay.example");
    return oldest < OBJECTS ? g_strdup_printf("OK d%u@relay.example", oldest)
                            : g_strdup("NOTFOUND");
}

static void
put_taker(Fixture *fixture, bool taken)
{
    TblObject *taker =
        fixture_object(TBL_CLASS_MAILBOX, "taker", "SMTP:taker@relay.example",
                       "smtp:other@rule.example", taken ? "smtp:ann@rule.example" : NULL, NULL);
    g_autoptr(TblObject) before =
        tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "taker", NULL);
    taker->id = before ? before->id : 0;
    fixture_put(fixture, taker);
}

static void
set_notice(Fixture *fixture, bool there)
{
    TblRow tombstone = {.kind = TBL_ROW_TOMBSTONE,
                        .spelling = tbl_slice("ann@rule.example"),
                        .notice = tbl_slice("gone")};
    g_assert_true(tbl_draft_set_tombstone(fixture_draft(fixture), "smtp:ann@rule.example",
                                          there ? &tombstone : NULL, NULL));
}

static void
change_something(Fixture *fixture, Claimant *claimants, bool *taken)
{
    guint number = (guint)g_test_rand_int_range(0, OBJECTS);
    g_autofree char *name = g_strdup_printf("uuid%u", number);
    Claimant *claimant = &claimants[number];
    switch (g_test_rand_int_range(0, 4)) {
    case 0:
        *taken = !*taken;
        put_taker(fixture, *taken);
        break;
    case 1:
        claimant->explicit = claimant->there && !claimant->explicit;
        claimant->there = true;
        put_claimant(fixture, number, claimant);
        break;
    default:
        claimant->there = !claimant->there;
        claimant->explicit = false;
        if (claimant->there)
            put_claimant(fixture, number, claimant);
        else
            delete_name(fixture, TBL_ORIGIN_DIRECTORY, name);
        break;
    }
}

static void
test_generated(void)
{
    for (guint round = 0; round < ROUNDS; round++) {
        g_autoptr(Fixture) fixture = fixture_world("");
        TblDomain *ruled = tbl_domain_new("rule.example", TBL_DOMAIN_RELAY);
        Claimant claimants[OBJECTS] = {0};
        bool taken = false;
        ruled->rule = g_strdup("%m");
        fixture_declare(fixture, ruled);
        put_taker(fixture, false);
        for (guint i = 0; i < OBJECTS; i++)
            claimants[i].created = (guint64)g_test_rand_int_range(1, 4);
        for (guint step = 0; step < STEPS; step++) {
            change_something(fixture, claimants, &taken);
            if (g_test_rand_bit())
                (void)fixture_commit(fixture);
            g_autofree char *answer =
                fixture_lookup_draft(fixture, "relay_recipient_maps", "ann@rule.example");
            g_autofree char *expected = expected_answer(claimants, taken);
            g_assert_cmpstr(answer, ==, expected);
        }
    }
}

/* A notice that is taken away gives the address back. */
static void
test_notice(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    TblDomain *ruled = tbl_domain_new("rule.example", TBL_DOMAIN_RELAY);
    Claimant ann = {.there = true, .created = 1};
    ruled->rule = g_strdup("%m");
    fixture_declare(fixture, ruled);
    set_notice(fixture, true);
    put_claimant(fixture, 0, &ann);
    (void)fixture_commit(fixture);
    assert_lookup(fixture, "relay_recipient_maps", "ann@rule.example", "NOTFOUND");
    set_notice(fixture, false);
    (void)fixture_commit(fixture);
    assert_lookup(fixture, "relay_recipient_maps", "ann@rule.example", "OK d0@relay.example");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/heir/targets", test_targets);
    g_test_add_func("/heir/generated", test_generated);
    g_test_add_func("/heir/notice", test_notice);
    return g_test_run();
}
