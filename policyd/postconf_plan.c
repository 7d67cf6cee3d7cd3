#include "policyd/postconf_plan.h"
#include "policyd/ctl.h"
#include "policyd/postfix_list.h"

#include "tables/address.h"

#include <string.h>

/* So many other domains are written into main.cf itself; more belong into a table. */
#define OTHERS_MAX 200
/* What Postfix does while the policy service is away: what policyd does when its store is. */
#define POLICY_DEFAULT "DEFER_IF_PERMIT 4.3.0 Temporary lookup failure"

typedef struct {
    const PdPostfixConfig *postfix;
    const TblConfig *config;
    const PdPostconfFacts *facts;
    const char *endpoint; /* of the maps, as main.cf has it */
    PdPostconfPlan *plan;
} Planner;

static const struct {
    const char *map, *warning;
} optional_maps[] = {
    {"canonical_maps", "canonical_maps rewrites addresses in envelopes and headers, of senders and "
                       "recipients, whatever --rewrite says; see policyd-maps(7)"},
    {"sender_canonical_maps",
     "sender_canonical_maps makes the primary address of every sender, in envelope and headers; "
     "see policyd-maps(7)"},
    {"recipient_canonical_maps",
     "recipient_canonical_maps rewrites recipients in envelopes and headers, whatever --rewrite "
     "says; see policyd-maps(7)"},
    {"smtpd_sender_login_maps",
     "smtpd_sender_login_maps says who may send as whom; it does something only with "
     "reject_sender_login_mismatch or its relatives among the restrictions; see policyd-maps(7)"},
};

const char *
pd_postconf_warning(const char *map)
{
    for (gsize i = 0; i < G_N_ELEMENTS(optional_maps); i++)
        if (strcmp(map, optional_maps[i].map) == 0)
            return optional_maps[i].warning;
    return NULL;
}

/* ---- Lines ---- */

static void
free_line(gpointer data)
{
    PdPostconfLine *line = data;
    g_free(line->old);
    g_free(line->value);
    g_free(line);
}

/* Takes `value`. */
static void
add_line(Planner *planner, const char *name, char *value)
{
    PdPostconfLine *line = g_new0(PdPostconfLine, 1);
    line->name = name;
    line->old = g_strdup(pd_postfix_config_raw(planner->postfix, name));
    line->value = value;
    line->changed = strcmp(line->old, line->value) != 0;
    g_ptr_array_add(planner->plan->lines, line);
}

static char *
our_element(const Planner *planner, TblMap map)
{
    return g_strdup_printf("socketmap:%s:%s", planner->endpoint, tbl_map_name(map));
}

/* Ours is in front, in a spelling that works; proxymap is not chrooted. */
static bool
comes_first(const Planner *planner, TblMap map)
{
    g_autoptr(GPtrArray) tokens =
        pd_postfix_split(pd_postfix_config_value(planner->postfix, tbl_map_name(map)));
    const char *first = tokens->len > 0 ? g_ptr_array_index(tokens, 0) : "";
    g_autofree char *endpoint = NULL;
    g_autofree char *name = NULL;
    return pd_postfix_is_map(planner->postfix, planner->config, first, map) &&
           pd_postfix_socketmap(first, &endpoint, &name) &&
           (g_str_has_prefix(first, "proxy:") ||
            pd_postfix_endpoint_usable(planner->postfix, endpoint));
}

typedef struct {
    const Planner *planner;
    TblMap map;
} Own;

static bool
is_own(const char *element, G_GNUC_UNUSED guint index, gpointer data)
{
    const Own *own = data;
    return pd_postfix_is_map(own->planner->postfix, own->planner->config, element, own->map);
}

/* Ours in front of what the parameter holds, defaults and $names included; ours further behind
 * moves to the front. `tail` (may be NULL) goes right behind ours. */
