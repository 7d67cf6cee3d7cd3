#include "tables/config_keys.h"

#include "tables/address.h"
#include "tables/config_value.h"
#include "tables/domain.h"

/* 2^46 bytes: half of the address space of a process on x86-64; more can never be mapped. */
#define MAP_SIZE_MAX ((guint64)1 << 46)
/* Postfix reads no longer reply (socketmap_max_reply_size, and before 3.10 without a choice). */
#define REPLY_MAX 100000
/* Room for any one address. */
#define REPLY_MIN 64
/* Requests up to here are read away, so a limit above it would have no effect. */
#define REQUEST_MAX (1024 * 1024)
/* The shortest limit that leaves room for one address. */
#define REQUEST_MIN 64
/* Ten years: sums with the time of day stay far from overflow. */
#define SECONDS_MAX (10 * 366 * 86400)

#define AT(member) offsetof(TblConfig, member)
#define WHOLE 0 /* the function finds its fields itself */
#define YES_NO "yes no"

/* clang-format off */
/* tests/lint.py compares the first two columns with policyd.conf(5). */
static const TblConfigKey known_keys[] = {
    {"store", "path", "/var/lib/policyd/store.mdb", tbl_config_set_path, AT(store.path), 0, 0, NULL},
    {"store", "map-size", "16G", tbl_config_set_size, AT(store.map_size), 1, MAP_SIZE_MAX, NULL},
    {"store", "undo-keep", "100", tbl_config_set_uint, AT(store.undo_keep), 0, G_MAXUINT, NULL},
    {"socketmap", "listen", "unix:/var/spool/postfix/policyd/socketmap;inet:127.0.0.1:10045",
     tbl_config_set_endpoints, AT(socketmap.listen), 0, 0, NULL},
    {"socketmap", "allow-remote", "no", tbl_config_set_yes_no, AT(socketmap.allow_remote), 0, 0, NULL},
    {"policy", "listen", "unix:/var/spool/postfix/policyd/policy", tbl_config_set_endpoints, AT(policy.listen), 0, 0, NULL},
    {"policy", "allow-remote", "no", tbl_config_set_yes_no, AT(policy.allow_remote), 0, 0, NULL},
    {"policy", "unknown-recipient", "reject", tbl_config_set_unknown, AT(policy.unknown_recipient), 0, 0, "reject defer accept"},
    {"policy", "sender-login", "off", tbl_config_set_choice, AT(policy.sender_login), 0, 0, "off reject"},
    {"policy", "trusted-networks", "127.0.0.0/8;::1/128", tbl_config_set_networks, AT(policy.trusted_networks), 0, 0, NULL},
    {"sockets", "mode", "0660", tbl_config_set_mode, AT(sockets.mode), 0, 0, NULL},
    {"sockets", "group", "postfix", tbl_config_set_group, WHOLE, 0, 0, NULL},
    {"sockets", "backlog", "4096", tbl_config_set_int, AT(sockets.backlog), 1, 65535, NULL},
    {"metrics", "listen", "", tbl_config_set_endpoints, AT(metrics.listen), 0, 0, NULL},
    {"metrics", "allow-remote", "no", tbl_config_set_yes_no, AT(metrics.allow_remote), 0, 0, NULL},
    {"addresses", "recipient-delimiter", "+", tbl_config_set_delimiters, AT(addresses.recipient_delimiter), 0, 0, NULL},
    {"addresses", "propagate-extensions", "virtual;canonical", tbl_config_set_propagation, WHOLE, 0, 0, "virtual canonical"},
    {"addresses", "login", "primary", tbl_config_set_words, AT(addresses.login), 0, 0, "primary alias account"},
    {"addresses", "postmaster", "", tbl_config_set_address_or_nothing, AT(addresses.postmaster), 0, 0, NULL},
    {"limits", "workers", "0", tbl_config_set_uint, AT(limits.workers), 0, 256, NULL},
    {"limits", "connections", "8192", tbl_config_set_uint, AT(limits.connections), 1, 1 << 20, NULL},
    {"limits", "socketmap-request", "16384", tbl_config_set_bytes, AT(limits.socketmap_request), REQUEST_MIN, REQUEST_MAX, NULL},
    {"limits", "policy-request", "65536", tbl_config_set_bytes, AT(limits.policy_request), REQUEST_MIN, REQUEST_MAX, NULL},
    {"limits", "reply", "100000", tbl_config_set_bytes, AT(limits.reply), REPLY_MIN, REPLY_MAX, NULL},
    {"limits", "list-recipients", "1000", tbl_config_set_uint, AT(limits.list_recipients), 1, 1000000, NULL},
    {"limits", "request-timeout", "30", tbl_config_set_uint, AT(limits.request_timeout), 1, 3600, NULL},
    {"import", "max-delete", "10%", tbl_config_set_share, AT(import.max_delete), 0, 0, NULL},
    {"import", "must-keep", "", tbl_config_set_addresses, AT(import.must_keep), 0, 0, NULL},
    {"import", "signature-trust", "", tbl_config_set_path_or_nothing, AT(import.signature_trust), 0, 0, NULL},
    {"import", "tombstone", "0", tbl_config_set_tombstone, AT(import.tombstone), 0, 0, NULL},
    {"directory", "uri", NULL, tbl_config_check_uris, WHOLE, 0, 0, NULL},
    {"directory", "base", NULL, tbl_config_check_dn, WHOLE, 0, 0, NULL},
    {"directory", "sync", NULL, tbl_config_check_choice, WHOLE, 0, 0, "auto syncrepl dirsync poll"},
    {"directory", "preset", NULL, tbl_config_check_choice, WHOLE, 0, 0, "ad openldap inetlocalmail custom"},
    {"directory", "attribute-addresses", NULL, tbl_config_check_attributes, WHOLE, 0, 0, NULL},
    {"directory", "attribute-mail", NULL, tbl_config_check_attributes, WHOLE, 0, 0, NULL},
    {"directory", "attribute-target", NULL, tbl_config_check_attributes, WHOLE, 0, 0, NULL},
    {"directory", "attribute-members", NULL, tbl_config_check_attributes, WHOLE, 0, 0, NULL},
    {"directory", "attribute-name", NULL, tbl_config_check_attributes, WHOLE, 0, 0, NULL},
    {"directory", "attribute-login", NULL, tbl_config_check_attributes, WHOLE, 0, 0, NULL},
    {"directory", "filter", NULL, tbl_config_check_filter, WHOLE, 0, 0, NULL},
    {"directory", "bind-dn", NULL, tbl_config_check_bind_name, WHOLE, 0, 0, NULL},
    {"directory", "password-file", NULL, tbl_config_check_secret, WHOLE, 0, 0, NULL},
    {"directory", "sasl", NULL, tbl_config_check_choice, WHOLE, 0, 0, "none external gssapi"},
    {"directory", "starttls", NULL, tbl_config_check_choice, WHOLE, 0, 0, YES_NO},
    {"directory", "allow-plaintext", NULL, tbl_config_check_choice, WHOLE, 0, 0, YES_NO},
    {"directory", "ca-file", NULL, tbl_config_check_file, WHOLE, 0, 0, NULL},
    {"directory", "cert-file", NULL, tbl_config_check_file, WHOLE, 0, 0, NULL},
    {"directory", "key-file", NULL, tbl_config_check_file, WHOLE, 0, 0, NULL},
    {"directory", "tls-min", NULL, tbl_config_check_choice, WHOLE, 0, 0, "1.2 1.3"},
    {"directory", "connect-timeout", NULL, tbl_config_check_seconds, WHOLE, 1, 3600, NULL},
    {"directory", "heartbeat", NULL, tbl_config_check_seconds, WHOLE, 1, SECONDS_MAX, NULL},
    {"directory", "poll-interval", NULL, tbl_config_check_seconds, WHOLE, 1, SECONDS_MAX, NULL},
    {"directory", "resync-interval", NULL, tbl_config_check_seconds, WHOLE, 0, SECONDS_MAX, NULL},
    {"directory", "max-stale", "0", tbl_config_set_seconds, AT(directory.max_stale), 0, SECONDS_MAX, NULL},
    {"directory", "max-delete", NULL, tbl_config_check_share, WHOLE, 0, 0, NULL},
    {"directory", "exclude-disabled", "no", tbl_config_set_yes_no, AT(directory.exclude_disabled), 0, 0, NULL},
};
/* clang-format on */

