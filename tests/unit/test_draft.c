#include "tests/unit/fixture.h"

static void
declare_north(Fixture *fixture)
{
    fixture_declare(fixture, tbl_domain_new("north.example", TBL_DOMAIN_RELAY));
}

static void
test_later_changes_see_earlier_ones(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    declare_north(fixture);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "Ann", "SMTP:ann@north.example", NULL));
    g_autoptr(TblObject) ann =
        tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "ANN", NULL);
    g_assert_nonnull(ann);
    g_assert_cmpstr(ann->name, ==, "Ann");
    g_autofree char *inside =
        fixture_lookup_draft(fixture, "relay_recipient_maps", "ANN@North.example");
    g_assert_cmpstr(inside, ==, "OK ann@north.example");
    assert_lookup(fixture, "relay_recipient_maps", "ann@north.example",
                  "TEMP"); /* nothing is committed */
    g_assert_cmpuint(fixture_commit(fixture), ==, 1);
    assert_lookup(fixture, "relay_recipient_maps", "ann@north.example", "OK ann@north.example");
    assert_lookup(fixture, "relay_recipient_maps", "bob@north.example", "NOTFOUND");
}

static void
test_no_net_change_is_no_batch(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    declare_north(fixture);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@north.example", NULL));
    g_assert_cmpuint(fixture_commit(fixture), ==, 1);
    declare_north(fixture);
    TblObject *ann = tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "ann", NULL);
    fixture_put(fixture, ann);
    TblObject *gone = fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:bob@north.example", NULL);
    g_assert_true(tbl_draft_put(fixture_draft(fixture), gone, NULL));
    g_assert_true(tbl_draft_delete(fixture_draft(fixture), gone->id, NULL));
    tbl_object_free(gone);
    g_assert_true(tbl_draft_is_empty(fixture_draft(fixture)));
    g_assert_cmpuint(fixture_commit(fixture), ==, 0);
    tbl_view_begin(fixture->view);
    g_assert_cmpuint(tbl_reader_meta(tbl_view_reader(fixture->view))->generation, ==, 1);
    tbl_view_end(fixture->view);
}

/* What counts is the end of a run: one that goes and comes back has not gone. */
static void
test_object_that_comes_back_has_not_gone(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@north.example", NULL));
    g_assert_cmpuint(fixture_commit(fixture), ==, 1);
    TblDraft *draft = fixture_draft(fixture);
    g_autoptr(TblObject) ann = tbl_draft_find(draft, TBL_ORIGIN_LOCAL, "ann", NULL);
    g_assert_true(tbl_draft_delete(draft, ann->id, NULL));
    g_assert_false(tbl_draft_is_empty(draft));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@north.example", NULL));
    g_assert_true(tbl_draft_is_empty(draft));
    g_assert_true(tbl_draft_delete(draft, ann->id, NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_REMOTE, "Ann", "SMTP:ann@north.example", NULL));
    g_autoptr(TblObject) back = tbl_draft_find(draft, TBL_ORIGIN_LOCAL, "ann", NULL);
    g_assert_nonnull(back);
    g_assert_cmpuint(back->id, ==, ann->id);
    g_assert_cmpuint(fixture_commit(fixture), ==, 2);
}

static bool
collect(const TblObject *before, const TblObject *after, gpointer data)
{
    const TblObject *object = after ? after : before;
    g_string_append_printf(data, "%s%s/%s ",
                           !before  ? "+"
                           : !after ? "-"
                                    : "~",
                           tbl_class_name(object->object_class), object->name);
    return true;
}