static void
add_map(Planner *planner, TblMap map, const char *tail)
{
    const char *name = tbl_map_name(map);
    const char *raw = pd_postfix_config_raw(planner->postfix, name);
    if (comes_first(planner, map)) {
        add_line(planner, name, g_strdup(raw));
        return;
    }
    g_autofree char *ours = our_element(planner, map);
    g_autoptr(GString) value = g_string_new(ours);
    Own own = {planner, map};
    if (tail)
        g_string_append_printf(value, ", %s", tail);
    pd_postfix_append_others(value, ", ", raw, is_own, &own);
    add_line(planner, name, g_string_free(g_steal_pointer(&value), FALSE));
}

/* ---- Other domains of a class whose recipients nobody checked ---- */

static bool
is_empty(const Planner *planner, const char *parameter)
{
    g_autoptr(GPtrArray) tokens =
        pd_postfix_split(pd_postfix_config_value(planner->postfix, parameter));
    return tokens->len == 0;
}

/* Names of subdomains match as well (match_ops.c). */
static bool
matches_subdomains(const Planner *planner, const char *parameter)
{
    g_autoptr(GPtrArray) tokens = pd_postfix_split(
        pd_postfix_config_value(planner->postfix, "parent_domain_matches_subdomains"));
    return g_ptr_array_find_with_equal_func(tokens, parameter, g_str_equal, NULL);
}

/* A domain as the end of a regular expression; main.cf writes a dollar twice. */
static void
append_pattern(GString *out, const char *name)
{
    for (const char *at = name; *at; at++) {
        if (g_ascii_isalnum(*at) || *at == '-' || *at == '_')
            g_string_append_c(out, *at);
        else
            g_string_append_printf(out, "[%c]", *at);
    }
    g_string_append(out, "$$/");
}

/* Every address below `name` but in domains that are declared here (regexp_table(5)). */
static void
append_subdomain_rule(GString *out, const TblDomains *domains, const char *name)
{
    g_autofree char *suffix = g_strconcat(".", name, NULL);
    g_autoptr(GPtrArray) list = tbl_domains_list(domains);
    guint inside = 0;
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        if (domain->domain_class == TBL_DOMAIN_ROUTE || !g_str_has_suffix(domain->name, suffix))
            continue;
        g_string_append_printf(out, "%s{ if !/%s", out->len ? ", " : "",
                               domain->name[0] == '.' ? "" : "@");
        append_pattern(out, domain->name);
        g_string_append(out, " }");
        inside++;
    }
    g_string_append_printf(out, "%s{ /[.]", out->len ? ", " : "");
    append_pattern(out, name);
    g_string_append(out, " x }");
    while (inside-- > 0)
        g_string_append(out, ", { endif }");
}

static bool
collect_others(const Planner *planner, TblMap list_map, GPtrArray *names, GError **error)
{
    const char *parameter = tbl_map_name(list_map);
    g_autoptr(PdPostfixList) list =
        pd_postfix_list_new(planner->postfix, planner->config,
                            pd_postfix_config_value(planner->postfix, parameter), error);
    if (!list)
        return false;
    for (guint i = 0; i < list->names->len; i++)
        g_ptr_array_add(names, g_strdup(g_ptr_array_index(list->names, i)));
    for (guint i = 0; i < list->tables->len; i++) {
        g_autoptr(GError) cause = NULL;
        const char *table = g_ptr_array_index(list->tables, i);
        if (!pd_postfix_table_keys(table, OTHERS_MAX, names, &cause))
            return pd_ctl_refuse(
                error,
                "the domains in %s (%s) cannot be listed, and with a recipient map their "
                "recipients would be refused: give them a recipient map of their own "
                "first (%s)",
                table, parameter, cause->message);
    }
    return true;
}

