#include "tests/unit/fixture.h"

#include "tables/chain.h"
#include "tables/rollback.h"

/* The fixture keeps the undo records of the last three batches. */
#define BATCHES 6

static void
collect(guint64 number, const char *fault, gpointer data)
{
    g_string_append_printf(data, "%" G_GUINT64_FORMAT ": %s\n", number, fault);
}

/* What a check says; empty when all is well. Caller frees. */
static char *
verify(Fixture *fixture)
{
    g_autoptr(GString) told = g_string_new(NULL);
    guint64 count = 0;
    tbl_view_begin(fixture->view);
    bool intact = tbl_chain_verify(tbl_view_reader(fixture->view), collect, told, &count);
    tbl_view_end(fixture->view);
    g_assert_true(intact == (told->len == 0));
    if (intact)
        g_assert_cmpuint(count, ==, BATCHES);
    return g_strdup(told->str);
}

static void
assert_told(Fixture *fixture, const char *expected)
{
    g_autofree char *told = verify(fixture);
    g_assert_cmpstr(told, ==, expected);
}

static void
roll_back(Fixture *fixture, guint64 number)
{
    g_autoptr(GError) error = NULL;
    bool mixed;
    guint64 batch, generation;
    TblBatchInfo info = {
        .program = "test", .user = "tester", .summary = "{}", .undoes = number, .undo_keep = 3};
    g_assert_true(tbl_rollback_apply(fixture_draft(fixture), number, &mixed, &error));
    g_assert_true(tbl_draft_commit(fixture_draft(fixture), &info, &batch, &generation, &error));
    g_clear_pointer(&fixture->draft, tbl_draft_free);
}

/* Five batches and the rollback of the fourth: 4, 5 and 6 have their undo records. */
static Fixture *
world(void)
{
    Fixture *fixture = fixture_new("");
    for (guint i = 1; i < BATCHES; i++) {
        g_autofree char *name = g_strdup_printf("u%u", i),
                        *address = g_strdup_printf("SMTP:%s@north.example", name);
        fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, name, address, NULL));
        g_assert_cmpuint(fixture_commit(fixture), ==, i);
    }
    roll_back(fixture, 4);
    return fixture;
}

static TblSlice
batch_key(guint64 number, char out[8])
{
    tbl_store_key_number(number, out);
    return (TblSlice){out, 8};
}

static TblSlice
undo_key(guint64 number, guint8 sequence, char out[12])
{
    tbl_store_key_number(number, out);
    memset(out + 8, 0, 4);
    out[11] = (char)sequence;
    return (TblSlice){out, 12};
}

/* A record as it is; NULL for none. */
static GBytes *
take(Fixture *fixture, TblDb db, TblSlice key)
{
    TblSlice value;
    tbl_view_begin(fixture->view);
    TblResult result = tbl_reader_get(tbl_view_reader(fixture->view), db, key, &value);
    GBytes *bytes = result == TBL_FOUND ? g_bytes_new(value.ptr, value.len) : NULL;
    tbl_view_end(fixture->view);
    return bytes;
}

/* The same, back; NULL deletes it. */
static void
plant(Fixture *fixture, TblDb db, TblSlice key, GBytes *bytes)
{
    gsize size = 0;
    const char *data = bytes ? g_bytes_get_data(bytes, &size) : NULL;
    fixture_plant(fixture, db, key, (TblSlice){data, size});
}

/* With any byte of a record changed, the check names its batch. */
static void
assert_every_byte_counts(Fixture *fixture, TblDb db, TblSlice key, guint64 number)
{
    g_autoptr(GBytes) good = take(fixture, db, key);
    g_autofree char *prefix = g_strdup_printf("%" G_GUINT64_FORMAT ": ", number);
    gsize size;
    const guint8 *data = g_bytes_get_data(good, &size);
    for (gsize i = 0; i < size; i++) {
        g_autofree guint8 *copy = g_malloc(size);
        memcpy(copy, data, size);
        copy[i] ^= 1;
        g_autoptr(GBytes) bad = g_bytes_new(copy, size);
        plant(fixture, db, key, bad);
        g_autofree char *told = verify(fixture);
        if (!strstr(told, prefix))
            g_error("byte %" G_GSIZE_FORMAT " of batch %" G_GUINT64_FORMAT " may change: %s", i,
                    number, told);
    }
    plant(fixture, db, key, good);
    assert_told(fixture, "");
}

