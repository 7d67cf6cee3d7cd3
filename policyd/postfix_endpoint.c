/* Where main.cf says that policyd listens: the endpoints of postfix_config.h. */
#include "policyd/postfix_config.h"

#include <stdlib.h>
#include <string.h>

const char *
pd_postfix_unproxied(const char *table)
{
    while (g_str_has_prefix(table, "proxy:"))
        table += strlen("proxy:");
    return table;
}

bool
pd_postfix_socketmap(const char *token, char **endpoint, char **map)
{
    *endpoint = *map = NULL;
    token = pd_postfix_unproxied(token);
    if (!g_str_has_prefix(token, "socketmap:"))
        return false;
    token += strlen("socketmap:");
    const char *colon = strrchr(token, ':');
    if (!colon)
        return false;
    *endpoint = g_strndup(token, (gsize)(colon - token));
    *map = g_strdup(colon + 1);
    return true;
}

/* The same file has one name; one that is not there keeps its spelling. */
static char *
real_path(const char *path)
{
    g_autofree char *plain = g_canonicalize_filename(path, "/");
    g_autofree char *directory = g_path_get_dirname(plain);
    g_autofree char *base = g_path_get_basename(plain);
    char *resolved = realpath(directory, NULL);
    if (!resolved)
        return g_steal_pointer(&plain);
    char *full = g_build_filename(resolved, base, NULL);
    free(resolved);
    return full;
}

char *
pd_postfix_endpoint(const PdPostfixConfig *postfix, const char *spelt)
{
    const char *colon = strchr(spelt, ':');
    if (g_str_has_prefix(spelt, "inet:") || !colon)
        return g_strdup(spelt);
    /* auto_clnt.c: "local:" is "unix:". */
    if (!g_str_has_prefix(spelt, "unix:") && !g_str_has_prefix(spelt, "local:"))
        return g_strconcat("inet:", spelt, NULL);
    g_autofree char *path =
        colon[1] == '/' ? g_strdup(colon + 1)
                        : g_build_filename(pd_postfix_config_value(postfix, "queue_directory"),
                                           colon + 1, NULL);
    g_autofree char *real = real_path(path);
    return g_strconcat("unix:", real, NULL);
}

/* How somebody on this host reaches an endpoint that may be of any address. */
static char *
reachable(const char *listen)
{
    static const char *const any[] = {"inet:0.0.0.0:", "inet:*:", "inet:[::]:", "inet:localhost:"};
    for (gsize i = 0; i < G_N_ELEMENTS(any); i++)
        if (g_str_has_prefix(listen, any[i]))
            return g_strconcat("inet:127.0.0.1:", listen + strlen(any[i]), NULL);
    return g_strdup(listen);
}

bool
pd_postfix_endpoint_is(const PdPostfixConfig *postfix, const char *spelt, char *const *listen)
{
    g_autofree char *full = pd_postfix_endpoint(postfix, spelt);
    g_autofree char *wanted = reachable(full);
    for (char *const *one = listen; *one; one++) {
        g_autofree char *absolute = pd_postfix_endpoint(postfix, *one);
        g_autofree char *other = reachable(absolute);
        if (strcmp(wanted, other) == 0)
            return true;
    }
    return false;
}

static bool
anything_chrooted(const PdPostfixConfig *postfix)
{
    static const char *const askers[] = {"smtpd", "cleanup", "trivial-rewrite",
                                         "smtp",  "lmtp",    NULL};
    return pd_postfix_config_runs(postfix, askers, true);
}

bool
pd_postfix_endpoint_usable(const PdPostfixConfig *postfix, const char *spelt)
{
    const char *colon = strchr(spelt, ':');
    return g_str_has_prefix(spelt, "inet:") || !colon || colon[1] != '/' ||
           !anything_chrooted(postfix);
}

/* The part of a socket's path below the queue directory, NULL when it is elsewhere. */
static const char *
below_queue(const char *queue, const char *endpoint)
{
    const char *path = endpoint + strlen("unix:");
    size_t length = strlen(queue);
    if (!g_str_has_prefix(endpoint, "unix:") || length == 0 || !g_str_has_prefix(path, queue) ||
        path[length] != '/')
        return NULL;
    return path + length + 1;
}

char *
pd_postfix_endpoint_spell(const PdPostfixConfig *postfix, char *const *listen)
{
    g_autofree char *queue = real_path(pd_postfix_config_value(postfix, "queue_directory"));
    bool chrooted = anything_chrooted(postfix);
    g_autofree char *outside = NULL;
    for (char *const *one = listen; *one; one++) {
        g_autofree char *full = pd_postfix_endpoint(postfix, *one);
        const char *relative = below_queue(queue, full);
        if (relative)
            return g_strconcat("unix:", relative, NULL);
        if (g_str_has_prefix(full, "inet:") || !chrooted)
            return reachable(*one);
        if (!outside)
            outside = g_strdup(*one);
    }
    return g_steal_pointer(&outside);
}

char *
pd_postfix_our_map(const PdPostfixConfig *postfix, const TblConfig *config, const char *token)
{
    g_autofree char *endpoint = NULL;
    g_autofree char *name = NULL;
    return pd_postfix_socketmap(token, &endpoint, &name) &&
                   pd_postfix_endpoint_is(postfix, endpoint, config->socketmap.listen)
               ? g_steal_pointer(&name)
               : NULL;
}

bool
pd_postfix_is_map(const PdPostfixConfig *postfix, const TblConfig *config, const char *token,
                  TblMap map)
{
    g_autofree char *name = pd_postfix_our_map(postfix, config, token);
    return g_strcmp0(name, tbl_map_name(map)) == 0;
}

/* The elements within a pair of braces; `argument` itself where it has none. */
static GPtrArray *
unbrace(const char *argument)
{
    size_t length = strlen(argument);
    if (length < 2 || argument[0] != '{' || argument[length - 1] != '}')
        return pd_postfix_split(argument);
    g_autofree char *inside = g_strndup(argument + 1, length - 2);
    return pd_postfix_split(inside);
}

char *
pd_postfix_policy_server(const char *argument)
{
    g_autoptr(GPtrArray) parts = unbrace(argument);
    return g_strdup(parts->len > 0 ? g_ptr_array_index(parts, 0) : "");
}

/* attr_override.c: `name=value`, or `{ name = value with blanks }`. */
char *
pd_postfix_policy_attribute(const char *argument, const char *name)
{
    g_autoptr(GPtrArray) parts = unbrace(argument);
    for (guint i = 1; i < parts->len; i++) {
        g_autofree char *part = g_strdup(g_ptr_array_index(parts, i));
        size_t length = strlen(part);
        char *text = part;
        if (length >= 2 && part[0] == '{' && part[length - 1] == '}') {
            part[length - 1] = '\0';
            text++;
        }
        char *equals = strchr(text, '=');
        if (!equals)
            continue;
        *equals = '\0';
        if (strcmp(g_strstrip(text), name) == 0)
            return g_strdup(g_strstrip(equals + 1));
    }
    return NULL;
}
