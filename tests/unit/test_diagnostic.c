#include "gif/diagnostic.h"

#include <stdlib.h>
#include <string.h>

static char *
written(bool json, void (*write)(GifDiagnostics *diagnostics))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    GifDiagnostics *diagnostics = gif_diagnostics_new(json, out);
    write(diagnostics);
    gif_diagnostics_finish(diagnostics);
    gif_diagnostics_free(diagnostics);
    fclose(out);
    return text;
}

static void
write_two(GifDiagnostics *diagnostics)
{
    gif_diagnostics_set_file(diagnostics, "in.csv");
    gif_diagnostics_add(diagnostics, GIF_ERROR, 238, 7, "E-mail Addresses", "a\nnn",
                        "taken \"by\" bo");
    gif_diagnostics_set_file(diagnostics, NULL);
    gif_diagnostics_add(diagnostics, GIF_WARNING, 914, 0, NULL, NULL, "as a whole");
    g_assert_cmpuint(gif_diagnostics_count(diagnostics, GIF_ERROR), ==, 1);
    g_assert_cmpuint(gif_diagnostics_count(diagnostics, GIF_WARNING), ==, 1);
    g_assert_cmpuint(gif_diagnostics_count(diagnostics, GIF_INFO), ==, 0);
}

static void
test_shapes(void)
{
    g_autofree char *json = written(true, write_two), *text = written(false, write_two);
    g_assert_cmpstr(json, ==,
                    "{\"type\":\"diagnostic\",\"file\":\"in.csv\",\"line\":7,\"severity\":"
                    "\"error\",\"code\":\"GIF0238\","
                    "\"column\":\"E-mail Addresses\",\"object\":\"a\\nnn\",\"message\":\"taken "
                    "\\\"by\\\" bo\"}\n"
                    "{\"type\":\"diagnostic\",\"file\":null,\"line\":null,\"severity\":\"warning\","
                    "\"code\":\"GIF0914\","
                    "\"column\":null,\"object\":null,\"message\":\"as a whole\"}\n");
    g_assert_cmpstr(text, ==,
                    "in.csv:7: error GIF0238: a\\x0ann: E-mail Addresses: taken \"by\" bo\n"
                    "gif-import: warning GIF0914: as a whole\n");
}

static void
write_many(GifDiagnostics *diagnostics)
{
    gif_diagnostics_set_file(diagnostics, "f");
    for (guint i = 1; i <= GIF_DIAGNOSTICS_SHOWN + 5; i++) {
        gif_diagnostics_add(diagnostics, GIF_ERROR, 291, i, NULL, NULL, "x");
        gif_diagnostics_add(diagnostics, GIF_WARNING, 291, i, NULL, NULL, "y");
    }
    gif_diagnostics_add(diagnostics, GIF_INFO, 908, 1, NULL, NULL, "z");
}

static guint
lines_of(const char *text)
{
    guint lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    return lines;
}

/* As text the first thousand of each kind, then how many there are; as JSON all. */
static void
test_cap(void)
{
    g_autofree char *json = written(true, write_many), *text = written(false, write_many);
    g_assert_cmpuint(lines_of(json), ==, 2 * (GIF_DIAGNOSTICS_SHOWN + 5) + 1);
    g_assert_cmpuint(lines_of(text), ==, 2 * GIF_DIAGNOSTICS_SHOWN + 1 + 2);
    g_assert_nonnull(strstr(text, "error GIF0291: 5 more, 1005 in all\n"));
    g_assert_nonnull(strstr(text, "warning GIF0291: 5 more, 1005 in all\n"));
}

static void
test_notes(void)
{
    g_autoptr(GifNotes) first = gif_notes_new(), later = gif_notes_new();
    gif_notes_add(first, GIF_WARNING, 168, NULL, "w");
    g_assert_false(gif_notes_failed(first));
    gif_notes_add(later, GIF_ERROR, 237, NULL, "e %d", 1);
    gif_notes_move(first, later);
    g_assert_true(gif_notes_failed(first));
    g_assert_false(gif_notes_failed(later));
    gif_notes_clear(first);
    g_assert_false(gif_notes_failed(first));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/diagnostic/shapes", test_shapes);
    g_test_add_func("/diagnostic/cap", test_cap);
    g_test_add_func("/diagnostic/notes", test_notes);
    return g_test_run();
}
