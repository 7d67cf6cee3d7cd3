#include "policyd/ctl_domains.h"

#include "policyd/ctl_guard.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    const TblDomains *domains;
    GHashTable *counts;
    bool broken;
} Counting;

static bool
count_address(TblSlice key, TblSlice domain, TblSlice bytes, gpointer data)
{
    Counting *counting = data;
    TblRows rows;
    if (!tbl_rows_decode(&rows, key, bytes)) {
        counting->broken = true;
        return false;
    }
    g_autofree char *text = g_strndup(domain.ptr, domain.len);
    const TblDomain *found = tbl_domains_find(counting->domains, text);
    if (!found || !tbl_rows_answer(&rows))
        return true;
    guint64 *count = g_hash_table_lookup(counting->counts, found->name);
    if (!count) {
        count = g_new0(guint64, 1);
        g_hash_table_insert(counting->counts, g_strdup(found->name), count);
    }
    (*count)++;
    return true;
}

GHashTable *
pd_ctl_count_addresses(const PdCtlSnapshot *snapshot)
{
    Counting counting = {.domains = snapshot->view->domains(snapshot->view),
                         .counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
    if (!snapshot->reader ||
        (pd_ctl_each_address(snapshot->reader, count_address, &counting) && !counting.broken))
        return counting.counts;
    g_hash_table_unref(counting.counts);
    return NULL;
}

guint64
pd_ctl_count_of(GHashTable *counts, const char *name)
{
    const guint64 *count = g_hash_table_lookup(counts, name);
    return count ? *count : 0;
}

static void
append_switch(GString *out, const char *name, TblSwitch value)
{
    if (value != TBL_SWITCH_DEFAULT)
        g_string_append_printf(out, "  %s=%s", name, value == TBL_SWITCH_YES ? "yes" : "no");
}

static void
append_text(GString *out, const char *name, const char *value)
{
    if (value && *value)
        g_string_append_printf(out, "  %s=%s", name, value);
}

void
pd_ctl_append_declaration(GString *out, const TblDomains *domains, const TblDomain *domain)
{
    g_string_append(out, tbl_domain_class_name(tbl_domains_class(domains, domain)));
    append_text(out, "route", tbl_domains_route(domains, domain));
    append_text(out, "mirror", domain->mirror);
    append_text(out, "rule", domain->rule);
    append_text(out, "catch-all", domain->catch_all);
    append_switch(out, "rewrite", domain->rewrite);
    append_switch(out, "expand", domain->expand);
    append_text(out, "unknown", tbl_unknown_name(domain->unknown));
    append_switch(out, "extensions", domain->extensions);
}

/* What an unknown recipient gets, the default filled in. */
static TblUnknown
effective_unknown(const TblConfig *config, TblDomainClass domain_class, TblUnknown unknown)
{
    if (unknown == TBL_UNKNOWN_DEFAULT)
        unknown = (TblUnknown)config->policy.unknown_recipient;
    /* A virtual-alias domain delivers nothing itself, so it can accept nobody unknown. */
    if (domain_class == TBL_DOMAIN_VIRTUAL_ALIAS && unknown == TBL_UNKNOWN_ACCEPT)
        return TBL_UNKNOWN_REJECT;
    return unknown;
}

/* Values in effect: defaults are filled in, a mirror shows the class and route of its other. */
static void
print_json(const TblConfig *config, const TblDomains *domains, const TblDomain *domain,
           guint64 addresses)
{
    g_autoptr(GString) line = g_string_new(NULL);
    TblDomainClass domain_class = tbl_domains_class(domains, domain);
    TblJson json;
    tbl_json_begin(&json, line);
    tbl_json_text(&json, "domain", domain->name);
    tbl_json_text(&json, "class", tbl_domain_class_name(domain_class));
    tbl_json_text(&json, "route", tbl_domains_route(domains, domain));
    tbl_json_text(&json, "mirror", domain->mirror);
    tbl_json_text(&json, "rule", domain->rule);
    tbl_json_text(&json, "catch_all", domain->catch_all);
    tbl_json_bool(&json, "rewrite", tbl_domain_rewrites(domain));
    tbl_json_bool(&json, "expand", tbl_domain_expands(domain));
    tbl_json_text(&json, "unknown",
                  tbl_unknown_name(effective_unknown(config, domain_class, domain->unknown)));
    tbl_json_bool(&json, "extensions", tbl_domain_extends(domain));
    tbl_json_number(&json, "addresses", (gint64)addresses);
    tbl_json_end(&json);
    puts(line->str);
}

static void
print_text(const TblDomains *domains, const TblDomain *domain, guint64 addresses, int width)
{
    g_autoptr(GString) line = g_string_new(NULL);
    pd_ctl_append_declaration(line, domains, domain);
    printf("%-*s  %s  addresses=%" G_GUINT64_FORMAT "\n", width, domain->name, line->str,
           addresses);
}

static void
print_domains(const PdCtlSnapshot *snapshot, const TblDomains *domains, GHashTable *counts,
              bool as_json)
{
    g_autoptr(GPtrArray) list = tbl_domains_list(domains);
    size_t width = 0;
    for (guint i = 0; i < list->len; i++)
        width = MAX(width, strlen(((const TblDomain *)g_ptr_array_index(list, i))->name));
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        guint64 addresses = pd_ctl_count_of(counts, domain->name);
        if (as_json)
            print_json(snapshot->config, domains, domain, addresses);
        else
            print_text(domains, domain, addresses, (int)width);
    }
}

int
pd_ctl_domain_list(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean as_json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "One JSON object a line", NULL}, {0}};
    int code = pd_ctl_options(entries, "[--json]", 0, 0, &argc, argv);
    if (code != 0)
        return code;
    g_autoptr(PdCtlSnapshot) snapshot = pd_ctl_snapshot_new(config, &error);
    if (!snapshot)
        return pd_ctl_error(error);
    const TblDomains *domains = snapshot->view->domains(snapshot->view);
    if (!domains)
        return TBL_EXIT_OK;
    g_autoptr(GHashTable) counts = pd_ctl_count_addresses(snapshot);
    if (!counts) {
        pd_ctl_set_store_failed(config, &error);
        return pd_ctl_error(error);
    }
    print_domains(snapshot, domains, counts, as_json);
    return pd_ctl_finish();
}
