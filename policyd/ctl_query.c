/* What talks to the running daemon: lookup, policy, status, reload. */
#include "policyd/client.h"
#include "policyd/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Seconds to wait for each step of a conversation with the daemon; it answers within milliseconds
 * or not at all. */
#define ANSWER_TIMEOUT 10
/* Reading a configuration may open a store of gigabytes on a slow disk. */
#define RELOAD_TIMEOUT 60
/* Longest file of captured requests that is read. */
#define CAPTURE_MAX (64 * 1024 * 1024)

/* ---- lookup ---- */

static int
show_reply(const char *map, const char *key, const char *reply)
{
    const char *text = strchr(reply, ' ');
    text = text ? text + 1 : "";
    if (g_str_has_prefix(reply, "OK ")) {
        puts(text);
        return pd_ctl_finish();
    }
    if (strcmp(reply, "NOTFOUND") == 0 || g_str_has_prefix(reply, "NOTFOUND "))
        return TBL_EXIT_FAILED;
    if (g_str_has_prefix(reply, "PERM"))
        return pd_ctl_fail(TBL_EXIT_USAGE, "%s", *text ? text : "the daemon refuses the request");
    return pd_ctl_fail(TBL_EXIT_TEMPORARY, "%s %s: %s", map, key, *text ? text : reply);
}

int
pd_ctl_lookup(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {{0}};
    int code = pd_ctl_options(entries, "MAP KEY", 2, 2, &argc, argv);
    if (code != 0)
        return code;
    /* A request is split at its first blank, so a name with one would ask for another map. */
    if (!*argv[1] || strchr(argv[1], ' '))
        return pd_ctl_fail(TBL_EXIT_USAGE, "\"%s\" is no name of a map", argv[1]);
    g_autoptr(PdClient) client =
        pd_client_new_any(config->socketmap.listen, ANSWER_TIMEOUT, &error);
    g_autofree char *reply = client ? pd_client_lookup(client, argv[1], argv[2], &error) : NULL;
    return reply ? show_reply(argv[1], argv[2], reply) : pd_ctl_error(error);
}

/* ---- policy ---- */

/* The whole of a file, or of standard input for "-"; caller frees. */
static char *
read_capture(const char *name, GError **error)
{
    FILE *file = pd_ctl_open(name, error);
    g_autoptr(GString) text = g_string_new(NULL);
    char bytes[8192];
    size_t count;
    if (!file)
        return NULL;
    while (text->len <= CAPTURE_MAX && (count = fread(bytes, 1, sizeof bytes, file)) > 0)
        g_string_append_len(text, bytes, (gssize)count);
    if (ferror(file))
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "%s: %s", name, g_strerror(errno));
    else if (text->len > CAPTURE_MAX)
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "%s: longer than %d bytes", name,
                    CAPTURE_MAX);
    else if (memchr(text->str, '\0', text->len))
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED,
                    "%s: has NUL bytes, so it holds no policy requests", name);
    fclose(file);
    return *error ? NULL : g_string_free(g_steal_pointer(&text), FALSE);
}

typedef struct {
    const TblConfig *config;
    const char *file;
    PdClient *client; /* connected at the first request */
    GString *request;
} Replay;

static bool
replay_request(Replay *replay, GError **error)
{
    if (replay->request->len == 0)
        return true;
    if (!replay->client)
        replay->client = pd_client_new_any(replay->config->policy.listen, ANSWER_TIMEOUT, error);
    g_autofree char *action =
        replay->client ? pd_client_ask(replay->client, replay->request->str, error) : NULL;
    if (!action)
        return false;
    puts(action);
    g_string_truncate(replay->request, 0);
    return true;
}

static bool
replay_line(Replay *replay, guint number, char *line, GError **error)
{
    size_t length = strlen(line);
    if (length > 0 && line[length - 1] == '\r') /* captured on the way through something else */
        line[length - 1] = '\0';
    if (*line == '\0')
        return replay_request(replay, error);
    if (!strchr(line, '=')) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED,
                    "%s:%u: expected NAME=VALUE, or an empty line between requests", replay->file,
                    number);
        return false;
    }
    g_string_append_printf(replay->request, "%s\n", line);
    return true;
}

static bool
replay_all(Replay *replay, char *text, GError **error)
{
    guint number = 1;
    for (char *line = text, *end; *line; line = end, number++) {
        end = line + strcspn(line, "\n");
        if (*end)
            *end++ = '\0';
        if (!replay_line(replay, number, line, error))
            return false;
    }
    return replay_request(replay, error);
}

int
pd_ctl_policy(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {{0}};
    int code = pd_ctl_options(entries, "[FILE|-]", 0, 1, &argc, argv);
    if (code != 0)
        return code;
    const char *name = argc > 1 ? argv[1] : "-";
    g_autofree char *text = read_capture(name, &error);
    if (!text)
        return pd_ctl_error(error);
    g_autoptr(GString) request = g_string_new(NULL);
    Replay replay = {.config = config, .file = name, .request = request};
    replay_all(&replay, text, &error);
    pd_client_free(replay.client);
    code = pd_ctl_finish();
    return error ? pd_ctl_error(error) : code;
}

/* ---- status ---- */

