/* Any text is an options file or an error that names file and line; its line ends do not matter. */
#include "gif/charset.h"
#include "gif/options.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_separator(char c, const char *forbidden)
{
    g_assert_true(c == '\0' || gif_options_is_separator(c, forbidden));
}

static void
check(const GifOptionsFile *options, TblSlice text)
{
    check_separator(options->column, GIF_NOT_COLUMN);
    check_separator(options->quote, GIF_NOT_QUOTE);
    check_separator(options->mv, GIF_NOT_MV);
    g_assert_true(!options->container || *options->container != '\0');
    guint64 line = 0;
    for (guint i = 0; i < options->notes->len; i++) {
        const GifOptionsNote *note = &g_array_index(options->notes, GifOptionsNote, i);
        bool last = i + 1 == options->notes->len; /* that there is no section has line 1 */
        g_assert_true(note->line >= line || last);
        g_assert_cmpuint(note->line, <=, text.len + 1);
        g_assert_cmpint(note->severity, <, GIF_ERROR);
        g_assert_true(g_utf8_validate(note->message, -1, NULL));
        line = note->line;
    }
}

/* Everything that a file says, or its error. */
static char *
describe(TblSlice text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GifOptionsFile) options = gif_options_parse(text, "fuzz.ini", &error);
    if (!options) {
        g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
        g_assert_true(g_str_has_prefix(error->message, "fuzz.ini:"));
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        return g_strdup(error->message);
    }
    check(options, text);
    return g_strdup_printf("%d %d %d %s %d %s %u", options->column, options->quote, options->mv,
                           options->codepage, options->overwrite, options->container,
                           options->notes->len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GifTextFault fault = {0};
    char *copy = g_malloc(size + 1);
    memcpy(copy, data, size);
    g_autoptr(GifText) text = gif_text_new(copy, size, GIF_CODEPAGE_DEFAULT, &fault);
    gif_text_fault_clear(&fault);
    if (!text) {
        return 0;
    }
    TblSlice slice = gif_text_slice(text);
    g_autofree char *said = describe(slice);
    g_autoptr(GString) other = g_string_new(NULL);
    for (size_t i = 0; i < slice.len; i++) {
        bool pair = slice.ptr[i] == '\r' && i + 1 < slice.len && slice.ptr[i + 1] == '\n';
        bool end = slice.ptr[i] == '\r' || slice.ptr[i] == '\n';
        if (end) {
            g_string_append(other, "\r\n");
        } else {
            g_string_append_c(other, slice.ptr[i]);
        }
        i += pair;
    }
    g_autofree char *again = describe((TblSlice){other->str, other->len});
    g_assert_cmpstr(said, ==, again);
    return 0;
}
