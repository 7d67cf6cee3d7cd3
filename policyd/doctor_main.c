/* doctor: what main.cf and master.cf ask policyd, and what they do not. */
#include "policyd/ctl_postconf.h"
#include "policyd/doctor.h"
#include "policyd/postconf_plan.h"
#include "policyd/postfix_list.h"

#include "tables/address.h"

#include <string.h>

#define APPLY "policyctl postconf --apply && postfix reload"
/* A name with so few wrong letters is a slip. */
#define SLIP_MAX 4
#define NAME_MAX_LENGTH 64

static GPtrArray *
elements(const PdDoctor *doctor, const char *parameter)
{
    return pd_postfix_split(pd_postfix_config_value(pd_doctor_postfix(doctor), parameter));
}

/* ---- What is not asked ---- */

static bool
asks_for(const PdDoctor *doctor, TblMap map)
{
    g_autoptr(GPtrArray) tokens = elements(doctor, tbl_map_name(map));
    for (guint i = 0; i < tokens->len; i++) {
        g_autofree char *endpoint = NULL;
        g_autofree char *name = NULL;
        if (pd_postfix_socketmap(g_ptr_array_index(tokens, i), &endpoint, &name) &&
            strcmp(name, tbl_map_name(map)) == 0)
            return true;
    }
    return false;
}

static void
need_map(PdDoctor *doctor, TblMap map, const char *consequence)
{
    if (!asks_for(doctor, map))
        pd_doctor_find(doctor, PD_DOCTOR_ERROR, "not-asked", APPLY,
                       "%s in main.cf does not ask policyd: %s", tbl_map_name(map), consequence);
}

bool
pd_doctor_unasked(PdDoctor *doctor, GError **error)
{
    static const struct {
        TblDomainClass domain_class;
        TblMap list, recipients;
    } classes[] = {
        {TBL_DOMAIN_VIRTUAL_ALIAS, TBL_MAP_VIRTUAL_ALIAS_DOMAINS, TBL_MAP_COUNT},
        {TBL_DOMAIN_VIRTUAL_MAILBOX, TBL_MAP_VIRTUAL_MAILBOX_DOMAINS, TBL_MAP_VIRTUAL_MAILBOX_MAPS},
        {TBL_DOMAIN_RELAY, TBL_MAP_RELAY_DOMAINS, TBL_MAP_RELAY_RECIPIENT_MAPS},
    };
    const TblDomains *domains = pd_doctor_domains(doctor);
    bool mail = false, moved = false;
    for (gsize i = 0; i < G_N_ELEMENTS(classes); i++) {
        if (!pd_postconf_class_used(domains, classes[i].domain_class))
            continue;
        mail = true;
        need_map(doctor, classes[i].list, "the declared domains of this class are refused");
        if (classes[i].recipients != TBL_MAP_COUNT)
            need_map(doctor, classes[i].recipients,
                     "recipients that do not exist are accepted, or those that do are refused");
    }
    if (mail)
        need_map(doctor, TBL_MAP_VIRTUAL_ALIAS_MAPS, "no address leads to another one");
    if (pd_postconf_routes(pd_doctor_config(doctor), domains))
        need_map(doctor, TBL_MAP_TRANSPORT_MAPS, "mail does not take the declared routes");
    if (!pd_ctl_has_moved(pd_doctor_snapshot(doctor), &moved, error))
        return false;
    if (moved)
        need_map(doctor, TBL_MAP_RELOCATED_MAPS, "senders do not learn new addresses");
    return true;
}

/* ---- Names of maps ---- */