typedef struct {
    TblMeta meta; /* all zero without a store */
    guint64 bytes;
    GHashTable *daemon; /* NULL: none is running, or it cannot be known */
    bool unknown;       /* whether one is running */
} Status;

static gint64
member_number(GHashTable *members, const char *name)
{
    const char *text = g_hash_table_lookup(members, name);
    return text ? g_ascii_strtoll(text, NULL, 10) : 0;
}

static bool
read_status(const TblConfig *config, Status *status, GError **error)
{
    g_autoptr(PdCtlSnapshot) snapshot = pd_ctl_snapshot_new(config, error);
    if (!snapshot)
        return false;
    if (snapshot->reader) {
        status->meta = *tbl_reader_meta(snapshot->reader);
        status->bytes = tbl_store_bytes(snapshot->store);
    }
    return true;
}

/* Only where nobody listens no daemon runs. */
static void
ask_daemon(const TblConfig *config, Status *status)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PdClient) client = pd_client_new_control(config->store.path, ANSWER_TIMEOUT, &error);
    status->daemon = client ? pd_client_command(client, "status", &error) : NULL;
    if (!error || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
        g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
        return;
    status->unknown = true;
    pd_ctl_note("the daemon cannot be asked: %s", error->message);
}

static void
print_status_json(const Status *status)
{
    static const char *const numbers[] = {"pid", "uptime", "requests", "connections"};
    g_autoptr(GString) line = g_string_new(NULL);
    TblJson json;
    tbl_json_begin(&json, line);
    tbl_json_number(&json, "generation", (gint64)status->meta.generation);
    tbl_json_number(&json, "batch", (gint64)status->meta.batch);
    tbl_json_bool(&json, "populated", status->meta.populated);
    tbl_json_number(&json, "domains", (gint64)status->meta.domains);
    tbl_json_number(&json, "objects", (gint64)status->meta.objects);
    tbl_json_number(&json, "addresses", (gint64)status->meta.addresses);
    tbl_json_number(&json, "store_bytes", (gint64)status->bytes);
    if (status->daemon) {
        tbl_json_object_begin(&json, "daemon");
        for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
            tbl_json_number(&json, numbers[i], member_number(status->daemon, numbers[i]));
        tbl_json_object_end(&json);
    } else {
        tbl_json_null(&json, "daemon");
    }
    tbl_json_null(&json, "replica");
    tbl_json_end(&json);
    puts(line->str);
}

static void
print_number(const char *key, guint64 value)
{
    printf("%-12s %" G_GUINT64_FORMAT "\n", key, value);
}

static void
print_status_text(const TblConfig *config, const Status *status)
{
    printf("%-12s %s\n", "store", config->store.path);
    print_number("generation", status->meta.generation);
    print_number("batch", status->meta.batch);
    printf("%-12s %s\n", "populated", status->meta.populated ? "yes" : "no");
    print_number("domains", status->meta.domains);
    print_number("objects", status->meta.objects);
    print_number("addresses", status->meta.addresses);
    print_number("store_bytes", status->bytes);
    if (!status->daemon) {
        printf("%-12s %s\n", "daemon", status->unknown ? "cannot be asked" : "not running");
        return;
    }
    printf("%-12s running, pid %" G_GINT64_FORMAT ", up %" G_GINT64_FORMAT " s, %" G_GINT64_FORMAT
           " requests, %" G_GINT64_FORMAT " connections\n",
           "daemon", member_number(status->daemon, "pid"), member_number(status->daemon, "uptime"),
           member_number(status->daemon, "requests"), member_number(status->daemon, "connections"));
}

int
pd_ctl_status(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean as_json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "One JSON object", NULL}, {0}};
    int code = pd_ctl_options(entries, "[--json]", 0, 0, &argc, argv);
    if (code != 0)
        return code;
    Status status = {0};
    if (!read_status(config, &status, &error))
        return pd_ctl_error(error);
    ask_daemon(config, &status);
    if (as_json)
        print_status_json(&status);
    else
        print_status_text(config, &status);
    g_clear_pointer(&status.daemon, g_hash_table_unref);
    code = pd_ctl_finish();
    return code == 0 && status.unknown ? TBL_EXIT_TEMPORARY : code;
}

/* ---- reload ---- */

int
pd_ctl_reload(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {{0}};
    int code = pd_ctl_options(entries, "", 0, 0, &argc, argv);
    if (code != 0)
        return code;
    g_autoptr(PdClient) client = pd_client_new_control(config->store.path, RELOAD_TIMEOUT, &error);
    if (!client)
        return pd_ctl_fail(TBL_EXIT_TEMPORARY, "policyd cannot be reached: %s", error->message);
    g_autoptr(GHashTable) reply = pd_client_command(client, "reload", &error);
    if (!reply)
        return pd_ctl_error(error);
    const char *warning = g_hash_table_lookup(reply, "warning");
    const char *reason = g_hash_table_lookup(reply, "error");
    if (warning && *warning)
        pd_ctl_note("warning: %s", warning);
    if (g_strcmp0(g_hash_table_lookup(reply, "ok"), "true") == 0)
        return TBL_EXIT_OK;
    return pd_ctl_fail(TBL_EXIT_CONFIG, "the old configuration stays in force: %s",
                       reason ? reason : "no reason given");
}
