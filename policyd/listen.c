#include "policyd/listen.h"

#include "tables/log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* First descriptor of socket activation (sd_listen_fds(3)). */
#define ACTIVATION_FIRST 3
/* More are no configuration of ours. */
#define ACTIVATION_MAX 64

struct PdListener {
    int fd;
    char *endpoint;
    char *path; /* of the socket file that was made, else NULL */
    dev_t device;
    ino_t inode;
};

static void
set_errno_error(GError **error, const char *endpoint, const char *what)
{
    int saved = errno;

    g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(saved), "%s: %s: %s", endpoint, what,
                g_strerror(saved));
}

static PdListener *
listener_new(int fd, const char *endpoint)
{
    PdListener *listener = g_new0(PdListener, 1);

    listener->fd = fd;
    listener->endpoint = g_strdup(endpoint);
    return listener;
}

PdListener *
pd_listener_new_from_fd(int fd, const char *name)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return listener_new(fd, name);
}

void
pd_listener_note_peer(const PdListener *listener, int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid > 0)
        tbl_log_debug("%s: connection %d from process %ld, user %ld, group %ld", listener->endpoint,
                      fd, (long)peer.pid, (long)peer.uid, (long)peer.gid);
    else
        tbl_log_debug("%s: connection %d", listener->endpoint, fd);
}

bool
pd_listener_current(const PdListener *listener)
{
    struct stat now;

    if (!listener->path)
        return true;
    return lstat(listener->path, &now) == 0 && now.st_dev == listener->device &&
           now.st_ino == listener->inode;
}

void
pd_listener_free(PdListener *listener)
{
    if (!listener)
        return;
    if (listener->path && pd_listener_current(listener))
        unlink(listener->path);
    close(listener->fd);
    g_free(listener->path);
    g_free(listener->endpoint);
    g_free(listener);
}

int
pd_listener_fd(const PdListener *listener)
{
    return listener->fd;
}

const char *
pd_listener_endpoint(const PdListener *listener)
{
    return listener->endpoint;
}

/* Without the right to do so the socket still serves its owner and the group it has. */
static void
give_to_group(const char *path, const PdListenOptions *options)
{
    if (options->group != (gid_t)-1 && chown(path, (uid_t)-1, options->group) != 0)
        tbl_log_warning("%s: cannot give it to its group: %s", path, g_strerror(errno));
}

/* Makes a directory and those above it, whatever the umask is: who may use the socket may pass them
 * all. */
static bool
make_directory(const char *directory, const PdListenOptions *options)
{
    mode_t mode = 0700 | (options->mode & 0060 ? 0050 : 0) | (options->mode & 0006 ? 0005 : 0);

    if (g_file_test(directory, G_FILE_TEST_IS_DIR))
        return true;
    g_autofree char *parent = g_path_get_dirname(directory);
    if (!make_directory(parent, options))
        return false;
    if (mkdir(directory, mode) != 0)
        return errno == EEXIST && g_file_test(directory, G_FILE_TEST_IS_DIR);
    give_to_group(directory, options);
    return chmod(directory, mode) == 0;
}

/* Removes a socket file that nobody listens on. False with errno: somebody does, or it is no
 * socket. */
static bool
clear_stale(const struct sockaddr_un *address)
{
    struct stat status;

    if (lstat(address->sun_path, &status) != 0)
        return errno == ENOENT;
    if (!S_ISSOCK(status.st_mode)) {
        errno = EEXIST;
        return false;
    }
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return false;
    int result = connect(probe, (const struct sockaddr *)address, sizeof *address);
    int why = errno;
    close(probe);
    /* A full backlog (EAGAIN) or a forbidden connect are no proof that nobody listens. */
    if (result != 0 && why == ECONNREFUSED)
        return unlink(address->sun_path) == 0 || errno == ENOENT;
    errno = EADDRINUSE;
    return false;
}

static bool
bind_unix(PdListener *listener, const struct sockaddr_un *address, const PdListenOptions *options)
{
    struct stat status;

    /* Linux makes the file with the socket's own mode: it is never open to more than asked for. */
    if (fchmod(listener->fd, options->mode) != 0 ||
        bind(listener->fd, (const struct sockaddr *)address, sizeof *address) != 0)
        return false;
    if (lstat(address->sun_path, &status) != 0)
        return false;
    listener->path = g_strdup(address->sun_path);
    listener->device = status.st_dev;
    listener->inode = status.st_ino;
    give_to_group(listener->path, options);
    return chmod(listener->path, options->mode) == 0;
}

