/* Endpoints as Postfix writes them. Part of tables/config. */
#include "tables/config_keys.h"

#include <string.h>
#include <sys/un.h>

/* Where Postfix's chrooted daemons look for relative paths: its default queue directory. */
#define QUEUE_DIRECTORY "/var/spool/postfix/"
#define PORT_MAX 65535

#define UNIX_PREFIX "unix:"
#define INET_PREFIX "inet:"

static bool
check_unix(const char *endpoint, GError **error)
{
    const char *path = endpoint + strlen(UNIX_PREFIX);
    const size_t longest = sizeof((struct sockaddr_un *)0)->sun_path - 1;

    if (!*path)
        return tbl_config_refuse(error, "'%s' has no path; write unix:/path/of/socket", endpoint);
    if (*path != '/')
        return tbl_config_refuse(error, "'%s' is relative; write unix:" QUEUE_DIRECTORY "%s",
                                 endpoint, path);
    if (strlen(path) > longest)
        return tbl_config_refuse(error,
                                 "'%s' is too long for a socket; at most %zu bytes are possible",
                                 endpoint, longest);
    return true;
}

/* The host of "inet:HOST:PORT" as an address, without brackets; NULL when it is none. */
static GInetAddress *
inet_host(const char *endpoint)
{
    const char *host = endpoint + strlen(INET_PREFIX);
    const char *colon = strrchr(host, ':');
    g_autofree char *text = colon ? g_strndup(host, (gsize)(colon - host)) : NULL;
    gsize length = text ? strlen(text) : 0;

    /* IPv6 in brackets only: "inet:::1:10045" could mean two things. */
    if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
        text[length - 1] = '\0';
        return strchr(text, ':') ? g_inet_address_new_from_string(text + 1) : NULL;
    }
    return length > 0 && !strchr(text, ':') ? g_inet_address_new_from_string(text) : NULL;
}

static bool
check_inet(const char *endpoint, GError **error)
{
    const char *colon = strrchr(endpoint, ':');
    g_autoptr(GInetAddress) address = NULL;
    guint64 port;

    if (!g_ascii_string_to_unsigned(colon + 1, 10, 1, PORT_MAX, &port, NULL))
        return tbl_config_refuse(
            error, "'%s' has no port of 1 to 65535; write inet:127.0.0.1:10045", endpoint);
    address = inet_host(endpoint);
    if (!address)
        return tbl_config_refuse(error,
                                 "'%s' has no numeric host; write inet:127.0.0.1:%" G_GUINT64_FORMAT
                                 " or inet:[::1]:%" G_GUINT64_FORMAT,
                                 endpoint, port, port);
    return true;
}

bool
tbl_config_check_endpoint(const char *endpoint, GError **error)
{
    if (g_str_has_prefix(endpoint, UNIX_PREFIX))
        return check_unix(endpoint, error);
    if (g_str_has_prefix(endpoint, INET_PREFIX))
        return check_inet(endpoint, error);
    return tbl_config_refuse(error, "'%s' is no endpoint; write unix:/path or inet:HOST:PORT",
                             endpoint);
}

bool
tbl_config_endpoint_is_remote(const char *endpoint)
{
    g_autoptr(GInetAddress) address = NULL;

    if (!g_str_has_prefix(endpoint, INET_PREFIX))
        return false;
    address = inet_host(endpoint);
    return !address || !g_inet_address_get_is_loopback(address);
}
