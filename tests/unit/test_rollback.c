#include "tests/unit/dump.h"

#include "tables/command.h"
#include "tables/generate.h"
#include "tables/rollback.h"

#define KEEP_ALL 1000

/* ---- Helpers ---- */

static guint64
commit_keeping(Fixture *fixture, guint64 undoes, guint keep)
{
    g_autoptr(GError) error = NULL;
    TblBatchInfo info = {
        .program = "test", .user = "tester", .summary = "{}", .undoes = undoes, .undo_keep = keep};
    guint64 number, generation;
    tbl_draft_commit(fixture_draft(fixture), &info, &number, &generation, &error);
    g_assert_no_error(error);
    g_clear_pointer(&fixture->draft, tbl_draft_free);
    return number;
}

static guint64
commit(Fixture *fixture)
{
    return commit_keeping(fixture, 0, KEEP_ALL);
}

/* Rolls a batch back; the new batch, or 0 with `error`. */
static guint64
try_rollback(Fixture *fixture, guint64 number, bool *mixed, GError **error)
{
    if (tbl_rollback_apply(fixture_draft(fixture), number, mixed, error))
        return commit_keeping(fixture, number, KEEP_ALL);
    g_clear_pointer(&fixture->draft, tbl_draft_free);
    return 0;
}

static guint64
roll_back(Fixture *fixture, guint64 number)
{
    g_autoptr(GError) error = NULL;
    bool mixed;
    guint64 batch = try_rollback(fixture, number, &mixed, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(batch, >, 0);
    return batch;
}

static void
assert_refused(Fixture *fixture, guint64 number, int code, const char *words)
{
    g_autoptr(GError) error = NULL;
    bool mixed;
    g_assert_cmpuint(try_rollback(fixture, number, &mixed, &error), ==, 0);
    g_assert_error(error, TBL_EXIT_ERROR, code);
    if (!strstr(error->message, words))
        g_error("\"%s\" does not say \"%s\"", error->message, words);
}

static TblObject *
find(Fixture *fixture, const char *name)
{
    g_autoptr(GError) error = NULL;
    TblObject *object = tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, name, &error);
    g_assert_no_error(error);
    return object;
}

static void
erase(Fixture *fixture, const char *name)
{
    g_autoptr(TblObject) object = find(fixture, name);
    g_assert_true(tbl_draft_delete(fixture_draft(fixture), object->id, NULL));
}

static void
show_as(Fixture *fixture, const char *name, const char *display)
{
    TblObject *object = find(fixture, name);
    tbl_object_set_text(object, TBL_TEXT_DISPLAY, display);
    fixture_put(fixture, object);
}

static void
give(Fixture *fixture, const char *name, const char *address)
{
    TblObject *object = find(fixture, name);
    g_ptr_array_add(object->addresses, tbl_proxy_new(tbl_slice("SMTP"), tbl_slice(address), false));
    fixture_put(fixture, object);
}

static void
mailbox(Fixture *fixture, const char *name)
{
    g_autofree char *address = g_strdup_printf("SMTP:%s@north.example", name);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, name, address, NULL));
}

/* Batch 1: a domain; batch 2: ann and bob. */
static Fixture *
world(void)
{
    Fixture *fixture = fixture_new("");
    fixture_declare(fixture, tbl_domain_new("north.example", TBL_DOMAIN_RELAY));
    g_assert_cmpuint(commit(fixture), ==, 1);
    mailbox(fixture, "ann");
    mailbox(fixture, "bob");
    g_assert_cmpuint(commit(fixture), ==, 2);
    return fixture;
}

/* ---- Exactly ---- */