static PdListener *
listen_unix(const char *endpoint, const char *path, const PdListenOptions *options, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (path[0] != '/' || strlen(path) >= sizeof address.sun_path) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
                    "%s: must be an absolute path of at most %zu bytes", endpoint,
                    sizeof address.sun_path - 1);
        return NULL;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    g_autofree char *directory = g_path_get_dirname(path);
    if (!make_directory(directory, options)) {
        set_errno_error(error, endpoint, "cannot make its directory");
        return NULL;
    }
    if (!clear_stale(&address)) {
        set_errno_error(error, endpoint, "is there already");
        return NULL;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        set_errno_error(error, endpoint, "cannot make a socket");
        return NULL;
    }
    g_autoptr(PdListener) listener = listener_new(fd, endpoint);
    if (!bind_unix(listener, &address, options) || listen(fd, options->backlog) != 0) {
        set_errno_error(error, endpoint, "cannot listen");
        return NULL;
    }
    return g_steal_pointer(&listener);
}

static bool
is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
        return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
    return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

/* HOST:PORT, [HOST]:PORT. */
static struct addrinfo *
resolve_inet(const char *endpoint, const char *text, GError **error)
{
    const char *colon = strrchr(text, ':');
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    if (colon && colon != text) {
        bool bracketed = text[0] == '[' && colon[-1] == ']' && colon - text > 2;
        g_autofree char *host = bracketed ? g_strndup(text + 1, (gsize)(colon - text) - 2)
                                          : g_strndup(text, (gsize)(colon - text));
        if (getaddrinfo(host, colon + 1, &hints, &found) == 0)
            return found;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "%s: must be inet:ADDRESS:PORT with a numeric address, as in inet:127.0.0.1:10045",
                endpoint);
    return NULL;
}

static PdListener *
listen_inet(const char *endpoint, const char *text, const PdListenOptions *options, GError **error)
{
    struct addrinfo *where = resolve_inet(endpoint, text, error);
    int on = 1;

    if (!where)
        return NULL;
    struct sockaddr_storage address;
    socklen_t length = where->ai_addrlen;
    memcpy(&address, where->ai_addr, length);
    freeaddrinfo(where);
    if (!options->allow_remote && !is_loopback((struct sockaddr *)&address)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "%s: an address other than loopback needs allow-remote=yes", endpoint);
        return NULL;
    }
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        set_errno_error(error, endpoint, "cannot make a socket");
        return NULL;
    }
    g_autoptr(PdListener) listener = listener_new(fd, endpoint);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, options->backlog) != 0) {
        set_errno_error(error, endpoint, "cannot listen");
        return NULL;
    }
    return g_steal_pointer(&listener);
}

PdListener *
pd_listener_new(const char *endpoint, const PdListenOptions *options, GError **error)
{
    if (g_str_has_prefix(endpoint, "unix:"))
        return listen_unix(endpoint, endpoint + strlen("unix:"), options, error);
    if (g_str_has_prefix(endpoint, "inet:"))
        return listen_inet(endpoint, endpoint + strlen("inet:"), options, error);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "%s: must begin with unix: or inet:", endpoint);
    return NULL;
}

/* The names of the sockets that the service manager hands over to this process, in the order of
 * their descriptors; NULL for none. Caller frees. */
static char **
activated_names(void)
{
    const char *pid = g_getenv("LISTEN_PID"), *count = g_getenv("LISTEN_FDS");
    const char *names = g_getenv("LISTEN_FDNAMES");
    guint64 number = 0;

    if (!pid || !count || !names ||
        !g_ascii_string_to_unsigned(pid, 10, 1, G_MAXINT, &number, NULL) ||
        (pid_t)number != getpid() ||
        !g_ascii_string_to_unsigned(count, 10, 1, ACTIVATION_MAX, &number, NULL))
        return NULL;
    char **parts = g_strsplit(names, ":", -1);
    for (guint i = 0, length = g_strv_length(parts); i < length; i++)
        if (i >= number)
            g_clear_pointer(&parts[i], g_free);
    return parts;
}

GPtrArray *
pd_listener_activated(const char *name)
{
    GPtrArray *listeners = g_ptr_array_new_with_free_func((GDestroyNotify)pd_listener_free);
    g_auto(GStrv) names = activated_names();

    for (guint i = 0; names && names[i]; i++)
        if (strcmp(names[i], name) == 0)
            g_ptr_array_add(listeners, pd_listener_new_from_fd(ACTIVATION_FIRST + (int)i, name));
    return listeners;
}

guint
pd_listener_warn_unserved(const char *const *services)
{
    g_auto(GStrv) names = activated_names();
    g_autofree char *known = g_strjoinv(" or ", (char **)services);
    guint unserved = 0;

    for (guint i = 0; names && names[i]; i++) {
        if (g_strv_contains(services, names[i]))
            continue;
        tbl_log_warning("the service manager's socket '%s' is not served: its "
                        "FileDescriptorName must be %s",
                        names[i], known);
        unserved++;
    }
    return unserved;
}
