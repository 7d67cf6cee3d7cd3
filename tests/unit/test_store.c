#include "tables/referrer.h"
#include "tests/unit/fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void
write_pairs(TblStore *store, const char *const *pairs)
{
    g_autoptr(GError) error = NULL;
    TblWriter *writer = tbl_writer_begin(store, &error);
    g_assert_no_error(error);
    for (; *pairs; pairs += 2)
        tbl_writer_put(writer, TBL_DB_ADDRESSES, tbl_slice(pairs[0]), tbl_slice(pairs[1]));
    g_assert_true(tbl_writer_commit(writer, &error));
}

static char *
read_one(TblReader *reader, const char *key)
{
    TblSlice value;
    switch (tbl_reader_get(reader, TBL_DB_ADDRESSES, tbl_slice(key), &value)) {
    case TBL_FOUND:
        return g_strndup(value.ptr, value.len);
    case TBL_NOTFOUND:
        return g_strdup("absent");
    default:
        return g_strdup("failed");
    }
}

#define assert_read(reader, key, expected)                                                         \
    do {                                                                                           \
        g_autofree char *got_ = read_one(reader, key);                                             \
        g_assert_cmpstr(got_, ==, expected);                                                       \
    } while (0)

static void
test_round_trip(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    g_autoptr(GError) error = NULL;
    g_autofree char *long_key = g_strnfill(TBL_STORE_KEY_MAX + 1, 'k');
    g_autofree char *other_key = g_strdup_printf("%sx", long_key);
    const char *const pairs[] = {"a", "1", "b", "", long_key, "long", other_key, "other", NULL};
    write_pairs(fixture->store, pairs);
    TblReader *reader = tbl_reader_new(fixture->store, &error);
    assert_read(reader, "a", "failed"); /* no snapshot was taken */
    g_assert_true(tbl_reader_begin(reader));
    assert_read(reader, "a", "1");
    assert_read(reader, "b", "");
    assert_read(reader, "c", "absent");
    assert_read(reader, "", "absent");
    assert_read(reader, long_key, "long");
    assert_read(reader, other_key, "other");
    g_assert_cmpuint(tbl_reader_meta(reader)->generation, ==, 1);
    tbl_reader_end(reader);
    tbl_reader_free(reader);
}

static void
test_snapshot_stands_still(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    TblReader *reader = tbl_reader_new(fixture->store, NULL);
    const char *const one[] = {"a", "1", NULL}, *const two[] = {"a", "2", NULL};
    write_pairs(fixture->store, one);
    g_assert_true(tbl_reader_begin(reader));
    write_pairs(fixture->store, two);
    assert_read(reader, "a", "1");
    tbl_reader_end(reader);
    g_assert_true(tbl_reader_begin(reader));
    assert_read(reader, "a", "2");
    tbl_reader_end(reader);
    tbl_reader_free(reader);
}

static void
test_abort_leaves_no_trace(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    TblWriter *writer = tbl_writer_begin(fixture->store, NULL);
    tbl_writer_put(writer, TBL_DB_ADDRESSES, tbl_slice("a"), tbl_slice("1"));
    tbl_writer_abort(writer);
    TblReader *reader = tbl_reader_new(fixture->store, NULL);
    g_assert_true(tbl_reader_begin(reader));
    assert_read(reader, "a", "absent");
    g_assert_cmpuint(tbl_reader_meta(reader)->generation, ==, 0);
    tbl_reader_end(reader);
    tbl_reader_free(reader);
}

/* Replaces the first occurrence of `from` in the file by `to`, of the same length. */
static void
damage(const char *path, const char *from, const char *to)
{
    g_autofree char *bytes = NULL;
    gsize length, size = strlen(from);
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    int fd = g_open(path, O_WRONLY, 0);
    guint hits = 0;
    for (char *at = bytes; (at = memmem(at, (gsize)(bytes + length - at), from, size));
         at += size) {
        g_assert_cmpint(pwrite(fd, to, size, at - bytes), ==, (gssize)size);
        hits++;
    }
    g_assert_cmpuint(hits, >, 0);
    close(fd);
}

