/* Drafts of many objects: what is held as places in encoded objects, found by hash, cut into parts
 * and sorted beside the writing comes out as if it were held in full. */
#include "tables/key_index.h"
#include "tests/unit/fixture.h"

/* Enough for several parts of names and many of addresses, and so for the sorting thread. */
#define MANY 56000
#define LONG_VALUE 600
#define ENTRIES 20000

static void
test_index(void)
{
    TblKeyIndex index = {0};
    guint32 step = 0, entry;
    g_assert_false(tbl_key_index_next(&index, 7, &step, &entry));
    for (guint32 i = 0; i < ENTRIES; i++) /* three entries of each hash, and hashes side by side */
        tbl_key_index_add(&index, i / 3, i);
    tbl_key_index_replace(&index, 5, 16, 99999);
    for (guint32 hash = 0; hash < ENTRIES / 3; hash++) {
        guint32 found = 0, sum = 0;
        for (step = 0; tbl_key_index_next(&index, hash, &step, &entry); found++)
            sum += entry;
        g_assert_cmpuint(found, ==, 3);
        g_assert_cmpuint(sum, ==, hash == 5 ? 15 + 99999 + 17 : 9 * hash + 3);
    }
    step = 0;
    g_assert_false(tbl_key_index_next(&index, ENTRIES, &step, &entry));
    tbl_key_index_clear(&index);
}

static void
add(TblObject *object, const char *type, const char *value, bool primary)
{
    g_ptr_array_add(object->addresses, tbl_proxy_new(tbl_slice(type), tbl_slice(value), primary));
}

/* The odd ones: keys that are not the small letters of their spelling, that are too long for the
 * store, places too far for 16 bits, names that fold. */
static void
make_odd(TblObject *object, guint i)
{
    g_autofree char *accented = g_strdup_printf("c=DE;s=M\u00fcller%u", i);
    g_autofree char *quoted = g_strdup_printf("\"Box %u\"@north.example", i);
    g_autofree char *long_value = g_strnfill(LONG_VALUE, 'X');
    g_autofree char *numbered = g_strdup_printf("%s%u", long_value, i);
    add(object, "X400", accented, true);
    add(object, "SMTP", quoted, false);
    if (i % 2000 == 0)
        add(object, "MS", numbered, false);
    for (guint n = 0; i % 20000 == 0 && n < 4000; n++) {
        g_autofree char *value = g_strdup_printf("Far.%u.%u@North.example", i, n);
        add(object, "SMTP", value, false);
    }
}

static TblObject *
make(guint i)
{
    /* Neither names nor addresses come in order. */
    guint scattered = (guint)((guint64)i * 7919 % MANY);
    g_autofree char *name = g_strdup_printf(i % 500 == 0 ? "\u00c4nn %u" : "Ann %u", scattered);
    g_autofree char *primary = g_strdup_printf("Ann.%u@north.example", scattered);
    g_autofree char *secondary = g_strdup_printf("a%u@south.example", scattered);
    TblObject *object =
        tbl_object_new(TBL_ORIGIN_LOCAL, i % 7 == 0 ? TBL_CLASS_REMOTE : TBL_CLASS_MAILBOX, name);
    add(object, "SMTP", primary, true);
    add(object, "SMTP", secondary, false);
    if (object->object_class == TBL_CLASS_REMOTE) {
        g_autofree char *target = g_strdup_printf("T%u@west.example", i);
        object->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice(target), true);
    }
    if (i % 100 == 0)
        make_odd(object, i);
    return object;
}

typedef struct {
    TblView *view;
    guint64 line; /* of the row that brought the object */
    guint rows;
} Expected;

static void
assert_row(TblSlice key, const TblRow *row, gpointer data)
{
    Expected *expected = data;
    TblRows rows;
    g_assert_cmpint(expected->view->rows(expected->view, key, &rows), ==, TBL_FOUND);
    const TblRow *there = tbl_rows_get(&rows, row->kind);
    g_assert_nonnull(there);
    g_assert_cmpuint(there->object, ==, row->object);
    g_assert_cmpint(there->object_class, ==, row->object_class);
    g_assert_cmpint(there->primary, ==, row->primary);
    g_assert_true(tbl_slice_equal(there->spelling, row->spelling));
    g_assert_true(tbl_slice_equal(there->primary_address, row->primary_address));
    g_assert_cmpuint(there->source.batch, ==, 1);
    g_assert_cmpuint(there->source.line, ==, expected->line);
    expected->rows++;
}

/* Each object, its name and its rows, as `view` has them. The number of rows. */
static guint
assert_all(TblView *view)
{
    Expected expected = {.view = view};
    for (guint i = 0; i < MANY; i++) {
        g_autoptr(TblObject) object = make(i), there = NULL;
        g_autofree char *folded = tbl_text_fold(tbl_slice(object->name));
        bool gone = i % 11 == 0;
        TblResult named = view->name(view, TBL_ORIGIN_LOCAL, folded, &object->id);
        g_assert_cmpint(named, ==, gone ? TBL_NOTFOUND : TBL_FOUND);
        if (gone)
            continue;
        g_assert_cmpint(view->object(view, object->id, &there), ==, TBL_FOUND);
        expected.line = i + 1;
        if (i % 13 == 0)
            tbl_object_set_text(object, TBL_TEXT_DISPLAY, "again");
        g_assert_true(tbl_object_equal(there, object));
        g_assert_true(tbl_object_foreach_row(object, assert_row, &expected));
    }
    return expected.rows;
}

static bool
count_record(TblSlice key, TblSlice value, gpointer data)
{
    ++*(guint *)data;
    return true;
}

static void
test_many(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    TblDraft *draft = fixture_draft(fixture);
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < MANY; i++) {
        g_autoptr(TblObject) object = make(i);
        tbl_draft_set_source(draft, 0, i + 1);
        tbl_draft_put(draft, object, &error);
        g_assert_no_error(error);
        /* Put again, and taken away, while it is only in the draft. */
        tbl_draft_set_source(draft, 0, MANY + 1);
        tbl_object_set_text(object, TBL_TEXT_DISPLAY, "again");
        if (i % 13 == 0)
            tbl_draft_put(draft, object, &error);
        if (i % 11 == 0)
            tbl_draft_delete(draft, object->id, &error);
        g_assert_no_error(error);
    }
    guint rows = assert_all(tbl_draft_view(draft));
    g_assert_cmpuint(fixture_commit(fixture), ==, 1);
    tbl_view_begin(fixture->view);
    g_assert_cmpuint(assert_all(fixture->view), ==, rows);
    TblReader *reader = tbl_view_reader(fixture->view);
    guint names = 0, addresses = 0;
    g_assert_cmpint(tbl_reader_each(reader, TBL_DB_NAMES, (TblSlice){0}, count_record, &names), ==,
                    TBL_FOUND);
    g_assert_cmpint(
        tbl_reader_each(reader, TBL_DB_ADDRESSES, (TblSlice){0}, count_record, &addresses), ==,
        TBL_FOUND);
    g_assert_cmpuint(names, ==, tbl_reader_meta(reader)->objects);
    g_assert_cmpuint(addresses, ==, rows); /* nothing is left of what went */
    tbl_view_end(fixture->view);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/draft_many/index", test_index);
    g_test_add_func("/draft_many/many", test_many);
    return g_test_run();
}
