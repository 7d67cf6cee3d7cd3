#include "tests/bench/endpoint.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/un.h>

static gboolean
parse_unix(const char *path, BenchEndpoint *endpoint, GError **error)
{
    struct sockaddr_un *address = (struct sockaddr_un *)&endpoint->address;

    if (path[0] != '/' || strlen(path) >= sizeof address->sun_path) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "unix:%s: an absolute path of less than %zu bytes is needed", path,
                    sizeof address->sun_path);
        return FALSE;
    }
    address->sun_family = AF_UNIX;
    g_strlcpy(address->sun_path, path, sizeof address->sun_path);
    endpoint->length = sizeof *address;
    return TRUE;
}

static gboolean
parse_inet(const char *text, BenchEndpoint *endpoint, GError **error)
{
    struct sockaddr_in *address = (struct sockaddr_in *)&endpoint->address;
    g_auto(GStrv) parts = g_strsplit(text, ":", 2);
    guint64 port = 0;

    if (!parts[0] || !parts[1] || inet_pton(AF_INET, parts[0], &address->sin_addr) != 1 ||
        !g_ascii_string_to_unsigned(parts[1], 10, 1, G_MAXUINT16, &port, NULL)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "inet:%s: a numeric address and a port are needed", text);
        return FALSE;
    }
    address->sin_family = AF_INET;
    address->sin_port = htons((guint16)port);
    endpoint->length = sizeof *address;
    return TRUE;
}

gboolean
bench_endpoint_parse(const char *text, BenchEndpoint *endpoint, GError **error)
{
    memset(endpoint, 0, sizeof *endpoint);
    if (g_str_has_prefix(text, "unix:"))
        return parse_unix(text + strlen("unix:"), endpoint, error);
    if (g_str_has_prefix(text, "inet:"))
        return parse_inet(text + strlen("inet:"), endpoint, error);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "%s: unix:/PATH or inet:ADDRESS:PORT is needed", text);
    return FALSE;
}

void
bench_endpoint_tune(const BenchEndpoint *endpoint, int fd)
{
    const int on = 1;

    if (endpoint->address.ss_family == AF_INET)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}
