#include "gif/arguments.h"

#include "gif/charset.h"
#include "tables/command.h"
#include "tables/config.h"
#include "tables/file.h"

void
gif_arguments_clear(GifArguments *arguments)
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
    g_free(arguments->report);
    g_free(arguments->command);
    g_free(arguments->options);
    g_free(arguments->plan_out);
    g_free(arguments->apply_plan);
    g_strfreev(arguments->signatures);
    g_strfreev(arguments->must_keep);
    g_strfreev(arguments->files);
}

bool
gif_arguments_parse(GifArguments *arguments, int argc, char **argv, GError **error)
{
    GifArguments *a = arguments;
    GOptionEntry entries[] = {
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &a->dry_run,
         "Compute everything, change nothing, print the plan", NULL},
        {"report", 0, 0, G_OPTION_ARG_FILENAME, &a->report,
         "Write the plan and what became of it as one HTML page", "FILE.html"},
        {"plan-out", 0, 0, G_OPTION_ARG_FILENAME, &a->plan_out, "Like --dry-run, and save the plan",
         "FILE"},
        {"apply-plan", 0, 0, G_OPTION_ARG_FILENAME, &a->apply_plan,
         "Apply a plan that was saved, without its files", "FILE"},
        {"keep-going", 0, 0, G_OPTION_ARG_NONE, &a->keep_going,
         "Apply the good rows, write the bad ones to FILE.err", NULL},
        {"options", 0, 0, G_OPTION_ARG_FILENAME, &a->options, "An Exchange [Import] options file",
         "FILE"},
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
    return tbl_command_flags_are_bare(entries, argc, argv, error) &&
           g_option_context_parse(context, &argc, &argv, error);
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
    bool single = word || (*text != '\0' && text[1] == '\0');
    if (!single || !gif_options_is_separator(c, forbidden)) {
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

/* Those of the command line win over those of the options file. */
static bool
separators_read(const GifArguments *arguments, const GifOptionsFile *file, GifRunOptions *options,
                GError **error)
{
    if (file) {
        options->column = file->column;
        options->quote = file->quote;
        options->mv = file->mv;
    }
    if (!separator_read("column-separator", arguments->column, GIF_NOT_COLUMN, &options->column,
                        error) ||
        !separator_read("quote-character", arguments->quote, GIF_NOT_QUOTE, &options->quote,
                        error) ||
        !separator_read("mv-separator", arguments->mv, GIF_NOT_MV, &options->mv, error)) {
        return false;
    }
    char quote = options->quote ? options->quote : '"', mv = options->mv ? options->mv : '%';
    if (quote == mv && quote != options->column) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s%s--mv-separator and --quote-character are the same (%c): values could not "
                    "be told apart",
                    file ? arguments->options : "", file ? ": " : "", quote);
        return false;
    }
    return true;
}

bool
gif_arguments_check_apply(const GifArguments *arguments, GError **error)
{
    const GifArguments *a = arguments;
    const struct {
        const char *option;
        bool given;
    } others[] = {
        {"--plan-out", a->plan_out != NULL},
        {"--keep-going", a->keep_going},
        {"--options", a->options},
        {"--format", a->format},
        {"--codepage", a->codepage},
        {"--column-separator", a->column},
        {"--quote-character", a->quote},
        {"--mv-separator", a->mv},
        {"--overwrite", a->overwrite},
        {"--mode", a->mode},
        {"--compat", a->compat},
        {"--rule", a->rule},
        {"--signature", a->signatures != NULL},
        {"--trust", a->trust},
        {"a file", a->files != NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        if (others[i].given) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "%s has no place beside --apply-plan, which applies what was decided when "
                        "the plan was made",
                        others[i].option);
            return false;
        }
    }
    return true;
}

bool
gif_arguments_read_progress(const GifArguments *arguments, GifProgressMode *progress,
                            GError **error)
{
    static const char *const words[] = {"auto", "always", "never", NULL};
    guint place = GIF_PROGRESS_AUTO;
    bool good = word_read("progress", arguments->progress, words, &place, error);
    *progress = (GifProgressMode)place;
    return good;
}

