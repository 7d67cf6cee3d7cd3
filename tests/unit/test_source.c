#include "tables/source.h"
#include "tests/unit/fixture.h"

/* The source of the row of a kind, as text; the committed store. Caller frees. */
static char *
source_text(Fixture *fixture, const char *key, TblRowKind kind)
{
    TblRows rows;
    tbl_view_begin(fixture->view);
    g_assert_cmpint(fixture->view->rows(fixture->view, tbl_slice(key), &rows), ==, TBL_FOUND);
    const TblRow *row = tbl_rows_get(&rows, kind);
    g_assert_nonnull(row);
    TblSource source = row->source;
    char *text = tbl_source_text(tbl_view_reader(fixture->view), &source, NULL);
    tbl_view_end(fixture->view);
    return text;
}

#define assert_source(fixture, key, kind, expected)                                                \
    do {                                                                                           \
        g_autofree char *got_ = source_text(fixture, key, kind);                                   \
        g_assert_cmpstr(got_, ==, expected);                                                       \
    } while (0)

/* Commits as an import of two files. */
static void
commit_import(Fixture *fixture)
{
    const TblBatchFile files[] = {{.name = (char *)"people.csv"}, {.name = (char *)"more.csv"}};
    const TblBatchInfo info = {.program = "gif-import",
                               .user = "test",
                               .files = files,
                               .n_files = G_N_ELEMENTS(files),
                               .summary = "{}",
                               .undo_keep = 100};
    guint64 number, generation;
    g_autoptr(GError) error = NULL;
    g_assert_true(tbl_draft_commit(fixture_draft(fixture), &info, &number, &generation, &error));
    g_assert_no_error(error);
    g_clear_pointer(&fixture->draft, tbl_draft_free);
}

static Fixture *
imported(void)
{
    Fixture *fixture = fixture_new("");
    fixture_declare_class(fixture, "relay.example", TBL_DOMAIN_RELAY);
    tbl_draft_set_source(fixture_draft(fixture), 0, 12);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@relay.example",
                                        "smtp:a@relay.example", NULL));
    tbl_draft_set_source(fixture_draft(fixture), 1, 3);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:Bob@relay.example", NULL));
    commit_import(fixture);
    return fixture;
}

static TblObject *
object_named(Fixture *fixture, const char *name)
{
    TblObject *object = tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, name, NULL);
    g_assert_nonnull(object);
    return object;
}

static void
test_import(void)
{
    g_autoptr(Fixture) fixture = imported();
    assert_source(fixture, "smtp:ann@relay.example", TBL_ROW_LOCAL, "batch 1, people.csv line 12");
    assert_source(fixture, "smtp:bob@relay.example", TBL_ROW_LOCAL, "batch 1, more.csv line 3");
}

/* What an object had keeps its source; what is new, or spelt anew, comes from the change. */
static void
test_modify(void)
{
    g_autoptr(Fixture) fixture = imported();
    g_autoptr(TblObject) ann = object_named(fixture, "ann");
    ((TblProxy *)ann->addresses->pdata[0])->primary = false;
    ((TblProxy *)ann->addresses->pdata[1])->primary = true;
    g_ptr_array_add(ann->addresses,
                    tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("n@relay.example"), false));
    g_assert_true(tbl_draft_put(fixture_draft(fixture), ann, NULL));
    g_autoptr(TblObject) bob = object_named(fixture, "bob");
    tbl_proxy_free(bob->addresses->pdata[0]);
    bob->addresses->pdata[0] =
        tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("BOB@relay.example"), true);
    g_assert_true(tbl_draft_put(fixture_draft(fixture), bob, NULL));
    fixture_commit(fixture);
    assert_source(fixture, "smtp:ann@relay.example", TBL_ROW_LOCAL, "batch 1, people.csv line 12");
    assert_source(fixture, "smtp:a@relay.example", TBL_ROW_LOCAL, "batch 1, people.csv line 12");
    assert_source(fixture, "smtp:n@relay.example", TBL_ROW_LOCAL, "batch 2");
    assert_source(fixture, "smtp:bob@relay.example", TBL_ROW_LOCAL, "batch 2");
}