/* One batch that deletes, creates, renames, swaps and declares; its rollback, and that of it. */
static void
test_exactly(void)
{
    g_autoptr(Fixture) fixture = world();
    TblObject *team = fixture_object(TBL_CLASS_DL, "team", "SMTP:team@north.example", NULL);
    g_ptr_array_add(team->refs[TBL_REFS_MEMBERS], g_strdup("ann"));
    fixture_put(fixture, team);
    commit(fixture);
    g_autoptr(GHashTable) before = dump_store(fixture);

    erase(fixture, "ann");
    erase(fixture, "bob");
    fixture_put(fixture, fixture_object(TBL_CLASS_REMOTE, "BOB", "SMTP:ann@north.example",
                                        "smtp:bob@north.example", NULL));
    TblObject *list = find(fixture, "team");
    g_ptr_array_set_size(list->refs[TBL_REFS_MEMBERS], 0);
    fixture_put(fixture, list);
    TblDomain *domain = tbl_domain_new("north.example", TBL_DOMAIN_VIRTUAL_ALIAS);
    fixture_declare(fixture, domain);
    guint64 batch = commit(fixture);
    g_autoptr(GHashTable) after = dump_store(fixture);

    guint64 undo = roll_back(fixture, batch);
    g_autoptr(GHashTable) undone = dump_store(fixture);
    assert_same(before, undone);
    guint64 redo = roll_back(fixture, undo);
    g_autoptr(GHashTable) redone = dump_store(fixture);
    assert_same(after, redone);
    roll_back(fixture, redo);
    g_autoptr(GHashTable) again = dump_store(fixture);
    assert_same(before, again);
}

static void
test_links(void)
{
    g_autoptr(Fixture) fixture = world();
    guint64 undo = roll_back(fixture, 2);
    tbl_view_begin(fixture->view);
    g_autoptr(TblBatch) undone = NULL, by = NULL;
    g_assert_cmpint(tbl_batch_read(tbl_view_reader(fixture->view), 2, &undone), ==, TBL_FOUND);
    g_assert_cmpint(tbl_batch_read(tbl_view_reader(fixture->view), undo, &by), ==, TBL_FOUND);
    tbl_view_end(fixture->view);
    g_assert_cmpuint(undone->undone_by, ==, undo);
    g_assert_cmpuint(by->undoes, ==, 2);
    assert_refused(fixture, 2, TBL_EXIT_FAILED, "rolled back already, by batch 3");
    roll_back(fixture, undo);
    assert_refused(fixture, 2, TBL_EXIT_FAILED, "which batch 4 has undone");
    assert_refused(fixture, 17, TBL_EXIT_FAILED, "no batch 17");
}

static void
test_counters(void)
{
    g_autoptr(Fixture) fixture = world();
    roll_back(fixture, 2);
    tbl_view_begin(fixture->view);
    const TblMeta *meta = tbl_reader_meta(tbl_view_reader(fixture->view));
    g_assert_cmpuint(meta->objects, ==, 0);
    g_assert_cmpuint(meta->addresses, ==, 0);
    g_assert_cmpuint(meta->domains, ==, 1);
    g_assert_true(meta->populated);
    tbl_view_end(fixture->view);
}

static void
test_dropped(void)
{
    g_autoptr(Fixture) fixture = world();
    mailbox(fixture, "cy");
    g_assert_cmpuint(commit_keeping(fixture, 0, 2), ==, 3);
    assert_refused(fixture, 1, TBL_EXIT_FAILED, "not kept any more");
    roll_back(fixture, 2);
}

/* ---- Older ones ---- */

static void
test_steps_back(void)
{
    g_autoptr(Fixture) fixture = world();
    g_autoptr(GHashTable) start = dump_store(fixture);
    show_as(fixture, "ann", "one");
    guint64 one = commit(fixture);
    show_as(fixture, "ann", "two");
    guint64 two = commit(fixture);
    assert_refused(fixture, one, TBL_EXIT_REFUSED, "mailbox \"ann\" was changed by batch 4");
    guint64 undo = roll_back(fixture, two);
    roll_back(fixture, one); /* what was undone, and its undoing, do not count */
    g_autoptr(GHashTable) back = dump_store(fixture);
    assert_same(start, back);
    assert_refused(fixture, undo, TBL_EXIT_REFUSED, "before later ones: 6");
}