char **
gif_arguments_say(const GifArguments *arguments, const GifRunOptions *options)
{
    GPtrArray *said = g_ptr_array_new();
    g_ptr_array_add(said, g_strdup_printf("--mode=%s", gif_mode_names[options->plan.mode]));
    g_ptr_array_add(said, g_strdup_printf("--codepage=%s", options->codepage));
    if (options->plan.overwrite) {
        g_ptr_array_add(said, g_strdup("--overwrite"));
    }
    if (options->plan.compat) {
        g_ptr_array_add(said, g_strdup("--compat"));
    }
    if (options->keep_going) {
        g_ptr_array_add(said, g_strdup("--keep-going"));
    }
    if (arguments->rule) {
        g_ptr_array_add(said, g_strdup_printf("--rule=%s", arguments->rule));
    }
    if (arguments->options) {
        g_ptr_array_add(said, g_strdup_printf("--options=%s", arguments->options));
    }
    g_ptr_array_add(said, NULL);
    return (char **)g_ptr_array_free(said, FALSE);
}

bool
gif_arguments_read_options(const GifArguments *arguments, const GifOptionsFile *file,
                           GifRunOptions *options, char **codepage, GError **error)
{
    guint mode = GIF_MODE_UPDATE, format = 0;
    if (!word_read("mode", arguments->mode, gif_mode_names, &mode, error) ||
        !gif_arguments_read_progress(arguments, &options->progress, error) ||
        !word_read("format", arguments->format, gif_format_names, &format, error) ||
        !separators_read(arguments, file, options, error)) {
        return false;
    }
    const char *wanted = arguments->codepage      ? arguments->codepage
                         : file && file->codepage ? file->codepage
                                                  : GIF_CODEPAGE_DEFAULT;
    *codepage = gif_codepage_name(wanted);
    if (!*codepage) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--codepage: %s is not known here", arguments->codepage);
        return false;
    }
    options->files = arguments->files;
    options->codepage = *codepage;
    options->format = (GifFormat)format;
    options->plan = (GifPlanOptions){.mode = (GifMode)mode,
                                     .overwrite = arguments->overwrite || (file && file->overwrite),
                                     .compat = arguments->compat,
                                     .container = file ? file->container : NULL};
    options->dry_run = arguments->dry_run || arguments->plan_out;
    options->plan_out = arguments->plan_out;
    options->notes = file ? file->notes : NULL;
    options->notes_file = arguments->options;
    options->keep_going = arguments->keep_going;
    options->json = arguments->json;
    options->force = arguments->force;
    options->report = arguments->report;
    return true;
}

/* `path` is not one of `others` (NULL-terminated, may be NULL). */
static bool
differs_from(const char *option, const char *path, const char *what, char *const *others,
             GError **error)
{
    for (guint i = 0; path && others && others[i]; i++) {
        if (tbl_file_same(path, others[i])) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "--%s=%s would replace %s; name another file", option, path, what);
            return false;
        }
    }
    return true;
}

bool
gif_arguments_check_outputs(const GifArguments *a, const char *store, GError **error)
{
    g_autofree char *lock = g_strconcat(store, "-lock", NULL);
    g_autofree char *write_lock = g_strconcat(store, ".write", NULL);
    char *kept[] = {(char *)store, lock, write_lock, NULL};
    /* What is not given ends a list, so each has its own. */
    char *const lists[][2] = {{a->options}, {a->trust}, {a->config}};
    const struct {
        const char *option, *path;
    } outputs[] = {{"plan-out", a->plan_out}, {"report", a->report}};
    for (guint i = 0; i < G_N_ELEMENTS(outputs); i++) {
        const char *option = outputs[i].option, *path = outputs[i].path;
        if (path && *path == '\0') {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--%s names no file",
                        option);
            return false;
        }
        if (!differs_from(option, path, "the store", kept, error) ||
            !differs_from(option, path, "a signature", a->signatures, error)) {
            return false;
        }
        for (guint n = 0; n < G_N_ELEMENTS(lists); n++) {
            if (!differs_from(option, path, "a file that this run reads", lists[n], error)) {
                return false;
            }
        }
    }
    if (a->plan_out && g_file_test(a->plan_out, G_FILE_TEST_EXISTS) &&
        !g_file_test(a->plan_out, G_FILE_TEST_IS_REGULAR)) {
        /* A plan takes the place of what is there: of /dev/null, too. */
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--plan-out=%s: this is no regular file", a->plan_out);
        return false;
    }
    /* The page tells of an input or a plan in its own place with event GIF0935. */
    char *report[] = {a->report, NULL};
    return differs_from("plan-out", a->plan_out, "a file that is to be imported", a->files,
                        error) &&
           differs_from("plan-out", a->plan_out, "the page of --report", report, error);
}
