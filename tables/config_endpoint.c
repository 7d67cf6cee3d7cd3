/* Endpoints as Postfix writes them, and the URIs of directories. Part of tables/config. */
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
    /* Separators of main.cf's lists, in which it could not be named; most likely of this one. */
    if (strpbrk(path, ", \t"))
        return tbl_config_refuse(error, "'%s' holds a comma or blank; separate endpoints with ';'",
                                 endpoint);
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

/* ---- URIs of directories ---- */

#define LDAPI "ldapi://"

/* The host of `//HOST[:PORT][/]`, brackets and all, without what follows; `*port` is what stands
 * behind its colon, NULL for none. NULL when it has a path, a user or something else. */
static char *
uri_host(const char *uri, char **port)
{
    g_autofree char *rest = g_strdup(strstr(uri, "://") + 3);
    gsize length = strlen(rest);
    char *colon;

    *port = NULL;
    if (length > 0 && rest[length - 1] == '/')
        rest[length - 1] = '\0';
    if (rest[strcspn(rest, "/?#@%\"<>\\^`{|}")])
        return NULL;
    colon = strrchr(rest, ':');
    if (colon && !strchr(colon, ']')) {
        *port = g_strdup(colon + 1);
        *colon = '\0';
    }
    return g_steal_pointer(&rest);
}

/* An IP address, the one of version 6 in brackets, or a name (RFC 3986 section 3.2.2). */
static bool
is_host(const char *host)
{
    gsize length = strlen(host);

    if (*host == '[') {
        g_autofree char *inner = length > 2 ? g_strndup(host + 1, length - 2) : NULL;
        return inner && host[length - 1] == ']' && strchr(inner, ':') &&
               g_hostname_is_ip_address(inner);
    }
    for (const char *at = host; *at; at++) {
        if (!g_ascii_isalnum(*at) && *at != '-' && *at != '.' && *at != '_' &&
            (unsigned char)*at < 0x80)
            return false;
    }
    return length > 0;
}

bool
tbl_config_check_uri(const char *uri, GError **error)
{
    g_autofree char *host = NULL;
    g_autofree char *port = NULL;
    guint64 number;

    if (g_str_has_prefix(uri, LDAPI)) {
        const char *path = uri + strlen(LDAPI);
        if (*path && strcmp(path, "/") != 0 && g_ascii_strncasecmp(path, "%2f", 3) != 0)
            return tbl_config_refuse(
                error, "'%s' is no socket; write ldapi:///, or ldapi://%%2Frun%%2Fslapd%%2Fldapi",
                uri);
        return true;
    }
    if (!g_str_has_prefix(uri, "ldap://") && !g_str_has_prefix(uri, "ldaps://"))
        return tbl_config_refuse(error, "'%s' is none of ldap://, ldaps:// and ldapi://", uri);
    host = uri_host(uri, &port);
    if (!host || !is_host(host))
        return tbl_config_refuse(error, "'%s' is not a host alone; write ldaps://dc1.example:636",
                                 uri);
    return !port || g_ascii_string_to_unsigned(port, 10, 1, PORT_MAX, &number, NULL) ||
           tbl_config_refuse(error, "'%s' has no port of 1 to 65535", uri);
}

bool
tbl_config_uri_is_remote(const char *uri)
{
    g_autofree char *port = NULL;
    g_autofree char *host = g_str_has_prefix(uri, LDAPI) ? NULL : uri_host(uri, &port);
    g_autoptr(GInetAddress) address = NULL;
    gsize length = host ? strlen(host) : 0;

    if (!host || g_ascii_strcasecmp(host, "localhost") == 0)
        return false;
    if (*host == '[' && length > 2)
        host[length - 1] = '\0';
    address = g_inet_address_new_from_string(*host == '[' ? host + 1 : host);
    return !address || !g_inet_address_get_is_loopback(address);
}
