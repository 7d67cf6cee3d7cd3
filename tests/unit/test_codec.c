#include "tables/codec.h"

static TblSlice
slice_of(const GByteArray *bytes)
{
    return (TblSlice){(const char *)bytes->data, bytes->len};
}

static void
test_numbers(void)
{
    static const guint64 numbers[] = {
        0, 1, 127, 128, 255, 16383, 16384, G_MAXUINT32, G_MAXINT64, G_MAXUINT64 - 1, G_MAXUINT64};

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        TblCursor cursor;

        tbl_encode_number(bytes, numbers[i]);
        cursor = tbl_cursor(slice_of(bytes));
        g_assert_cmpuint(tbl_cursor_number(&cursor), ==, numbers[i]);
        g_assert_true(tbl_cursor_done(&cursor));
        /* Each number cut short is broken, and stays so. */
        cursor = tbl_cursor((TblSlice){(const char *)bytes->data, bytes->len - 1});
        g_assert_cmpuint(tbl_cursor_number(&cursor), ==, 0);
        g_assert_true(cursor.broken);
        g_assert_false(tbl_cursor_done(&cursor));
    }
}

static void
test_numbers_refused(void)
{
    static const TblSlice broken[] = {
        {"\x80\x00", 2},                                  /* zero in two bytes */
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10}, /* 65 bits */
        {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x81\x00", 11},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12},
    };

    for (guint i = 0; i < G_N_ELEMENTS(broken); i++) {
        TblCursor cursor = tbl_cursor(broken[i]);

        g_assert_cmpuint(tbl_cursor_number(&cursor), ==, 0);
        g_assert_true(cursor.broken);
    }
}

static void
test_strings(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    TblCursor cursor;
    TblSlice text;

    tbl_encode_string(bytes, tbl_slice("ann"));
    tbl_encode_string(bytes, (TblSlice){NULL, 0});
    tbl_encode_string(bytes, (TblSlice){"a\0b", 3});
    cursor = tbl_cursor(slice_of(bytes));
    text = tbl_cursor_string(&cursor);
    g_assert_true(tbl_slice_equal(text, tbl_slice("ann")));
    g_assert_cmpuint(tbl_cursor_string(&cursor).len, ==, 0);
    text = tbl_cursor_string(&cursor);
    g_assert_true(tbl_slice_equal(text, (TblSlice){"a\0b", 3}));
    g_assert_true(tbl_cursor_done(&cursor));
}

static void
test_string_over_the_end(void)
{
    TblCursor cursor = tbl_cursor((TblSlice){"\x04"
                                             "ann",
                                             4});

    g_assert_cmpuint(tbl_cursor_string(&cursor).len, ==, 0);
    g_assert_true(cursor.broken);
    /* Sticky: nothing is read any more. */
    g_assert_cmpuint(tbl_cursor_number(&cursor), ==, 0);
    g_assert_cmpuint(tbl_cursor_string(&cursor).len, ==, 0);
    /* A length that would wrap a pointer. */
    cursor = tbl_cursor((TblSlice){"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", 11});
    g_assert_cmpuint(tbl_cursor_string(&cursor).len, ==, 0);
    g_assert_true(cursor.broken);
}

static void
test_empty(void)
{
    TblCursor cursor = tbl_cursor((TblSlice){NULL, 0});

    g_assert_true(tbl_cursor_done(&cursor));
    g_assert_cmpuint(tbl_cursor_number(&cursor), ==, 0);
    g_assert_true(cursor.broken);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/codec/numbers", test_numbers);
    g_test_add_func("/codec/numbers-refused", test_numbers_refused);
    g_test_add_func("/codec/strings", test_strings);
    g_test_add_func("/codec/string-over-the-end", test_string_over_the_end);
    g_test_add_func("/codec/empty", test_empty);
    return g_test_run();
}