static void
test_damaged_record_fails_alone(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    const char *const pairs[] = {"key", "a-value-of-some-length", "other", "fine", NULL};
    write_pairs(fixture->store, pairs);
    damage(fixture->path, "a-value-of", "a-lie-of-a");
    TblReader *reader = tbl_reader_new(fixture->store, NULL);
    g_assert_true(tbl_reader_begin(reader));
    assert_read(reader, "key", "failed");
    assert_read(reader, "other", "fine");
    g_assert_true(tbl_store_current(fixture->store));
    tbl_reader_end(reader);
    tbl_reader_free(reader);
}

static void
test_cut_file_is_a_failure(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    const char *const pairs[] = {"key", "value", NULL};
    write_pairs(fixture->store, pairs);
    TblReader *reader = tbl_reader_new(fixture->store, NULL);
    g_assert_true(tbl_reader_begin(reader));
    g_assert_cmpint(truncate(fixture->path, 0), ==, 0);
    assert_read(reader, "key", "failed"); /* a fault in the map, caught */
    tbl_reader_end(reader);
    g_assert_false(tbl_reader_begin(reader));
    tbl_reader_free(reader);
}

/* A writer that meets damage fails and can be followed by nothing but failures: neither a signal
 * nor a wait for its own lock. */
static void
test_writer_meets_a_cut_file(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    g_autoptr(GError) first = NULL, second = NULL;
    const char *const pairs[] = {"key", "value", NULL};
    TblSlice value;
    struct stat st;
    write_pairs(fixture->store, pairs);
    g_assert_true(tbl_store_lock(fixture->store, NULL));
    TblWriter *writer = tbl_writer_begin(fixture->store, NULL);
    g_assert_nonnull(writer);
    g_assert_cmpint(stat(fixture->path, &st), ==, 0);
    g_assert_cmpint(truncate(fixture->path, 0), ==, 0);
    g_assert_cmpint(tbl_writer_get(writer, TBL_DB_ADDRESSES, tbl_slice("key"), &value), ==,
                    TBL_FAILED);
    tbl_writer_put(writer, TBL_DB_ADDRESSES, tbl_slice("key"), tbl_slice("other"));
    g_assert_false(tbl_writer_commit(writer, &first));
    g_assert_error(first, TBL_STORE_ERROR, TBL_STORE_ERROR_CORRUPT);
    g_assert_cmpint(truncate(fixture->path, st.st_size), ==, 0);
    g_assert_null(tbl_writer_begin(fixture->store, &second));
    g_assert_error(second, TBL_STORE_ERROR, TBL_STORE_ERROR_CORRUPT);
    tbl_store_unlock(fixture->store);
}

static void
test_open_says_why(void)
{
    g_autofree char *directory = g_dir_make_tmp("policyd-gif-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "store.mdb", NULL);
    g_autofree char *lock = g_strconcat(path, "-lock", NULL);
    g_autoptr(GError) missing = NULL, corrupt = NULL, folder = NULL;
    g_assert_null(tbl_store_open(path, 1 << 20, TBL_STORE_READ, &missing));
    g_assert_error(missing, TBL_STORE_ERROR, TBL_STORE_ERROR_MISSING);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS)); /* a reader makes nothing */
    g_autofree char *junk = g_strnfill(100000, 'j');
    g_assert_true(g_file_set_contents(path, junk, -1, NULL));
    g_assert_null(tbl_store_open(path, 1 << 20, TBL_STORE_READ, &corrupt));
    g_assert_error(corrupt, TBL_STORE_ERROR, TBL_STORE_ERROR_CORRUPT);
    g_assert_null(tbl_store_open(directory, 1 << 20, TBL_STORE_READ, &folder));
    g_assert_nonnull(folder);
    g_autofree char *lock2 = g_strconcat(directory, "-lock", NULL);
    g_unlink(lock2);
    g_unlink(path);
    g_unlink(lock);
    g_rmdir(directory);
}

