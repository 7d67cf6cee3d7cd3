#include "tests/unit/fixture.h"

#include "tables/batch_record.h"

static void
add_mailbox(Fixture *fixture, const char *name)
{
    g_autofree char *address = g_strdup_printf("SMTP:%s@north.example", name);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, name, address, NULL));
}

static void
test_chain(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    static const char *const names[] = {"ann", "bob", "cy"};
    for (guint i = 0; i < 3; i++) {
        add_mailbox(fixture, names[i]);
        g_assert_cmpuint(fixture_commit(fixture), ==, i + 1);
    }
    guint8 previous[TBL_SHA256_SIZE] = {0};
    tbl_view_begin(fixture->view);
    TblReader *reader = tbl_view_reader(fixture->view);
    for (guint64 number = 1; number <= 3; number++) {
        g_autoptr(TblBatch) batch = NULL;
        g_assert_cmpint(tbl_batch_read(reader, number, &batch), ==, TBL_FOUND);
        g_assert_cmpuint(batch->number, ==, number);
        g_assert_cmpstr(batch->user, ==, "tester");
        g_assert_cmpmem(batch->previous, TBL_SHA256_SIZE, previous, TBL_SHA256_SIZE);
        memcpy(previous, batch->hash, TBL_SHA256_SIZE);
    }
    g_assert_cmpmem(tbl_reader_meta(reader)->batch_hash, TBL_SHA256_SIZE, previous,
                    TBL_SHA256_SIZE);
    g_autoptr(TblBatch) none = NULL;
    g_assert_cmpint(tbl_batch_read(reader, 4, &none), ==, TBL_NOTFOUND);
    tbl_view_end(fixture->view);
}

static bool
count_batch(TblSlice key, TblSlice value, gpointer data)
{
    guint *seen = data;
    seen[tbl_store_number_of_key(key)]++;
    return true;
}

/* The fixture keeps three batches. */
static void
test_undo_is_pruned(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    guint seen[6] = {0};
    for (guint i = 1; i <= 5; i++) {
        g_autofree char *name = g_strdup_printf("u%u", i);
        add_mailbox(fixture, name);
        g_assert_cmpuint(fixture_commit(fixture), ==, i);
    }
    tbl_view_begin(fixture->view);
    TblReader *reader = tbl_view_reader(fixture->view);
    g_assert_cmpint(tbl_reader_each(reader, TBL_DB_UNDO, (TblSlice){0}, count_batch, seen), ==,
                    TBL_FOUND);
    for (guint i = 1; i <= 5; i++) {
        g_autoptr(TblBatch) batch = NULL;
        g_assert_cmpuint(seen[i] > 0, ==, i > 2);
        g_assert_cmpint(tbl_batch_read(reader, i, &batch), ==, TBL_FOUND); /* headers stay */
    }
    tbl_view_end(fixture->view);
}

/* The signer of a file is read back, and is under the hash. */
static void
test_signer(void)
{
    TblBatchFile signed_file = {(char *)"in.csv", {7}, (char *)"{\"subject\":\"CN=Ann\"}"};
    TblBatchFile plain_file = {(char *)"more.csv", {8}, NULL};
    g_autoptr(GArray) files = g_array_new(FALSE, TRUE, sizeof(TblBatchFile));
    g_array_append_val(files, signed_file);
    g_array_append_val(files, plain_file);
    TblBatch batch = {.number = 1,
                      .user = (char *)"tester",
                      .program = (char *)"gif-import",
                      .summary = (char *)"{}",
                      .files = files};
    guint8 other[TBL_SHA256_SIZE];
    tbl_batch_hash(&batch, batch.hash);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    tbl_batch_encode(&batch, bytes);
    g_autoptr(TblBatch) read = tbl_batch_decode((TblSlice){(const char *)bytes->data, bytes->len});
    g_assert_nonnull(read);
    g_assert_cmpuint(read->files->len, ==, 2);
    const TblBatchFile *first = &g_array_index(read->files, TblBatchFile, 0);
    g_assert_cmpstr(first->signer, ==, signed_file.signer);
    g_assert_cmpmem(first->sha256, TBL_SHA256_SIZE, signed_file.sha256, TBL_SHA256_SIZE);
    g_assert_null(g_array_index(read->files, TblBatchFile, 1).signer);
    g_array_index(files, TblBatchFile, 0).signer = (char *)"{\"subject\":\"CN=Bob\"}";
    tbl_batch_hash(&batch, other);
    g_assert_cmpint(memcmp(batch.hash, other, sizeof other), !=, 0);
    g_array_index(files, TblBatchFile, 0).signer = NULL;
    tbl_batch_hash(&batch, other);
    g_assert_cmpint(memcmp(batch.hash, other, sizeof other), !=, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/batch/chain", test_chain);
    g_test_add_func("/batch/pruned", test_undo_is_pruned);
    g_test_add_func("/batch/signer", test_signer);
    return g_test_run();
}
