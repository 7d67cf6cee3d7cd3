/* domain add, set, remove, list. */
#include "policyd/ctl.h"
#include "policyd/ctl_declare.h"
#include "policyd/ctl_guard.h"
#include "policyd/ctl_lists.h"

#include "tables/address.h"
#include "tables/generate.h"

#include <stdio.h>
#include <string.h>

/* argv[1] ... as canonical names; NULL with a usage error. */
static char **
domain_names(int argc, char **argv, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (int i = 1; i < argc; i++) {
        char canonical[256];
        if (!tbl_domain_canonical(tbl_slice(argv[i]), true, canonical)) {
            g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_USAGE, "%s is no domain name", argv[i]);
            return NULL;
        }
        if (!g_ptr_array_find_with_equal_func(names, canonical, g_str_equal, NULL))
            g_ptr_array_add(names, g_strdup(canonical));
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

static const TblDomains *
draft_domains(const PdCtlChange *change)
{
    TblView *view = tbl_draft_view(change->draft);
    return view->domains(view);
}

/* ---- add and set ---- */

/* Puts a declaration (NULL: takes that of `name` away), and makes or takes out what its rule says.
 */
static bool
put_domain(PdCtlChange *change, const char *name, const TblDomain *domain, GError **error)
{
    const TblDomain *existing = tbl_domains_get(draft_domains(change), name);
    bool had_rule = existing && existing->rule;
    bool same = g_strcmp0(existing ? existing->rule : NULL, domain ? domain->rule : NULL) == 0;
    if (domain)
        tbl_draft_put_domain(change->draft, domain);
    else
        tbl_draft_delete_domain(change->draft, name);
    return same || tbl_generate_domain(change->draft, name, had_rule, error);
}

static bool
add_one(PdCtlChange *change, const char *name, const PdCtlDeclaration *options, GError **error)
{
    const TblDomains *domains = draft_domains(change);
    const TblDomain *existing = tbl_domains_get(domains, name);
    g_autoptr(TblDomain) domain = tbl_domain_new(name, (TblDomainClass)0);
    domain->class_given = false;
    if (!pd_ctl_declaration_apply(options, domains, domain, error))
        return false;
    if (!existing)
        return put_domain(change, name, domain, error);
    if (tbl_rule_same(existing->rule, domain->rule, name)) {
        g_free(domain->rule);
        domain->rule = g_strdup(existing->rule);
    }
    if (tbl_domain_equal(existing, domain))
        return true;
    g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED,
                "%s is declared differently; use domain set", name);
    return false;
}

static bool
set_one(PdCtlChange *change, const char *name, const PdCtlDeclaration *options, GError **error)
{
    const TblDomains *domains = draft_domains(change);
    const TblDomain *existing = tbl_domains_get(domains, name);
    if (!existing) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "%s is not declared", name);
        return false;
    }
    g_autoptr(TblDomain) domain = tbl_domain_copy(existing);
    if (!pd_ctl_declaration_apply(options, domains, domain, error))
        return false;
    return put_domain(change, name, domain, error);
}

/* A running smtpd remembers what it learnt about a domain. */
static void
hint_reload(void)
{
    pd_ctl_note("hint: run `postfix reload`, a running smtpd remembers domains");
}

static void
warn_of_virtual(const PdCtlChange *change, char **names)
{
    const TblDomains *domains = draft_domains(change);
    for (char **name = names; *name; name++) {
        const TblDomain *domain = tbl_domains_get(domains, *name);
        if (!domain || tbl_domains_class(domains, domain) != TBL_DOMAIN_VIRTUAL_MAILBOX)
            continue;
        const char *route = tbl_domains_route(domains, domain);
        if (!route || g_str_has_prefix(route, "virtual:"))
            pd_ctl_note("warning: %s has %s, and Postfix's own virtual(8) refuses socketmaps; give "
                        "it one that does not (--route=lmtp:...)",
                        *name, route ? "the route virtual:" : "no route");
    }
}

typedef bool (*DeclareFunc)(PdCtlChange *change, const char *name, const PdCtlDeclaration *options,
                            GError **error);

static bool
declare_all(PdCtlChange *change, char **names, const PdCtlDeclaration *options, DeclareFunc one,
            GError **error)
{
    for (char **name = names; *name; name++)
        if (!one(change, *name, options, error))
            return false;
    return tbl_draft_is_empty(change->draft) ||
           pd_ctl_guard_domains(change, names, options->force, error);
}

static int
declare(TblConfig *config, const char *verb, const char *synopsis, DeclareFunc one, int argc,
        char **argv)
{
    g_autoptr(GError) error = NULL;
    g_auto(PdCtlDeclaration) options = {0};
    GOptionEntry entries[PD_CTL_DECLARATION_ENTRIES];
    g_autofree char *summary = pd_ctl_summary(verb, argc, argv);
    pd_ctl_declaration_entries(&options, entries);
    int code = pd_ctl_options(entries, synopsis, 1, -1, &argc, argv);
    if (code != 0)
        return code;
    if (one == set_one && pd_ctl_declaration_is_empty(&options))
        return pd_ctl_fail(TBL_EXIT_USAGE, "nothing to set; see policyctl domain set --help");
    g_auto(GStrv) names = domain_names(argc, argv, &error);
    if (!names)
        return pd_ctl_error(error);
    g_autoptr(PdCtlChange) change = pd_ctl_change_new(config, &error);
    bool changed = false;
    if (!change || !declare_all(change, names, &options, one, &error))
        return pd_ctl_error(error);
    const TblMeta *base = tbl_draft_base(change->draft);
    bool first = one == add_one && base->objects == 0 && base->domains == 0;
    warn_of_virtual(change, names);
    if (!pd_ctl_change_commit(change, summary, &changed, &error))
        return pd_ctl_error(error);
    if (changed)
        hint_reload();
    if (changed && first)
        pd_ctl_note(
            "hint: until the addresses are imported, --unknown=defer answers 450 instead of 550 to "
            "unknown recipients");
    return TBL_EXIT_OK;
}