static void
test_replaced_file_is_not_current(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    g_autofree char *other = g_strconcat(fixture->path, ".new", NULL);
    g_assert_true(tbl_store_current(fixture->store));
    g_assert_true(g_file_set_contents(other, "x", 1, NULL));
    g_assert_cmpint(g_rename(other, fixture->path), ==, 0);
    g_assert_false(tbl_store_current(fixture->store));
}

/* ---- References that an earlier version did not note ---- */

static void
reopen(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    tbl_view_free(fixture->view);
    tbl_store_close(fixture->store);
    fixture->store = tbl_store_open(fixture->path, 64u << 20, TBL_STORE_WRITE, &error);
    g_assert_no_error(error);
    fixture->view = tbl_view_new();
    tbl_view_set_reader(fixture->view, tbl_reader_new(fixture->store, &error));
}

static guint
count_referrers(Fixture *fixture, const char *key)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
    tbl_view_begin(fixture->view);
    g_assert_cmpint(fixture->view->referrers(fixture->view, key, ids), !=, TBL_FAILED);
    tbl_view_end(fixture->view);
    return ids->len;
}

/* Takes the key of a reference out, and `mark` too, as if no version had known them. */
static void
forget(Fixture *fixture, const char *key, const char *mark)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(tbl_store_lock(fixture->store, &error));
    TblWriter *writer = tbl_writer_begin(fixture->store, &error);
    tbl_writer_delete(writer, TBL_DB_REFERRERS, tbl_slice(key));
    if (mark)
        tbl_writer_delete(writer, TBL_DB_META, tbl_slice(mark));
    tbl_writer_meta(writer)->generation--;
    g_assert_true(tbl_writer_commit(writer, &error));
    tbl_store_unlock(fixture->store);
}

static void
test_missing_references(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    TblObject *staff = fixture_object(TBL_CLASS_DL, "staff", "SMTP:staff@box.example", NULL);
    g_ptr_array_add(staff->refs[TBL_REFS_MEMBERS], g_strdup("X400:c=US;s=Eve;"));
    fixture_put(fixture, staff);
    fixture_commit(fixture);
    g_autofree char *key = tbl_referrer_key(TBL_REFERRER_MEMBER, TBL_ORIGIN_LOCAL,
                                            TBL_REFERRER_ADDRESS, tbl_slice("x400:c=us;s=eve;"));
    g_autofree char *waiting = tbl_referrer_key(TBL_REFERRER_WAITING, TBL_ORIGIN_DIRECTORY,
                                                TBL_REFERRER_ADDRESS, tbl_slice("smtp:a@b"));
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    tbl_view_begin(fixture->view);
    TblReader *reader = tbl_view_reader(fixture->view);
    TblSlice ids;
    g_assert_cmpint(tbl_reader_get(reader, TBL_DB_REFERRERS, tbl_slice(key), &ids), ==, TBL_FOUND);
    g_byte_array_append(bytes, (const guint8 *)ids.ptr, (guint)ids.len);
    guint64 generation = tbl_reader_meta(reader)->generation;
    tbl_view_end(fixture->view);
    forget(fixture, key, NULL);
    reopen(fixture);
    /* Only a version that did not know better is made up for. */
    g_assert_cmpuint(count_referrers(fixture, key), ==, 0);
    fixture_plant(fixture, TBL_DB_REFERRERS, tbl_slice(waiting),
                  (TblSlice){(const char *)bytes->data, bytes->len});
    forget(fixture, key, "references");
    reopen(fixture);
    g_assert_cmpuint(count_referrers(fixture, key), ==, 1);
    /* These do not follow from objects. */
    g_assert_cmpuint(count_referrers(fixture, waiting), ==, 1);
    tbl_view_begin(fixture->view);
    g_assert_cmpuint(tbl_reader_meta(tbl_view_reader(fixture->view))->generation, ==,
                     generation + 1);
    tbl_view_end(fixture->view);
}

