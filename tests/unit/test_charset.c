#include "gif/charset.h"

static GifText *
decode(const char *bytes, gsize length, const char *codepage, GifTextFault *fault)
{
    char *copy = g_malloc(length + 1);
    memcpy(copy, bytes, length);
    return gif_text_new(copy, length, codepage, fault);
}

static void
check(const char *bytes, gsize length, const char *codepage, const char *encoding,
      const char *expected)
{
    GifTextFault fault = {0};
    g_autoptr(GifText) text = decode(bytes, length, codepage, &fault);
    g_assert_nonnull(text);
    TblSlice slice = gif_text_slice(text);
    g_assert_cmpmem(slice.ptr, slice.len, expected, strlen(expected));
    g_assert_cmpstr(gif_text_encoding(text), ==, encoding);
}

static void
test_detect(void)
{
    check("abc", 3, "CP1252", "UTF-8", "abc");
    check("L\xc3\xa9"
          "e",
          4, "CP1252", "UTF-8",
          "L\xc3\xa9"
          "e");
    check("\xef\xbb\xbf"
          "ab",
          5, "CP1252", "UTF-8", "ab");
    check("L\xe9"
          "e",
          3, "CP1252", "CP1252",
          "L\xc3\xa9"
          "e");
    check("L\x82"
          "e",
          3, "CP850", "CP850",
          "L\xc3\xa9"
          "e");
    check("\xff\xfe"
          "a\0\xe9\0",
          6, "CP1252", "UTF-16LE", "a\xc3\xa9");
    check("\xfe\xff"
          "\0a\0\xe9",
          6, "CP1252", "UTF-16BE", "a\xc3\xa9");
    check("a\0b\0c\0", 6, "CP1252", "UTF-16LE", "abc");
    check("\0a\0b\0c", 6, "CP1252", "UTF-16BE", "abc");
    check("", 0, "CP1252", "UTF-8", "");
}

/* NUL bytes are text here; the record reader tells their place. */
static void
test_nul(void)
{
    GifTextFault fault = {0};
    g_autoptr(GifText) text = decode("ab\0c", 4, "CP1252", &fault);
    g_assert_nonnull(text);
    g_assert_cmpuint(gif_text_slice(text).len, ==, 4);
}

static void
test_faults(void)
{
    GifTextFault fault = {0};
    g_assert_null(decode("a\nbc\x81"
                         "d",
                         6, "CP1252", &fault));
    g_assert_cmpuint(fault.line, ==, 2);
    g_assert_cmpuint(fault.column, ==, 3);
    g_assert_nonnull(strstr(fault.message, "--codepage"));
    gif_text_fault_clear(&fault);
    g_assert_null(decode("\xef\xbb\xbf"
                         "a\xff",
                         5, "CP1252", &fault));
    g_assert_nonnull(strstr(fault.message, "UTF-8"));
    gif_text_fault_clear(&fault);
    /* half a character at the end */
    g_assert_null(decode("\xff\xfe"
                         "a\0b",
                         5, "CP1252", &fault));
    gif_text_fault_clear(&fault);
}

static void
test_codepages(void)
{
    g_autofree char *number = gif_codepage_name("850");
    g_autofree char *name = gif_codepage_name("ISO-8859-15");
    g_assert_cmpstr(number, ==, "CP850");
    g_assert_cmpstr(name, ==, "ISO-8859-15");
    g_assert_null(gif_codepage_name("no-such-page"));
    g_assert_null(gif_codepage_name("99999"));
}

