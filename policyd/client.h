/*
 * The administrator's end of the daemon's sockets: socketmap and policy requests as Postfix sends
 * them, and the control socket. Blocking, with a time limit on each operation; for programs, never
 * for the daemon.
 *
 * The control socket `<[store] path>.ctl` takes one JSON object in a line and answers one JSON
 * object in a line:
 *   {"command":"status"}  {"pid":N,"uptime":SECONDS,"requests":N,"connections":N}
 *   {"command":"reload"}  {"ok":true[,"warning":TEXT]}, or {"ok":false,"error":TEXT} when the old
 * configuration stays in force; it comes when the reload is decided anything else
 * {"ok":false,"error":TEXT}
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Errors of a conversation: TBL_EXIT_ERROR with TBL_EXIT_TEMPORARY, whatever the peer did wrong. */
typedef struct PdClient PdClient;

/* Connects to an endpoint as the configuration spells it, "unix:/path" or "inet:HOST:PORT".
 * `timeout` is in seconds and holds for each operation. Errors: G_IO_ERROR; NOT_FOUND and
 * CONNECTION_REFUSED say that nobody listens. */
PdClient *pd_client_new(const char *endpoint, guint timeout, GError **error);
/* The first endpoint of a list (NULL-terminated) that takes the connection; the error names all
 * that did not. */
PdClient *pd_client_new_any(char *const *endpoints, guint timeout, GError **error);
/* The control socket of the daemon that serves the store at `store_path`. Errors as pd_client_new.
 */
PdClient *pd_client_new_control(const char *store_path, guint timeout, GError **error);
void pd_client_free(PdClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdClient, pd_client_free)

bool pd_client_send(PdClient *client, const char *bytes, gsize length, GError **error);
/* The payload of one netstring, NUL-terminated behind `*length` bytes; caller frees. */
char *pd_client_read_netstring(PdClient *client, gsize *length, GError **error);
/* One line without its LF; caller frees. */
char *pd_client_read_line(PdClient *client, GError **error);

/* One socketmap lookup: the reply ("OK value", "NOTFOUND ", "TEMP reason", "PERM reason"); caller
 * frees. */
char *pd_client_lookup(PdClient *client, const char *map, const char *key, GError **error);
/* One policy request, `name=value` lines without the empty one that ends it: the action; caller
 * frees. */
char *pd_client_ask(PdClient *client, const char *request, GError **error);
/* One command over the control socket: the members of the answer; free with g_hash_table_unref. */
GHashTable *pd_client_command(PdClient *client, const char *command, GError **error);
