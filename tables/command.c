#include "tables/command.h"

#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

G_DEFINE_QUARK(tbl - exit - error - quark, tbl_exit_error)

/* What stands on the command line besides the verb and its own arguments. */
typedef struct {
    const char *config; /* NULL: the default */
    bool help;          /* anywhere before "--" */
    bool version;
} Common;

int
tbl_exit_code(const GError *error)
{
    if (error->domain == TBL_EXIT_ERROR)
        return error->code;
    if (error->domain == TBL_CONFIG_ERROR)
        return TBL_EXIT_CONFIG;
    return error->domain == G_OPTION_ERROR ? TBL_EXIT_USAGE : TBL_EXIT_FAILED;
}

void
tbl_command_hold_standard_files(void)
{
    /* The wrong way round, so that using them fails as using a closed one does. */
    static const int ways[] = {O_WRONLY, O_RDONLY, O_RDONLY};

    for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++) {
        if (fcntl(file, F_GETFD) < 0 && open("/dev/null", ways[file]) != file)
            _exit(TBL_EXIT_FAILED);
    }
}

void
tbl_command_use_utf8(void)
{
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "");
}

static const GOptionEntry *
find_flag(const GOptionEntry *entries, const char *name, size_t length)
{
    for (const GOptionEntry *entry = entries; entry->long_name; entry++) {
        if (entry->arg == G_OPTION_ARG_NONE && strlen(entry->long_name) == length &&
            memcmp(entry->long_name, name, length) == 0)
            return entry;
    }
    return NULL;
}

bool
tbl_command_flags_are_bare(const GOptionEntry *entries, int argc, char **argv, GError **error)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *equals = g_str_has_prefix(argv[i], "--") ? strchr(argv[i], '=') : NULL;
        const char *name = argv[i] + strlen("--");

        if (!equals || !find_flag(entries, name, (size_t)(equals - name)))
            continue;
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s: --%.*s takes no value; leave it out where it is not wanted", argv[i],
                    (int)(equals - name), name);
        return false;
    }
    return true;
}

static bool
is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0 ||
           strcmp(argument, "-?") == 0 || strcmp(argument, "--help-all") == 0;
}

/* Takes --config out of the arguments, wherever it stands before "--", and sees --help and
 * --version. False: --config has no value. */
static bool
take_common(int *argc, char **argv, Common *common)
{
    static const char with_value[] = "--config=";
    int kept = 1;
    bool options = true;

    for (int i = 1; i < *argc; i++) {
        const char *argument = argv[i];

        options = options && strcmp(argument, "--") != 0;
        if (options && strcmp(argument, "--config") == 0) {
            if (++i == *argc)
                return false;
            common->config = argv[i];
            continue;
        }
        if (options && g_str_has_prefix(argument, with_value)) {
            common->config = argument + sizeof with_value - 1;
            continue;
        }
        common->help = common->help || (options && is_help(argument));
        common->version = common->version || (options && strcmp(argument, "--version") == 0);
        argv[kept++] = argv[i];
    }
    argv[kept] = NULL;
    *argc = kept;
    return true;
}

static char *
command_name(const TblCommand *command)
{
    return g_strjoin(command->verb ? " " : "", command->group, command->verb ? command->verb : "",
                     NULL);
}

/* Usage of all commands, or of those of one group. */
static char *
usage(const char *program, const TblCommand *commands, const char *group)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "Usage: %s [--config=FILE] COMMAND [ARGUMENT...]\n\nCommands:\n",
                           program);
    for (const TblCommand *command = commands; command->group; command++) {
        g_autofree char *name = command_name(command);

        if (!group || strcmp(group, command->group) == 0)
            g_string_append_printf(text, "  %s%s%s\n        %s\n", name,
                                   *command->synopsis ? " " : "", command->synopsis,
                                   command->summary);
    }
    g_string_append_printf(text,
                           "\nOptions:\n"
                           "  --config=FILE  configuration, instead of %s\n"
                           "  --help         this help; after a command, its options\n"
                           "  --version      name and version\n",
                           TBL_CONFIG_DEFAULT);
    return g_string_free(text, FALSE);
}