/* An undoing that was undone brings its batch back into force; the last is to be undone first. */
static void
test_redone_is_in_force(void)
{
    g_autoptr(Fixture) fixture = world();
    show_as(fixture, "ann", "one");
    guint64 one = commit(fixture);
    show_as(fixture, "ann", "two");
    guint64 undo = roll_back(fixture, commit(fixture));
    guint64 redo = roll_back(fixture, undo);
    g_assert_cmpuint(redo, ==, 6);
    assert_refused(fixture, one, TBL_EXIT_REFUSED, "changed by batch 6");
    roll_back(fixture, redo);
    roll_back(fixture, one);
}

static void
test_others_stay(void)
{
    g_autoptr(Fixture) fixture = world();
    show_as(fixture, "ann", "Ann");
    guint64 batch = commit(fixture);
    show_as(fixture, "bob", "Bob");
    commit(fixture);
    roll_back(fixture, batch);
    g_autoptr(TblObject) ann = find(fixture, "ann"), bob = find(fixture, "bob");
    g_assert_null(ann->text[TBL_TEXT_DISPLAY]);
    g_assert_cmpstr(bob->text[TBL_TEXT_DISPLAY], ==, "Bob");
}

static void
test_taken_address(void)
{
    g_autoptr(Fixture) fixture = world();
    erase(fixture, "ann");
    guint64 batch = commit(fixture);
    give(fixture, "bob", "ann@north.example");
    commit(fixture);
    assert_refused(fixture, batch, TBL_EXIT_REFUSED,
                   "before later ones: 4: SMTP:ann@north.example is an address of mailbox \"bob\" "
                   "since batch 4");
}

static void
test_taken_name(void)
{
    g_autoptr(Fixture) fixture = world();
    erase(fixture, "ann");
    guint64 batch = commit(fixture);
    fixture_put(fixture, fixture_object(TBL_CLASS_DL, "ANN", "SMTP:list@north.example", NULL));
    commit(fixture);
    assert_refused(fixture, batch, TBL_EXIT_REFUSED,
                   "the name \"ann\" belongs to another dl since batch 4");
}

static void
test_address_of_the_directory(void)
{
    g_autoptr(Fixture) fixture = world();
    erase(fixture, "ann");
    guint64 batch = commit(fixture);
    TblObject *replicated =
        fixture_object(TBL_CLASS_MAILBOX, "uuid-1", "SMTP:ann@north.example", NULL);
    replicated->origin = TBL_ORIGIN_DIRECTORY;
    fixture_put(fixture, replicated);
    commit(fixture);
    assert_refused(fixture, batch, TBL_EXIT_REFUSED, "in the directory");
}

static void
test_target(void)
{
    g_autoptr(Fixture) fixture = world();
    TblObject *remote = fixture_object(TBL_CLASS_REMOTE, "far", NULL);
    remote->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("x@far.example"), true);
    fixture_put(fixture, remote);
    commit(fixture);
    erase(fixture, "far");
    guint64 batch = commit(fixture);
    remote = fixture_object(TBL_CLASS_REMOTE, "other", NULL);
    remote->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("x@far.example"), true);
    fixture_put(fixture, remote);
    commit(fixture);
    assert_refused(fixture, batch, TBL_EXIT_REFUSED,
                   "is the target of remote \"other\" since batch 5");
}

/* ---- Domains ---- */

static void
test_domain_in_use(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    mailbox(fixture, "old");
    commit(fixture);
    fixture_declare(fixture, tbl_domain_new("north.example", TBL_DOMAIN_RELAY));
    guint64 declared = commit(fixture);
    show_as(fixture, "old", "had its address before");
    commit(fixture);
    mailbox(fixture, "new");
    guint64 later = commit(fixture);
    assert_refused(
        fixture, declared, TBL_EXIT_REFUSED,
        "domain north.example is needed for new@north.example of mailbox \"new\" since batch 4");
    roll_back(fixture, later);
    roll_back(fixture, declared);
}

static void
test_domain_changed_later(void)
{
    g_autoptr(Fixture) fixture = world();
    TblDomain *domain = tbl_domain_new("north.example", TBL_DOMAIN_RELAY);
    domain->route = g_strdup("relay:[a.example]");
    fixture_declare(fixture, domain);
    guint64 batch = commit(fixture);
    fixture_declare(fixture, tbl_domain_new("north.example", TBL_DOMAIN_VIRTUAL_ALIAS));
    commit(fixture);
    assert_refused(fixture, batch, TBL_EXIT_REFUSED, "domain north.example was changed by batch 4");
}