/* Free keys. */
#define ROUTES "routes"
#define DIRECTORY "directory"

static const TblConfigKey *
find_known(const char *group, const char *key)
{
    for (gsize i = 0; i < G_N_ELEMENTS(known_keys); i++) {
        const TblConfigKey *known = &known_keys[i];

        if (strcmp(known->group, group) == 0 && (!key || strcmp(known->key, key) == 0))
            return known;
    }
    return NULL;
}

static bool
set_route(TblConfig *config, const char *key, const char *value, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autofree char *route = tbl_route_complete(value, TBL_DOMAIN_ROUTE, &fault);

    if (!route)
        return tbl_config_refuse(error, "%s", fault->message);
    g_hash_table_replace(config->routes, tbl_text_fold(tbl_slice(key)), g_steal_pointer(&route));
    return true;
}

static bool
refuse_key(const char *group, GError **error)
{
    g_autoptr(GString) keys = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(known_keys); i++) {
        if (strcmp(known_keys[i].group, group) == 0)
            g_string_append_printf(keys, "%s%s", keys->len > 0 ? ", " : "", known_keys[i].key);
    }
    return tbl_config_refuse(error, "unknown key; the group has %s", keys->str);
}

bool
tbl_config_open_group(TblConfig *config, const char *group, GError **error)
{
    g_autoptr(GString) groups = NULL;

    if (strcmp(group, DIRECTORY) == 0)
        config->directory.set = true;
    if (strcmp(group, ROUTES) == 0 || find_known(group, NULL))
        return true;
    groups = g_string_new("[" ROUTES "]");
    for (gsize i = 0; i < G_N_ELEMENTS(known_keys); i++) {
        if (i == 0 || strcmp(known_keys[i - 1].group, known_keys[i].group) != 0)
            g_string_append_printf(groups, ", [%s]", known_keys[i].group);
    }
    return tbl_config_refuse(error, "unknown group; there are %s", groups->str);
}

bool
tbl_config_set(TblConfig *config, const char *group, const char *key, const char *value,
               GError **error)
{
    const TblConfigKey *known;

    if (strcmp(group, ROUTES) == 0)
        return set_route(config, key, value, error);
    known = find_known(group, key);
    if (!known)
        return refuse_key(group, error);
    if (!known->set(known, (char *)config + known->offset, value, error))
        return false;
    if (strcmp(group, DIRECTORY) == 0)
        g_hash_table_replace(config->directory.raw, g_strdup(key), g_strdup(value));
    return true;
}

void
tbl_config_set_defaults(TblConfig *config)
{
    for (gsize i = 0; i < G_N_ELEMENTS(known_keys); i++) {
        const TblConfigKey *known = &known_keys[i];

        if (known->value)
            known->set(known, (char *)config + known->offset, known->value, NULL);
    }
    /* The default group may be missing. */
    config->sockets.group_set = false;
}