static void
test_modes(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    struct stat st;
    g_autofree char *lock = g_strconcat(fixture->path, "-lock", NULL);
    g_assert_cmpint(stat(fixture->path, &st), ==, 0);
    g_assert_cmpuint(st.st_mode & 07777, ==, 0640);
    g_assert_cmpint(stat(lock, &st), ==, 0);
    g_assert_cmpuint(st.st_mode & 07777, ==, 0660);
}

/* A child takes the lock and waits to be ended. */
static pid_t
hold_lock(const char *path)
{
    int ready[2];
    g_assert_cmpint(pipe(ready), ==, 0);
    pid_t child = fork();
    if (child == 0) {
        TblStore *store = tbl_store_open(path, 1 << 26, TBL_STORE_WRITE, NULL);
        char ok = store && tbl_store_lock(store, NULL) ? 'y' : 'n';
        if (write(ready[1], &ok, 1) == 1)
            pause();
        _exit(0);
    }
    char got = 0;
    g_assert_cmpint(read(ready[0], &got, 1), ==, 1);
    g_assert_cmpint(got, ==, 'y');
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void
test_lock_dies_with_its_holder(void)
{
    g_autofree char *directory = g_dir_make_tmp("policyd-gif-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "store.mdb", NULL);
    pid_t child = hold_lock(path);
    TblStore *store = tbl_store_open(path, 1 << 26, TBL_STORE_WRITE, NULL);
    g_assert_nonnull(store);
    kill(child, SIGKILL);
    g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
    g_assert_true(tbl_store_lock(store, NULL));
    tbl_store_unlock(store);
    tbl_store_close(store);
    static const char *const suffixes[] = {"", "-lock", ".write"};
    for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *file = g_strconcat(path, suffixes[i], NULL);
        g_assert_cmpint(g_unlink(file), ==, 0);
    }
    g_rmdir(directory);
}

static bool
collect(TblSlice key, TblSlice value, gpointer data)
{
    g_string_append_printf(data, "%.*s=%.*s ", (int)key.len, key.ptr, (int)value.len, value.ptr);
    return !tbl_slice_equal(key, tbl_slice("d"));
}

static void
test_each(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    const char *const pairs[] = {"c", "3", "a", "1", "b", "2", "e", "5", "d", "4", NULL};
    write_pairs(fixture->store, pairs);
    TblReader *reader = tbl_reader_new(fixture->store, NULL);
    g_assert_true(tbl_reader_begin(reader));
    g_autoptr(GString) seen = g_string_new(NULL);
    g_assert_cmpint(tbl_reader_each(reader, TBL_DB_ADDRESSES, tbl_slice("b"), collect, seen), ==,
                    TBL_FOUND);
    g_assert_cmpstr(seen->str, ==, "b=2 c=3 d=4 ");
    tbl_reader_end(reader);
    tbl_reader_free(reader);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/round-trip", test_round_trip);
    g_test_add_func("/store/snapshot", test_snapshot_stands_still);
    g_test_add_func("/store/abort", test_abort_leaves_no_trace);
    g_test_add_func("/store/damaged-record", test_damaged_record_fails_alone);
    g_test_add_func("/store/cut-file", test_cut_file_is_a_failure);
    g_test_add_func("/store/writer-cut-file", test_writer_meets_a_cut_file);
    g_test_add_func("/store/open", test_open_says_why);
    g_test_add_func("/store/replaced", test_replaced_file_is_not_current);
    g_test_add_func("/store/missing-references", test_missing_references);
    g_test_add_func("/store/modes", test_modes);
    g_test_add_func("/store/lock", test_lock_dies_with_its_holder);
    g_test_add_func("/store/each", test_each);
    return g_test_run();
}