/* How many letters must change, go or come to make one name of the other (Levenshtein). */
static guint
distance(const char *a, const char *b)
{
    guint row[NAME_MAX_LENGTH + 1];
    size_t length = strlen(b);
    if (length > NAME_MAX_LENGTH)
        return NAME_MAX_LENGTH;
    for (guint j = 0; j <= length; j++)
        row[j] = j;
    for (guint i = 1; a[i - 1]; i++) {
        guint diagonal = row[0];
        row[0] = i;
        for (guint j = 1; j <= length; j++) {
            guint above = row[j];
            guint change = diagonal + (a[i - 1] != b[j - 1]);
            row[j] = MIN(change, MIN(above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[length];
}

static const char *
closest_map(const char *name)
{
    const char *best = NULL;
    guint least = SLIP_MAX + 1;
    for (int map = 0; map < TBL_MAP_COUNT; map++) {
        guint count = distance(tbl_map_name((TblMap)map), name);
        if (count < least) {
            least = count;
            best = tbl_map_name((TblMap)map);
        }
    }
    return best;
}

static void
look_at_name(PdDoctor *doctor, const char *parameter, const char *token)
{
    g_autofree char *name =
        pd_postfix_our_map(pd_doctor_postfix(doctor), pd_doctor_config(doctor), token);
    if (!name)
        return;
    if (strcmp(name, parameter) == 0)
        return;
    g_autofree char *instead =
        g_strdup_printf("%.*s%s", (int)(strrchr(token, ':') + 1 - token), token, parameter);
    pd_doctor_edit(doctor, parameter, token, instead);
    if (tbl_map_from_name(tbl_slice(name)) == TBL_MAP_COUNT) {
        const char *meant = closest_map(name);
        pd_doctor_find_edit(doctor, "map-unknown",
                            "%s asks for the map \"%s\", which does not exist%s%s%s", parameter,
                            name, meant ? "; did you mean \"" : "", meant ? meant : "",
                            meant ? "\"?" : "");
    } else {
        pd_doctor_find_edit(doctor, "map-misplaced",
                            "%s asks for %s, which is made for another parameter", parameter, name);
    }
}

static void
look_at_names(PdDoctor *doctor)
{
    for (int map = 0; map < TBL_MAP_COUNT; map++) {
        const char *parameter = tbl_map_name((TblMap)map);
        /* As written: a default such as $virtual_alias_maps is there on purpose. */
        g_autoptr(GPtrArray) tokens =
            pd_postfix_split(pd_postfix_config_raw(pd_doctor_postfix(doctor), parameter));
        for (guint i = 0; i < tokens->len; i++)
            look_at_name(doctor, parameter, g_ptr_array_index(tokens, i));
    }
}

/* ---- Classes ---- */

/* A finding that a name is in a list of main.cf, by itself or in one of its files and tables. */
static void find_listed(PdDoctor *doctor, const char *code, const char *parameter, const char *name,
                        const char *format, ...) G_GNUC_PRINTF(5, 6);

static void
find_listed(PdDoctor *doctor, const char *code, const char *parameter, const char *name,
            const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (pd_doctor_edit(doctor, parameter, name, NULL)) {
        pd_doctor_find_edit(doctor, code, "%s", text);
        return;
    }
    g_autofree char *remedy = pd_doctor_unlist_remedy(doctor, parameter, name);
    pd_doctor_find(doctor, PD_DOCTOR_ERROR, code, remedy, "%s", text);
}

static void
judge_class(PdDoctor *doctor, const char *name, TblDomainClass listed, const char *parameter)
{
    char canonical[256];
    const TblDomains *domains = pd_doctor_domains(doctor);
    if (!tbl_domain_canonical(tbl_slice(name), false, canonical))
        return;
    const TblDomain *domain = tbl_domains_find_mail(domains, canonical);
    if (!domain || tbl_domains_class(domains, domain) == listed)
        return;
    find_listed(doctor, "two-classes", parameter, name,
                "%s is declared as %s, and main.cf has it in %s as well", canonical,
                tbl_domain_class_name(tbl_domains_class(domains, domain)), parameter);
}

static void
find_unreadable(PdDoctor *doctor, const char *parameter, const GError *cause)
{
    g_autofree char *remedy = g_strconcat("postconf ", parameter, NULL);
    pd_doctor_find(doctor, PD_DOCTOR_ERROR, "table-fails", remedy, "%s cannot be read: %s",
                   parameter, cause->message);
}

static void
look_at_list(PdDoctor *doctor, TblDomainClass listed, const char *parameter,
             const GPtrArray *declared)
{
    const PdPostfixConfig *postfix = pd_doctor_postfix(doctor);
    g_autoptr(GError) unreadable = NULL;
    g_autoptr(PdPostfixList) list =
        pd_postfix_list_new(postfix, pd_doctor_config(doctor),
                            pd_postfix_config_value(postfix, parameter), &unreadable);
    if (!list) {
        find_unreadable(doctor, parameter, unreadable);
        return;
    }
    for (guint i = 0; i < list->names->len; i++)
        judge_class(doctor, g_ptr_array_index(list->names, i), listed, parameter);
    for (guint i = 0; i < list->tables->len && declared->len > 0; i++) {
        g_autoptr(GPtrArray) found = g_ptr_array_new();
        g_autoptr(GError) cause = NULL;
        const char *table = g_ptr_array_index(list->tables, i);
        if (g_str_has_prefix(table, "socketmap:"))
            continue; /* whether its socket answers is seen from Postfix's side */
        if (!pd_postfix_table_ask(table, declared, found, &cause)) {
            g_autofree char *remedy = pd_doctor_table_remedy(table);
            pd_doctor_find(doctor, PD_DOCTOR_ERROR, "table-fails", remedy,
                           "%s in %s cannot be asked: %s", table, parameter, cause->message);
        }
        for (guint j = 0; j < found->len; j++)
            judge_class(doctor, g_ptr_array_index(found, j), listed, parameter);
    }
}

/* A host may be named like a host in the domain, and local mail may come from that. */
static void
report_local(PdDoctor *doctor, const PdPostconfConflict *conflict)
{
    static const char text[] =
        "Postfix delivers or writes this name itself, but it is declared: %s";
    const char *name = conflict->name;
    const char *host = pd_postfix_config_value(pd_doctor_postfix(doctor), "myhostname");
    g_autofree char *remedy = NULL;
    if (!conflict->covered && strcmp(conflict->parameter, "mydestination") == 0 &&
        pd_doctor_edit(doctor, "mydestination", name, NULL)) {
        pd_doctor_find_edit(doctor, "in-mydestination", text, conflict->text);
        return;
    }
    if (conflict->covered)
        remedy = g_strdup_printf("policyctl domain add %s --class=route && postfix reload", name);
    else if (g_ascii_strcasecmp(name, host) == 0)
        remedy = g_strdup_printf("postconf -e 'myhostname = mail.%s' && postfix reload", name);
    else if (strcmp(conflict->parameter, "myorigin") == 0)
        remedy = g_strdup("postconf -e 'myorigin = $myhostname' && postfix reload");
    if (remedy)
        pd_doctor_find(doctor, PD_DOCTOR_ERROR, "in-mydestination", remedy, text, conflict->text);
    else
        find_listed(doctor, "in-mydestination", "mydestination", name, text, conflict->text);
}

static void
look_at_classes(PdDoctor *doctor)
{
    g_autoptr(GPtrArray) list = tbl_domains_list(pd_doctor_domains(doctor));
    g_autoptr(GPtrArray) declared = g_ptr_array_new();
    g_autoptr(GError) cause = NULL;
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        if (domain->name[0] != '.' && domain->domain_class != TBL_DOMAIN_ROUTE)
            g_ptr_array_add(declared, domain->name);
    }
    g_autoptr(GPtrArray) local = pd_postconf_local_conflicts(
        pd_doctor_postfix(doctor), pd_doctor_config(doctor), pd_doctor_domains(doctor), &cause);
    if (!local)
        find_unreadable(doctor, "mydestination", cause);
    for (guint i = 0; local && i < local->len; i++)
        report_local(doctor, g_ptr_array_index(local, i));
    look_at_list(doctor, TBL_DOMAIN_VIRTUAL_ALIAS, "virtual_alias_domains", declared);
    look_at_list(doctor, TBL_DOMAIN_VIRTUAL_MAILBOX, "virtual_mailbox_domains", declared);
    look_at_list(doctor, TBL_DOMAIN_RELAY, "relay_domains", declared);
}

/* ---- virtual(8), the delimiter, the policy service ---- */

static void
look_at_virtual(PdDoctor *doctor)
{
    const PdPostfixConfig *postfix = pd_doctor_postfix(doctor);
    g_autoptr(GPtrArray) ours = pd_postconf_virtual_conflicts(postfix, pd_doctor_domains(doctor));
    for (guint i = 0; i < ours->len; i++) {
        const char *name = g_ptr_array_index(ours, i);
        g_autofree char *remedy =
            g_strdup_printf("policyctl domain set %s --route=lmtp:unix:private/dovecot-lmtp", name);
        pd_doctor_find(doctor, PD_DOCTOR_ERROR, "virtual-8", remedy,
                       "mail for %s goes to virtual(8), which refuses socketmaps and defers all "
                       "of it",
                       name);
    }
    if (!asks_for(doctor, TBL_MAP_VIRTUAL_MAILBOX_MAPS) ||
        !pd_postconf_virtual_others(postfix, pd_doctor_config(doctor)))
        return;
    g_autofree char *commands = pd_postconf_virtual_remedy(postfix);
    g_autofree char *remedy = g_strconcat(commands, " && postfix reload", NULL);
    pd_doctor_find(doctor, PD_DOCTOR_ERROR, "virtual-8", remedy,
                   "virtual(8) delivers other virtual mailbox domains and refuses "
                   "virtual_mailbox_maps, because a socketmap is in it");
}

static void
look_at_delimiter(PdDoctor *doctor)
{
    const char *ours = pd_doctor_config(doctor)->addresses.recipient_delimiter;
    const char *theirs = pd_postfix_config_value(pd_doctor_postfix(doctor), "recipient_delimiter");
    if (pd_postconf_same_delimiters(ours, theirs))
        return;
    g_autofree char *remedy =
        g_strdup_printf("postconf -e 'recipient_delimiter = %s' && postfix reload", ours);
    pd_doctor_find(doctor, PD_DOCTOR_ERROR, "recipient-delimiter", remedy,
                   "recipient_delimiter is \"%s\" in main.cf and \"%s\" in policyd's "
                   "configuration",
                   theirs, ours);
}

static void
look_at_policy(PdDoctor *doctor)
{
    const PdPostfixConfig *postfix = pd_doctor_postfix(doctor);
    const TblConfig *config = pd_doctor_config(doctor);
    g_autoptr(GPtrArray) tokens = elements(doctor, "smtpd_recipient_restrictions");
    int at = pd_postconf_find_policy(postfix, config, tokens);
    if (!config->policy.listen[0] || tbl_domains_count(pd_doctor_domains(doctor)) == 0)
        return;
    if (at < 0) {
        pd_doctor_find(doctor, PD_DOCTOR_WARNING, "policy-not-asked", APPLY,
                       "smtpd_recipient_restrictions does not ask the policy service: "
                       "restrictions, size limits and notices of removed addresses do nothing");
        return;
    }
    if (at > 0)
        pd_doctor_find(doctor, PD_DOCTOR_WARNING, "policy-not-first", APPLY,
                       "check_policy_service is not the first element of "
                       "smtpd_recipient_restrictions: a permit before it switches it off");
    const char *argument = g_ptr_array_index(tokens, at + 1);
    g_autofree char *action = pd_postfix_policy_attribute(argument, "default_action");
    if (!action && !pd_postfix_config_given(postfix, "smtpd_policy_service_default_action"))
        pd_doctor_find(doctor, PD_DOCTOR_WARNING, "policy-default-action",
                       "postconf -e 'smtpd_policy_service_default_action = DEFER_IF_PERMIT 4.3.0 "
                       "Temporary lookup failure' && postfix reload",
                       "check_policy_service has no default_action: while policyd is away, "
                       "senders are told of a \"server configuration problem\"");
}

void
pd_doctor_main(PdDoctor *doctor)
{
    look_at_delimiter(doctor);
    look_at_names(doctor);
    look_at_virtual(doctor);
    look_at_policy(doctor);
    look_at_classes(doctor);
}
