#include "gif/changes.h"
#include "gif/guard.h"
#include "gif/verdict.h"

#include "tests/unit/fixture.h"

static Fixture *
declared(const char *config)
{
    Fixture *fixture = fixture_new(config);
    TblDomain *relay = tbl_domain_new("relay.example", TBL_DOMAIN_RELAY);
    fixture_declare(fixture, relay);
    fixture_declare(fixture, tbl_domain_new("alias.example", TBL_DOMAIN_VIRTUAL_ALIAS));
    return fixture;
}

static void
put_list(Fixture *fixture, const char *name, const char *address, const char *members)
{
    TblObject *list = fixture_object(TBL_CLASS_DL, name, address, NULL);
    g_auto(GStrv) names = g_strsplit(members, " ", -1);
    for (gsize i = 0; names[i]; i++)
        g_ptr_array_add(list->refs[TBL_REFS_MEMBERS], g_strdup(names[i]));
    fixture_put(fixture, list);
}

/* All verdicts as "name:code ...", after taking them back when `revert`. */
static char *
judge(Fixture *fixture, bool revert)
{
    GString *out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GifJudge) judge = gif_judge_new(fixture_draft(fixture), fixture->config);
    GifChanges changes;
    g_assert_true(gif_changes_collect(fixture_draft(fixture), judge, &changes, &error));
    g_assert_true(gif_judge_finish(judge, NULL, 1));
    const GPtrArray *verdicts = gif_judge_verdicts(judge);
    for (guint i = 0; i < verdicts->len; i++) {
        const GifVerdict *verdict = g_ptr_array_index(verdicts, i);
        g_assert_nonnull(verdict->reason);
        g_string_append_printf(out, "%s%s:%d", i ? " " : "", verdict->name, verdict->code);
    }
    if (revert) {
        g_assert_true(gif_judge_revert(judge, &error));
        g_assert_no_error(error);
    }
    return g_string_free(out, FALSE);
}

static void
test_new(void)
{
    g_autoptr(Fixture) fixture = declared("[limits]\nlist-recipients=2\n");
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "fine", "SMTP:fine@relay.example",
                                        "smtp:fine@alias.example", NULL));
    fixture_put(fixture,
                fixture_object(TBL_CLASS_MAILBOX, "lost", "SMTP:lost@alias.example", NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "stray", "smtp:stray@relay.example",
                                        "smtp:stray@alias.example", NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "umlaut", "SMTP:\xc3\xa4@relay.example",
                                        "smtp:ae@alias.example", NULL));
    fixture_put(fixture,
                fixture_object(TBL_CLASS_MAILBOX, "bare", "smtp:bare@relay.example", NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "none", NULL));
    put_list(fixture, "late", "smtp:late@alias.example", "fine");
    put_list(fixture, "over", "SMTP:over@alias.example",
             "a@far.example b@far.example c@far.example");
    put_list(fixture, "fits", "SMTP:fits@alias.example", "a@far.example fine");
    put_list(fixture, "one", "SMTP:one@alias.example", "two");
    put_list(fixture, "two", "SMTP:two@alias.example", "one");
    put_list(fixture, "nobody", "SMTP:nobody@alias.example", "unknown");
    g_autofree char *verdicts = judge(fixture, true), *after = judge(fixture, true);
    g_assert_cmpstr(verdicts, ==, "lost:922 stray:922 umlaut:922 over:921 one:920 two:920");
    g_assert_cmpstr(after, ==, "");
}

