#include "policyd/control.h"

#include "policyd/listen.h"
#include "tables/json_reader.h"
#include "tables/log.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".ctl"
#define RETRY_INTERVAL 1 /* seconds */
#define BACKLOG 128      /* a full one refuses at once on a unix socket */
/* Clients at once, bytes of a command, seconds for sending it: policyctl needs one, 30 and none. */
#define CLIENTS_MAX 16
#define LINE_MAX_BYTES 4096
#define LINE_TIMEOUT 10

struct PdControl {
    char *store_path;
    const PdControlCommand *commands;
    gpointer data;
    PdListener *listener; /* NULL: could not be made yet */
    guint accept_source, retry_source;
    char *complaint; /* logged last */
    GQueue clients;
};

typedef struct {
    GList link;
    PdControl *control;
    int fd;
    guint input_source, timeout_source;
    GString *line;
} Client;

static void
client_free(Client *client)
{
    g_queue_unlink(&client->control->clients, &client->link);
    g_source_remove(client->input_source);
    g_source_remove(client->timeout_source);
    g_string_free(client->line, TRUE);
    close(client->fd);
    g_free(client);
}

static const PdControlCommand *
find_command(const PdControl *control, const char *line, gsize length, GError **error)
{
    g_autoptr(GHashTable) members = tbl_json_read(line, length, error);

    if (!members)
        return NULL;
    const char *name = g_hash_table_lookup(members, "command");
    for (const PdControlCommand *command = control->commands; name && command->command; command++) {
        if (strcmp(command->command, name) == 0)
            return command;
    }
    g_autofree char *shown = name ? tbl_log_escape(tbl_slice(name), 64) : NULL;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                name ? "unknown command \"%s\"" : "no \"command\"%s", name ? shown : "");
    return NULL;
}

static void
client_answer(Client *client)
{
    g_autoptr(GString) reply = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    PdControl *control = client->control;
    const PdControlCommand *command =
        find_command(control, client->line->str, client->line->len, &error);
    TblJson json;

    tbl_json_begin(&json, reply);
    if (!command || !command->run(&json, control->data, &error)) {
        g_string_truncate(reply, 0);
        tbl_json_begin(&json, reply);
        tbl_json_bool(&json, "ok", false);
        tbl_json_text(&json, "error", error ? error->message : "failed");
    }
    tbl_json_end(&json);
    g_string_append_c(reply, '\n');
    /* A line fits into any socket buffer; who does not take it does not want it. */
    if (send(client->fd, reply->str, reply->len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        tbl_log_debug("control: cannot answer: %s", g_strerror(errno));
}

static gboolean
client_timeout(gpointer data)
{
    client_free(data);
    return G_SOURCE_CONTINUE; /* removed already */
}

static gboolean
client_input(gint fd, GIOCondition condition, gpointer data)
{
    Client *client = data;
    char bytes[LINE_MAX_BYTES];
    ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (got > 0) {
        g_string_append_len(client->line, bytes, got);
        const char *newline = memchr(client->line->str, '\n', client->line->len);
        if (!newline && client->line->len < LINE_MAX_BYTES)
            return G_SOURCE_CONTINUE;
        if (newline) {
            g_string_truncate(client->line, (gsize)(newline - client->line->str));
            client_answer(client);
        }
    }
    client_free(client);
    return G_SOURCE_CONTINUE; /* removed already */
}

static gboolean
control_accept(gint fd, GIOCondition condition, gpointer data)
{
    PdControl *control = data;
    int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (accepted < 0)
        return G_SOURCE_CONTINUE;
    /* Silent ones must not keep out who has something to say. */
    if (control->clients.length >= CLIENTS_MAX)
        client_free(control->clients.head->data);
    Client *client = g_new0(Client, 1);
    client->control = control;
    client->fd = accepted;
    client->line = g_string_new(NULL);
    client->link.data = client;
    g_queue_push_tail_link(&control->clients, &client->link);
    client->input_source =
        g_unix_fd_add(accepted, G_IO_IN | G_IO_HUP | G_IO_ERR, client_input, client);
    client->timeout_source = g_timeout_add_seconds(LINE_TIMEOUT, client_timeout, client);
    return G_SOURCE_CONTINUE;
}

static void
control_close(PdControl *control)
{
    if (control->accept_source)
        g_source_remove(control->accept_source);
    control->accept_source = 0;
    g_clear_pointer(&control->listener, pd_listener_free);
}

/* The socket belongs to who owns the directory, also when root makes it. */
static bool
control_listen(PdControl *control, GError **error)
{
    PdListenOptions options = {.mode = 0600, .group = (gid_t)-1, .backlog = BACKLOG};
    g_autofree char *directory = g_path_get_dirname(control->store_path);
    g_autofree char *endpoint = g_strdup_printf("unix:%s" SUFFIX, control->store_path);
    struct stat status;

    if (stat(directory, &status) != 0) {
        g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "%s: %s", directory,
                    g_strerror(errno));
        return false;
    }
    control->listener = pd_listener_new(endpoint, &options, error);
    if (!control->listener)
        return false;
    const char *path = endpoint + strlen("unix:");
    if (geteuid() == 0 && lchown(path, status.st_uid, status.st_gid) != 0)
        tbl_log_debug("%s: cannot give it to the owner of its directory", path);
    control->accept_source =
        g_unix_fd_add(pd_listener_fd(control->listener), G_IO_IN, control_accept, control);
    return true;
}

static void
control_try(PdControl *control)
{
    g_autoptr(GError) error = NULL;

    if (control_listen(control, &error)) {
        g_clear_pointer(&control->complaint, g_free);
        return;
    }
    if (g_strcmp0(control->complaint, error->message) == 0)
        return;
    g_free(control->complaint);
    control->complaint = g_strdup(error->message);
    tbl_log_warning("no control socket: %s", error->message);
}

static gboolean
control_retry(gpointer data)
{
    PdControl *control = data;

    if (control->listener && !pd_listener_current(control->listener))
        control_close(control);
    if (!control->listener)
        control_try(control);
    return G_SOURCE_CONTINUE;
}

PdControl *
pd_control_new(const char *store_path, const PdControlCommand *commands, gpointer data)
{
    PdControl *control = g_new0(PdControl, 1);

    control->store_path = g_strdup(store_path);
    control->commands = commands;
    control->data = data;
    g_queue_init(&control->clients);
    control_try(control);
    control->retry_source = g_timeout_add_seconds(RETRY_INTERVAL, control_retry, control);
    return control;
}

void
pd_control_free(PdControl *control)
{
    if (!control)
        return;
    while (control->clients.head)
        client_free(control->clients.head->data);
    control_close(control);
    g_source_remove(control->retry_source);
    g_free(control->complaint);
    g_free(control->store_path);
    g_free(control);
}