/* `exact` takes the elements of an inline: table, `below` those of a regexp: table. */
static bool
add_others(Planner *planner, TblMap list_map, const GPtrArray *names, GString *exact,
           GString *below, GError **error)
{
    const TblDomains *domains = planner->facts->domains;
    bool parents = matches_subdomains(planner, tbl_map_name(list_map));
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        const char *bare = name + (*name == '.');
        char canonical[256];
        if (!tbl_domain_canonical(tbl_slice(bare), false, canonical))
            return pd_ctl_refuse(error, "%s lists \"%s\", which is no domain name",
                                 tbl_map_name(list_map), name);
        if (*name != '.' && !tbl_domains_find_mail(domains, canonical))
            g_string_append_printf(exact, "%s{ @%s = x }", exact->len ? ", " : "", bare);
        if (parents != (*name == '.'))
            append_subdomain_rule(below, domains, bare);
    }
    return true;
}

/* Rules within main.cf came with Postfix 3.7. */
static bool
has_inline_regexp(const PdPostfixConfig *postfix)
{
    const char *minor;
    guint64 major =
        g_ascii_strtoull(pd_postfix_config_value(postfix, "mail_version"), (char **)&minor, 10);
    return major > 3 || (major == 3 && *minor == '.' && g_ascii_strtoull(minor + 1, NULL, 10) >= 7);
}

/* The elements that keep the recipients of other domains accepted; NULL for none. False when they
 * cannot be known. */
static bool
keep_others(Planner *planner, TblMap list_map, TblMap recipients, char **tail, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) exact = g_string_new(NULL);
    g_autoptr(GString) below = g_string_new(NULL);
    g_autoptr(GString) value = g_string_new(NULL);
    *tail = NULL;
    if (!is_empty(planner, tbl_map_name(recipients)))
        return true;
    if (!collect_others(planner, list_map, names, error))
        return false;
    if (names->len > OTHERS_MAX)
        return pd_ctl_refuse(
            error, "%s lists more than %d other domains: give them a %s of their own first",
            tbl_map_name(list_map), OTHERS_MAX, tbl_map_name(recipients));
    if (!add_others(planner, list_map, names, exact, below, error))
        return false;
    if (exact->len > 0)
        g_string_append_printf(value, "inline:{ %s }", exact->str);
    if (below->len > 0 && !has_inline_regexp(planner->postfix))
        g_ptr_array_add(
            planner->plan->warnings,
            g_strdup_printf("recipients in subdomains of what %s lists will be refused: "
                            "give those a %s of their own",
                            tbl_map_name(list_map), tbl_map_name(recipients)));
    else if (below->len > 0)
        g_string_append_printf(value, "%sregexp:{ %s }", value->len ? ", " : "", below->str);
    if (value->len > 0)
        *tail = g_string_free(g_steal_pointer(&value), FALSE);
    return true;
}

static bool
add_recipients(Planner *planner, TblMap list_map, TblMap recipients, TblDomainClass domain_class,
               GError **error)
{
    g_autofree char *tail = NULL;
    if (!pd_postconf_class_used(planner->facts->domains, domain_class))
        return true;
    if (!comes_first(planner, recipients) &&
        !keep_others(planner, list_map, recipients, &tail, error))
        return false;
    add_map(planner, recipients, tail);
    return true;
}

/* ---- Parameters that are no maps ---- */

static bool
add_delimiter(Planner *planner, GError **error)
{
    const char *ours = planner->config->addresses.recipient_delimiter;
    const char *theirs = pd_postfix_config_value(planner->postfix, "recipient_delimiter");
    if (*theirs && !pd_postconf_same_delimiters(ours, theirs))
        return pd_ctl_refuse(error,
                             "recipient_delimiter in main.cf is \"%s\", but \"%s\" in policyd's "
                             "configuration: make [addresses] recipient-delimiter=%s",
                             theirs, ours, theirs);
    add_line(
        planner, "recipient_delimiter",
        g_strdup(*theirs ? pd_postfix_config_raw(planner->postfix, "recipient_delimiter") : ours));
    return true;
}

static bool
policy_usable(const Planner *planner, const char *argument)
{
    g_autofree char *server = pd_postfix_policy_server(argument);
    return pd_postfix_endpoint_usable(planner->postfix, server);
}