static void
test_changes_are_sorted_and_net(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@north.example", NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "cy", "SMTP:cy@north.example", NULL));
    fixture_commit(fixture);
    TblDraft *draft = fixture_draft(fixture);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "Bob", NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_DL, "zoo", NULL));
    g_autoptr(TblObject) ann = tbl_draft_find(draft, TBL_ORIGIN_LOCAL, "ann", NULL);
    g_assert_true(tbl_draft_delete(draft, ann->id, NULL));
    TblObject *cy = tbl_draft_find(draft, TBL_ORIGIN_LOCAL, "cy", NULL);
    tbl_object_set_text(cy, TBL_TEXT_DISPLAY, "Cy");
    fixture_put(fixture, cy);
    g_autoptr(GString) seen = g_string_new(NULL);
    g_assert_true(tbl_draft_foreach_change(draft, collect, seen, NULL));
    g_assert_cmpstr(seen->str, ==, "+dl/zoo -mailbox/ann +mailbox/Bob ~mailbox/cy ");
    fixture_commit(fixture);
    tbl_view_begin(fixture->view);
    const TblMeta *meta = tbl_reader_meta(tbl_view_reader(fixture->view));
    g_assert_cmpuint(meta->objects, ==, 3);
    g_assert_cmpuint(meta->addresses, ==, 1);
    tbl_view_end(fixture->view);
}

static void
test_taken_address_is_refused(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    g_autoptr(GError) error = NULL;
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@north.example", NULL));
    g_autoptr(TblObject) bob =
        fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:ANN@north.example", NULL);
    g_assert_false(tbl_draft_put(fixture_draft(fixture), bob, &error));
    g_assert_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_SYSTEM);
}

static void
test_stale_snapshot_is_refused(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    g_autoptr(GError) error = NULL;
    g_autoptr(TblDraft) late = tbl_draft_new(fixture->store, NULL);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@north.example", NULL));
    fixture_commit(fixture);
    g_autoptr(TblObject) bob =
        fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:bob@north.example", NULL);
    g_assert_true(tbl_draft_put(late, bob, NULL));
    TblBatchInfo info = {.program = "test", .user = "tester", .summary = "{}"};
    guint64 number, generation;
    g_assert_false(tbl_draft_commit(late, &info, &number, &generation, &error));
    g_assert_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_STALE);
}

static void
test_moving_an_address(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    declare_north(fixture);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@north.example",
                                        "smtp:x@north.example", NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:bob@north.example", NULL));
    fixture_commit(fixture);
    TblObject *ann = tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "ann", NULL);
    g_ptr_array_remove_index(ann->addresses, 1);
    fixture_put(fixture, ann);
    TblObject *bob = tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "bob", NULL);
    g_ptr_array_add(bob->addresses,
                    tbl_proxy_new(tbl_slice("smtp"), tbl_slice("x@north.example"), false));
    fixture_put(fixture, bob);
    g_assert_cmpuint(fixture_commit(fixture), ==, 2);
    assert_lookup(fixture, "relay_recipient_maps", "x@north.example", "OK bob@north.example");
}

static void
test_replicated_change_is_no_batch(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    g_autoptr(GError) error = NULL;
    guint64 last = fixture_commit(fixture), number = 1, before, after;
    before = tbl_draft_base(fixture_draft(fixture))->generation;
    TblObject *object = fixture_object(TBL_CLASS_MAILBOX, "eve", "SMTP:eve@relay.example", NULL);
    object->origin = TBL_ORIGIN_DIRECTORY;
    fixture_put(fixture, object);
    g_assert_true(tbl_draft_commit(fixture_draft(fixture), NULL, &number, &after, &error));
    g_assert_no_error(error);
    g_clear_pointer(&fixture->draft, tbl_draft_free);
    g_assert_cmpuint(number, ==, 0);
    g_assert_cmpuint(after, ==, before + 1);
    g_assert_cmpuint(tbl_draft_base(fixture_draft(fixture))->batch, ==, last);
    assert_lookup(fixture, "relay_recipient_maps", "eve@relay.example", "OK eve@relay.example");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/draft/later-see-earlier", test_later_changes_see_earlier_ones);
    g_test_add_func("/draft/no-net-change", test_no_net_change_is_no_batch);
    g_test_add_func("/draft/comes-back", test_object_that_comes_back_has_not_gone);
    g_test_add_func("/draft/changes", test_changes_are_sorted_and_net);
    g_test_add_func("/draft/taken", test_taken_address_is_refused);
    g_test_add_func("/draft/stale", test_stale_snapshot_is_refused);
    g_test_add_func("/draft/moving", test_moving_an_address);
    g_test_add_func("/draft/replicated", test_replicated_change_is_no_batch);
    return g_test_run();
}
