/* What stands in the way of main.cf lines: the checks of postconf_plan.h, which doctor shares. */
#include "policyd/postconf_plan.h"
#include "policyd/postfix_list.h"

#include "tables/address.h"

#include <string.h>

/* Most keys of a table that are looked at for names below a declared `.domain`. */
#define TABLE_KEYS_MAX 1000000

bool
pd_postconf_class_used(const TblDomains *domains, TblDomainClass domain_class)
{
    g_autoptr(GPtrArray) list = tbl_domains_list(domains);
    for (guint i = 0; i < list->len; i++)
        if (tbl_domains_class(domains, g_ptr_array_index(list, i)) == domain_class)
            return true;
    return false;
}

bool
pd_postconf_routes(const TblConfig *config, const TblDomains *domains)
{
    g_autoptr(GPtrArray) list = tbl_domains_list(domains);
    for (guint i = 0; i < list->len; i++)
        if (tbl_domains_route(domains, g_ptr_array_index(list, i)))
            return true;
    return g_hash_table_size(config->routes) > 0;
}

/* ---- Names that Postfix delivers itself ---- */

typedef struct {
    const TblDomains *domains;
    GHashTable *seen;     /* set of messages */
    GPtrArray *conflicts; /* PdPostconfConflict * */
} Conflicts;

static void
free_conflict(gpointer data)
{
    PdPostconfConflict *conflict = data;
    g_free(conflict->name);
    g_free(conflict->text);
    g_free(conflict);
}

static void
judge_name(Conflicts *conflicts, const char *name, const char *parameter)
{
    char canonical[256];
    if (!tbl_domain_canonical(tbl_slice(name), false, canonical))
        return;
    const TblDomain *domain = tbl_domains_find_mail(conflicts->domains, canonical);
    if (!domain)
        return;
    const char *where = strcmp(parameter, "mydestination") == 0 ? "in " : "$";
    bool covered = strcmp(domain->name, canonical) != 0;
    char *text = covered ? g_strdup_printf("%s, which %s covers, is %s%s", canonical, domain->name,
                                           where, parameter)
                         : g_strdup_printf("%s is %s%s", canonical, where, parameter);
    if (!g_hash_table_add(conflicts->seen, text))
        return;
    PdPostconfConflict *conflict = g_new0(PdPostconfConflict, 1);
    conflict->name = g_strdup(canonical);
    conflict->covered = covered;
    conflict->parameter = parameter;
    conflict->text = g_strdup(text);
    g_ptr_array_add(conflicts->conflicts, conflict);
}

/* Exact names are asked for; below a `.domain` only a list of the keys tells. */
static bool
judge_table(Conflicts *conflicts, const char *table, GError **error)
{
    g_autoptr(GPtrArray) list = tbl_domains_list(conflicts->domains);
    g_autoptr(GPtrArray) exact = g_ptr_array_new();
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) hits = g_ptr_array_new();
    bool covers = false;
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        covers = covers || domain->name[0] == '.';
        if (domain->name[0] != '.')
            g_ptr_array_add(exact, domain->name);
    }
    if (exact->len > 0 && !pd_postfix_table_ask(table, exact, hits, error))
        return false;
    if (covers)
        pd_postfix_table_keys(table, TABLE_KEYS_MAX, found, NULL);
    for (guint i = 0; i < hits->len; i++)
        judge_name(conflicts, g_ptr_array_index(hits, i), "mydestination");
    for (guint i = 0; i < found->len; i++)
        judge_name(conflicts, g_ptr_array_index(found, i), "mydestination");
    return true;
}

static bool
judge_destinations(Conflicts *conflicts, const PdPostfixConfig *postfix, const TblConfig *config,
                   GError **error)
{
    g_autoptr(PdPostfixList) list = pd_postfix_list_new(
        postfix, config, pd_postfix_config_value(postfix, "mydestination"), error);
    if (!list)
        return false;
    for (guint i = 0; i < list->names->len; i++) {
        const char *name = g_ptr_array_index(list->names, i);
        if (!g_hash_table_contains(list->negated, name))
            judge_name(conflicts, name, "mydestination");
    }
    for (guint i = 0; i < list->tables->len; i++)
        if (!judge_table(conflicts, g_ptr_array_index(list->tables, i), error))
            return false;
    return true;
}