/* What refers to an address keeps it from going. */
static void
test_left(void)
{
    g_autoptr(Fixture) fixture = declared("");
    TblDomain *caught = tbl_domain_new("caught.example", TBL_DOMAIN_VIRTUAL_ALIAS);
    caught->catch_all = g_strdup("all@relay.example");
    fixture_declare(fixture, caught);
    TblObject *ann = fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@relay.example", NULL);
    TblObject *all = fixture_object(TBL_CLASS_MAILBOX, "all", "SMTP:all@relay.example", NULL);
    TblObject *free_one =
        fixture_object(TBL_CLASS_MAILBOX, "free", "SMTP:free@relay.example", NULL);
    TblObject *remote = fixture_object(TBL_CLASS_REMOTE, "remote", "SMTP:r@relay.example", NULL);
    remote->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("ann@relay.example"), true);
    fixture_put(fixture, ann);
    fixture_put(fixture, all);
    fixture_put(fixture, free_one);
    fixture_put(fixture, remote);
    fixture_commit(fixture);
    static const char *const names[] = {"ann", "all", "free"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(TblObject) object =
            tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, names[i], NULL);
        g_assert_true(tbl_draft_delete(fixture_draft(fixture), object->id, NULL));
    }
    g_autofree char *verdicts = judge(fixture, true), *after = judge(fixture, false);
    g_assert_cmpstr(verdicts, ==, "ann:923 all:923");
    g_assert_cmpstr(after, ==, "");
    g_autoptr(TblObject) back =
        tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "ANN", NULL);
    g_assert_nonnull(back);
    g_assert_cmpuint(back->addresses->len, ==, 1);
}

/* What was taken since cannot be taken back. */
static void
test_entangled(void)
{
    g_autoptr(Fixture) fixture = declared("");
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "a", "SMTP:a@relay.example",
                                        "smtp:x@n.example", NULL));
    fixture_commit(fixture);
    g_autoptr(TblObject) a = tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "a", NULL);
    guint64 id = a->id;
    TblObject *changed = fixture_object(TBL_CLASS_MAILBOX, "a", "SMTP:a@alias.example", NULL);
    changed->id = id;
    fixture_put(fixture, changed);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "b", "SMTP:b@relay.example",
                                        "smtp:x@n.example", NULL));
    g_autoptr(GifJudge) judge = gif_judge_new(fixture_draft(fixture), fixture->config);
    GifChanges changes;
    g_autoptr(GError) error = NULL;
    g_assert_true(gif_changes_collect(fixture_draft(fixture), judge, &changes, &error));
    g_assert_cmpuint(gif_judge_verdicts(judge)->len, ==, 1);
    g_assert_false(gif_judge_revert(judge, &error));
}

/* ---- Counting and guarding ---- */

static void
test_changes(void)
{
    g_autoptr(Fixture) fixture = declared("");
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "a", "SMTP:a@n.example",
                                        "smtp:x@n.example", "smtp:y@n.example", NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "b", "SMTP:b@n.example", NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "c", "SMTP:c@n.example", NULL));
    fixture_commit(fixture);
    TblDraft *draft = fixture_draft(fixture);
    g_autoptr(TblObject) a = tbl_draft_find(draft, TBL_ORIGIN_LOCAL, "a", NULL);
    g_autoptr(TblObject) b = tbl_draft_find(draft, TBL_ORIGIN_LOCAL, "b", NULL);
    g_autoptr(TblObject) c = tbl_draft_find(draft, TBL_ORIGIN_LOCAL, "c", NULL);
    /* x moves to b, a's primary and y swap, c goes, d comes */
    TblObject *new_a =
        fixture_object(TBL_CLASS_MAILBOX, "a", "SMTP:y@n.example", "smtp:a@n.example", NULL);
    TblObject *new_b =
        fixture_object(TBL_CLASS_MAILBOX, "b", "SMTP:b@n.example", "smtp:x@n.example", NULL);
    new_a->id = a->id;
    new_b->id = b->id;
    fixture_put(fixture, new_a);
    fixture_put(fixture, new_b);
    g_assert_true(tbl_draft_delete(draft, c->id, NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "d", "SMTP:d@n.example", NULL));
    GifChanges changes;
    g_assert_true(gif_changes_collect(draft, NULL, &changes, NULL));
    g_assert_cmpuint(changes.created, ==, 1);
    g_assert_cmpuint(changes.modified, ==, 2);
    g_assert_cmpuint(changes.deleted, ==, 1);
    g_assert_cmpuint(changes.addresses_added, ==, 2);
    g_assert_cmpuint(changes.addresses_removed, ==, 2);
    g_assert_cmpuint(changes.addresses_gone, ==, 1);
}

