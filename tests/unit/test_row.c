#include "tables/row.h"

static TblRow
row(TblRowKind kind, guint64 object, const char *spelling, const char *primary)
{
    return (TblRow){.kind = kind,
                    .object_class = TBL_CLASS_MAILBOX,
                    .object = object,
                    .spelling = tbl_slice(spelling),
                    .primary_address = tbl_slice(primary)};
}

static void
test_round_trip(void)
{
    TblSlice key = tbl_slice("smtp:ann@north.example");
    TblRows rows = {0}, back;
    TblRow tombstone = {.kind = TBL_ROW_TOMBSTONE,
                        .spelling = tbl_slice("ann@north.example"),
                        .moved = true,
                        .notice = tbl_slice("new@x.example"),
                        .expires = 77};
    TblRow directory = row(TBL_ROW_DIRECTORY, 9, "Ann@north.example", "ann.lee@north.example");
    TblRow local = row(TBL_ROW_LOCAL, 300, "ann@north.example", "ann@north.example");
    local.primary = local.homed = local.forwards = true;
    tbl_rows_put(&rows, &tombstone);
    tbl_rows_put(&rows, &local);
    tbl_rows_put(&rows, &directory);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    tbl_rows_encode(&rows, key, bytes);
    TblSlice encoded = {(const char *)bytes->data, bytes->len};
    g_assert_true(tbl_rows_decode(&back, key, encoded));
    g_assert_cmpuint(back.count, ==, 3);
    g_assert_cmpint(back.row[0].kind, ==, TBL_ROW_LOCAL);
    g_assert_true(back.row[0].primary && back.row[0].homed && back.row[0].forwards &&
                  !back.row[0].disabled);
    g_assert_true(tbl_slice_equal(back.row[0].primary_address, tbl_slice("ann@north.example")));
    g_assert_cmpuint(back.row[1].object, ==, 9);
    g_assert_true(tbl_slice_equal(back.row[1].spelling, tbl_slice("Ann@north.example")));
    g_assert_true(tbl_slice_equal(back.row[1].primary_address, tbl_slice("ann.lee@north.example")));
    g_assert_true(back.row[2].moved);
    g_assert_cmpint(back.row[2].expires, ==, 77);
    g_assert_true(tbl_slice_equal(back.row[2].notice, tbl_slice("new@x.example")));
    g_assert_true(tbl_rows_answer(&back) == &back.row[0]);
    for (gsize cut = 1; cut < encoded.len; cut++) {
        TblRows partial;
        if (tbl_rows_decode(&partial, key, (TblSlice){encoded.ptr, cut}))
            g_assert_cmpuint(
                partial.count, <,
                3); /* a cut between two rows reads as fewer; the store's check sum sees it */
    }
}

/* Field by field: there is padding between them. */
static void
assert_source(const TblSource *found, const TblSource *expected)
{
    g_assert_cmpuint(found->batch, ==, expected->batch);
    g_assert_cmpuint(found->file, ==, expected->file);
    g_assert_cmpuint(found->line, ==, expected->line);
    g_assert_cmpint(found->synced, ==, expected->synced);
}

/* The source stands behind the rest; rows without one are as they were before there were any. */
static void
test_source(void)
{
    static const TblSource sources[] = {{0},
                                        {.batch = 7},
                                        {.batch = 7, .line = 1000000},
                                        {.batch = 300, .file = 2, .line = 12},
                                        {.synced = 1795000000}};
    TblSlice key = tbl_slice("smtp:ann@north.example");
    gsize plain = 0;
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
        TblRows rows = {0}, back;
        TblRow one = row(TBL_ROW_LOCAL, 300, "ann@north.example", "lee@north.example");
        TblRow two = row(TBL_ROW_DIRECTORY, 301, "Ann@north.example", "");
        one.source = two.source = sources[i];
        tbl_rows_put(&rows, &one);
        tbl_rows_put(&rows, &two);
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        tbl_rows_encode(&rows, key, bytes);
        plain = i == 0 ? bytes->len : plain;
        if (i == 2)
            g_assert_cmpuint(bytes->len, ==,
                             plain + 2 * 4 + 1); /* batch, line; longer flags once */
        g_assert_true(
            tbl_rows_decode(&back, key, (TblSlice){(const char *)bytes->data, bytes->len}));
        for (guint r = 0; r < back.count; r++)
            assert_source(&back.row[r].source, &sources[i]);
        g_assert_true(tbl_slice_equal(back.row[1].spelling, two.spelling));
    }
    /* The encoding of a program that knew no sources. */
    static const char old[] = "\x01\x89\x01\x05";
    TblRows back;
    g_assert_true(tbl_rows_decode(&back, key, (TblSlice){old, sizeof old - 1}));
    g_assert_cmpuint(back.row[0].object, ==, 5);
    g_assert_cmpuint(back.row[0].source.batch, ==, 0);
}

static void
test_put_replaces_and_remove(void)
{
    TblRows rows = {0};
    TblRow one = row(TBL_ROW_LOCAL, 1, "a@b", ""), two = row(TBL_ROW_LOCAL, 2, "a@b", "");
    tbl_rows_put(&rows, &one);
    tbl_rows_put(&rows, &two);
    g_assert_cmpuint(rows.count, ==, 1);
    g_assert_cmpuint(rows.row[0].object, ==, 2);
    tbl_rows_remove(&rows, TBL_ROW_DIRECTORY);
    g_assert_cmpuint(rows.count, ==, 1);
    tbl_rows_remove(&rows, TBL_ROW_LOCAL);
    g_assert_cmpuint(rows.count, ==, 0);
    g_assert_null(tbl_rows_answer(&rows));
}

static void
test_refuses_disorder(void)
{
    /* Two rows of one kind, and a kind that does not exist. */
    static const char twice[] = {1, 1, 5, 1, 'a', 1, 1, 5, 1, 'a'}, unknown[] = {9, 1, 5, 1, 'a'};
    TblRows rows;
    g_assert_false(tbl_rows_decode(&rows, tbl_slice("smtp:a@b"), (TblSlice){twice, sizeof twice}));
    g_assert_false(
        tbl_rows_decode(&rows, tbl_slice("smtp:a@b"), (TblSlice){unknown, sizeof unknown}));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/row/round-trip", test_round_trip);
    g_test_add_func("/row/source", test_source);
    g_test_add_func("/row/put-remove", test_put_replaces_and_remove);
    g_test_add_func("/row/disorder", test_refuses_disorder);
    return g_test_run();
}
