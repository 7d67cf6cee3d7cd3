#include "policyd/ctl.h"

#include "policyd/postmaster.h"
#include "tables/address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- Messages ---- */

G_GNUC_PRINTF(1, 0)
static void
vnote(const char *format, va_list arguments)
{
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    fprintf(stderr, "policyctl: %s\n", text);
}

void
pd_ctl_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vnote(format, arguments);
    va_end(arguments);
}

int
pd_ctl_fail(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vnote(format, arguments);
    va_end(arguments);
    return code;
}

int
pd_ctl_error(const GError *error)
{
    if (!error)
        return TBL_EXIT_OK;
    pd_ctl_note("%s", error->message);
    if (g_error_matches(error, TBL_STORE_ERROR, TBL_STORE_ERROR_BUSY) ||
        g_error_matches(error, TBL_STORE_ERROR, TBL_STORE_ERROR_STALE))
        return TBL_EXIT_TEMPORARY;
    return tbl_exit_code(error);
}

int
pd_ctl_finish(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return TBL_EXIT_OK;
    return pd_ctl_fail(TBL_EXIT_FAILED, "cannot write the output: %s", g_strerror(errno));
}

/* ---- Input ---- */

FILE *
pd_ctl_open(const char *name, GError **error)
{
    FILE *file = strcmp(name, "-") == 0 ? fdopen(dup(STDIN_FILENO), "r") : fopen(name, "re");
    if (!file)
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "%s: %s", name, g_strerror(errno));
    return file;
}

/* ---- Options ---- */

/* GOption keeps the "--" that ended the options when what follows looks like one. */
static void
drop_separator(int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--") != 0)
            continue;
        memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i) * sizeof *argv);
        (*argc)--;
        return;
    }
}

int
pd_ctl_options(const GOptionEntry *entries, const char *synopsis, int min, int max, int *argc,
               char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) context = g_option_context_new(synopsis);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!tbl_command_flags_are_bare(entries, *argc, argv, &error) ||
        !g_option_context_parse(context, argc, &argv, &error))
        return pd_ctl_fail(TBL_EXIT_USAGE, "%s", error->message);
    drop_separator(argc, argv);
    for (int i = 1; i < *argc; i++)
        if (!g_utf8_validate(argv[i], -1, NULL))
            return pd_ctl_fail(TBL_EXIT_USAGE, "argument %d is not UTF-8", i);
    int count = *argc - 1;
    if (count < min || (max >= 0 && count > max))
        return pd_ctl_fail(TBL_EXIT_USAGE, "too %s arguments; usage: %s%s%s",
                           count < min ? "few" : "many", g_get_prgname(), *synopsis ? " " : "",
                           synopsis);
    return TBL_EXIT_OK;
}

static TblProxy *
proxy_of_smtp(TblSlice value, bool primary, GError **error)
{
    TblAddress address;
    if (!tbl_address_parse_strict(&address, value, error))
        return NULL;
    g_autoptr(GString) spelling = g_string_new(NULL);
    tbl_address_append_spelling(spelling, &address);
    return tbl_proxy_new(tbl_slice("SMTP"), (TblSlice){spelling->str, spelling->len}, primary);
}

static bool
has_control(TblSlice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (g_ascii_iscntrl(text.ptr[i]))
            return true;
    return false;
}

TblProxy *
pd_ctl_proxy(const char *text, bool primary, GError **error)
{
    g_autoptr(GError) cause = NULL;
    TblSlice type = tbl_slice("SMTP"), value = tbl_slice(text);
    TblProxy *proxy = NULL;
    bool typed = tbl_proxy_split(tbl_slice(text), &type, &value) == 0;
    if (!typed ||
        (type.len == strlen("SMTP") && g_ascii_strncasecmp(type.ptr, "SMTP", type.len) == 0)) {
        proxy = proxy_of_smtp(typed ? value : tbl_slice(text), primary, &cause);
    } else {
        g_autofree char *trimmed = g_strndup(value.ptr, value.len);
        value = tbl_slice(g_strstrip(trimmed));
        g_autofree char *key = value.len > 0 ? tbl_proxy_key(type, value) : NULL;
        if (key && strlen(text) <= TBL_PROXY_MAX && !has_control(value))
            proxy = tbl_proxy_new(type, value, primary);
    }
    if (!proxy)
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_USAGE, "%s: %s", text,
                    cause ? cause->message : "is no address; expected TYPE:value or user@domain");
    return proxy;
}

/* ---- Reading ---- */

bool
pd_ctl_usage(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, TBL_EXIT_ERROR, TBL_EXIT_USAGE, text);
    return false;
}

bool
pd_ctl_refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED, text);
    return false;
}

void
pd_ctl_set_store_failed(const TblConfig *config, GError **error)
{
    g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "%s: the store cannot be read",
                config->store.path);
}

