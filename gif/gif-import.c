/* gif-import: bulk import of Exchange directory files into the store. */
#include "gif/charset.h"
#include "gif/run.h"
#include "tables/command.h"
#include "tables/log.h"

#include <stdio.h>

#define PROGRAM "gif-import"

/* The command line as GOption leaves it. */
typedef struct {
    char *config, *codepage, *column, *quote, *mv, *mode, *max_delete, *progress, *format, *rule;
    char *trust, **signatures;
    char *report, *command; /* `command`: as it was called, quoted for a shell */
    char **must_keep, **files;
    gboolean require_signature;
    gboolean dry_run, keep_going, overwrite, compat, force, json, version;
} Arguments;

static void
arguments_clear(Arguments *arguments)
{
    g_free(arguments->config);
    g_free(arguments->codepage);
    g_free(arguments->column);
    g_free(arguments->quote);
    g_free(arguments->mv);
    g_free(arguments->mode);
    g_free(arguments->max_delete);
    g_free(arguments->progress);
    g_free(arguments->format);
    g_free(arguments->rule);
    g_free(arguments->trust);
    g_strfreev(arguments->signatures);
    g_free(arguments->report);
    g_free(arguments->command);
    g_strfreev(arguments->must_keep);
    g_strfreev(arguments->files);
}

static bool
arguments_parse(Arguments *arguments, int argc, char **argv, GError **error)
{
    Arguments *a = arguments;
    GOptionEntry entries[] = {
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &a->dry_run,
         "Compute everything, change nothing, print the plan", NULL},
        {"report", 0, 0, G_OPTION_ARG_FILENAME, &a->report,
         "Write the plan and what became of it as one HTML page", "FILE.html"},
        {"keep-going", 0, 0, G_OPTION_ARG_NONE, &a->keep_going,
         "Apply the good rows, write the bad ones to FILE.err", NULL},
        {"format", 0, 0, G_OPTION_ARG_STRING, &a->format, "Format of the files",
         "auto|gif|csvde|ldif|powershell"},
        {"codepage", 0, 0, G_OPTION_ARG_STRING, &a->codepage,
         "Code page of files that are not Unicode (1252)", "NAME"},
        {"column-separator", 0, 0, G_OPTION_ARG_STRING, &a->column, "One character, or tab, space",
         "C"},
        {"quote-character", 0, 0, G_OPTION_ARG_STRING, &a->quote, "One character, or tab, space",
         "C"},
        {"mv-separator", 0, 0, G_OPTION_ARG_STRING, &a->mv, "One character, or tab, space", "C"},
        {"overwrite", 0, 0, G_OPTION_ARG_NONE, &a->overwrite,
         "Multi-valued columns replace instead of append", NULL},
        {"mode", 0, 0, G_OPTION_ARG_STRING, &a->mode, "What rows without a Mode do (update)",
         "create|modify|update|delete"},
        {"compat", 0, 0, G_OPTION_ARG_NONE, &a->compat,
         "Exchange's own behaviour where ours is kinder", NULL},
        {"rule", 0, 0, G_OPTION_ARG_STRING, &a->rule,
         "Generate the primary of created mailboxes that bring none", "RULE"},
        {"max-delete", 0, 0, G_OPTION_ARG_STRING, &a->max_delete, "Refuse to remove more than that",
         "N|N%"},
        {"must-keep", 0, 0, G_OPTION_ARG_STRING_ARRAY, &a->must_keep, "Refuse to lose this address",
         "ADDRESS"},
        {"force", 0, 0, G_OPTION_ARG_NONE, &a->force, "Override max-delete and must-keep", NULL},
        {"require-signature", 0, 0, G_OPTION_ARG_NONE, &a->require_signature,
         "Refuse files without a valid signature (FILE.p7s)", NULL},
        {"trust", 0, 0, G_OPTION_ARG_FILENAME, &a->trust,
         "The same, and whom signers must lead to (PEM)", "FILE"},
        {"signature", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &a->signatures,
         "The same, and the signature of each file in turn", "FILE"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &a->json, "One JSON object per line on standard output",
         NULL},
        {"progress", 0, 0, G_OPTION_ARG_STRING, &a->progress, "Progress on standard error",
         "auto|always|never"},
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &a->config,
         "Configuration file (" TBL_CONFIG_DEFAULT ")", "FILE"},
        {"version", 0, 0, G_OPTION_ARG_NONE, &a->version, "Print the version", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &a->files, NULL, "FILE..."},
        {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_set_summary(
        context, "Imports directory files of Exchange into the store that policyd answers from.\n"
                 "Several files are one run and one batch; - is standard input.");
    g_option_context_add_main_entries(context, entries, NULL);
    return g_option_context_parse(context, &argc, &argv, error);
}