/* From the text back to the raw bytes, whatever lies before. */
static void
test_raw(void)
{
    static const char raw[] = "H\xe9\n\xe9\xe9"
                              "2\nthree\n\xfc";
    GifTextFault fault = {0};
    g_autoptr(GifText) text = decode(raw, sizeof(raw) - 1, "CP1252", &fault);
    g_autoptr(GByteArray) out = g_byte_array_new();
    const char *begin = gif_text_slice(text).ptr;
    gsize second = (gsize)(strchr(begin, '\n') + 1 - begin);
    gsize third = (gsize)(strstr(begin, "three") - begin);
    gif_text_append_raw(text, 0, second, out);
    gif_text_append_raw(text, third, gif_text_slice(text).len, out);
    g_assert_cmpmem(out->data, out->len, "H\xe9\nthree\n\xfc", 10);

    g_autoptr(GifText) wide = decode("\xff\xfe"
                                     "a\0\n\0b\0\n\0",
                                     10, "CP1252", &fault);
    g_byte_array_set_size(out, 0);
    gif_text_append_raw(wide, 0, 2, out);
    gif_text_append_raw(wide, 2, 4, out);
    g_assert_cmpmem(out->data, out->len,
                    "\xff\xfe"
                    "a\0\n\0b\0\n\0",
                    10);

    g_autoptr(GifText) marked = decode("\xef\xbb\xbf"
                                       "a\nb\n",
                                       7, "CP1252", &fault);
    g_byte_array_set_size(out, 0);
    gif_text_append_raw(marked, 0, 2, out);
    gif_text_append_raw(marked, 2, 4, out);
    g_assert_cmpmem(out->data, out->len,
                    "\xef\xbb\xbf"
                    "a\nb\n",
                    7);
}

/* Text that grows when it is decoded. */
static void
test_growth(void)
{
    GifTextFault fault = {0};
    gsize length = 200000;
    char *raw = g_malloc(length);
    memset(raw, 0xe9, length);
    g_autoptr(GifText) text = gif_text_new(raw, length, "CP1252", &fault);
    g_assert_cmpuint(gif_text_slice(text).len, ==, 2 * length);
    g_assert_true(g_utf8_validate_len(gif_text_slice(text).ptr, 2 * length, NULL));
}

/* What stands behind the discarded part stays as it is; the other is gone. */
static void
test_discard(void)
{
    const gsize length = 9 * 1024 * 1024 + 77;
    static const char *const encodings[] = {"UTF-8", "CP1252"};
    for (gsize e = 0; e < G_N_ELEMENTS(encodings); e++) {
        GifTextFault fault = {0};
        char *bytes = g_malloc(length);
        for (gsize i = 0; i < length; i++) {
            bytes[i] = (char)('a' + i % 23);
        }
        bytes[length - 1] = e == 0 ? '.' : '\xe9';
        g_autofree char *copy = g_malloc(length);
        memcpy(copy, bytes, length);
        g_autoptr(GifText) text = gif_text_new(bytes, length, "CP1252", &fault);
        g_assert_cmpstr(gif_text_encoding(text), ==, encodings[e]);
        for (gsize upto = 0; upto < length; upto += 300 * 1000) {
            gif_text_discard(text, upto);
            TblSlice slice = gif_text_slice(text);
            g_assert_cmpmem(slice.ptr + upto, length - 1 - upto, copy + upto, length - 1 - upto);
        }
        g_assert_nonnull(memchr(gif_text_slice(text).ptr, '\0', length / 2));
    }
}

/* The first byte that is not UTF-8, wherever words begin and end. */
static void
test_fault_place(void)
{
    for (gsize before = 0; before < 40; before++) {
        GifTextFault fault = {0};
        g_autoptr(GString) bytes = g_string_new("\xef\xbb\xbf");
        for (gsize i = 0; i < before; i++) {
            g_string_append(bytes, i % 9 == 4 ? "\xc3\xa9" : "a");
        }
        g_string_append(bytes, "\xed\xa0\x80 and more text behind");
        g_autoptr(GifText) text = decode(bytes->str, bytes->len, "CP1252", &fault);
        g_assert_null(text);
        g_assert_cmpuint(fault.column, ==, before + 1);
        gif_text_fault_clear(&fault);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/charset/detect", test_detect);
    g_test_add_func("/charset/nul", test_nul);
    g_test_add_func("/charset/faults", test_faults);
    g_test_add_func("/charset/codepages", test_codepages);
    g_test_add_func("/charset/raw", test_raw);
    g_test_add_func("/charset/growth", test_growth);
    g_test_add_func("/charset/discard", test_discard);
    g_test_add_func("/charset/fault-place", test_fault_place);
    return g_test_run();
}