/* Debian's Postfix reads the name from a file where myorigin is a path. */
static char *
read_origin(const PdPostfixConfig *postfix)
{
    const char *value = pd_postfix_config_value(postfix, "myorigin");
    char *text = NULL;
    if (*value != '/')
        return g_strdup(value);
    if (!g_file_get_contents(value, &text, NULL, NULL))
        return g_strdup("");
    text[strcspn(text, "\r\n")] = '\0';
    return g_strstrip(text);
}

GPtrArray *
pd_postconf_local_conflicts(const PdPostfixConfig *postfix, const TblConfig *config,
                            const TblDomains *domains, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(free_conflict);
    Conflicts conflicts = {domains, seen, found};
    if (!judge_destinations(&conflicts, postfix, config, error))
        return NULL;
    g_autofree char *origin = read_origin(postfix);
    judge_name(&conflicts, pd_postfix_config_value(postfix, "myhostname"), "myhostname");
    judge_name(&conflicts, origin, "myorigin");
    return g_steal_pointer(&found);
}

/* ---- virtual(8) ---- */

GPtrArray *
pd_postconf_virtual_conflicts(const PdPostfixConfig *postfix, const TblDomains *domains)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) list = tbl_domains_list(domains);
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        const PdPostfixService *service = NULL;
        if (tbl_domains_class(domains, domain) == TBL_DOMAIN_VIRTUAL_MAILBOX &&
            pd_postfix_delivers_virtual(postfix, tbl_domains_route(domains, domain), &service))
            g_ptr_array_add(names, g_strdup(domain->name));
    }
    return names;
}

bool
pd_postconf_virtual_others(const PdPostfixConfig *postfix, const TblConfig *config)
{
    const PdPostfixService *service = NULL;
    if (!pd_postfix_delivers_virtual(postfix, NULL, &service))
        return false;
    if (service && g_hash_table_contains(service->options, "virtual_mailbox_maps"))
        return false;
    g_autoptr(PdPostfixList) list = pd_postfix_list_new(
        postfix, config, pd_postfix_config_value(postfix, "virtual_mailbox_domains"), NULL);
    return !list || list->names->len > 0 || list->tables->len > 0;
}

char *
pd_postconf_virtual_remedy(const PdPostfixConfig *postfix)
{
    const char *transport = pd_postfix_config_value(postfix, "virtual_transport");
    g_autoptr(GPtrArray) tokens =
        pd_postfix_split(pd_postfix_config_raw(postfix, "virtual_mailbox_maps"));
    g_autoptr(GString) others = g_string_new(NULL);
    for (guint i = 0; i < tokens->len; i++) {
        const char *token = g_ptr_array_index(tokens, i);
        g_autofree char *endpoint = NULL;
        g_autofree char *map = NULL;
        if (!pd_postfix_socketmap(token, &endpoint, &map))
            g_string_append_printf(others, "%s%s", others->len ? ", " : "", token);
    }
    /* postconf -P takes no blanks, so the value stands in a parameter of its own. */
    return g_strdup_printf("postconf -e 'virtual8_mailbox_maps = %s' && postconf -P "
                           "'%.*s/unix/virtual_mailbox_maps=$virtual8_mailbox_maps'",
                           others->str, (int)strcspn(transport, ":"), transport);
}

/* ---- Delimiters and restrictions ---- */

bool
pd_postconf_same_delimiters(const char *a, const char *b)
{
    return strspn(a, b) == strlen(a) && strspn(b, a) == strlen(b);
}

int
pd_postconf_find_policy(const PdPostfixConfig *postfix, const TblConfig *config,
                        const GPtrArray *elements)
{
    for (guint i = 0; i + 1 < elements->len; i++) {
        if (strcmp(g_ptr_array_index(elements, i), "check_policy_service") != 0)
            continue;
        g_autofree char *server = pd_postfix_policy_server(g_ptr_array_index(elements, i + 1));
        if (pd_postfix_endpoint_is(postfix, server, config->policy.listen))
            return (int)i;
    }
    return -1;
}