/* "tab", "space" or one ASCII character that a separator can be. NULL text leaves `out` alone. */
static bool
separator_read(const char *option, const char *text, const char *forbidden, char *out,
               GError **error)
{
    if (!text) {
        return true;
    }
    char c = g_str_equal(text, "tab") ? '\t' : g_str_equal(text, "space") ? ' ' : *text;
    bool word = g_str_equal(text, "tab") || g_str_equal(text, "space");
    bool single =
        word || (*text != '\0' && text[1] == '\0' && g_ascii_isprint(c)) || g_str_equal(text, "\t");
    if (!single || g_ascii_isalnum(c) || strchr(forbidden, c)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--%s: \"%s\" is not one ASCII character (no letter, digit, or any of %s), tab "
                    "or space",
                    option, text, forbidden);
        return false;
    }
    *out = c;
    return true;
}

/* The place of `text` among `words`; `out` stays when it is NULL. */
static bool
word_read(const char *option, const char *text, const char *const *words, guint *out,
          GError **error)
{
    if (!text) {
        return true;
    }
    for (guint i = 0; words[i]; i++) {
        if (g_str_equal(text, words[i])) {
            *out = i;
            return true;
        }
    }
    g_autofree char *all = g_strjoinv(", ", (char **)words);
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--%s: \"%s\" is none of %s",
                option, text, all);
    return false;
}

static bool
separators_read(const Arguments *arguments, GifRunOptions *options, GError **error)
{
    /* A quote that begins values with a meaning of their own would hide them; a backslash escapes.
     */
    if (!separator_read("column-separator", arguments->column, "\\", &options->column, error) ||
        !separator_read("quote-character", arguments->quote, "\\~#=", &options->quote, error) ||
        !separator_read("mv-separator", arguments->mv, "\\~", &options->mv, error)) {
        return false;
    }
    char quote = options->quote ? options->quote : '"', mv = options->mv ? options->mv : '%';
    if (quote == mv && quote != options->column) {
        g_set_error(
            error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
            "--mv-separator and --quote-character are the same: values could not be told apart");
        return false;
    }
    return true;
}

static bool
options_read(const Arguments *arguments, GifRunOptions *options, char **codepage, GError **error)
{
    static const char *const modes[] = {"update", "create", "modify", "delete", NULL};
    static const char *const progresses[] = {"auto", "always", "never", NULL};
    guint mode = GIF_MODE_UPDATE, progress = GIF_PROGRESS_AUTO, format = 0;
    if (!arguments->files) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "no file; - is standard input");
        return false;
    }
    if (!word_read("mode", arguments->mode, modes, &mode, error) ||
        !word_read("progress", arguments->progress, progresses, &progress, error) ||
        !word_read("format", arguments->format, gif_format_names, &format, error) ||
        !separators_read(arguments, options, error)) {
        return false;
    }
    *codepage = gif_codepage_name(arguments->codepage ? arguments->codepage : GIF_CODEPAGE_DEFAULT);
    if (!*codepage) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--codepage: %s is not known here", arguments->codepage);
        return false;
    }
    options->files = arguments->files;
    options->codepage = *codepage;
    options->format = (GifFormat)format;
    options->plan = (GifPlanOptions){
        .mode = (GifMode)mode, .overwrite = arguments->overwrite, .compat = arguments->compat};
    options->progress = (GifProgressMode)progress;
    options->dry_run = arguments->dry_run;
    options->keep_going = arguments->keep_going;
    options->json = arguments->json;
    options->force = arguments->force;
    options->report = arguments->report;
    return true;
}

/* NULL without an error when none is given. */
static TblRule *
rule_read(const char *text, GError **error)
{
    g_autoptr(GError) cause = NULL;
    TblRule *rule = text ? tbl_rule_parse(text, NULL, &cause) : NULL;
    if (cause) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--rule: %s", cause->message);
    }
    return rule;
}

static int
fail(const GError *error)
{
    fprintf(stderr, PROGRAM ": %s\n", error->message);
    return tbl_exit_code(error);
}

