#include "tables/log.h"

#include <stdio.h>

static void
test_escape(void)
{
    static const struct {
        const char *text;
        size_t length;
        gsize max;
        const char *escaped;
    } cases[] = {
        {"ann@north.example", 17, 100, "ann@north.example"},
        {"a\nb\\c\x7f", 6, 100, "a\\x0ab\\x5cc\\x7f"},
        {"a\0b", 3, 100, "a\\x00b"},
        {"jörg\xff\xc3", 7, 100, "jörg\\xff\\xc3"},
        {"\xe2\x80\xae"
         "abc",
         6, 100, "\\xe2\\x80\\xaeabc"}, /* right-to-left override */
        {"abcdef", 6, 3, "abc..."},
        {"äöüß", 8, 4, "äöüß"},
        {"äöüß", 8, 3, "äöü..."},
        {"", 0, 0, ""},
        {"a", 1, 0, "..."},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *escaped =
            tbl_log_escape((TblSlice){cases[i].text, cases[i].length}, cases[i].max);
        g_assert_cmpstr(escaped, ==, cases[i].escaped);
    }
}

/* Child processes: the writer can be set once only, and tests make warnings fatal. */
static void
log_all(bool verbose)
{
    g_log_set_always_fatal(G_LOG_FATAL_MASK);
    g_log_set_fatal_mask("policyd-gif", G_LOG_FATAL_MASK);
    tbl_log_init("policyd", verbose);
    tbl_log_error("one %d", 1);
    tbl_log_warning("two\nlines");
    tbl_log_notice("three");
    tbl_log_debug("four");
}

static void
test_quiet(void)
{
    if (g_test_subprocess()) {
        log_all(false);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("policyd: one 1\npolicyd: two lines\npolicyd: three\n");
}

static void
test_verbose(void)
{
    if (g_test_subprocess()) {
        log_all(true);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr(
        "policyd: one 1\npolicyd: two lines\npolicyd: three\npolicyd: four\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log/escape", test_escape);
    g_test_add_func("/log/quiet", test_quiet);
    g_test_add_func("/log/verbose", test_verbose);
    return g_test_run();
}