/* A begun view of the newest snapshot. */
static TblView *
view_open(const TblConfig *config, TblStore *store, GError **error)
{
    TblReader *reader = tbl_reader_new(store, error);
    if (!reader)
        return NULL;
    TblView *view = tbl_view_new();
    tbl_view_set_reader(view, reader);
    tbl_view_begin(view);
    if (view->usable(view))
        return view;
    tbl_view_free(view);
    pd_ctl_set_store_failed(config, error);
    return NULL;
}

static void
view_close(TblView *view)
{
    if (!view)
        return;
    tbl_view_end(view);
    tbl_view_free(view);
}

PdCtlSnapshot *
pd_ctl_snapshot_new(const TblConfig *config, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(PdCtlSnapshot) snapshot = g_new0(PdCtlSnapshot, 1);
    snapshot->config = config;
    snapshot->store =
        tbl_store_open(config->store.path, config->store.map_size, TBL_STORE_READ, &cause);
    if (snapshot->store) {
        snapshot->view = view_open(config, snapshot->store, error);
        if (!snapshot->view)
            return NULL;
        snapshot->reader = tbl_view_reader(snapshot->view);
    } else if (g_error_matches(cause, TBL_STORE_ERROR, TBL_STORE_ERROR_MISSING)) {
        pd_ctl_note("%s: there is no store yet", config->store.path);
        snapshot->view = tbl_view_new();
    } else {
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    return g_steal_pointer(&snapshot);
}

void
pd_ctl_snapshot_free(PdCtlSnapshot *snapshot)
{
    if (!snapshot)
        return;
    view_close(snapshot->view);
    if (snapshot->store)
        tbl_store_close(snapshot->store);
    g_free(snapshot);
}

TblContext
pd_ctl_snapshot_context(const PdCtlSnapshot *snapshot)
{
    return (TblContext){
        .view = snapshot->view, .config = snapshot->config, .now = (gint64)time(NULL)};
}

/* ---- Changing ---- */

static bool
change_open(PdCtlChange *change, GError **error)
{
    const TblConfig *config = change->config;
    change->store =
        tbl_store_open(config->store.path, config->store.map_size, TBL_STORE_WRITE, error);
    if (!change->store)
        return false;
    change->locked = tbl_store_lock(change->store, error);
    if (!change->locked)
        return false;
    change->draft = tbl_draft_new(change->store, error);
    if (!change->draft)
        return false;
    change->base = view_open(config, change->store, error);
    if (!change->base)
        return false;
    change->reader = tbl_view_reader(change->base);
    return true;
}

PdCtlChange *
pd_ctl_change_new(const TblConfig *config, GError **error)
{
    g_autoptr(PdCtlChange) change = g_new0(PdCtlChange, 1);
    change->config = config;
    if (!change_open(change, error))
        return NULL;
    return g_steal_pointer(&change);
}

void
pd_ctl_change_free(PdCtlChange *change)
{
    if (!change)
        return;
    view_close(change->base);
    if (change->draft)
        tbl_draft_free(change->draft);
    if (change->locked)
        tbl_store_unlock(change->store);
    if (change->store)
        tbl_store_close(change->store);
    g_free(change);
}

TblContext
pd_ctl_change_context(const PdCtlChange *change)
{
    return (TblContext){
        .view = tbl_draft_view(change->draft), .config = change->config, .now = (gint64)time(NULL)};
}

TblContext
pd_ctl_change_base_context(const PdCtlChange *change)
{
    return (TblContext){.view = change->base, .config = change->config, .now = (gint64)time(NULL)};
}

char *
pd_ctl_summary(const char *verb, int argc, char **argv)
{
    GString *text = g_string_new(NULL);
    TblJson json;
    tbl_json_begin(&json, text);
    tbl_json_text(&json, "command", verb);
    tbl_json_array_begin(&json, "arguments");
    for (int i = 1; i < argc; i++)
        tbl_json_text(&json, NULL, argv[i]);
    tbl_json_array_end(&json);
    tbl_json_end(&json);
    return g_string_free(text, FALSE);
}

/* Whether this change takes the configured postmaster away, without whom the daemon does not start
 * (postmaster.h); NULL: no. Caller frees. */
static char *
lost_postmaster(const PdCtlChange *change)
{
    g_autoptr(GError) lost = NULL;
    if (!pd_postmaster_check_begun(change->config, change->base, NULL) ||
        pd_postmaster_check_begun(change->config, tbl_draft_view(change->draft), &lost))
        return NULL;
    return g_strdup(lost->message);
}

bool
pd_ctl_change_commit(PdCtlChange *change, const char *summary, bool *changed, GError **error)
{
    g_autofree char *user = tbl_batch_user();
    TblBatchInfo info = {.program = "policyctl",
                         .user = user,
                         .summary = summary,
                         .undo_keep = change->config->store.undo_keep};
    guint64 number = 0, generation = 0;
    g_autofree char *lost = lost_postmaster(change);
    if (!tbl_draft_commit(change->draft, &info, &number, &generation, error))
        return false;
    *changed = number != 0;
    if (lost)
        pd_ctl_note("warning: policyd will not start again, nor take a new configuration: %s",
                    lost);
    return true;
}
