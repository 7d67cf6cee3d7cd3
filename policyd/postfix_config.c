#include "policyd/postfix_config.h"
#include "policyd/postfix_tool.h"

#include "tables/command.h"

#include <stdlib.h>
#include <string.h>

#define SERVICE_FIELDS 8 /* name, type, private, unprivileged, chroot, wakeup, limit, command */

struct PdPostfixConfig {
    GHashTable *raw, *expanded; /* parameter -> value */
    GHashTable *given;          /* set of parameters */
    GPtrArray *services;
};

static const char *const parameters[] = {"canonical_maps",
                                         "compatibility_level",
                                         "config_directory",
                                         "mail_owner",
                                         "mail_version",
                                         "mydestination",
                                         "myhostname",
                                         "myorigin",
                                         "parent_domain_matches_subdomains",
                                         "queue_directory",
                                         "recipient_canonical_maps",
                                         "recipient_delimiter",
                                         "relay_domains",
                                         "relay_recipient_maps",
                                         "relocated_maps",
                                         "sender_canonical_maps",
                                         "smtpd_policy_service_default_action",
                                         "smtpd_recipient_restrictions",
                                         "smtpd_sender_login_maps",
                                         "transport_maps",
                                         "virtual_alias_domains",
                                         "virtual_alias_maps",
                                         "virtual_mailbox_domains",
                                         "virtual_mailbox_maps",
                                         "virtual_transport"};

/* ---- Reading ---- */

static void
free_service(gpointer data)
{
    PdPostfixService *service = data;
    g_free(service->name);
    g_free(service->type);
    g_free(service->command);
    g_hash_table_unref(service->options);
    g_free(service);
}

/* `name = value` lines. */
static GHashTable *
parse_parameters(const char *text)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        char *equals = strchr(*line, '=');
        if (!equals)
            continue;
        *equals = '\0';
        g_hash_table_insert(table, g_strdup(g_strstrip(*line)), g_strdup(g_strstrip(equals + 1)));
    }
    return table;
}

/* A dash in the chroot column is "yes" only for Postfix before 3.0 (master_ent.c). */
static bool
is_chrooted(const PdPostfixConfig *postfix, const char *column)
{
    if (strcmp(column, "-") != 0)
        return strcmp(column, "y") == 0;
    return g_ascii_strtoull(pd_postfix_config_value(postfix, "compatibility_level"), NULL, 10) < 1;
}

static void
parse_services(PdPostfixConfig *postfix, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autoptr(GPtrArray) fields = pd_postfix_split(*line);
        if (g_ascii_isspace(**line) || **line == '#' || fields->len < SERVICE_FIELDS)
            continue;
        PdPostfixService *service = g_new0(PdPostfixService, 1);
        service->name = g_strdup(g_ptr_array_index(fields, 0));
        service->type = g_strdup(g_ptr_array_index(fields, 1));
        service->chrooted = is_chrooted(postfix, g_ptr_array_index(fields, 4));
        service->command = g_strdup(g_ptr_array_index(fields, 7));
        service->options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        g_ptr_array_add(postfix->services, service);
    }
}

static PdPostfixService *
find_service(const PdPostfixConfig *postfix, const char *name, const char *type)
{
    for (guint i = 0; i < postfix->services->len; i++) {
        PdPostfixService *service = g_ptr_array_index(postfix->services, i);
        if (strcmp(service->name, name) == 0 && strcmp(service->type, type) == 0)
            return service;
    }
    return NULL;
}

/* Lines `service/type/parameter = value`. */
static void
parse_options(PdPostfixConfig *postfix, const char *text)
{
    g_autoptr(GHashTable) table = parse_parameters(text);
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        g_auto(GStrv) parts = g_strsplit(key, "/", 0);
        guint count = g_strv_length(parts);
        if (count < 3)
            continue;
        /* A unix service's name may be a path. */
        g_autofree char *parameter = g_steal_pointer(&parts[count - 1]);
        g_autofree char *type = g_steal_pointer(&parts[count - 2]);
        g_autofree char *name = g_strjoinv("/", parts);
        PdPostfixService *service = find_service(postfix, name, type);
        if (service)
            g_hash_table_insert(service->options, g_steal_pointer(&parameter), g_strdup(value));
    }
}

PdPostfixConfig *
pd_postfix_config_parse(const char *raw, const char *expanded, const char *given,
                        const char *services, const char *options)
{
    PdPostfixConfig *postfix = g_new0(PdPostfixConfig, 1);
    postfix->raw = parse_parameters(raw);
    postfix->expanded = parse_parameters(expanded);
    postfix->given = parse_parameters(given);
    postfix->services = g_ptr_array_new_with_free_func(free_service);
    parse_services(postfix, services);
    parse_options(postfix, options);
    return postfix;
}

/* `postconf OPTION... PARAMETER...` */
static char *
ask_parameters(const char *option, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, (gpointer) "postconf");
    if (option)
        g_ptr_array_add(argv, (gpointer)option);
    for (gsize i = 0; i < G_N_ELEMENTS(parameters); i++)
        g_ptr_array_add(argv, (gpointer)parameters[i]);
    g_ptr_array_add(argv, NULL);
    return pd_postfix_tool_run((const char *const *)argv->pdata, error);
}

