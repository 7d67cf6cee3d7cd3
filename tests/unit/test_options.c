/* Exchange's options files: the samples of the articles, and what may be wrong with one. */
#include "gif/options.h"

static GifOptionsFile *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    GifOptionsFile *options = gif_options_parse(tbl_slice(text), "o.ini", &error);
    g_assert_no_error(error);
    g_assert_nonnull(options);
    return options;
}

static void
assert_note(const GifOptionsFile *options, guint index, guint64 line, GifSeverity severity,
            const char *word)
{
    g_assert_cmpuint(options->notes->len, >, index);
    const GifOptionsNote *note = &g_array_index(options->notes, GifOptionsNote, index);
    g_assert_cmpuint(note->line, ==, line);
    g_assert_cmpint(note->severity, ==, severity);
    g_assert_nonnull(strstr(note->message, word));
}

static void
assert_refused(const char *text, const char *place, const char *word)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(gif_options_parse(tbl_slice(text), "o.ini", &error));
    g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    g_assert_true(g_str_has_prefix(error->message, place));
    g_assert_nonnull(strstr(error->message, word));
}

/* KB Q152472: separators as decimal numbers, with leading zeros too. */
static void
test_separators(void)
{
    g_autoptr(GifOptionsFile) options =
        parse("[Import]\r\nColumnSeparator=09\r\nQuoteCharacter=39\r\nMVSeparator=38\r\n");
    g_assert_cmpint(options->column, ==, '\t');
    g_assert_cmpint(options->quote, ==, '\'');
    g_assert_cmpint(options->mv, ==, '&');
    g_assert_cmpuint(options->notes->len, ==, 0);
    g_autoptr(GifOptionsFile) defaults =
        parse("[Import]\nColumnSeparator=\nQuoteCharacter=0\nMVSeparator=000\n");
    g_assert_cmpint(defaults->column, ==, '\0');
    g_assert_cmpint(defaults->quote, ==, '\0');
    g_assert_cmpint(defaults->mv, ==, '\0');
    g_assert_cmpuint(defaults->notes->len, ==, 0);
}

/* KB Q156063 calls the quote character QuoteSeparator. */
static void
test_quote_separator(void)
{
    g_autoptr(GifOptionsFile) options = parse("[IMPORT]\nquoteSEPARATOR=39\n");
    g_assert_cmpint(options->quote, ==, '\'');
    g_autoptr(GifOptionsFile) both =
        parse("[Import]\nQuoteCharacter=39\nQuoteSeparator=34\nQuoteCharacter=33\n");
    g_assert_cmpint(both->quote, ==, '\'');
    assert_note(both, 0, 3, GIF_WARNING, "differ");
    assert_note(both, 1, 4, GIF_WARNING, "again");
}

/* The sections, as KB Q160602 and Q268485 write them. */
static void
test_sections(void)
{
    g_autoptr(GifOptionsFile) two = parse("[Export]\nColumnSeparator=59\nContainer=Out\n[Import]\n"
                                          "Container=Recipients\n[Export]\nMVSeparator=38\n");
    g_assert_cmpint(two->column, ==, '\0');
    g_assert_cmpint(two->mv, ==, '\0');
    g_assert_cmpstr(two->container, ==, "Recipients");
    g_assert_cmpuint(two->notes->len, ==, 0);
    g_autoptr(GifOptionsFile) slip = parse("[Options]\nContainer=Recipients\n");
    g_assert_null(slip->container);
    assert_note(slip, 0, 1, GIF_WARNING, "[Options]");
    assert_note(slip, 1, 1, GIF_WARNING, "no section [Import]");
    g_autoptr(GifOptionsFile) early = parse("Container=a\n[Import]\nContainer=b");
    g_assert_cmpstr(early->container, ==, "b");
    assert_note(early, 0, 1, GIF_WARNING, "before section");
    g_autoptr(GifOptionsFile) empty = parse("");
    assert_note(empty, 0, 1, GIF_WARNING, "no section [Import]");
}

/* Lines that are none, blanks, comments, quotes, a DOS editor's end. */
static void
test_lines(void)
{
    g_autoptr(GifOptionsFile) options =
        parse("; c\n\n [ import ] \r# c\nnonsense\n  Container = \"A/cn=B\"\nCodePage=850\n\x1a");
    g_assert_cmpstr(options->container, ==, "A/cn=B");
    g_assert_cmpstr(options->codepage, ==, "CP850");
    assert_note(options, 0, 5, GIF_WARNING, "nonsense");
    assert_note(options, 1, 6, GIF_WARNING, "blanks");
    g_assert_cmpuint(options->notes->len, ==, 2);
}

