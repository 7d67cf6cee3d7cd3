/* A whole LDIF file -> rows. Beside not crashing: where lines are folded, and whether they end in
 * LF or CR LF, does not matter. */
#include "gif/ldif.h"
#include "tests/fuzz/descendant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each line folded behind its first byte; or with another end. */
static char *
variant(const char *text, bool fold)
{
    GString *out = g_string_new(NULL);
    bool start = true;
    for (const char *c = text; *c; c++) {
        bool more = c[1] != '\0' && c[1] != '\n' && c[1] != '\032';
        if (*c == '\n' && !fold)
            g_string_append_c(out, '\r');
        g_string_append_c(out, *c);
        if (fold && start && *c != '\n' && *c != '#' && *c != ' ' && more)
            g_string_append(out, "\n ");
        start = *c == '\n';
    }
    return g_string_free(out, FALSE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = NULL;
    g_autofree char *rows = descendant_read(data, size, gif_ldif_new, &text);
    /* Texts with NUL bytes or other line ends are read, but not compared; the version is one line,
     * never folded. */
    if (!rows || memchr(data + 1, '\0', size - 1) || strchr(text, '\r') || strstr(text, "ersion") ||
        strstr(text, "ERSION") || strchr(text, '\032'))
        return 0;
    g_autofree char *plain = descendant_describe(tbl_slice(text), data[0], gif_ldif_new, false);
    for (int fold = 0; fold < 2; fold++) {
        g_autofree char *other = variant(text, fold != 0);
        g_autofree char *again =
            descendant_describe(tbl_slice(other), data[0], gif_ldif_new, false);
        g_assert_cmpstr(again, ==, plain);
    }
    return 0;
}
