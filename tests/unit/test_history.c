#include "tests/unit/fixture.h"

#include "tables/command.h"
#include "tables/history.h"

static bool
collect(const TblHistoryChange *change, gpointer data)
{
    if (change->domain_before || change->domain_after) {
        const TblDomain *was = change->domain_before, *is = change->domain_after;
        g_string_append_printf(data, "%s:%s>%s ", (is ? is : was)->name,
                               was ? tbl_domain_class_name(was->domain_class) : "",
                               is ? tbl_domain_class_name(is->domain_class) : "");
        return true;
    }
    const TblObject *was = change->before, *is = change->after;
    const char *old = was ? was->text[TBL_TEXT_DISPLAY] : "",
               *new = is ? is->text[TBL_TEXT_DISPLAY] : "";
    g_string_append_printf(data, "%s/%s:%s>%s ", tbl_class_name((is ? is : was)->object_class),
                           (is ? is : was)->name, old, new);
    return true;
}

static void
assert_changes(Fixture *fixture, guint64 number, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) seen = g_string_new(NULL);
    tbl_view_begin(fixture->view);
    g_assert_true(
        tbl_history_foreach_change(tbl_view_reader(fixture->view), number, collect, seen, &error));
    tbl_view_end(fixture->view);
    g_assert_no_error(error);
    g_assert_cmpstr(seen->str, ==, expected);
}

static void
put_shown(Fixture *fixture, TblClass object_class, const char *name, const char *display)
{
    TblObject *object = tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, name, NULL);
    if (!object)
        object = tbl_object_new(TBL_ORIGIN_LOCAL, object_class, name);
    tbl_object_set_text(object, TBL_TEXT_DISPLAY, display);
    fixture_put(fixture, object);
}

static guint64
commit(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    TblBatchInfo info = {.program = "test", .user = "tester", .summary = "{}", .undo_keep = 4};
    guint64 number, generation;
    g_assert_true(tbl_draft_commit(fixture_draft(fixture), &info, &number, &generation, &error));
    g_clear_pointer(&fixture->draft, tbl_draft_free);
    return number;
}

/* Each batch with the states of its own time, sorted by class and folded name. */
static void
test_states_of_their_time(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    put_shown(fixture, TBL_CLASS_MAILBOX, "Zoe", "z1");
    put_shown(fixture, TBL_CLASS_MAILBOX, "ann", "a1");
    put_shown(fixture, TBL_CLASS_DL, "team", "t1");
    fixture_declare(fixture, tbl_domain_new("north.example", TBL_DOMAIN_RELAY));
    g_assert_cmpuint(commit(fixture), ==, 1);
    put_shown(fixture, TBL_CLASS_MAILBOX, "ann", "a2");
    fixture_declare(fixture, tbl_domain_new("north.example", TBL_DOMAIN_VIRTUAL_ALIAS));
    g_assert_cmpuint(commit(fixture), ==, 2);
    g_autoptr(TblObject) zoe =
        tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "zoe", NULL);
    g_assert_true(tbl_draft_delete(fixture_draft(fixture), zoe->id, NULL));
    put_shown(fixture, TBL_CLASS_MAILBOX, "ann", "a3");
    g_assert_cmpuint(commit(fixture), ==, 3);
    tbl_draft_delete_domain(fixture_draft(fixture), "north.example");
    g_assert_cmpuint(commit(fixture), ==, 4);
    assert_changes(fixture, 1, "dl/team:>t1 north.example:>relay mailbox/ann:>a1 mailbox/Zoe:>z1 ");
    assert_changes(fixture, 2, "north.example:relay>virtual-alias mailbox/ann:a1>a2 ");
    assert_changes(fixture, 3, "mailbox/ann:a2>a3 mailbox/Zoe:z1> ");
    assert_changes(fixture, 4, "north.example:virtual-alias> ");
}

static void
test_dropped_and_absent(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    static const char *const displays[] = {"1", "2", "3", "4", "5"};
    for (guint i = 0; i < G_N_ELEMENTS(displays); i++) {
        put_shown(fixture, TBL_CLASS_MAILBOX, "ann", displays[i]);
        commit(fixture);
    }
    static const guint64 numbers[] = {1, 6};
    static const char *const words[] = {"not kept any more", "no batch 6"};
    tbl_view_begin(fixture->view);
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) seen = g_string_new(NULL);
        g_assert_false(tbl_history_foreach_change(tbl_view_reader(fixture->view), numbers[i],
                                                  collect, seen, &error));
        g_assert_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED);
        g_assert_nonnull(strstr(error->message, words[i]));
        g_assert_cmpuint(seen->len, ==, 0);
    }
    tbl_view_end(fixture->view);
    assert_changes(fixture, 2, "mailbox/ann:1>2 ");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/history/states-of-their-time", test_states_of_their_time);
    g_test_add_func("/history/dropped-and-absent", test_dropped_and_absent);
    return g_test_run();
}
