/* gif-import: bulk import of Exchange directory files into the store. */
#include "gif/arguments.h"
#include "gif/charset.h"
#include "gif/interrupt.h"
#include "gif/plan_apply.h"
#include "gif/summary.h"
#include "tables/command.h"
#include "tables/file.h"
#include "tables/log.h"

#include <stdio.h>

#define PROGRAM "gif-import"
#define EVENT_UNREADABLE 224 /* KB Q184532: a file cannot be read */

/* The options file; NULL without an error when there is none. */
static GifOptionsFile *
options_file_read(const GifArguments *arguments, GError **error)
{
    gsize length = 0;
    GifTextFault fault = {0};
    char *bytes = arguments->options ? tbl_file_read_trusted(arguments->options,
                                                             GIF_OPTIONS_FILE_MAX, &length, error)
                                     : NULL;
    if (!bytes) {
        return NULL;
    }
    g_autoptr(GifText) text = gif_text_new(bytes, length, GIF_CODEPAGE_DEFAULT, &fault);
    if (!text) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s:%" G_GUINT64_FORMAT ": character %" G_GSIZE_FORMAT ": %s",
                    arguments->options, fault.line, fault.column, fault.message);
        gif_text_fault_clear(&fault);
        return NULL;
    }
    return gif_options_parse(gif_text_slice(text), arguments->options, error);
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

/* A file that the run is told to follow cannot be read or is refused: told as the run's own
 * messages are, with the summary last. Faults of the command line end as usage. */
static int
fail_run(const GifArguments *arguments, int event, int code, const char *message)
{
    if (code != TBL_EXIT_FAILED && code != TBL_EXIT_REFUSED) {
        fprintf(stderr, PROGRAM ": %s\n", message);
        return code;
    }
    g_autoptr(GifDiagnostics) diagnostics =
        gif_diagnostics_new(arguments->json, arguments->json ? stdout : stderr);
    GifSummary summary = {.errors = 1};
    gif_diagnostics_add(diagnostics, GIF_ERROR, event, 0, NULL, NULL, message);
    gif_diagnostics_finish(diagnostics);
    gif_summary_print(&summary, arguments->json);
    return code;
}

/* The guards of the command line, and of the configuration, which refused what is none when it was
 * read. */
static GifGuard *
guard_read(const GifArguments *arguments, const TblConfig *config, GError **error)
{
    const char *max_delete =
        arguments->max_delete ? arguments->max_delete : config->import.max_delete;
    g_autoptr(GifGuard) guard =
        gif_guard_new(max_delete, (const char *const *)config->import.must_keep, error);
    if (!guard ||
        !gif_guard_add_must_keep(guard, (const char *const *)arguments->must_keep, error)) {
        return NULL;
    }
    return g_steal_pointer(&guard);
}

/* Whom signers must lead to, when signatures are asked for: NULL with TBL_EXIT_OK in `code` when
 * they are not, with another when it told what is wrong. */
static GifTrust *
trust_read(const GifArguments *arguments, const TblConfig *config, int *code)
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
    if (!trust && arguments->trust) {
        g_autofree char *message = g_strdup_printf("--trust: %s", error->message);
        *code = fail_run(arguments, GIF_CODE_SIGNATURE, TBL_EXIT_REFUSED, message);
    } else if (!trust) {
        g_autoptr(GError) refused = NULL;
        tbl_config_refuse_key(config, "import", "signature-trust", &refused, "%s", error->message);
        *code = fail(refused);
    }
    return trust;
}

static int
import(const GifArguments *arguments, const TblConfig *config, GifGuard *guard)
{
    GifRunOptions options = {0};
    g_autofree char *codepage = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GifOptionsFile) file = options_file_read(arguments, &error);
    if (error || !gif_arguments_read_options(arguments, file, &options, &codepage, &error)) {
        return fail_run(arguments, EVENT_UNREADABLE, tbl_exit_code(error), error->message);
    }
    g_autoptr(TblRule) rule = rule_read(arguments->rule, &error);
    if (error) {
        return fail(error);
    }
    int code = TBL_EXIT_OK;
    g_autoptr(GifTrust) trust = trust_read(arguments, config, &code);
    if (code != TBL_EXIT_OK) {
        return code;
    }
    g_auto(GStrv) said = gif_arguments_say(arguments, &options);
    options.plan.rule = rule;
    options.said = said;
    options.trust = trust;
    options.signatures = arguments->signatures;
    options.guard = guard;
    options.command = arguments->command;
    return gif_run(&options, config);
}

static int
apply(const GifArguments *arguments, const TblConfig *config, GifGuard *guard)
{
    GifProgressMode progress;
    g_autoptr(GError) error = NULL;
    if (!gif_arguments_read_progress(arguments, &progress, &error)) {
        return fail(error);
    }
    GifPlanApplyOptions options = {.path = arguments->apply_plan,
                                   .dry_run = arguments->dry_run,
                                   .json = arguments->json,
                                   .force = arguments->force,
                                   .signed_only = arguments->require_signature ||
                                                  *config->import.signature_trust != '\0',
                                   .progress = progress,
                                   .guard = guard,
                                   .report = arguments->report,
                                   .command = arguments->command};
    return gif_plan_apply(&options, config);
}

static int
run(const GifArguments *arguments)
{
    g_autoptr(GError) error = NULL;
    if (arguments->apply_plan && !gif_arguments_check_apply(arguments, &error)) {
        return fail(error);
    }
    if (!arguments->apply_plan && !arguments->files) {
        fprintf(stderr, PROGRAM ": no file; - is standard input\n");
        return TBL_EXIT_USAGE;
    }
    g_autoptr(TblConfig) config = tbl_config_load(arguments->config, &error);
    if (!config) {
        return fail(error);
    }
    if (!gif_arguments_check_outputs(arguments, config->store.path, &error)) {
        return fail(error);
    }
    g_autoptr(GifGuard) guard = guard_read(arguments, config, &error);
    if (!guard) {
        return fail(error);
    }
    return arguments->apply_plan ? apply(arguments, config, guard)
                                 : import(arguments, config, guard);
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
    GifArguments arguments = {0};
    g_autoptr(GError) error = NULL;
    tbl_command_hold_standard_files();
    /* Addresses and names are UTF-8 also where cron runs us in the C locale. */
    tbl_command_use_utf8();
    tbl_log_init(PROGRAM, false);
    int code = TBL_EXIT_OK;
    arguments.command = command_quote(argc, argv);
    if (!gif_arguments_parse(&arguments, argc, argv, &error)) {
        fprintf(stderr, PROGRAM ": %s\nTry " PROGRAM " --help.\n", error->message);
        code = TBL_EXIT_USAGE;
    } else if (arguments.version) {
        printf(PROGRAM " %s\n", POLICYD_GIF_VERSION);
    } else {
        gif_interrupt_watch();
        code = run(&arguments);
    }
    gif_arguments_clear(&arguments);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, PROGRAM ": standard output cannot be written\n");
        return TBL_EXIT_FAILED;
    }
    return code;
}
