#include "tables/command.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* Set in a child that is to be the program. */
#define UNDER_TEST "COMMAND_UNDER_TEST"

/* Prints what it got and answers the number of arguments. */
static int
run_show(TblConfig *config, int argc, char **argv)
{
    g_autofree char *all = g_strjoinv("|", argv);

    g_print("%s %s %s\n", g_get_prgname(), config->store.path, all);
    return 10 + argc;
}

static int
run_option(TblConfig *config, int argc, char **argv)
{
    g_autofree char *text = NULL;
    const GOptionEntry entries[] = {{"text", 0, 0, G_OPTION_ARG_STRING, &text, "a text", "TEXT"},
                                    {0}};
    g_autoptr(GOptionContext) context = g_option_context_new("NAME");
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("%s\n", error->message);
        return tbl_exit_code(error);
    }
    g_print("text=%s\n", text);
    return TBL_EXIT_OK;
}

static const TblCommand commands[] = {
    {"domain", "add", "DOMAIN...", "Declare domains.", run_show},
    {"domain", "set", "DOMAIN...", "Change declarations.", run_option},
    {"status", NULL, "", "Print the state.", run_show},
    {NULL, NULL, NULL, NULL, NULL},
};

/* A command line (separated by '|'; @ is a good configuration file, % a bad one), its exit code and
 * parts of its output. */
static const struct {
    const char *line;
    int code;
    const char *output, *errors; /* glob patterns */
} cases[] = {
    {"", 2, "", "Usage: policyctl*domain add DOMAIN...*--config=FILE*"},
    {"--help", 0,
     "Usage: policyctl*domain add DOMAIN...*Declare "
     "domains.*status*--config=FILE*--help*--version*",
     ""},
    {"--version", 0, "policyctl " POLICYD_GIF_VERSION "\n", ""},
    {"status|--version", 0, "policyctl " POLICYD_GIF_VERSION "\n", ""},
    {"--config=@|status", 11, "policyctl status /good.mdb status\n", ""},
    {"--config|@|status|x", 12, "policyctl status /good.mdb status|x\n", ""},
    {"status|--config|@|x", 12, "policyctl status /good.mdb status|x\n", ""},
    {"domain|add|a|--config=@|b", 13, "policyctl domain add /good.mdb add|a|b\n", ""},
    {"domain|--config=@|add|a", 12, "policyctl domain add /good.mdb add|a\n", ""},
    {"--config=@|domain|add|--|--config|--help", 14, "*add|--|--config|--help\n", ""},
    {"--config=%|status", 78, "", "policyctl: *: ?store? paths: unknown key*"},
    {"--config=/nonexistent/x.conf|status", 78, "",
     "policyctl: /nonexistent/x.conf: cannot be read*"},
    {"status|--config", 2, "", "policyctl: --config needs a file*"},
    {"frob", 2, "", "policyctl: 'frob' is no command; policyctl --help lists all\n"},
    {"--frob|status", 2, "", "policyctl: '--frob' is no option here*"},
    {"domain", 2, "", "policyctl: 'domain' needs one of: add, set\n"},
    {"domain|frob", 2, "", "policyctl: 'domain frob' is no command; domain takes: add, set\n"},
    {"domain|--help", 0, "Usage:*domain add*domain set*", ""},
    {"--config=%|domain|set|--help", 0, "Usage:*policyctl domain set ?OPTION*? NAME*--text=TEXT*",
     ""},
    {"--config=@|domain|set|--text=jörg", 0, "text=jörg\n", ""},
    {"--config=@|domain|set|--texts=x", 2, "", "Unknown option --texts=x\n"},
};

static void
write_configurations(const char *folder, char **good, char **bad)
{
    *good = g_build_filename(folder, "good.conf", NULL);
    *bad = g_build_filename(folder, "bad.conf", NULL);
    g_assert_true(g_file_set_contents(*good, "[store]\npath=/good.mdb\n", -1, NULL));
    g_assert_true(g_file_set_contents(*bad, "[store]\npaths=/bad.mdb\n", -1, NULL));
}

static char *
replaced(const char *text, const char *what, const char *with)
{
    g_auto(GStrv) pieces = g_strsplit(text, what, -1);

    return g_strjoinv(with, pieces);
}

static char **
make_arguments(const char *line, const char *good, const char *bad)
{
    g_autofree char *with_good = replaced(line, "@", good);
    g_autofree char *with_bad = replaced(with_good, "%", bad);
    g_autofree char *all = g_strconcat(*line ? "policyctl|" : "policyctl", with_bad, NULL);

    return g_strsplit(all, "|", -1);
}

/* The program under test runs in a child, its output in files: it may leave by exit() (GOption's
 * help). */
static void
run_case(guint i, const char *folder, const char *good, const char *bad)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_auto(GStrv) arguments = make_arguments(cases[i].line, good, bad);
    g_autofree char *output = NULL;
    g_autofree char *errors = NULL;
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), UNDER_TEST, "1", TRUE);
    int status;

    /* Arguments are UTF-8 whatever the locale. */
    environment = g_environ_setenv(environment, "LC_ALL", "C", TRUE);
    g_free(arguments[0]);
    arguments[0] = g_steal_pointer(&self);
    g_assert_true(g_spawn_sync(folder, arguments, environment, G_SPAWN_DEFAULT, NULL, NULL, &output,
                               &errors, &status, &error));
    g_assert_no_error(error);
    g_test_message("case %u: %s%s", i, output, errors);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, cases[i].code);
    g_assert_true(g_pattern_match_simple(cases[i].output, output));
    g_assert_true(g_pattern_match_simple(cases[i].errors, errors));
}

static void
test_command_lines(void)
{
    g_autofree char *folder = g_dir_make_tmp("command-XXXXXX", NULL);
    g_autofree char *good = NULL;
    g_autofree char *bad = NULL;

    write_configurations(folder, &good, &bad);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        run_case(i, folder, good, bad);
    g_assert_cmpint(g_unlink(good), ==, 0);
    g_assert_cmpint(g_unlink(bad), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static void
test_exit_codes(void)
{
    static const struct {
        GQuark (*domain)(void);
        int code, exit;
    } errors[] = {
        {tbl_exit_error_quark, TBL_EXIT_REFUSED, 3},
        {tbl_exit_error_quark, TBL_EXIT_TEMPORARY, 75},
        {tbl_config_error_quark, 0, 78},
        {g_option_error_quark, G_OPTION_ERROR_BAD_VALUE, 2},
        {g_file_error_quark, G_FILE_ERROR_NOENT, 1},
    };

    for (guint i = 0; i < G_N_ELEMENTS(errors); i++) {
        g_autoptr(GError) error = g_error_new_literal(errors[i].domain(), errors[i].code, "x");
        g_assert_cmpint(tbl_exit_code(error), ==, errors[i].exit);
    }
}

int
main(int argc, char **argv)
{
    if (g_getenv(UNDER_TEST))
        return tbl_command_main("policyctl", commands, argc, argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/command/command-lines", test_command_lines);
    g_test_add_func("/command/exit-codes", test_exit_codes);
    return g_test_run();
}
