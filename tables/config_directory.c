/* The values of [directory], and what they must be together. Part of tables/config. */
#include "tables/config_keys.h"
#include "tables/config_value.h"

#include <string.h>

#define DIRECTORY "directory"

/* ---- Single values ---- */

bool
tbl_config_check_uris(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    g_auto(GStrv) list = g_strsplit_set(value, " \t", -1);
    guint count = 0;

    for (guint i = 0; list[i]; i++) {
        if (!*list[i])
            continue;
        if (!tbl_config_check_uri(list[i], error))
            return false;
        count++;
    }
    return count > 0 ||
           tbl_config_refuse(error, "is empty; write ldaps://dc1.example, several separated by "
                                    "blanks");
}

/* Whether one RDN of a DN is an attribute and a value (RFC 4514 section 3). */
static bool
is_rdn(const char *begin, const char *end)
{
    const char *equals = memchr(begin, '=', (size_t)(end - begin));

    while (begin < end && *begin == ' ')
        begin++;
    if (!equals || equals <= begin)
        return false;
    for (const char *at = begin; at < equals; at++) {
        if (!g_ascii_isalnum(*at) && *at != '-' && *at != '.' && *at != ' ')
            return false;
    }
    return true;
}

/* A comma behind a backslash or in quotes is part of a value. */
static bool
is_dn(const char *value)
{
    const char *begin = value, *at = value;
    bool quoted = false;

    for (; *at; at++) {
        if (*at == '\\' && at[1])
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (*at == ',' && !quoted) {
            if (!is_rdn(begin, at))
                return false;
            begin = at + 1;
        }
    }
    return !quoted && is_rdn(begin, at);
}

static bool
has_control(const char *value)
{
    for (; *value; value++) {
        if (g_ascii_iscntrl(*value))
            return true;
    }
    return false;
}

bool
tbl_config_check_dn(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    return is_dn(value) ||
           tbl_config_refuse(error, "'%s' is no distinguished name; write dc=example,dc=com",
                             value);
}

/* Active Directory takes ann@corp.example and CORP\ann for a DN as well. */
bool
tbl_config_check_bind_name(const TblConfigKey *known, void *field, const char *value,
                           GError **error)
{
    if (has_control(value))
        return tbl_config_refuse(error, "holds a control character");
    return !*value || is_dn(value) || strchr(value, '@') || strchr(value, '\\') ||
           tbl_config_refuse(error, "'%s' is no distinguished name; write cn=reader,dc=example",
                             value);
}

/* An attribute (RFC 4512 section 1.4): a word or a numeric OID. */
static bool
is_attribute(const char *name)
{
    bool word = g_ascii_isalpha(*name);

    if (!word && !g_ascii_isdigit(*name))
        return false;
    for (; *name; name++) {
        if (word ? !g_ascii_isalnum(*name) && *name != '-'
                 : !g_ascii_isdigit(*name) && *name != '.')
            return false;
    }
    return true;
}

bool
tbl_config_check_attributes(const TblConfigKey *known, void *field, const char *value,
                            GError **error)
{
    g_auto(GStrv) list = g_strsplit(value, ";", -1);

    for (guint i = 0; list[i]; i++) {
        g_strstrip(list[i]);
        if (!is_attribute(list[i]) && !(i == 0 && !list[1] && !*list[i]))
            return tbl_config_refuse(
                error, "'%s' is no attribute; write proxyAddresses, several separated by ';'",
                list[i]);
    }
    return true;
}

/* Parentheses in pairs, and no escape but `\` and two digits (RFC 4515 section 3). */
bool
tbl_config_check_filter(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    guint depth = 0;

    for (const char *at = value; *at; at++) {
        if (*at == '\\' && (!g_ascii_isxdigit(at[1]) || !g_ascii_isxdigit(at[2])))
            return tbl_config_refuse(
                error, "'%s': a backslash needs two hexadecimal digits behind it, as in \\2a",
                value);
        if (*at == '(')
            depth++;
        else if (depth == 0 || (*at == ')' && --depth == 0 && at[1]))
            return tbl_config_refuse(error, "'%s' is no filter; write (objectClass=user)", value);
    }
    if (depth > 0)
        return tbl_config_refuse(error, "'%s' lacks a ')'", value);
    return !*value || strchr(value, '=') ||
           tbl_config_refuse(error, "'%s' is no filter; write (objectClass=user)", value);
}

