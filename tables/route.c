/* Next hops as transport(5) writes them. Part of tables/domain.h. */
#include "tables/domain.h"

#include <gio/gio.h>

/* Characters of a master.cf service name. */
#define TRANSPORT_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

G_GNUC_PRINTF(2, 3)
static bool
refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error)
        *error = g_error_new_valist(G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, format, arguments);
    va_end(arguments);
    return false;
}

static bool
is_number(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

/* A port: its number, or a word of services(5). */
static bool
is_port(const char *text)
{
    return is_number(text)
               ? g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, NULL, NULL)
               : *text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

/* `host:25`: Postfix would take the host for a transport. */
static bool
looks_like_host_and_port(const char *name, const char *rest)
{
    if (is_number(rest))
        return true;
    return strchr(name, '.') && (strcmp(rest, "smtp") == 0 || strcmp(rest, "submission") == 0 ||
                                 strcmp(rest, "smtps") == 0 || strcmp(rest, "lmtp") == 0);
}

/* Transports whose next hop is a text. */
static bool
is_final_transport(const char *name)
{
    return strcmp(name, "error") == 0 || strcmp(name, "retry") == 0 || strcmp(name, "discard") == 0;
}

static bool
check_transport(const char *name, const char *rest, GError **error)
{
    if (!*name)
        return refuse(error, "the transport before ':' is empty; write TRANSPORT:NEXTHOP");
    if (strspn(name, TRANSPORT_CHARACTERS) != strlen(name))
        return refuse(error, "'%s' is no transport; write TRANSPORT:NEXTHOP, as in smtp:[host]:25",
                      name);
    if (strcmp(name, "inet") == 0 || strcmp(name, "unix") == 0)
        return refuse(error, "'%s:' is allowed only after lmtp:; write lmtp:%s:%s", name, name,
                      rest);
    if (!is_final_transport(name) && looks_like_host_and_port(name, rest))
        return refuse(error, "'%s:%s' names a transport '%s'; write [%s]:%s", name, rest, name,
                      name, rest);
    return true;
}

/* `[host]`, `[host]:port`. */
static bool
check_bracketed(const char *hop, GError **error)
{
    const char *close = strchr(hop, ']');

    if (!close || close == hop + 1)
        return refuse(error, "'%s' is no next hop; write [host] or [host]:25", hop);
    if (close[1] == '\0' || (close[1] == ':' && is_port(close + 2)))
        return true;
    return refuse(error, "'%s': after ']' comes nothing or a port; write %.*s:25", hop,
                  (int)(close + 1 - hop), hop);
}

static bool
check_hop(const char *transport, const char *hop, GError **error)
{
    bool lmtp = strcmp(transport, "lmtp") == 0;
    bool local = g_str_has_prefix(hop, "inet:") || g_str_has_prefix(hop, "unix:");

    if (!*hop)
        return refuse(error, "a next hop is empty; write %s:[host] (only discard: needs none)",
                      transport);
    for (const char *at = hop; *at; at++) {
        if (g_ascii_isspace(*at))
            return refuse(error, "'%s' holds a blank; separate next hops with ','", hop);
    }
    if (is_number(hop))
        return refuse(error, "'%s' is a port without a host; write [host]:%s", hop, hop);
    if (local && !lmtp)
        return refuse(error, "'%s': inet: and unix: are allowed only after lmtp:; write lmtp:%s",
                      hop, hop);
    if (local && hop[strlen("unix:")] == '\0')
        return refuse(error, "'%s' is incomplete; write lmtp:unix:/path or lmtp:inet:host:port",
                      hop);
    if (hop[0] == '[')
        return check_bracketed(hop, error);
    return true;
}

static bool
check_text(const char *route, GError **error)
{
    if (!g_utf8_validate(route, -1, NULL))
        return refuse(error, "a route must be UTF-8");
    for (const char *at = route; *at; at++) {
        if (g_ascii_iscntrl(*at))
            return refuse(error, "a route must not hold control characters");
    }
    return true;
}

static char *
join_hops(const char *transport, const char *hops, GError **error)
{
    g_auto(GStrv) list = g_strsplit(hops, ",", -1);
    g_autofree char *joined = NULL;

    /* g_strsplit of "" is an empty list. */
    if (!list[0] && !check_hop(transport, "", error))
        return NULL;
    for (guint i = 0; list[i]; i++) {
        if (!check_hop(transport, g_strstrip(list[i]), error))
            return NULL;
    }
    joined = g_strjoinv(", ", list);
    return g_strconcat(transport, ":", joined, NULL);
}

char *
tbl_route_complete(const char *route, TblDomainClass domain_class, GError **error)
{
    g_autofree char *text = g_strstrip(g_strdup(route));
    g_autofree char *transport = NULL;
    const char *colon = text[0] == '[' ? NULL : strchr(text, ':');
    const char *comma = strchr(text, ',');
    const char *rest = text;

    if (!check_text(text, error))
        return NULL;
    if (domain_class == TBL_DOMAIN_VIRTUAL_ALIAS) {
        refuse(error, "a virtual-alias domain has no route; its addresses lead elsewhere");
        return NULL;
    }
    if (!*text) {
        refuse(error, "the route is empty; write [TRANSPORT:]NEXTHOP, as in smtp:[host]:25");
        return NULL;
    }
    if (colon && comma && comma < colon)
        colon = NULL;
    if (colon) {
        transport = g_strndup(text, (gsize)(colon - text));
        rest = colon + 1 + strspn(colon + 1, " ");
        if (!check_transport(transport, rest, error))
            return NULL;
    } else {
        transport = g_strdup(domain_class == TBL_DOMAIN_RELAY ? "relay" : "smtp");
    }
    if (strcmp(transport, "discard") == 0)
        return g_strconcat("discard:", rest, NULL);
    if (strcmp(transport, "error") != 0 && strcmp(transport, "retry") != 0)
        return join_hops(transport, rest, error);
    if (*rest)
        return g_strconcat(transport, ":", rest, NULL);
    refuse(error, "%s: needs a text; write %s:4.2.0 mailbox is moving", transport, transport);
    return NULL;
}
