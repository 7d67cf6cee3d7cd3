#include "policyd/ctl_declare.h"

#include "policyd/ctl.h"
#include "tables/address.h"
#include "tables/rule.h"

#include <string.h>

void
pd_ctl_declaration_clear(PdCtlDeclaration *options)
{
    g_free(options->domain_class);
    g_free(options->route);
    g_free(options->mirror);
    g_free(options->rule);
    g_free(options->catch_all);
    g_free(options->rewrite);
    g_free(options->expand);
    g_free(options->unknown);
    g_free(options->extensions);
    *options = (PdCtlDeclaration){0};
}

bool
pd_ctl_declaration_is_empty(const PdCtlDeclaration *options)
{
    return !options->domain_class && !options->route && !options->mirror && !options->rule &&
           !options->catch_all && !options->rewrite && !options->expand && !options->unknown &&
           !options->extensions;
}

void
pd_ctl_declaration_entries(PdCtlDeclaration *options,
                           GOptionEntry entries[PD_CTL_DECLARATION_ENTRIES])
{
    const GOptionEntry table[PD_CTL_DECLARATION_ENTRIES] = {
        {"class", 0, 0, G_OPTION_ARG_FILENAME, &options->domain_class,
         "relay, virtual-mailbox, virtual-alias or route", "CLASS"},
        {"route", 0, 0, G_OPTION_ARG_FILENAME, &options->route, "Where Postfix sends its mail",
         "[TRANSPORT:]NEXTHOP"},
        {"mirror", 0, 0, G_OPTION_ARG_FILENAME, &options->mirror,
         "Has every address that DOMAIN has", "DOMAIN"},
        {"rule", 0, 0, G_OPTION_ARG_FILENAME, &options->rule,
         "Gives every mailbox an address here, such as %g.%s", "RULE"},
        {"catch-all", 0, 0, G_OPTION_ARG_FILENAME, &options->catch_all,
         "Gets mail for addresses nobody has", "ADDRESS"},
        {"rewrite", 0, 0, G_OPTION_ARG_FILENAME, &options->rewrite,
         "Secondaries become the primary", "yes|no"},
        {"expand", 0, 0, G_OPTION_ARG_FILENAME, &options->expand,
         "Lists, targets and forwards are followed here", "yes|no"},
        {"unknown", 0, 0, G_OPTION_ARG_FILENAME, &options->unknown, "What unknown recipients get",
         "reject|defer|accept"},
        {"extensions", 0, 0, G_OPTION_ARG_FILENAME, &options->extensions, "user+tag is user",
         "yes|no"},
        {"force", 0, 0, G_OPTION_ARG_NONE, &options->force,
         "Also when addresses have nowhere to go", NULL},
        {0}};
    memcpy(entries, table, sizeof table);
}

static void
replace(char **field, char *value)
{
    g_free(*field);
    *field = value;
}

/* ---- One option each ---- */

static bool
apply_switch(const char *name, const char *value, TblSwitch *field, GError **error)
{
    if (!value)
        return true;
    if (strcmp(value, "yes") == 0)
        *field = TBL_SWITCH_YES;
    else if (strcmp(value, "no") == 0)
        *field = TBL_SWITCH_NO;
    else if (*value == '\0')
        *field = TBL_SWITCH_DEFAULT;
    else
        return pd_ctl_usage(error, "--%s=%s: expected yes or no", name, value);
    return true;
}

static bool
apply_unknown(const char *value, TblUnknown *field, GError **error)
{
    if (!value)
        return true;
    for (TblUnknown unknown = TBL_UNKNOWN_DEFAULT; unknown <= TBL_UNKNOWN_ACCEPT; unknown++) {
        if (strcmp(value, tbl_unknown_name(unknown)) != 0)
            continue;
        *field = unknown;
        return true;
    }
    return pd_ctl_usage(error, "--unknown=%s: expected reject, defer or accept", value);
}

static bool
apply_mirror(const char *value, TblDomain *domain, GError **error)
{
    char canonical[256];
    if (!value)
        return true;
    if (*value == '\0') {
        replace(&domain->mirror, NULL);
        return true;
    }
    if (*value == '.')
        return pd_ctl_usage(error, "--mirror=%s: a mirror follows one exact domain, not subdomains",
                            value);
    if (!tbl_domain_canonical(tbl_slice(value), false, canonical))
        return pd_ctl_usage(error, "--mirror=%s is no domain name", value);
    replace(&domain->mirror, g_strdup(canonical));
    return true;
}

/* Stored as it was written: the domain may be left out. */
static bool
apply_rule(const char *value, TblDomain *domain, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (!value)
        return true;
    if (*value == '\0') {
        replace(&domain->rule, NULL);
        return true;
    }
    if (*domain->name == '.')
        return pd_ctl_usage(error, "--rule: %s declares subdomains; a rule needs one exact domain",
                            domain->name);
    g_autoptr(TblRule) rule = tbl_rule_parse(value, domain->name, &cause);
    if (!rule)
        return pd_ctl_usage(error, "--rule of %s: %s", domain->name, cause->message);
    if (!tbl_rule_same(domain->rule, value, domain->name))
        replace(&domain->rule, g_strdup(value));
    return true;
}