static void
put_mailboxes(Fixture *fixture, guint count)
{
    for (guint i = 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf("m%u", i);
        g_autofree char *address = g_strdup_printf("SMTP:m%u@relay.example", i);
        fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, name, address, NULL));
    }
    fixture_commit(fixture);
}

static GifGuardResult
guard_after_deleting(Fixture *fixture, const char *limit, const char *const *keep, guint count)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *reason = NULL;
    g_autoptr(GifGuard) guard = gif_guard_new(limit, keep, &error);
    g_assert_no_error(error);
    tbl_draft_free(g_steal_pointer(&fixture->draft));
    TblDraft *draft = fixture_draft(fixture);
    g_assert_true(gif_guard_begin(guard, draft, fixture->config));
    for (guint i = 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf("m%u", i);
        g_autoptr(TblObject) object = tbl_draft_find(draft, TBL_ORIGIN_LOCAL, name, NULL);
        g_assert_true(tbl_draft_delete(draft, object->id, NULL));
    }
    GifChanges changes;
    g_assert_true(gif_changes_collect(draft, NULL, &changes, NULL));
    GifGuardResult result = gif_guard_check(guard, draft, fixture->config, &changes, &reason);
    g_assert_cmpint(result == GIF_GUARD_PASSED, ==, reason == NULL);
    return result;
}

static void
test_guard(void)
{
    static const char *const first[] = {"M0@relay.example", "not-there@relay.example", NULL};
    static const char *const last[] = {"m99@relay.example", NULL};
    g_autoptr(Fixture) fixture = declared("");
    put_mailboxes(fixture, 100);
    /* at most max(5, P %) may go; an absolute number has no floor */
    g_assert_cmpint(guard_after_deleting(fixture, "10%", NULL, 10), ==, GIF_GUARD_PASSED);
    g_assert_cmpint(guard_after_deleting(fixture, "10%", NULL, 11), ==, GIF_GUARD_MAX_DELETE);
    g_assert_cmpint(guard_after_deleting(fixture, "1%", NULL, 5), ==, GIF_GUARD_PASSED);
    g_assert_cmpint(guard_after_deleting(fixture, "1%", NULL, 6), ==, GIF_GUARD_MAX_DELETE);
    g_assert_cmpint(guard_after_deleting(fixture, "0", NULL, 1), ==, GIF_GUARD_MAX_DELETE);
    g_assert_cmpint(guard_after_deleting(fixture, "1", NULL, 1), ==, GIF_GUARD_PASSED);
    g_assert_cmpint(guard_after_deleting(fixture, "50%", first, 1), ==, GIF_GUARD_MUST_KEEP);
    g_assert_cmpint(guard_after_deleting(fixture, "50%", last, 1), ==, GIF_GUARD_PASSED);
}

static void
test_guard_values(void)
{
    static const char *const bad[] = {"", "%", "ten", "-1", "101%", "5 %", "1.5%"};
    static const char *const no_address[] = {"nobody", NULL};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(gif_guard_new(bad[i], NULL, &error));
        g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(gif_guard_new("1", no_address, &error));
    g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
}

static void
put_member(Fixture *fixture, const char *name)
{
    g_autofree char *address = g_strdup_printf("SMTP:%s@relay.example", name);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, name, address, NULL));
}

/* Lists that the run does not touch, above what it does. */
static void
test_above(void)
{
    g_autoptr(Fixture) fixture = declared("[limits]\nlist-recipients=2\n");
    put_list(fixture, "top", "SMTP:top@alias.example", "inner c@far.example");
    put_list(fixture, "inner", "SMTP:inner@alias.example", "a b@relay.example new");
    put_list(fixture, "was-over", "SMTP:old@alias.example", "x@far.example y@far.example");
    put_member(fixture, "a");
    (void)fixture_commit(fixture);
    put_member(fixture, "other");
    g_autofree char *none = judge(fixture, false);
    g_assert_cmpstr(none, ==, "");
    /* A second recipient of inner is the third of top. */
    put_member(fixture, "b");
    g_autofree char *one = judge(fixture, true), *after = judge(fixture, true);
    g_assert_cmpstr(one, ==, "b:921");
    g_assert_cmpstr(after, ==, "");
    /* By name; then by an address that somebody gets. */
    TblObject *away = fixture_object(TBL_CLASS_MAILBOX, "new", "SMTP:away@far2.example", NULL);
    fixture_put(fixture, away);
    TblObject *other = tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "other", NULL);
    g_ptr_array_add(other->addresses,
                    tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("b@relay.example"), false));
    fixture_put(fixture, other);
    g_autofree char *last = judge(fixture, true), *first = judge(fixture, true);
    g_assert_cmpstr(last, ==, "new:921");
    g_assert_cmpstr(first, ==, "other:921");
}