static void
test_intact(void)
{
    g_autoptr(Fixture) fixture = world();
    assert_told(fixture, "");
}

static void
test_headers(void)
{
    g_autoptr(Fixture) fixture = world();
    char key[8];
    /* One without undo records, one that was undone, and the one that undid it. */
    for (guint64 number = 2; number <= BATCHES; number += 2)
        assert_every_byte_counts(fixture, TBL_DB_BATCHES, batch_key(number, key), number);
}

static void
test_undo_records(void)
{
    g_autoptr(Fixture) fixture = world();
    char key[12];
    for (guint64 number = 4; number <= BATCHES; number++)
        assert_every_byte_counts(fixture, TBL_DB_UNDO, undo_key(number, 0, key), number);
}

static void
test_missing(void)
{
    g_autoptr(Fixture) fixture = world();
    char key[8], other[12];
    g_autoptr(GBytes) third = take(fixture, TBL_DB_BATCHES, batch_key(3, key));
    plant(fixture, TBL_DB_BATCHES, batch_key(3, key), NULL);
    assert_told(fixture, "3: its header is missing\n");
    plant(fixture, TBL_DB_BATCHES, batch_key(3, key), third);
    assert_told(fixture, "");
    plant(fixture, TBL_DB_UNDO, undo_key(5, 0, other), NULL);
    assert_told(fixture, "5: an undo record is missing or damaged\n");
}

static void
test_surplus(void)
{
    g_autoptr(Fixture) fixture = world();
    char key[8], other[12];
    g_autoptr(GBytes) record = take(fixture, TBL_DB_UNDO, undo_key(5, 0, other));
    plant(fixture, TBL_DB_UNDO, undo_key(5, 1, other), record);
    assert_told(fixture, "5: there are undo records that its header does not know of\n");
    plant(fixture, TBL_DB_UNDO, undo_key(5, 1, other), NULL);
    plant(fixture, TBL_DB_UNDO, undo_key(1, 0, other), record);
    assert_told(fixture, "1: there are undo records that its header does not know of\n");
    plant(fixture, TBL_DB_UNDO, undo_key(1, 0, other), NULL);
    g_autoptr(GBytes) last = take(fixture, TBL_DB_BATCHES, batch_key(BATCHES, key));
    plant(fixture, TBL_DB_BATCHES, batch_key(BATCHES + 1, key), last);
    assert_told(fixture, "7: the store does not know of it\n");
}

/* A whole header in the place of another, which fits in itself. */
static void
test_replaced(void)
{
    g_autoptr(Fixture) fixture = world();
    char key[8];
    g_autoptr(GBytes) second = take(fixture, TBL_DB_BATCHES, batch_key(2, key));
    plant(fixture, TBL_DB_BATCHES, batch_key(3, key), second);
    assert_told(fixture, "3: its header is that of batch 2\n3: it does not follow the batch "
                         "before: the hashes differ\n"
                         "4: it does not follow the batch before: the hashes differ\n");
}

/* The last batch is cut off, and the store says that it never was. */
static void
test_cut_off(void)
{
    g_autoptr(Fixture) fixture = world();
    g_autoptr(GError) error = NULL;
    char key[8], other[12];
    plant(fixture, TBL_DB_BATCHES, batch_key(BATCHES, key), NULL);
    plant(fixture, TBL_DB_UNDO, undo_key(BATCHES, 0, other), NULL);
    TblWriter *writer = tbl_writer_begin(fixture->store, &error);
    tbl_writer_meta(writer)->batch--;
    g_assert_true(tbl_writer_commit(writer, &error));
    assert_told(fixture, "4: it is marked as undone by batch 6, which does not undo it\n"
                         "5: it is the last one, but not the end that the store remembers\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/chain/intact", test_intact);
    g_test_add_func("/chain/headers", test_headers);
    g_test_add_func("/chain/undo-records", test_undo_records);
    g_test_add_func("/chain/missing", test_missing);
    g_test_add_func("/chain/surplus", test_surplus);
    g_test_add_func("/chain/replaced", test_replaced);
    g_test_add_func("/chain/cut-off", test_cut_off);
    return g_test_run();
}
