/* Whatever value is written into a field is read back from it, alone and among others. */
#include "gif/escape.h"

#include "gif/references.h"
#include "gif/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The field of a row `mailbox,FIELD`. */
static void
check(const GString *escaped, bool quote, GifLexFlags flags, guint index, guint count,
      const char *text)
{
    GifDialect dialect = {',', '"', '%', false};
    g_auto(GStrv) parts = g_strsplit(escaped->str, "\"", -1);
    g_autofree char *doubled = g_strjoinv("\"\"", parts);
    g_autofree char *line = g_strdup_printf(quote ? "mailbox,\"%s\"\r\n" : "mailbox,%s\r\n",
                                            quote ? doubled : escaped->str);
    GifCsv *csv = gif_csv_new(tbl_slice(line), dialect);
    g_autofree GifRecord *record = g_new(GifRecord, 1);
    g_autoptr(GifLexer) lexer = gif_lexer_new(dialect);
    GifCell cell;
    g_assert_true(gif_csv_next(csv, record) && record->fault == GIF_CSV_OK && record->count == 2);
    gif_lexer_begin(lexer, record->end - record->start);
    gif_lexer_cell(lexer, &record->field[1], flags, &cell);
    g_assert_cmpint(cell.fault, ==, 0);
    g_assert_true(cell.kind == GIF_CELL_VALUES && cell.count == count);
    g_assert_true(tbl_slice_equal(gif_lexer_value(lexer, &cell, index)->text, tbl_slice(text)));
    gif_csv_free(csv);
}

static void
check_reference(const char *text)
{
    g_autofree char *plain = gif_reference_name(tbl_slice(text));
    g_autofree char *written = gif_escape_reference(text);
    g_autofree char *read = gif_reference_name(tbl_slice(written));
    size_t length = strlen(text);
    g_assert_true(!plain || *plain);
    bool trimmed = strchr(" \t", text[0]) || strchr(" \t", text[length - 1]);
    bool control = false;
    for (size_t i = 0; i < length; i++)
        control = control || g_ascii_iscntrl(text[i]);
    if (!trimmed && !control)
        g_assert_cmpstr(read, ==, text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *raw = g_strndup((const char *)data, MIN(size, 4096));
    g_autofree char *text = g_utf8_make_valid(raw, -1);
    g_autoptr(GString) single = g_string_new(NULL), multi = g_string_new("x%"),
                       account = g_string_new(NULL);
    if (!*text)
        return 0;
    bool quote = gif_escape_needs_quotes(text);
    gif_escape_append(single, text, false);
    check(single, quote, GIF_LEX_SINGLE, 0, 1, text);
    gif_escape_append(multi, text, true);
    g_string_append(multi, "%z");
    check(multi, quote, GIF_LEX_MULTI, 1, 3, text);
    gif_escape_append_account(account, text);
    check(account, quote, GIF_LEX_PLAIN, 0, 1, text);
    check_reference(text);
    return 0;
}
