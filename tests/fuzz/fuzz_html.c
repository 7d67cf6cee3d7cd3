/* Whatever the bytes are, they become text that holds no markup of its own, from which the bytes
 * can be read back. */
#include "gif/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MARK "<span class=\"u\">"
#define MARK_END "</span>"

static const struct {
    const char *reference;
    char character;
} references[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};

/* Reads a mark, xNN or U+NNNN; returns what is behind it. */
static const char *
mark_read(const char *at, GString *out)
{
    const char *end = strstr(at, MARK_END);
    g_assert_nonnull(end);
    if (*at == 'x') {
        g_assert_cmpint(end - at, ==, 3);
        g_string_append_c(out, (char)g_ascii_strtoull(at + 1, NULL, 16));
    } else {
        g_assert_true(g_str_has_prefix(at, "U+") && end - at >= 6);
        g_string_append_unichar(out, (gunichar)g_ascii_strtoull(at + 2, NULL, 16));
    }
    return end + strlen(MARK_END);
}

static const char *
reference_read(const char *at, GString *out)
{
    for (guint i = 0; i < G_N_ELEMENTS(references); i++)
        if (g_str_has_prefix(at, references[i].reference)) {
            g_string_append_c(out, references[i].character);
            return at + strlen(references[i].reference);
        }
    g_assert_not_reached();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    TblSlice text = {(const char *)data, size};
    g_autoptr(GString) html = g_string_new(NULL), back = g_string_new(NULL);
    gif_html_append(html, text, size);
    g_assert_true(g_utf8_validate(html->str, (gssize)html->len, NULL));
    g_assert_null(strpbrk(html->str, "\n\r\t"));
    for (const char *at = html->str; *at;) {
        if (g_str_has_prefix(at, MARK)) {
            at = mark_read(at + strlen(MARK), back);
        } else if (*at == '&') {
            at = reference_read(at, back);
        } else {
            g_assert_true(!strchr("<>\"'", *at) && !g_ascii_iscntrl(*at));
            g_string_append_c(back, *at++);
        }
    }
    g_assert_true(tbl_slice_equal((TblSlice){back->str, back->len}, text));

    /* Cut anywhere, it is still whole HTML. */
    g_string_truncate(html, 0);
    gif_html_append(html, text, size / 2);
    g_assert_true(g_utf8_validate(html->str, (gssize)html->len, NULL));
    return 0;
}
