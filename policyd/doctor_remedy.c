/* doctor: commands that help, where it takes a look at the host to say which. */
#include "policyd/doctor.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

/* More groups than any user of Postfix has. */
#define GROUPS_MAX 64
/* Permission bits of a socket that its group may use. */
#define SOCKET_USABLE (S_IRGRP | S_IWGRP)
/* And of one that all may use, whatever its group is. */
#define SOCKET_OPEN (S_IROTH | S_IWOTH)

/* Tables that postmap(1) makes from a text file of the same name. */
static const char *const indexed[] = {"btree", "cdb", "dbm", "hash", "lmdb", "sdbm", NULL};

/* ---- What stands in files ---- */

/* The path of a table's text file, NULL where it has none. Caller frees. */
static char *
table_source(const char *table)
{
    const char *path = strchr(table, ':') + 1;
    g_autofree char *type = g_strndup(table, (gsize)(path - 1 - table));
    return g_strv_contains(indexed, type) && g_file_test(path, G_FILE_TEST_IS_REGULAR)
               ? g_strdup(path)
               : NULL;
}

char *
pd_doctor_table_remedy(const char *table)
{
    g_autofree char *source = table_source(table);
    g_autofree char *quoted = g_shell_quote(table);
    return g_strconcat(source ? "postmap " : "postmap -q example.com ", quoted, NULL);
}

/* The sed(1) command that deletes the line of a name, where it has one that can go by itself: not
 * with others in it, and without a line that goes on from it. Caller frees; NULL: none. */
static char *
delete_line(const char *path, const char *name, bool has_value)
{
    static const char line[] = "^%s[[:blank:]]%s";
    g_autofree char *escaped = g_regex_escape_string(name, -1);
    g_autofree char *pattern = g_strdup_printf(line, escaped, has_value ? "" : "*$");
    g_autofree char *alone = g_strdup_printf("%s.*(\\n(?![ \\t])|\\n?\\z)", pattern);
    g_autofree char *text = NULL;
    g_autoptr(GRegex) regex =
        g_regex_new(alone, G_REGEX_MULTILINE | G_REGEX_CASELESS | G_REGEX_RAW, 0, NULL);
    if (!regex || !g_file_get_contents(path, &text, NULL, NULL) ||
        !g_regex_match(regex, text, 0, NULL))
        return NULL;
    g_autofree char *script = g_strdup_printf("/%s/Id", pattern);
    g_autofree char *quoted_script = g_shell_quote(script);
    g_autofree char *quoted_path = g_shell_quote(path);
    return g_strdup_printf("sed -i %s %s", quoted_script, quoted_path);
}

/* How a name goes out of one element of a list, a file or a table; NULL: it cannot be said. */
static char *
unlist_element(const char *element, const char *name)
{
    if (*element == '/') {
        g_autofree char *deletion = delete_line(element, name, false);
        return deletion ? g_strconcat(deletion, " && postfix reload", NULL) : NULL;
    }
    const char *table = pd_postfix_unproxied(element);
    g_autofree char *source = strchr(table, ':') ? table_source(table) : NULL;
    g_autofree char *deletion = source ? delete_line(source, name, true) : NULL;
    g_autofree char *quoted = g_shell_quote(table);
    return deletion ? g_strdup_printf("%s && postmap %s && postfix reload", deletion, quoted)
                    : NULL;
}

char *
pd_doctor_unlist_remedy(const PdDoctor *doctor, const char *parameter, const char *name)
{
    g_autoptr(GPtrArray) tokens =
        pd_postfix_split(pd_postfix_config_value(pd_doctor_postfix(doctor), parameter));
    for (guint i = 0; i < tokens->len; i++) {
        char *remedy = unlist_element(g_ptr_array_index(tokens, i), name);
        if (remedy)
            return remedy;
    }
    return g_strconcat("postconf ", parameter, NULL);
}

/* ---- Sockets ---- */

/* Postfix's user is in a group of this name. */
static bool
is_member(const char *owner, const char *name)
{
    gid_t groups[GROUPS_MAX];
    int count = GROUPS_MAX;
    const struct passwd *user = getpwnam(owner);
    const struct group *group = user ? getgrnam(name) : NULL;
    gid_t wanted = group ? group->gr_gid : (gid_t)-1;
    if (!group || getgrouplist(owner, user->pw_gid, groups, &count) < 0)
        return false;
    for (int i = 0; i < count; i++)
        if (groups[i] == wanted)
            return true;
    return false;
}

/* The command that writes what makes new sockets usable for Postfix's user; "" where the
 * configuration is not at fault. Its drop-in is the last in name order. Caller frees. */
static char *
configuration_remedy(const TblConfig *config, const char *owner, const char *group)
{
    bool group_wrong = config->sockets.group_set && !is_member(owner, config->sockets.group);
    guint mode = config->sockets.mode;
    if ((mode & SOCKET_OPEN) == SOCKET_OPEN ||
        ((mode & SOCKET_USABLE) == SOCKET_USABLE && !group_wrong))
        return g_strdup("");
    g_autofree char *folder = g_strconcat(tbl_config_file(config), ".d", NULL);
    g_autofree char *file = g_build_filename(folder, "zz-sockets.conf", NULL);
    g_autofree char *quoted_folder = g_shell_quote(folder);
    g_autofree char *quoted = g_shell_quote(file);
    return g_strdup_printf("install -d %s && printf '[sockets]\\nmode=0660\\ngroup=%s\\n' >%s && ",
                           quoted_folder, group, quoted);
}

char *
pd_doctor_denied_remedy(const PdDoctor *doctor, const char *path)
{
    const char *owner = pd_postfix_config_value(pd_doctor_postfix(doctor), "mail_owner");
    const struct passwd *user = getpwnam(owner);
    const struct group *primary = user ? getgrgid(user->pw_gid) : NULL;
    g_autofree char *group = g_strdup(primary ? primary->gr_name : owner);
    struct stat status;
    const struct passwd *daemon = stat(path, &status) == 0 ? getpwuid(status.st_uid) : NULL;
    g_autofree char *daemon_name = g_strdup(daemon ? daemon->pw_name : "policyd");
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *quoted = g_shell_quote(directory);
    g_autofree char *settings = configuration_remedy(pd_doctor_config(doctor), owner, group);
    return g_strdup_printf("%sinstall -d -o %s -g %s -m 2710 %s && systemctl restart policyd",
                           settings, daemon_name, group, quoted);
}

char *
pd_doctor_service_remedy(const PdDoctor *doctor, const PdPostfixService *service, const char *spelt)
{
    static const char restrictions[] = "smtpd_recipient_restrictions";
    const char *value = g_hash_table_lookup(service->options, restrictions);
    g_autofree char *place =
        g_strdup_printf("%s/%s/%s", service->name, service->type, restrictions);
    g_autofree char *ours = pd_postfix_endpoint_spell(pd_doctor_postfix(doctor),
                                                      pd_doctor_config(doctor)->policy.listen);
    if (!ours || value[strcspn(value, " \t")])
        return g_strdup_printf("postconf -P '%s'", place);
    g_auto(GStrv) parts = g_strsplit(value, spelt, -1);
    g_autofree char *corrected = g_strjoinv(ours, parts);
    g_autofree char *line = g_strdup_printf("%s=%s", place, corrected);
    g_autofree char *quoted = g_shell_quote(line);
    return g_strdup_printf("postconf -P %s && postfix reload", quoted);
}