/* Two rows of one run: each address says which. */
static void
test_two_rows(void)
{
    g_autoptr(Fixture) fixture = imported();
    tbl_draft_set_source(fixture_draft(fixture), 0, 5);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "cat", "SMTP:c@relay.example", NULL));
    g_autoptr(TblObject) ann = object_named(fixture, "ann");
    g_ptr_array_add(ann->addresses,
                    tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("n@relay.example"), false));
    g_assert_true(tbl_draft_put(fixture_draft(fixture), ann, NULL));
    tbl_draft_set_source(fixture_draft(fixture), 1, 9);
    g_autoptr(TblObject) cat = object_named(fixture, "cat");
    g_ptr_array_add(cat->addresses,
                    tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("k@relay.example"), false));
    g_assert_true(tbl_draft_put(fixture_draft(fixture), cat, NULL));
    tbl_object_set_text(ann, TBL_TEXT_DISPLAY, "Ann");
    g_assert_true(tbl_draft_put(fixture_draft(fixture), ann, NULL));
    commit_import(fixture);
    assert_source(fixture, "smtp:c@relay.example", TBL_ROW_LOCAL, "batch 2, people.csv line 5");
    assert_source(fixture, "smtp:k@relay.example", TBL_ROW_LOCAL, "batch 2, more.csv line 9");
    assert_source(fixture, "smtp:n@relay.example", TBL_ROW_LOCAL, "batch 2, people.csv line 5");
    assert_source(fixture, "smtp:ann@relay.example", TBL_ROW_LOCAL, "batch 1, people.csv line 12");
}

/* Deleted and back in one draft is nothing that happened; so is an address taken and given back. */
static void
test_return(void)
{
    g_autoptr(Fixture) fixture = imported();
    TblDraft *draft = fixture_draft(fixture);
    tbl_draft_set_source(draft, 0, 2);
    g_autoptr(TblObject) bob = object_named(fixture, "bob");
    g_assert_true(tbl_draft_delete(draft, bob->id, NULL));
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:Bob@relay.example",
                                        "smtp:b@relay.example", NULL));
    g_autoptr(TblObject) ann = object_named(fixture, "ann");
    g_autoptr(TblObject) whole = tbl_object_copy(ann);
    g_ptr_array_remove_index(ann->addresses, 1);
    g_assert_true(tbl_draft_put(draft, ann, NULL));
    g_assert_true(tbl_draft_put(draft, whole, NULL));
    commit_import(fixture);
    assert_source(fixture, "smtp:bob@relay.example", TBL_ROW_LOCAL, "batch 1, more.csv line 3");
    assert_source(fixture, "smtp:b@relay.example", TBL_ROW_LOCAL, "batch 2, people.csv line 2");
    assert_source(fixture, "smtp:a@relay.example", TBL_ROW_LOCAL, "batch 1, people.csv line 12");
}

/* An address that moves to another object comes from what moved it. */
static void
test_move(void)
{
    g_autoptr(Fixture) fixture = imported();
    TblDraft *draft = fixture_draft(fixture);
    g_autoptr(TblObject) ann = object_named(fixture, "ann");
    g_autoptr(TblObject) bob = object_named(fixture, "bob");
    g_ptr_array_remove_index(ann->addresses, 1);
    g_assert_true(tbl_draft_put(draft, ann, NULL));
    g_ptr_array_add(bob->addresses,
                    tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("a@relay.example"), false));
    g_assert_true(tbl_draft_put(draft, bob, NULL));
    fixture_commit(fixture);
    assert_source(fixture, "smtp:a@relay.example", TBL_ROW_LOCAL, "batch 2");
}