/* A path, or the bare name of a credential (systemd.exec(5), LoadCredential=). */
bool
tbl_config_check_secret(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    bool bare = !strchr(value, '/') && strcmp(value, ".") != 0 && strcmp(value, "..") != 0;

    return !has_control(value) && (!*value || *value == '/' || bare)
               ? true
               : tbl_config_refuse(error,
                                   "'%s' is neither an absolute path nor the bare name of a "
                                   "credential; write ldap-password",
                                   value);
}

bool
tbl_config_check_file(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    return !*value || *value == '/' ||
           tbl_config_refuse(error, "'%s' is no absolute path; write /path/of/file", value);
}

/* ---- All together ---- */

/* What the configuration says, or what it means not to say it. */
static const char *
get(const TblConfig *config, const char *key, const char *otherwise)
{
    const char *value = g_hash_table_lookup(config->directory.raw, key);

    return value && *value ? value : otherwise;
}

static bool
is_yes(const TblConfig *config, const char *key)
{
    return strcmp(get(config, key, "no"), "yes") == 0;
}

/* Refuses one key, naming where it stands, or where the group does. */
static bool
refuse_at(const TblConfig *config, const char *key, GError **error, const char *what)
{
    return tbl_config_refuse_key(config, DIRECTORY, key, error, "%s", what);
}

static bool
check_transport(const TblConfig *config, const char *uri, GError **error)
{
    bool clear = g_str_has_prefix(uri, "ldap:"), local = g_str_has_prefix(uri, "ldapi:");
    bool simple = *get(config, "bind-dn", "") && strcmp(get(config, "sasl", "none"), "none") == 0;

    if (!clear && is_yes(config, "starttls"))
        return refuse_at(config, "starttls", error,
                         "only ldap: can start TLS; ldaps: has it and ldapi: needs none");
    if (strcmp(get(config, "sasl", "none"), "external") == 0 && !local) {
        if (!*get(config, "cert-file", "") || (clear && !is_yes(config, "starttls")))
            return refuse_at(
                config, "sasl", error,
                "external needs cert-file and TLS (ldaps: or starttls=yes), or ldapi:");
    }
    if (clear && simple && tbl_config_uri_is_remote(uri) && !is_yes(config, "starttls") &&
        !is_yes(config, "allow-plaintext"))
        return refuse_at(config, "uri", error,
                         "the password would cross the network unencrypted; use ldaps: or "
                         "starttls=yes (or set allow-plaintext=yes)");
    return true;
}

static bool
check_identity(const TblConfig *config, GError **error)
{
    bool none = strcmp(get(config, "sasl", "none"), "none") == 0;
    bool name = *get(config, "bind-dn", ""), secret = *get(config, "password-file", "");

    /* A name without a password is an anonymous bind that looks like another (RFC 4513 5.1.2). */
    if (none && name && !secret)
        return refuse_at(config, "bind-dn", error, "needs a password-file, or sasl");
    if (none && secret && !name)
        return refuse_at(config, "password-file", error, "needs a bind-dn");
    if (!*get(config, "cert-file", "") != !*get(config, "key-file", ""))
        return refuse_at(config, *get(config, "cert-file", "") ? "cert-file" : "key-file", error,
                         "cert-file and key-file go together");
    return true;
}

/* Keys that say something about rows and not about a server. */
static bool
names_server(const TblConfig *config)
{
    static const char *const others[] = {"max-stale", "max-delete", "exclude-disabled"};
    guint count = g_hash_table_size(config->directory.raw);

    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        count -= g_hash_table_contains(config->directory.raw, others[i]);
    return count > 0;
}

bool
tbl_config_check_directory(const TblConfig *config, GError **error)
{
    g_auto(GStrv) uris = g_strsplit_set(get(config, "uri", ""), " \t", -1);

    if (!config->directory.set || !names_server(config))
        return true;
    if (!*get(config, "uri", ""))
        return refuse_at(config, "uri", error, "is missing; write uri=ldaps://dc1.example");
    if (!*get(config, "base", ""))
        return refuse_at(config, "base", error, "is missing; write base=dc=example,dc=com");
    if (strcmp(get(config, "preset", "ad"), "custom") == 0 &&
        !*get(config, "attribute-addresses", "") && !*get(config, "attribute-mail", ""))
        return refuse_at(config, "preset", error,
                         "custom needs attribute-addresses or attribute-mail");
    for (guint i = 0; uris[i]; i++) {
        if (*uris[i] && !check_transport(config, uris[i], error))
            return false;
    }
    return check_identity(config, error);
}