/* What a forward leads to makes the lists of the forwarder longer. */
static void
test_above_forward(void)
{
    g_autoptr(Fixture) fixture = declared("[limits]\nlist-recipients=2\n");
    TblObject *ann = fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@alias.example", NULL);
    put_list(fixture, "top", "SMTP:top@alias.example", "ann c@far.example");
    tbl_object_set_text(ann, TBL_TEXT_FORWARD, "team");
    fixture_put(fixture, ann);
    put_list(fixture, "team", "SMTP:team@alias.example", "a@far.example");
    (void)fixture_commit(fixture);
    TblObject *team = tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "team", NULL);
    g_ptr_array_add(team->refs[TBL_REFS_MEMBERS], g_strdup("b@far.example"));
    fixture_put(fixture, team);
    g_autofree char *over = judge(fixture, true), *after = judge(fixture, true);
    g_assert_cmpstr(over, ==, "team:921");
    g_assert_cmpstr(after, ==, "");
}

/* The same through a remote whose target it is, where lists give their members by name alone. */
static void
test_above_target(void)
{
    g_autoptr(Fixture) fixture = declared("[limits]\nlist-recipients=2\n");
    TblObject *gate = fixture_object(TBL_CLASS_REMOTE, "gate", "SMTP:gate@alias.example", NULL);
    for (const char *name = "abc"; *name; name++)
        put_member(fixture, (const char[]){*name, '\0'});
    put_list(fixture, "team", "SMTP:team@alias.example", "a");
    gate->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("team@alias.example"), true);
    fixture_put(fixture, gate);
    put_list(fixture, "top", "SMTP:top@alias.example", "gate c");
    (void)fixture_commit(fixture);
    TblObject *team = tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "team", NULL);
    g_ptr_array_add(team->refs[TBL_REFS_MEMBERS], g_strdup("b"));
    fixture_put(fixture, team);
    g_autofree char *over = judge(fixture, true), *after = judge(fixture, true);
    g_assert_cmpstr(over, ==, "team:921");
    g_assert_cmpstr(after, ==, "");
}

/* Each list of a level names both of the level below: there are 2^LEVELS ways up, and few lists. */
static void
test_above_ways(void)
{
    enum { LEVELS = 40 };
    g_autoptr(Fixture) fixture = declared("");
    put_member(fixture, "a");
    for (guint level = 0; level < LEVELS; level++) {
        g_autofree char *members =
            level ? g_strdup_printf("l%u-0 l%u-1", level - 1, level - 1) : g_strdup("a new");
        for (guint side = 0; side < 2; side++) {
            g_autofree char *name = g_strdup_printf("l%u-%u", level, side);
            g_autofree char *address = g_strdup_printf("SMTP:%s@alias.example", name);
            put_list(fixture, name, address, members);
        }
    }
    (void)fixture_commit(fixture);
    put_member(fixture, "new");
    g_autofree char *none = judge(fixture, false);
    g_assert_cmpstr(none, ==, "");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/verdict/new", test_new);
    g_test_add_func("/verdict/left", test_left);
    g_test_add_func("/verdict/entangled", test_entangled);
    g_test_add_func("/changes/net", test_changes);
    g_test_add_func("/guard/limits", test_guard);
    g_test_add_func("/guard/values", test_guard_values);
    g_test_add_func("/verdict/above", test_above);
    g_test_add_func("/verdict/above-forward", test_above_forward);
    g_test_add_func("/verdict/above-target", test_above_target);
    g_test_add_func("/verdict/above-ways", test_above_ways);
    return g_test_run();
}