/* The guards of the command line and of the configuration. */
static GifGuard *
guard_read(const Arguments *arguments, const TblConfig *config, int *code)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GifGuard) guard = gif_guard_new(
        config->import.max_delete, (const char *const *)config->import.must_keep, &error);
    if (!guard) {
        fprintf(stderr, PROGRAM ": [import] %s\n", error->message);
        *code = TBL_EXIT_CONFIG;
        return NULL;
    }
    const char *max_delete =
        arguments->max_delete ? arguments->max_delete : config->import.max_delete;
    g_autoptr(GifGuard) own =
        gif_guard_new(max_delete, (const char *const *)config->import.must_keep, &error);
    if (!own || !gif_guard_add_must_keep(own, (const char *const *)arguments->must_keep, &error)) {
        *code = fail(error);
        return NULL;
    }
    return g_steal_pointer(&own);
}

/* Whom signers must lead to, when signatures are asked for: NULL with TBL_EXIT_OK in `code` when
 * they are not, with another when it told what is wrong. */
static GifTrust *
trust_read(const Arguments *arguments, const TblConfig *config, int *code)
{
    const char *configured = config->import.signature_trust;
    const char *path = arguments->trust ? arguments->trust : configured;
    g_autoptr(GError) error = NULL;
    *code = TBL_EXIT_OK;
    if (!arguments->require_signature && !arguments->trust && !arguments->signatures &&
        *configured == '\0') {
        return NULL;
    }
    if (*path == '\0' || (arguments->signatures && g_strv_length(arguments->signatures) !=
                                                       g_strv_length(arguments->files))) {
        fprintf(stderr, PROGRAM ": %s\n",
                *path == '\0'
                    ? "no certificate is trusted; give --trust=FILE, or signature-trust in "
                      "group [import] of the configuration"
                    : "give --signature once for each file, in their order");
        *code = TBL_EXIT_USAGE;
        return NULL;
    }
    GifTrust *trust = gif_trust_read(path, &error);
    if (!trust) {
        fprintf(stderr, PROGRAM ": %s: %s\n",
                arguments->trust ? "--trust" : "[import] signature-trust", error->message);
        *code = arguments->trust ? TBL_EXIT_REFUSED : TBL_EXIT_CONFIG;
    }
    return trust;
}

static int
import(const Arguments *arguments)
{
    GifRunOptions options = {0};
    g_autofree char *codepage = NULL;
    g_autoptr(GError) error = NULL;
    if (!options_read(arguments, &options, &codepage, &error)) {
        return fail(error);
    }
    g_autoptr(TblRule) rule = rule_read(arguments->rule, &error);
    if (error) {
        return fail(error);
    }
    options.plan.rule = rule;
    g_autoptr(TblConfig) config = tbl_config_load(arguments->config, &error);
    if (!config) {
        return fail(error);
    }
    int code = TBL_EXIT_OK;
    g_autoptr(GifGuard) guard = guard_read(arguments, config, &code);
    if (!guard) {
        return code;
    }
    g_autoptr(GifTrust) trust = trust_read(arguments, config, &code);
    if (code != TBL_EXIT_OK) {
        return code;
    }
    options.trust = trust;
    options.signatures = arguments->signatures;
    options.guard = guard;
    options.command = arguments->command;
    return gif_run(&options, config);
}

/* The command line as one would type it. */
static char *
command_quote(int argc, char **argv)
{
    GString *text = g_string_new(PROGRAM);
    for (int i = 1; i < argc; i++) {
        bool plain = *argv[i] != '\0';
        for (const char *at = argv[i]; *at; at++) {
            plain = plain && (g_ascii_isalnum(*at) || strchr("-_=./,:%@+~", *at));
        }
        g_autofree char *quoted = plain ? g_strdup(argv[i]) : g_shell_quote(argv[i]);
        g_string_append_printf(text, " %s", quoted);
    }
    return g_string_free(text, FALSE);
}

int
main(int argc, char **argv)
{
    Arguments arguments = {0};
    g_autoptr(GError) error = NULL;
    /* Addresses and names are UTF-8 also where cron runs us in the C locale. */
    tbl_command_use_utf8();
    tbl_log_init(PROGRAM, false);
    int code = TBL_EXIT_OK;
    arguments.command = command_quote(argc, argv);
    if (!arguments_parse(&arguments, argc, argv, &error)) {
        fprintf(stderr, PROGRAM ": %s\nTry " PROGRAM " --help.\n", error->message);
        code = TBL_EXIT_USAGE;
    } else if (arguments.version) {
        printf(PROGRAM " %s\n", POLICYD_GIF_VERSION);
    } else {
        code = import(&arguments);
    }
    arguments_clear(&arguments);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, PROGRAM ": standard output cannot be written\n");
        return TBL_EXIT_FAILED;
    }
    return code;
}