static void
warn_unreachable(Planner *planner, const char *endpoint)
{
    if (!pd_postfix_endpoint_usable(planner->postfix, endpoint))
        g_ptr_array_add(
            planner->plan->warnings,
            g_strdup_printf("daemons of Postfix that run in a chroot do not reach %s: let policyd "
                            "listen below %s as well",
                            endpoint,
                            pd_postfix_config_value(planner->postfix, "queue_directory")));
}

/* check_policy_service and its argument, which begin at an index (-1: nowhere). */
static bool
is_later(G_GNUC_UNUSED const char *element, guint index, gpointer data)
{
    const int *later = data;
    return *later >= 0 && ((int)index == *later || (int)index == *later + 1);
}

/* An entry further behind, inside another parameter, stays there: to be asked twice does no harm.
 */
static void
add_policy(Planner *planner)
{
    static const char name[] = "smtpd_recipient_restrictions";
    g_autofree char *endpoint =
        pd_postfix_endpoint_spell(planner->postfix, planner->config->policy.listen);
    if (!endpoint)
        return; /* policyd offers no policy service */
    const char *raw = pd_postfix_config_raw(planner->postfix, name);
    g_autoptr(GPtrArray) expanded =
        pd_postfix_split(pd_postfix_config_value(planner->postfix, name));
    if (pd_postconf_find_policy(planner->postfix, planner->config, expanded) == 0 &&
        policy_usable(planner, g_ptr_array_index(expanded, 1))) {
        add_line(planner, name, g_strdup(raw));
        return;
    }
    g_autoptr(GPtrArray) tokens = pd_postfix_split(raw);
    int later = pd_postconf_find_policy(planner->postfix, planner->config, tokens);
    g_autoptr(GString) value = g_string_new(NULL);
    if (later >= 0 && policy_usable(planner, g_ptr_array_index(tokens, later + 1)))
        g_string_printf(value, "check_policy_service %s",
                        (const char *)g_ptr_array_index(tokens, later + 1));
    else
        g_string_printf(value, "check_policy_service { %s, { default_action = %s } }", endpoint,
                        POLICY_DEFAULT);
    pd_postfix_append_others(value, ", ", raw, is_later, &later);
    warn_unreachable(planner, endpoint);
    add_line(planner, name, g_string_free(g_steal_pointer(&value), FALSE));
}

/* ---- The plan ---- */

/* One text of all, separated by "; ", NULL for none. Caller frees. */
static char *
join(const GPtrArray *texts)
{
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; i < texts->len; i++)
        g_string_append_printf(all, "%s%s", i ? "; " : "",
                               (const char *)g_ptr_array_index(texts, i));
    return texts->len > 0 ? g_string_free(g_steal_pointer(&all), FALSE) : NULL;
}

static bool
check_conflicts(const Planner *planner, GError **error)
{
    g_autoptr(GPtrArray) local = pd_postconf_local_conflicts(planner->postfix, planner->config,
                                                             planner->facts->domains, error);
    if (!local)
        return false;
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    for (guint i = 0; i < local->len; i++)
        g_ptr_array_add(texts, ((PdPostconfConflict *)g_ptr_array_index(local, i))->text);
    g_autofree char *names = join(texts);
    if (names)
        return pd_ctl_refuse(
            error,
            "a declared domain would take what Postfix itself delivers or writes: %s; "
            "take it out of main.cf there, or declare that name with --class=route",
            names);
    g_autoptr(GPtrArray) virtual = pd_postconf_virtual_conflicts(planner->postfix,
                                                                 planner->facts->domains);
    g_autofree char *undelivered = join(virtual);
    if (undelivered)
        return pd_ctl_refuse(
            error,
            "mail for %s would go to virtual(8), which refuses socketmaps: give the domain "
            "a route such as lmtp:unix:private/dovecot-lmtp",
            undelivered);
    if (pd_postconf_class_used(planner->facts->domains, TBL_DOMAIN_VIRTUAL_MAILBOX) &&
        pd_postconf_virtual_others(planner->postfix, planner->config)) {
        g_autofree char *remedy = pd_postconf_virtual_remedy(planner->postfix);
        return pd_ctl_refuse(
            error,
            "virtual(8) delivers other virtual mailbox domains and refuses to look into "
            "virtual_mailbox_maps once a socketmap is there: give it its own by %s",
            remedy);
    }
    return true;
}