static void
test_directory(void)
{
    g_autoptr(Fixture) fixture = imported();
    TblObject *object = tbl_object_new(TBL_ORIGIN_DIRECTORY, TBL_CLASS_MAILBOX, "uuid");
    object->dn = g_strdup("cn=Dora,dc=example");
    g_ptr_array_add(object->addresses,
                    tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("dora@relay.example"), true));
    tbl_draft_set_synced(fixture_draft(fixture), 1795000000);
    fixture_put(fixture, object);
    fixture_commit(fixture);
    assert_source(fixture, "smtp:dora@relay.example", TBL_ROW_DIRECTORY,
                  "the directory, synchronised 2026-11-18T11:06:40Z");
    g_autoptr(TblObject) back =
        tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_DIRECTORY, "uuid", NULL);
    g_assert_cmpstr(back->dn, ==, "cn=Dora,dc=example");
}

static void
test_tombstone(void)
{
    g_autoptr(Fixture) fixture = imported();
    const TblRow row = {.kind = TBL_ROW_TOMBSTONE,
                        .spelling = tbl_slice("old@relay.example"),
                        .notice = tbl_slice("gone")};
    tbl_draft_set_source(fixture_draft(fixture), 1, 4);
    g_assert_true(
        tbl_draft_set_tombstone(fixture_draft(fixture), "smtp:old@relay.example", &row, NULL));
    commit_import(fixture);
    assert_source(fixture, "smtp:old@relay.example", TBL_ROW_TOMBSTONE, "batch 2, more.csv line 4");
    /* The same notice again is no change. */
    g_assert_true(
        tbl_draft_set_tombstone(fixture_draft(fixture), "smtp:old@relay.example", &row, NULL));
    g_assert_true(tbl_draft_is_empty(fixture_draft(fixture)));
}

static void
test_domain(void)
{
    g_autoptr(Fixture) fixture = imported();
    fixture_declare_class(fixture, "box.example", TBL_DOMAIN_VIRTUAL_MAILBOX);
    fixture_declare_class(fixture, "relay.example", TBL_DOMAIN_RELAY); /* as it is */
    fixture_commit(fixture);
    tbl_view_begin(fixture->view);
    const TblDomains *domains = fixture->view->domains(fixture->view);
    g_assert_cmpuint(tbl_domains_get(domains, "relay.example")->batch, ==, 1);
    g_assert_cmpuint(tbl_domains_get(domains, "box.example")->batch, ==, 2);
    tbl_view_end(fixture->view);
}

/* While a run is under way its files are not in any header yet. */
static void
test_pending(void)
{
    g_autoptr(Fixture) fixture = imported();
    const TblBatchFile files[] = {{.name = (char *)"new.csv"}};
    const TblBatchInfo info = {.files = files, .n_files = 1};
    const TblSource here = {.batch = 2, .line = 7}, there = {.batch = 1, .line = 12}, old = {0};
    tbl_view_begin(fixture->view);
    TblReader *reader = tbl_view_reader(fixture->view);
    g_autofree char *a = tbl_source_text(reader, &here, &info);
    g_autofree char *b = tbl_source_text(reader, &there, &info);
    g_autofree char *c = tbl_source_text(reader, &old, NULL);
    tbl_view_end(fixture->view);
    g_assert_cmpstr(a, ==, "this run, new.csv line 7");
    g_assert_cmpstr(b, ==, "batch 1, people.csv line 12");
    g_assert_cmpstr(c, ==, "not known");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/source/import", test_import);
    g_test_add_func("/source/modify", test_modify);
    g_test_add_func("/source/two-rows", test_two_rows);
    g_test_add_func("/source/return", test_return);
    g_test_add_func("/source/move", test_move);
    g_test_add_func("/source/directory", test_directory);
    g_test_add_func("/source/tombstone", test_tombstone);
    g_test_add_func("/source/domain", test_domain);
    g_test_add_func("/source/pending", test_pending);
    return g_test_run();
}
