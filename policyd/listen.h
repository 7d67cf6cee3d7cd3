/*
 * Listening sockets on unix: and inet: endpoints, written as Postfix writes them. Used by the main
 * thread only.
 */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct PdListener PdListener;

/* What a unix socket gets. */
typedef struct {
    mode_t mode;
    gid_t group; /* (gid_t)-1: leave it */
    int backlog;
    bool allow_remote; /* inet: a non-loopback address is allowed */
} PdListenOptions;

/* Listens on "unix:/path" or "inet:HOST:PORT" (HOST numeric, in brackets for IPv6),
 * non-blocking. Missing directories of a path are made. A socket file is replaced only if nobody
 * listens on it; any other file is not touched. NULL with `error` (G_IO_ERROR) naming the endpoint.
 */
PdListener *pd_listener_new(const char *endpoint, const PdListenOptions *options, GError **error);
/* Takes a socket that listens already (socket activation); its file is not ours to remove. */
PdListener *pd_listener_new_from_fd(int fd, const char *name);
/* Closes it and removes the socket file if that is still the one that was made. */
void pd_listener_free(PdListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdListener, pd_listener_free)

int pd_listener_fd(const PdListener *listener);
const char *pd_listener_endpoint(const PdListener *listener);
/* Logs (debug) which process of which user is at the other end of a connection. Nobody's answers
 * depend on it. Any thread. */
void pd_listener_note_peer(const PdListener *listener, int fd);
/* The path still names the socket that was made (always true for other kinds). */
bool pd_listener_current(const PdListener *listener);

/* Sockets handed over by the service manager (sd_listen_fds(3)) under `name`: array of PdListener,
 * owned; empty when there is none. */
GPtrArray *pd_listener_activated(const char *name);
/* Logs each such socket whose name is none of `services` (ended by NULL): whoever connects to it
 * waits in vain. Returns how many. */
guint pd_listener_warn_unserved(const char *const *services);