static void
name_overriders(Planner *planner)
{
    const GPtrArray *lines = planner->plan->lines;
    for (guint i = 0; i < lines->len; i++) {
        const PdPostconfLine *line = g_ptr_array_index(lines, i);
        g_autoptr(GPtrArray) services = pd_postfix_config_overriders(planner->postfix, line->name);
        for (guint j = 0; j < services->len; j++)
            g_ptr_array_add(
                planner->plan->warnings,
                g_strdup_printf("%s in master.cf has its own %s (-o), which stays as it "
                                "is",
                                (const char *)g_ptr_array_index(services, j), line->name));
    }
}

static bool
add_lines(Planner *planner, char *const *with, GError **error)
{
    warn_unreachable(planner, planner->endpoint);
    add_map(planner, TBL_MAP_VIRTUAL_ALIAS_DOMAINS, NULL);
    add_map(planner, TBL_MAP_VIRTUAL_MAILBOX_DOMAINS, NULL);
    add_map(planner, TBL_MAP_RELAY_DOMAINS, NULL);
    add_map(planner, TBL_MAP_VIRTUAL_ALIAS_MAPS, NULL);
    if (!add_recipients(planner, TBL_MAP_VIRTUAL_MAILBOX_DOMAINS, TBL_MAP_VIRTUAL_MAILBOX_MAPS,
                        TBL_DOMAIN_VIRTUAL_MAILBOX, error) ||
        !add_recipients(planner, TBL_MAP_RELAY_DOMAINS, TBL_MAP_RELAY_RECIPIENT_MAPS,
                        TBL_DOMAIN_RELAY, error))
        return false;
    if (pd_postconf_routes(planner->config, planner->facts->domains))
        add_map(planner, TBL_MAP_TRANSPORT_MAPS, NULL);
    if (planner->facts->moved)
        add_map(planner, TBL_MAP_RELOCATED_MAPS, NULL);
    for (char *const *map = with; map && *map; map++) {
        char *const *earlier = with;
        while (earlier < map && strcmp(*earlier, *map) != 0)
            earlier++;
        if (earlier < map)
            continue;
        add_map(planner, tbl_map_from_name(tbl_slice(*map)), NULL);
        g_ptr_array_add(planner->plan->warnings, g_strdup(pd_postconf_warning(*map)));
    }
    add_policy(planner);
    return add_delimiter(planner, error);
}

PdPostconfPlan *
pd_postconf_plan_new(const PdPostfixConfig *postfix, const TblConfig *config,
                     const PdPostconfFacts *facts, char *const *with, GError **error)
{
    g_autofree char *endpoint = pd_postfix_endpoint_spell(postfix, config->socketmap.listen);
    if (!endpoint) {
        pd_ctl_refuse(error,
                      "[socketmap] listen is empty: there is nothing that Postfix could ask");
        return NULL;
    }
    g_autoptr(PdPostconfPlan) plan = g_new0(PdPostconfPlan, 1);
    plan->lines = g_ptr_array_new_with_free_func(free_line);
    plan->warnings = g_ptr_array_new_with_free_func(g_free);
    Planner planner = {postfix, config, facts, endpoint, plan};
    if (!check_conflicts(&planner, error) || !add_lines(&planner, with, error))
        return NULL;
    name_overriders(&planner);
    return g_steal_pointer(&plan);
}

void
pd_postconf_plan_free(PdPostconfPlan *plan)
{
    if (!plan)
        return;
    g_ptr_array_unref(plan->lines);
    g_ptr_array_unref(plan->warnings);
    g_free(plan);
}