static void
test_switches(void)
{
    g_autoptr(GifOptionsFile) yes = parse("[Import]\nOverwriteProperties=YES\nRawMode=Yes\n");
    g_assert_true(yes->overwrite);
    assert_note(yes, 0, 3, GIF_WARNING, "RawMode");
    g_autoptr(GifOptionsFile) no = parse("[Import]\nOverwriteProperties=no\nRawMode=No\n");
    g_assert_false(no->overwrite);
    g_assert_cmpuint(no->notes->len, ==, 0);
}

static void
test_codepage(void)
{
    static const char *const detected[] = {"0", "", "Unicode", "UNICODE", "1200", "00"};
    for (guint i = 0; i < G_N_ELEMENTS(detected); i++) {
        g_autofree char *text = g_strdup_printf("[Import]\nCodePage=%s\n", detected[i]);
        g_autoptr(GifOptionsFile) options = parse(text);
        g_assert_null(options->codepage);
    }
    g_autoptr(GifOptionsFile) utf8 = parse("[Import]\nCodePage=65001\n");
    g_assert_cmpstr(utf8->codepage, ==, "UTF-8");
    g_autoptr(GifOptionsFile) zero = parse("[Import]\nCodePage=0932\n");
    g_assert_cmpstr(zero->codepage, ==, "CP932");
}

/* What has no meaning here is told; what nobody knows is a warning. */
static void
test_ignored(void)
{
    static const char *const keys[] = {
        "DirectoryService", "Basepoint",        "RecipientTemplate", "NTDomain",
        "CreateNTAccounts", "DeleteNTAccounts", "GeneratePassword",  "ApplyNTSecurity",
        "ExportObject",     "HomeServer",       "HiddenObjects",     "Subcontainers",
        "InformationLevel",
    };
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        bool level = strcmp(keys[i], "InformationLevel") == 0;
        g_autofree char *text =
            g_strdup_printf("[Import]\n%s=%s\n", keys[i], level ? "Full" : "No");
        g_autoptr(GifOptionsFile) options = parse(text);
        assert_note(options, 0, 2, GIF_INFO, keys[i]);
        g_assert_cmpuint(options->notes->len, ==, 1);
    }
    g_autoptr(GifOptionsFile) unknown = parse("[Import]\nColumnSeperator=9\n");
    assert_note(unknown, 0, 2, GIF_WARNING, "ColumnSeperator");
}

static void
test_refused(void)
{
    static const struct {
        const char *line, *word;
    } cases[] = {
        {"ColumnSeparator=,", "44 for a comma"},   {"ColumnSeparator=256", "0 to 255"},
        {"ColumnSeparator=-1", "0 to 255"},        {"ColumnSeparator=0x2c", "0 to 255"},
        {"ColumnSeparator=65", "cannot separate"}, {"ColumnSeparator=92", "cannot separate"},
        {"ColumnSeparator=10", "cannot separate"}, {"ColumnSeparator=164", "cannot separate"},
        {"QuoteCharacter=126", "cannot separate"}, {"QuoteSeparator=35", "cannot separate"},
        {"MVSeparator=126", "cannot separate"},    {"OverwriteProperties=1", "neither Yes nor No"},
        {"RawMode=perhaps", "neither Yes nor No"}, {"CodePage=4711", "not known"},
        {"CodePage=Klingon", "not known"},         {"InformationLevel=Loud", "Minimal"},
        {"Container=a\tb", "control character"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("; c\n[Import]\n%s\n", cases[i].line);
        assert_refused(text, "o.ini:3: ", cases[i].word);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(gif_options_parse((TblSlice){"[Import]\na\0b", 12}, "o.ini", &error));
    g_assert_nonnull(strstr(error->message, "NUL"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/options/separators", test_separators);
    g_test_add_func("/options/quote-separator", test_quote_separator);
    g_test_add_func("/options/sections", test_sections);
    g_test_add_func("/options/lines", test_lines);
    g_test_add_func("/options/switches", test_switches);
    g_test_add_func("/options/codepage", test_codepage);
    g_test_add_func("/options/ignored", test_ignored);
    g_test_add_func("/options/refused", test_refused);
    return g_test_run();
}