/* ---- Tombstones ---- */

static void
bury(Fixture *fixture, const char *address, const char *notice)
{
    g_autofree char *key = tbl_proxy_key(tbl_slice("SMTP"), tbl_slice(address));
    TblRow row = {
        .kind = TBL_ROW_TOMBSTONE, .spelling = tbl_slice(address), .notice = tbl_slice(notice)};
    g_assert_true(tbl_draft_set_tombstone(fixture_draft(fixture), key, &row, NULL));
}

static void
test_tombstones(void)
{
    g_autoptr(Fixture) fixture = world();
    g_autoptr(GHashTable) start = dump_store(fixture);
    erase(fixture, "ann");
    bury(fixture, "ann@north.example", "no longer in use");
    guint64 buried = commit(fixture);
    g_autoptr(GHashTable) grave = dump_store(fixture);
    mailbox(fixture, "ann"); /* another one, who gets the address */
    guint64 given = commit(fixture);
    roll_back(fixture, given);
    g_autoptr(GHashTable) again = dump_store(fixture);
    assert_same(grave, again);
    roll_back(fixture, buried);
    g_autoptr(GHashTable) end = dump_store(fixture);
    assert_same(start, end);
}

static void
test_tombstone_of_a_given_address(void)
{
    g_autoptr(Fixture) fixture = world();
    bury(fixture, "gone@north.example", "no longer in use");
    commit(fixture);
    g_autofree char *key = tbl_proxy_key(tbl_slice("SMTP"), tbl_slice("gone@north.example"));
    g_assert_true(tbl_draft_set_tombstone(fixture_draft(fixture), key, NULL, NULL));
    guint64 batch = commit(fixture);
    give(fixture, "ann", "gone@north.example");
    commit(fixture);
    assert_refused(
        fixture, batch, TBL_EXIT_REFUSED,
        "smtp:gone@north.example, which had gone, is an address of mailbox \"ann\" since batch 5");
}

/* ---- Rules ---- */

static void
declare_with_rule(Fixture *fixture, const char *rule)
{
    TblDomain *domain = tbl_domain_new("ruled.example", TBL_DOMAIN_VIRTUAL_ALIAS);
    domain->rule = g_strdup(rule);
    fixture_declare(fixture, domain);
    g_assert_true(tbl_generate_domain(fixture_draft(fixture), "ruled.example", true, NULL));
}

static void
test_rule_exactly(void)
{
    g_autoptr(Fixture) fixture = world();
    g_autoptr(GHashTable) start = dump_store(fixture);
    declare_with_rule(fixture, "x");
    guint64 ruled = commit(fixture);
    g_autoptr(GHashTable) with_rule = dump_store(fixture);
    guint64 undo = roll_back(fixture, ruled);
    g_autoptr(GHashTable) without = dump_store(fixture);
    assert_same(start, without);
    roll_back(fixture, undo);
    g_autoptr(GHashTable) again = dump_store(fixture);
    assert_same(with_rule, again);
}

/* What a rule made on objects that changed later goes with the rule and stands in no way. */
static void
test_rule_is_no_obstacle(void)
{
    g_autoptr(Fixture) fixture = world();
    show_as(fixture, "bob", "Bob");
    guint64 named = commit(fixture);
    declare_with_rule(fixture, "%m");
    guint64 ruled = commit(fixture);
    show_as(fixture, "ann", "Ann");
    mailbox(fixture, "cy");
    commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "bob@ruled.example", "OK bob@north.example");
    roll_back(fixture, named);
    assert_lookup(fixture, "virtual_alias_maps", "bob@ruled.example", "OK bob@north.example");
    guint64 undo = roll_back(fixture, ruled);
    assert_lookup(fixture, "virtual_alias_domains", "ruled.example", "NOTFOUND");
    g_autoptr(TblObject) ann = find(fixture, "ann"), cy = find(fixture, "cy");
    g_assert_cmpstr(ann->text[TBL_TEXT_DISPLAY], ==, "Ann");
    g_assert_cmpuint(ann->refs[TBL_REFS_GENERATED]->len + cy->refs[TBL_REFS_GENERATED]->len, ==, 0);
    mailbox(fixture, "dee");
    commit(fixture);
    roll_back(fixture, undo);
    assert_lookup(fixture, "virtual_alias_maps", "ann@ruled.example", "OK ann@north.example");
    assert_lookup(fixture, "virtual_alias_maps", "dee@ruled.example", "OK dee@north.example");
}

