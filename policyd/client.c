#include "policyd/client.h"

#include "tables/command.h"
#include "tables/json.h"
#include "tables/json_reader.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>

/* More than any reply may have ([limits] reply is at most 100000 where Postfix has its default). */
enum { NETSTRING_MAX = 1024 * 1024, NETSTRING_DIGITS = 7 };

struct PdClient {
    char *endpoint;
    GSocketConnection *connection;
    GDataInputStream *input;
    GOutputStream *output; /* of the connection */
};

static GSocketConnectable *
connectable_of_endpoint(const char *endpoint, GError **error)
{
    if (g_str_has_prefix(endpoint, "unix:"))
        return G_SOCKET_CONNECTABLE(g_unix_socket_address_new(endpoint + strlen("unix:")));
    if (g_str_has_prefix(endpoint, "inet:"))
        return g_network_address_parse(endpoint + strlen("inet:"), 0, error);
    g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_CONFIG, "%s: expected unix:/path or inet:HOST:PORT",
                endpoint);
    return NULL;
}

PdClient *
pd_client_new(const char *endpoint, guint timeout, GError **error)
{
    g_autoptr(GSocketConnectable) where = connectable_of_endpoint(endpoint, error);
    if (!where)
        return NULL;
    g_autoptr(GSocketClient) factory = g_socket_client_new();
    /* What the environment says about proxies is not about our own sockets. */
    g_socket_client_set_enable_proxy(factory, FALSE);
    g_socket_client_set_timeout(factory, timeout);
    g_autoptr(GSocketConnection) connection = g_socket_client_connect(factory, where, NULL, error);
    if (!connection) {
        g_prefix_error(error, "%s: ", endpoint);
        return NULL;
    }
    PdClient *client = g_new0(PdClient, 1);
    client->endpoint = g_strdup(endpoint);
    client->connection = g_steal_pointer(&connection);
    client->input =
        g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(client->connection)));
    client->output = g_io_stream_get_output_stream(G_IO_STREAM(client->connection));
    return client;
}

PdClient *
pd_client_new_any(char *const *endpoints, guint timeout, GError **error)
{
    g_autoptr(GString) tried = g_string_new(NULL);
    for (char *const *endpoint = endpoints; *endpoint; endpoint++) {
        g_autoptr(GError) cause = NULL;
        PdClient *client = pd_client_new(*endpoint, timeout, &cause);
        if (client)
            return client;
        g_string_append_printf(tried, "%s%s", tried->len ? "; " : "", cause->message);
    }
    g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_TEMPORARY, "policyd cannot be reached: %s",
                tried->len ? tried->str : "no endpoint is configured");
    return NULL;
}

PdClient *
pd_client_new_control(const char *store_path, guint timeout, GError **error)
{
    g_autofree char *endpoint = g_strdup_printf("unix:%s.ctl", store_path);
    return pd_client_new(endpoint, timeout, error);
}

void
pd_client_free(PdClient *client)
{
    if (!client)
        return;
    g_object_unref(client->input);
    g_object_unref(client->connection);
    g_free(client->endpoint);
    g_free(client);
}

/* A peer that hung up or broke the protocol is as good as none. */
static void
set_broken(const PdClient *client, const GError *cause, const char *what, GError **error)
{
    g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_TEMPORARY, "%s: %s", client->endpoint,
                cause ? cause->message : what);
}

bool
pd_client_send(PdClient *client, const char *bytes, gsize length, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (g_output_stream_write_all(client->output, bytes, length, NULL, NULL, &cause))
        return true;
    set_broken(client, cause, "", error);
    return false;
}

/* The digits before the colon, -1 when they are none. */
static gssize
read_netstring_length(PdClient *client, GError **cause)
{
    gssize length = 0;
    for (int digits = 0;; digits++) {
        int byte =
            g_buffered_input_stream_read_byte(G_BUFFERED_INPUT_STREAM(client->input), NULL, cause);
        if (byte == ':' && digits > 0)
            return length;
        if (byte < '0' || byte > '9' || digits >= NETSTRING_DIGITS)
            return -1;
        length = length * 10 + (byte - '0');
    }
}

char *
pd_client_read_netstring(PdClient *client, gsize *length, GError **error)
{
    g_autoptr(GError) cause = NULL;
    gssize expected = read_netstring_length(client, &cause);
    if (expected < 0 || expected > NETSTRING_MAX) {
        set_broken(client, cause, "the connection ended without a complete reply", error);
        return NULL;
    }
    /* One byte more for the comma, which the NUL then replaces. */
    gsize got = 0, wanted = (gsize)expected + 1;
    g_autofree char *payload = g_malloc(wanted);
    if (!g_input_stream_read_all(G_INPUT_STREAM(client->input), payload, wanted, &got, NULL,
                                 &cause) ||
        got != wanted || payload[expected] != ',') {
        set_broken(client, cause, "the reply is no netstring", error);
        return NULL;
    }
    payload[expected] = '\0';
    *length = (gsize)expected;
    return g_steal_pointer(&payload);
}

char *
pd_client_read_line(PdClient *client, GError **error)
{
    g_autoptr(GError) cause = NULL;
    char *line = g_data_input_stream_read_line(client->input, NULL, NULL, &cause);
    if (!line)
        set_broken(client, cause, "the connection ended without a reply", error);
    return line;
}

char *
pd_client_lookup(PdClient *client, const char *map, const char *key, GError **error)
{
    g_autofree char *request =
        g_strdup_printf("%" G_GSIZE_FORMAT ":%s %s,", strlen(map) + 1 + strlen(key), map, key);
    gsize length = 0;
    if (!pd_client_send(client, request, strlen(request), error))
        return NULL;
    return pd_client_read_netstring(client, &length, error);
}

char *
pd_client_ask(PdClient *client, const char *request, GError **error)
{
    g_autofree char *bytes = g_strconcat(request, "\n", NULL);
    if (!pd_client_send(client, bytes, strlen(bytes), error))
        return NULL;
    g_autofree char *line = pd_client_read_line(client, error);
    if (!line)
        return NULL;
    g_autofree char *end = pd_client_read_line(client, error);
    if (!end)
        return NULL;
    if (!g_str_has_prefix(line, "action=") || *end != '\0') {
        set_broken(client, NULL, "the reply is not one action= line", error);
        return NULL;
    }
    return g_strdup(line + strlen("action="));
}

GHashTable *
pd_client_command(PdClient *client, const char *command, GError **error)
{
    g_autoptr(GString) request = g_string_new(NULL);
    TblJson json;
    tbl_json_begin(&json, request);
    tbl_json_text(&json, "command", command);
    tbl_json_end(&json);
    g_string_append_c(request, '\n');
    if (!pd_client_send(client, request->str, request->len, error))
        return NULL;
    g_autofree char *line = pd_client_read_line(client, error);
    if (!line)
        return NULL;
    g_autoptr(GError) cause = NULL;
    GHashTable *members = tbl_json_read(line, strlen(line), &cause);
    if (!members)
        set_broken(client, cause, "", error);
    return members;
}
