#include "gif/value.h"

#include "gif/diagnostic.h"

/* A field as one record -> "KIND value|value" with "!fault", "\N" dropped backslashes, "eN" empty
 * pieces. */
static char *
lex(const char *text, GifLexFlags flags)
{
    GifDialect dialect = {',', '"', '%', false};
    g_autoptr(GifCsv) csv = gif_csv_new(tbl_slice(text), dialect);
    g_autofree GifRecord *record = g_new(GifRecord, 1);
    g_autoptr(GifLexer) lexer = gif_lexer_new(dialect);
    GString *out = g_string_new(NULL);
    GifCell cell;
    g_assert_true(gif_csv_next(csv, record));
    g_assert_cmpint(record->fault, ==, GIF_CSV_OK);
    g_assert_cmpuint(record->count, ==, 1);
    gif_lexer_begin(lexer, record->end - record->start);
    gif_lexer_cell(lexer, &record->field[0], flags, &cell);
    g_string_append_c(out, "BVCR"[cell.kind]);
    for (guint i = 0; i < cell.count; i++) {
        TblSlice value = gif_lexer_value(lexer, &cell, i)->text;
        g_string_append_printf(out, "%c%.*s", i ? '|' : ' ', (int)value.len, value.ptr);
    }
    if (cell.fault)
        g_string_append_printf(out, " !%d", cell.fault);
    if (cell.backslashes)
        g_string_append_printf(out, " \\%u", cell.backslashes);
    if (cell.empty)
        g_string_append_printf(out, " e%u", cell.empty);
    if (cell.clear_quoted)
        g_string_append(out, " q");
    return g_string_free(out, FALSE);
}

typedef struct {
    const char *text;
    GifLexFlags flags;
    const char *expected;
} Case;

static const Case cases[] = {
    {"SMTP:a@b", GIF_LEX_MULTI, "V SMTP:a@b"},
    {"a%b%c", GIF_LEX_MULTI, "V a|b|c"},
    {" a % b ", GIF_LEX_MULTI, "V a|b"},
    {"a%b", GIF_LEX_SINGLE, "V a%b"},
    {"a%%b%", GIF_LEX_MULTI, "V a|b e2"},
    /* KB Q146304's example */
    {"\"a\\%b,c%d\"", GIF_LEX_MULTI, "V a%b,c|d"},
    /* both dialects */
    {"\"a,b%c\"", GIF_LEX_MULTI, "V a,b|c"},
    {"\"a,b\"%c", GIF_LEX_MULTI, "V a,b|c"},
    {"\"a,b\"%\"c,d\"", GIF_LEX_MULTI, "V a,b|c,d"},
    {"\"a\"\"b\"", GIF_LEX_MULTI, "V a\"b"},
    {"5\" disk", GIF_LEX_SINGLE, "V 5\" disk"},
    {"\" \"", GIF_LEX_SINGLE, "V  "},
    {"\"\"", GIF_LEX_SINGLE, "B"},
    {"x", GIF_LEX_SINGLE, "V x"},
    /* escapes */
    {"\\=x", GIF_LEX_SINGLE, "V =x \\1"},
    {"\"\\=x\"", GIF_LEX_SINGLE, "V =x \\1"},
    {"\"a%\\~DEL<X>\"", GIF_LEX_MULTI, "V a|~DEL<X> \\1"},
    {"\"=x\"", GIF_LEX_PLAIN, "V =x"},
    {"\\\\\\\\HUB", GIF_LEX_MULTI, "V \\\\HUB"},
    {"a\\nb", GIF_LEX_MULTI, "V a\nb"},
    {"q\\zed%b\\", GIF_LEX_MULTI, "V qzed|b \\2"},
    {"\"a\\\"\"b\"", GIF_LEX_MULTI, "V a\"b \\1"},
    {"a\\%b", GIF_LEX_SINGLE, "V a%b"},
    {"DOM\\user", GIF_LEX_PLAIN, "V DOM\\user"},
    {"DOM\\\\user", GIF_LEX_PLAIN, "V DOM\\user"},
    {"\"DOM\\nat\"", GIF_LEX_PLAIN, "V DOM\\nat"},
    /* removals */
    {"~DEL", GIF_LEX_MULTI, "C"},
    {"~del", GIF_LEX_SINGLE, "C"},
    {"\"~DEL\"", GIF_LEX_MULTI, "V ~DEL"},
    {"\"~DEL\"", GIF_LEX_MULTI | GIF_LEX_QUOTED, "C q"},
    {"~DEL<SMTP:a@b>", GIF_LEX_MULTI, "R SMTP:a@b"},
    {"~Del<SMTP:>%~DEL<X400:>", GIF_LEX_MULTI, "R SMTP:|X400:"},
    {"\"~DEL<CCMAIL:Lee, Ann at HQ>\"", GIF_LEX_MULTI, "R CCMAIL:Lee, Ann at HQ"},
    {"~DEL<SMTP:a\\%b@c>", GIF_LEX_MULTI, "R SMTP:a%b@c"},
    {"~DEL%SMTP:a@b", GIF_LEX_MULTI, "C SMTP:a@b !268"},
    {"~DEL<SMTP:>%SMTP:a@b", GIF_LEX_MULTI, "R SMTP:|SMTP:a@b !268"},
    {"~DEL%~DEL<SMTP:>", GIF_LEX_MULTI, "C SMTP: !268"},
    {"~DELsmtp:a@b", GIF_LEX_MULTI, "B !245"},
    {"~DEL<SMTP:a@b", GIF_LEX_MULTI, "B !245"},
    {"~DEL<>", GIF_LEX_MULTI, "B !245"},
    {"~<SMTP:a@b>", GIF_LEX_MULTI, "B !245"},
    {"\"~DELsmtp:a@b\"", GIF_LEX_MULTI, "B !245"},
    {"~x", GIF_LEX_MULTI, "V ~x"},
    /* pointers and what a spreadsheet makes of them */
    {"=../etc/x.txt", GIF_LEX_MULTI, "B !295"},
    {"SMTP:a@b%=x", GIF_LEX_MULTI, "V SMTP:a@b !295"},
    {"=x%~DELy", GIF_LEX_MULTI, "B !295"},
    {"#FILE(12)", GIF_LEX_SINGLE, "B !296"},
    {"#NAME?", GIF_LEX_SINGLE, "B !245"},
    {"a=b", GIF_LEX_SINGLE, "V a=b"},
    {"#1 sales", GIF_LEX_SINGLE, "V #1 sales"},
    {"\"a\"%b", GIF_LEX_SINGLE, "V a !220"},
};

