/* policyd: answers Postfix's socketmap and policy requests from the store. */
#include "policyd/daemon.h"
#include "policyd/postmaster.h"
#include "tables/command.h"
#include "tables/log.h"

#include <unistd.h>

typedef struct {
    char *config;
    gboolean check, verbose, allow_root, version;
} Options;

static bool
parse_options(Options *options, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &options->config,
         "Read FILE instead of " TBL_CONFIG_DEFAULT, "FILE"},
        {"check", 0, 0, G_OPTION_ARG_NONE, &options->check, "Check the configuration and exit",
         NULL},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose, "Log for people, and more", NULL},
        {"allow-root", 0, 0, G_OPTION_ARG_NONE, &options->allow_root, "Run as root nevertheless",
         NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version and exit", NULL},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- answer Postfix from the store");

    g_option_context_add_main_entries(context, entries, NULL);
    if (!tbl_command_flags_are_bare(entries, *argc, *argv, error) ||
        !g_option_context_parse(context, argc, argv, error))
        return false;
    if (*argc == 1)
        return true;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "unexpected argument \"%s\"; see --help", (*argv)[1]);
    return false;
}

static int
run(const Options *options, GError **error)
{
    /* Root could read any store, but its sockets and files would be nobody else's. */
    if (!options->check && geteuid() == 0 && !options->allow_root) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED,
                    "refuses to run as root; use its own user, or --allow-root");
        return TBL_EXIT_REFUSED;
    }
    g_autoptr(TblConfig) config = tbl_config_load(options->config, error);
    if (!config || !pd_daemon_check(config, error) || !pd_postmaster_check_store(config, error) ||
        options->check)
        return TBL_EXIT_OK;
    g_autoptr(PdDaemon) daemon = pd_daemon_new(config, options->config, error);
    if (daemon && options->verbose)
        pd_daemon_note_peers(daemon);
    if (daemon)
        pd_daemon_run(daemon);
    return TBL_EXIT_OK;
}

int
main(int argc, char **argv)
{
    Options options = {0};
    g_autoptr(GError) error = NULL;
    int code = TBL_EXIT_OK;

    tbl_command_hold_standard_files();
    g_set_prgname("policyd");
    if (parse_options(&options, &argc, &argv, &error)) {
        if (options.version) {
            g_print("policyd %s\n", POLICYD_GIF_VERSION);
        } else {
            tbl_log_init("policyd", options.verbose);
            code = run(&options, &error);
        }
    }
    g_free(options.config);
    if (!error)
        return code;
    g_printerr("policyd: %s\n", error->message);
    return tbl_exit_code(error);
}