int
pd_ctl_domain_add(TblConfig *config, int argc, char **argv)
{
    return declare(config, "domain add", "DOMAIN... --class=CLASS [OPTION...]", add_one, argc,
                   argv);
}

int
pd_ctl_domain_set(TblConfig *config, int argc, char **argv)
{
    return declare(config, "domain set", "DOMAIN... OPTION...", set_one, argc, argv);
}

/* ---- remove ---- */

typedef struct {
    const TblDomains *domains;
    const char *name;
    guint64 count;
    bool broken;
} Counting;

/* Counts what the declaration itself covers, not what a longer name has. Generated addresses go
 * with the domain. */
static bool
count_address(TblSlice key, TblSlice domain, TblSlice bytes, gpointer data)
{
    Counting *counting = data;
    TblRows rows;
    if (!pd_ctl_covers(counting->name, domain))
        return true;
    g_autofree char *text = g_strndup(domain.ptr, domain.len);
    const TblDomain *found = tbl_domains_find(counting->domains, text);
    if (!found || strcmp(found->name, counting->name) != 0)
        return true;
    if (!tbl_rows_decode(&rows, key, bytes)) {
        counting->broken = true;
        return false;
    }
    if (tbl_rows_get(&rows, TBL_ROW_LOCAL) || tbl_rows_get(&rows, TBL_ROW_DIRECTORY))
        counting->count++;
    return true;
}

static bool
refuse_while_used(PdCtlChange *change, const char *name, GError **error)
{
    Counting counting = {.domains = change->base->domains(change->base), .name = name};
    if (!pd_ctl_each_address(change->reader, count_address, &counting) || counting.broken) {
        pd_ctl_set_store_failed(change->config, error);
        return false;
    }
    if (counting.count == 0)
        return true;
    g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED,
                "%s still has %" G_GUINT64_FORMAT " address%s; remove them first (or use --force)",
                name, counting.count, counting.count == 1 ? "" : "es");
    return false;
}

static bool
catch_all_lies_in(const TblDomain *domain, const TblDomains *domains, const char *name)
{
    TblAddress address;
    if (!domain->catch_all || !tbl_address_parse(&address, tbl_slice(domain->catch_all)))
        return false;
    const TblDomain *found = tbl_domains_find(domains, tbl_address_domain(&address));
    return found && strcmp(found->name, name) == 0;
}

/* Others that need this domain: without force an error, with it the mirrors go too. Names that go
 * as well stay quiet. */
static bool
remove_referrers(PdCtlChange *change, const char *name, char **names, bool force, GError **error)
{
    const TblDomains *domains = change->base->domains(change->base);
    g_autoptr(GPtrArray) list = tbl_domains_list(domains);
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        bool mirrors = domain->mirror && strcmp(domain->mirror, name) == 0;
        if ((!mirrors && !catch_all_lies_in(domain, domains, name)) ||
            g_strv_contains((const char *const *)names, domain->name))
            continue;
        if (!force) {
            g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED, "%s is needed by %s (--%s=%s)",
                        name, domain->name, mirrors ? "mirror" : "catch-all",
                        mirrors ? domain->mirror : domain->catch_all);
            return false;
        }
        if (mirrors) {
            pd_ctl_note("%s, which mirrors %s, is removed too", domain->name, name);
            tbl_draft_delete_domain(change->draft, domain->name); /* a mirror has no rule */
        }
    }
    return true;
}

static bool
remove_all(PdCtlChange *change, char **names, bool force, GError **error)
{
    const TblDomains *domains = change->base->domains(change->base);
    for (char **name = names; *name; name++) {
        if (!tbl_domains_get(domains, *name)) {
            g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "%s is not declared", *name);
            return false;
        }
        if (!force && !refuse_while_used(change, *name, error))
            return false;
        if (!remove_referrers(change, *name, names, force, error))
            return false;
        if (!put_domain(change, *name, NULL, error))
            return false;
    }
    return true;
}

int
pd_ctl_domain_remove(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean force = FALSE;
    const GOptionEntry entries[] = {{"force", 0, 0, G_OPTION_ARG_NONE, &force,
                                     "Also with addresses; mirrors of it go too", NULL},
                                    {0}};
    g_autofree char *summary = pd_ctl_summary("domain remove", argc, argv);
    int code = pd_ctl_options(entries, "DOMAIN [--force]", 1, -1, &argc, argv);
    if (code != 0)
        return code;
    g_auto(GStrv) names = domain_names(argc, argv, &error);
    if (!names)
        return pd_ctl_error(error);
    g_autoptr(PdCtlChange) change = pd_ctl_change_new(config, &error);
    bool changed = false;
    if (!change || !remove_all(change, names, force, &error) ||
        !pd_ctl_guard_lists(change, force, &error) ||
        !pd_ctl_change_commit(change, summary, &changed, &error))
        return pd_ctl_error(error);
    hint_reload();
    return TBL_EXIT_OK;
}