/* A made address that somebody else got meanwhile stays; who comes back gets the next number. */
static void
test_made_address_is_not_fought_over(void)
{
    g_autoptr(Fixture) fixture = world();
    declare_with_rule(fixture, "x");
    commit(fixture);
    erase(fixture, "ann");
    guint64 batch = commit(fixture);
    mailbox(fixture, "cy");
    commit(fixture);
    assert_lookup(fixture, "virtual_alias_maps", "x@ruled.example", "OK cy@north.example");
    roll_back(fixture, batch);
    assert_lookup(fixture, "virtual_alias_maps", "x@ruled.example", "OK cy@north.example");
    assert_lookup(fixture, "virtual_alias_maps", "x2@ruled.example", "OK bob@north.example");
    assert_lookup(fixture, "virtual_alias_maps", "x3@ruled.example", "OK ann@north.example");
}

/* What a local batch only touched through a rule is left to the directory. */
static void
test_directory_objects_stay(void)
{
    g_autoptr(Fixture) fixture = world();
    TblObject *replicated =
        fixture_object(TBL_CLASS_MAILBOX, "uuid-1", "SMTP:eve@north.example", NULL);
    replicated->origin = TBL_ORIGIN_DIRECTORY;
    tbl_object_set_text(replicated, TBL_TEXT_ALIAS, "eve");
    fixture_put(fixture, replicated);
    commit(fixture);
    declare_with_rule(fixture, "%m");
    guint64 ruled = commit(fixture);
    TblObject *now = tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_DIRECTORY, "uuid-1", NULL);
    tbl_object_set_text(now, TBL_TEXT_DISPLAY, "Eve");
    fixture_put(fixture, now);
    commit(fixture);
    roll_back(fixture, ruled);
    g_autoptr(TblObject) end =
        tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_DIRECTORY, "uuid-1", NULL);
    g_assert_cmpstr(end->text[TBL_TEXT_DISPLAY], ==, "Eve");
    g_assert_cmpuint(end->refs[TBL_REFS_GENERATED]->len, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rollback/exactly", test_exactly);
    g_test_add_func("/rollback/links", test_links);
    g_test_add_func("/rollback/counters", test_counters);
    g_test_add_func("/rollback/dropped", test_dropped);
    g_test_add_func("/rollback/steps-back", test_steps_back);
    g_test_add_func("/rollback/redone-is-in-force", test_redone_is_in_force);
    g_test_add_func("/rollback/others-stay", test_others_stay);
    g_test_add_func("/rollback/taken-address", test_taken_address);
    g_test_add_func("/rollback/taken-name", test_taken_name);
    g_test_add_func("/rollback/address-of-the-directory", test_address_of_the_directory);
    g_test_add_func("/rollback/target", test_target);
    g_test_add_func("/rollback/domain-in-use", test_domain_in_use);
    g_test_add_func("/rollback/domain-changed-later", test_domain_changed_later);
    g_test_add_func("/rollback/tombstones", test_tombstones);
    g_test_add_func("/rollback/tombstone-of-a-given-address", test_tombstone_of_a_given_address);
    g_test_add_func("/rollback/rule-exactly", test_rule_exactly);
    g_test_add_func("/rollback/rule-is-no-obstacle", test_rule_is_no_obstacle);
    g_test_add_func("/rollback/made-address-is-not-fought-over",
                    test_made_address_is_not_fought_over);
    g_test_add_func("/rollback/directory-objects-stay", test_directory_objects_stay);
    return g_test_run();
}