static char *
ask_option(const char *option, GError **error)
{
    const char *const argv[] = {"postconf", option, NULL};
    return pd_postfix_tool_run(argv, error);
}

/* postconf(1) fails where there is none: then there are no services. */
static bool
has_services(const char *expanded)
{
    g_autoptr(GHashTable) table = parse_parameters(expanded);
    const char *directory = g_hash_table_lookup(table, "config_directory");
    g_autofree char *path = g_build_filename(directory ? directory : "", "master.cf", NULL);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

PdPostfixConfig *
pd_postfix_config_read(GError **error)
{
    g_autofree char *raw = ask_parameters(NULL, error);
    g_autofree char *expanded = raw ? ask_parameters("-x", error) : NULL;
    g_autofree char *given = expanded ? ask_option("-n", error) : NULL;
    if (given && !has_services(expanded))
        return pd_postfix_config_parse(raw, expanded, given, "", "");
    g_autofree char *services = given ? ask_option("-M", error) : NULL;
    g_autofree char *options = services ? ask_option("-P", error) : NULL;
    return options ? pd_postfix_config_parse(raw, expanded, given, services, options) : NULL;
}

void
pd_postfix_config_free(PdPostfixConfig *postfix)
{
    if (!postfix)
        return;
    g_hash_table_unref(postfix->raw);
    g_hash_table_unref(postfix->expanded);
    g_hash_table_unref(postfix->given);
    g_ptr_array_unref(postfix->services);
    g_free(postfix);
}

const char *
pd_postfix_config_raw(const PdPostfixConfig *postfix, const char *name)
{
    const char *value = g_hash_table_lookup(postfix->raw, name);
    return value ? value : "";
}

const char *
pd_postfix_config_value(const PdPostfixConfig *postfix, const char *name)
{
    const char *value = g_hash_table_lookup(postfix->expanded, name);
    return value ? value : "";
}

bool
pd_postfix_config_given(const PdPostfixConfig *postfix, const char *name)
{
    return g_hash_table_contains(postfix->given, name);
}

const GPtrArray *
pd_postfix_config_services(const PdPostfixConfig *postfix)
{
    return postfix->services;
}

bool
pd_postfix_config_runs(const PdPostfixConfig *postfix, const char *const *commands, bool chrooted)
{
    for (guint i = 0; i < postfix->services->len; i++) {
        const PdPostfixService *service = g_ptr_array_index(postfix->services, i);
        if (service->chrooted == chrooted && g_strv_contains(commands, service->command))
            return true;
    }
    return false;
}

GPtrArray *
pd_postfix_config_overriders(const PdPostfixConfig *postfix, const char *name)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < postfix->services->len; i++) {
        const PdPostfixService *service = g_ptr_array_index(postfix->services, i);
        if (g_hash_table_contains(service->options, name))
            g_ptr_array_add(names, g_strdup_printf("%s/%s", service->name, service->type));
    }
    return names;
}

/* ---- Lists ---- */

#define SEPARATORS ", \t\r\n"

/* The end of the element that begins at `at`. */
static const char *
element_end(const char *at)
{
    for (guint depth = 0; *at && (depth > 0 || !strchr(SEPARATORS, *at)); at++) {
        depth += *at == '{';
        depth -= *at == '}' && depth > 0;
    }
    return at;
}

GPtrArray *
pd_postfix_split(const char *value)
{
    GPtrArray *tokens = g_ptr_array_new_with_free_func(g_free);
    const char *end;
    for (const char *at = value; *(at += strspn(at, SEPARATORS)); at = end) {
        end = element_end(at);
        g_ptr_array_add(tokens, g_strndup(at, (gsize)(end - at)));
    }
    return tokens;
}

void
pd_postfix_append_others(GString *out, const char *separator, const char *value,
                         PdPostfixDropFunc drop, gpointer data)
{
    bool first = true;
    const char *end = value;
    for (guint index = 0;; index++) {
        const char *before = end;
        const char *at = before + strspn(before, SEPARATORS);
        if (!*at)
            return;
        end = element_end(at);
        g_autofree char *element = g_strndup(at, (gsize)(end - at));
        if (drop(element, index, data))
            continue;
        if (first)
            g_string_append(out, separator);
        else
            g_string_append_len(out, before, at - before);
        g_string_append(out, element);
        first = false;
    }
}

/* ---- Delivery ---- */

bool
pd_postfix_delivers_virtual(const PdPostfixConfig *postfix, const char *route,
                            const PdPostfixService **service)
{
    const char *used = route ? route : pd_postfix_config_value(postfix, "virtual_transport");
    g_autofree char *name = g_strndup(used, strcspn(used, ":"));
    *service = find_service(postfix, name, "unix");
    return strcmp(*service ? (*service)->command : name, "virtual") == 0;
}