static void
test_cells(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = lex(cases[i].text, cases[i].flags);
        g_assert_cmpstr(got, ==, cases[i].expected);
    }
}

static void
test_limits(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < GIF_VALUES_MAX; i++)
        g_string_append(text, "a%");
    g_autofree char *fits = lex(text->str, GIF_LEX_MULTI);
    g_assert_true(g_str_has_prefix(fits, "V a|a"));
    g_assert_null(strchr(fits, '!'));
    g_string_append(text, "a");
    g_autofree char *many = lex(text->str, GIF_LEX_MULTI);
    g_assert_nonnull(strstr(many, " !906"));

    g_autofree char *longest = g_strnfill(GIF_VALUE_MAX, 'x');
    g_autofree char *longer = g_strconcat(longest, "x", NULL);
    g_autofree char *good = lex(longest, GIF_LEX_SINGLE);
    g_autofree char *bad = lex(longer, GIF_LEX_SINGLE);
    g_assert_cmpuint(strlen(good), ==, GIF_VALUE_MAX + 2);
    g_assert_cmpstr(bad, ==, "B !904");
}

/* Whatever stands in the values, escaping brings it back (KB Q166556's growing backslashes). */
static void
test_round_trip(void)
{
    static const char *const values[] = {"a%b", "\\\\SRV\\x", "\\",        "a\\%b",
                                         "%",   "c,d",        "say \"hi\""};
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(GString) field = g_string_new("\"x");
        for (const char *c = values[i]; *c; c++) {
            if (*c == '\\' || *c == '%')
                g_string_append_c(field, '\\');
            if (*c == '"')
                g_string_append_c(field, '"');
            g_string_append_c(field, *c);
        }
        g_string_append_c(field, '"');
        g_autofree char *got = lex(field->str, GIF_LEX_MULTI);
        g_autofree char *expected = g_strconcat("V x", values[i], NULL);
        g_assert_cmpstr(got, ==, expected);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/value/cells", test_cells);
    g_test_add_func("/value/limits", test_limits);
    g_test_add_func("/value/round-trip", test_round_trip);
    return g_test_run();
}