static bool
apply_catch_all(const char *value, TblDomain *domain, GError **error)
{
    g_autoptr(GError) cause = NULL;
    TblAddress address;
    if (!value)
        return true;
    if (*value == '\0') {
        replace(&domain->catch_all, NULL);
        return true;
    }
    const char *bare =
        g_ascii_strncasecmp(value, "smtp:", strlen("smtp:")) == 0 ? value + strlen("smtp:") : value;
    if (!tbl_address_parse_strict(&address, tbl_slice(bare), &cause))
        return pd_ctl_usage(error, "--catch-all=%s: %s", value, cause->message);
    GString *spelling = g_string_new(NULL);
    tbl_address_append_spelling(spelling, &address);
    replace(&domain->catch_all, g_string_free(spelling, FALSE));
    return true;
}

/* A mirror has the class of its other, unless one is given. */
static bool
apply_class(const char *value, const TblDomains *domains, TblDomain *domain, GError **error)
{
    if (value && *value) {
        TblDomainClass domain_class = tbl_domain_class_from_name(value);
        if (!domain_class)
            return pd_ctl_usage(
                error, "--class=%s: expected relay, virtual-mailbox, virtual-alias or route",
                value);
        domain->domain_class = domain_class;
        domain->class_given = true;
        return true;
    }
    if (value)
        domain->class_given = false;
    if (domain->class_given)
        return true;
    if (!domain->mirror)
        return pd_ctl_usage(error,
                            "%s: --class=relay|virtual-mailbox|virtual-alias|route is required",
                            domain->name);
    const TblDomain *other = tbl_domains_get(domains, domain->mirror);
    if (!other) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED,
                    "%s cannot mirror %s, which is not declared", domain->name, domain->mirror);
        return false;
    }
    domain->domain_class = tbl_domains_class(domains, other);
    if (domain->domain_class == TBL_DOMAIN_ROUTE) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED,
                    "%s cannot mirror %s: class route has no addresses", domain->name,
                    domain->mirror);
        return false;
    }
    return true;
}

static bool
apply_route(const char *value, TblDomain *domain, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (!value)
        return true;
    if (*value == '\0') {
        replace(&domain->route, NULL);
        return true;
    }
    char *route = tbl_route_complete(value, domain->domain_class, &cause);
    if (!route)
        return pd_ctl_usage(error, "--route=%s: %s", value, cause->message);
    replace(&domain->route, route);
    return true;
}

/* ---- What does not go together ---- */

static bool
check_virtual_alias(const TblDomain *domain, GError **error)
{
    const char *option = domain->route                           ? "--route"
                         : domain->rewrite == TBL_SWITCH_NO      ? "--rewrite=no"
                         : domain->expand == TBL_SWITCH_NO       ? "--expand=no"
                         : domain->unknown == TBL_UNKNOWN_ACCEPT ? "--unknown=accept"
                                                                 : NULL;
    return !option ||
           pd_ctl_usage(error,
                        "%s: %s does not go with class virtual-alias, whose addresses are always "
                        "rewritten to "
                        "others%s",
                        domain->name, option,
                        domain->route ? " (an empty --route= removes it)" : "");
}

static bool
check_together(const TblDomain *domain, GError **error)
{
    if (domain->mirror && domain->catch_all)
        return pd_ctl_usage(error, "%s: --mirror and --catch-all exclude each other", domain->name);
    if (domain->mirror && domain->rule)
        return pd_ctl_usage(
            error,
            "%s: --mirror and --rule exclude each other: a mirror has the addresses of "
            "its other, and no more",
            domain->name);
    if (domain->domain_class == TBL_DOMAIN_ROUTE &&
        (domain->mirror || domain->catch_all || domain->rule))
        return pd_ctl_usage(error, "%s: --%s does not go with class route, which has no addresses",
                            domain->name,
                            domain->mirror      ? "mirror"
                            : domain->catch_all ? "catch-all"
                                                : "rule");
    return domain->domain_class != TBL_DOMAIN_VIRTUAL_ALIAS || check_virtual_alias(domain, error);
}

bool
pd_ctl_declaration_apply(const PdCtlDeclaration *options, const TblDomains *domains,
                         TblDomain *domain, GError **error)
{
    return apply_mirror(options->mirror, domain, error) &&
           apply_class(options->domain_class, domains, domain, error) &&
           apply_route(options->route, domain, error) && apply_rule(options->rule, domain, error) &&
           apply_catch_all(options->catch_all, domain, error) &&
           apply_switch("rewrite", options->rewrite, &domain->rewrite, error) &&
           apply_switch("expand", options->expand, &domain->expand, error) &&
           apply_switch("extensions", options->extensions, &domain->extensions, error) &&
           apply_unknown(options->unknown, &domain->unknown, error) &&
           check_together(domain, error);
}