static bool
has_group(const TblCommand *commands, const char *group)
{
    for (const TblCommand *command = commands; command->group; command++) {
        if (strcmp(command->group, group) == 0)
            return true;
    }
    return false;
}

static const TblCommand *
find_command(const TblCommand *commands, const char *group, const char *verb)
{
    for (const TblCommand *command = commands; command->group; command++) {
        if (strcmp(command->group, group) == 0 &&
            (!command->verb || (verb && strcmp(command->verb, verb) == 0)))
            return command;
    }
    return NULL;
}

/* A group of verbs without one of them. */
static int
refuse_verb(const char *program, const TblCommand *commands, const char *group, const char *verb)
{
    g_autoptr(GString) verbs = g_string_new(NULL);

    for (const TblCommand *command = commands; command->group; command++) {
        if (strcmp(command->group, group) == 0)
            g_string_append_printf(verbs, "%s%s", verbs->len > 0 ? ", " : "", command->verb);
    }
    if (verb)
        g_printerr("%s: '%s %s' is no command; %s takes: %s\n", program, group, verb, group,
                   verbs->str);
    else
        g_printerr("%s: '%s' needs one of: %s\n", program, group, verbs->str);
    return TBL_EXIT_USAGE;
}

/* No verb, an option before it, or one that does not exist. */
static int
refuse_command(const char *program, const TblCommand *commands, char **argv, const Common *common)
{
    const char *group = argv[1];
    g_autofree char *text =
        usage(program, commands, group && has_group(commands, group) ? group : NULL);

    if (common->help) {
        g_print("%s", text);
        return TBL_EXIT_OK;
    }
    if (!group) {
        g_printerr("%s", text);
        return TBL_EXIT_USAGE;
    }
    if (has_group(commands, group))
        return refuse_verb(program, commands, group, argv[2]);
    g_printerr("%s: '%s' is no %s; %s --help lists all\n", program, group,
               *group == '-' ? "option here" : "command", program);
    return TBL_EXIT_USAGE;
}

static int
run_command(const char *program, const TblCommand *command, const Common *common, int argc,
            char **argv)
{
    g_autofree char *name = command_name(command);
    g_autofree char *full_name = g_strdup_printf("%s %s", program, name);
    g_autoptr(GError) error = NULL;
    g_autoptr(TblConfig) config = NULL;
    int words = command->verb ? 2 : 1;

    /* Help must come also while the configuration is broken. */
    config = common->help ? tbl_config_parse("", 0, "defaults", &error)
                          : tbl_config_load(common->config, &error);
    if (!config) {
        g_printerr("%s: %s\n", program, error->message);
        return tbl_exit_code(error);
    }
    /* GOption's usage line begins with this. */
    g_set_prgname(full_name);
    return command->run(config, argc - words, argv + words);
}

int
tbl_command_main(const char *program, const TblCommand *commands, int argc, char **argv)
{
    Common common = {NULL, false, false};
    const TblCommand *command;

    tbl_command_hold_standard_files();
    tbl_command_use_utf8();
    g_set_prgname(program);
    if (!take_common(&argc, argv, &common)) {
        g_printerr("%s: --config needs a file; write --config=%s\n", program, TBL_CONFIG_DEFAULT);
        return TBL_EXIT_USAGE;
    }
    if (common.version) {
        g_print("%s %s\n", program, POLICYD_GIF_VERSION);
        return TBL_EXIT_OK;
    }
    command = argc > 1 ? find_command(commands, argv[1], argv[2]) : NULL;
    if (!command)
        return refuse_command(program, commands, argv, &common);
    return run_command(program, command, &common, argc, argv);
}
