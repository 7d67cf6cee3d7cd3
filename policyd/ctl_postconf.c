/* policyctl postconf: prints main.cf's lines for what is declared, or sets them. */
#include "policyd/ctl_postconf.h"
#include "policyd/client.h"
#include "policyd/ctl_guard.h"
#include "policyd/ctl_plain.h"
#include "policyd/postconf_plan.h"
#include "policyd/postfix_tool.h"

#include <stdio.h>
#include <string.h>

/* Seconds for each step of a conversation with the daemon. */
#define ANSWER_TIMEOUT 10
/* Whom nobody can have: RFC 2606 reserves the domain. */
#define STRANGER "policyctl@nobody.invalid"

static const TblMap address_maps[] = {TBL_MAP_VIRTUAL_ALIAS_MAPS, TBL_MAP_VIRTUAL_MAILBOX_MAPS,
                                      TBL_MAP_RELAY_RECIPIENT_MAPS, TBL_MAP_TRANSPORT_MAPS};

/* ---- What is declared ---- */

typedef struct {
    gint64 now;
    bool moved, broken;
} Notices;

static bool
look_for_notice(TblSlice key, G_GNUC_UNUSED TblSlice domain, TblSlice bytes, gpointer data)
{
    Notices *notices = data;
    TblRows rows;
    if (!tbl_rows_decode(&rows, key, bytes)) {
        notices->broken = true;
        return false;
    }
    const TblRow *row = tbl_rows_get(&rows, TBL_ROW_TOMBSTONE);
    notices->moved = row && row->moved && tbl_row_is_live_tombstone(row, notices->now);
    return !notices->moved;
}

bool
pd_ctl_has_moved(const PdCtlSnapshot *snapshot, bool *moved, GError **error)
{
    Notices notices = {.now = g_get_real_time() / G_USEC_PER_SEC};
    *moved = false;
    if (!snapshot->reader)
        return true;
    if (!pd_ctl_each_address(snapshot->reader, look_for_notice, &notices) || notices.broken) {
        pd_ctl_set_store_failed(snapshot->config, error);
        return false;
    }
    *moved = notices.moved;
    return true;
}

/* ---- Nothing may answer TEMP ---- */

static bool
refuse_temporary(GError **error, const char *map, const char *key, const char *reason)
{
    return pd_ctl_refuse(error, "%s answers TEMP for %s (%s), so Postfix would defer mail", map,
                         key, reason);
}

/* The first of the address maps that answers TEMP, TBL_MAP_COUNT for none. */
static TblMap
temporary_map(const TblContext *context, const char *key, GString *reason)
{
    for (gsize i = 0; i < G_N_ELEMENTS(address_maps); i++) {
        g_string_truncate(reason, 0);
        if (tbl_maps_lookup(context, address_maps[i], tbl_slice(key), reason) == TBL_FAILED)
            return address_maps[i];
    }
    return TBL_MAP_COUNT;
}

/* As the maps answer where no domain defers unknown recipients on purpose. */
char *
pd_ctl_find_temporary(const PdCtlSnapshot *snapshot, const TblDomains *domains, TblMap *map,
                      GString *reason)
{
    g_autoptr(PdCtlPlain) plain = pd_ctl_plain_new(snapshot->view);
    TblContext context = pd_ctl_snapshot_context(snapshot);
    context.view = pd_ctl_plain_view(plain);
    *map = temporary_map(&context, STRANGER, reason);
    if (*map != TBL_MAP_COUNT)
        return g_strdup(STRANGER);
    g_autoptr(GPtrArray) list = tbl_domains_list(domains);
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        g_autofree char *key = g_strdup_printf("policyctl-nobody@%s%s",
                                               domain->name[0] == '.' ? "x" : "", domain->name);
        *map = temporary_map(&context, key, reason);
        if (*map != TBL_MAP_COUNT)
            return g_steal_pointer(&key);
    }
    return NULL;
}

static bool
check_store(const PdCtlSnapshot *snapshot, const TblDomains *domains, GError **error)
{
    TblMap map;
    g_autoptr(GString) reason = g_string_new(NULL);
    g_autofree char *key = pd_ctl_find_temporary(snapshot, domains, &map, reason);
    return !key || refuse_temporary(error, tbl_map_name(map), key, reason->str);
}

/* The daemon may see another store, or none. */
static bool
check_daemon(const TblConfig *config, bool apply, GError **error)
{
    g_autoptr(GError) away = NULL;
    g_autoptr(PdClient) client = pd_client_new_any(config->socketmap.listen, ANSWER_TIMEOUT, &away);
    for (gsize i = 0; client && i < G_N_ELEMENTS(address_maps); i++) {
        const char *map = tbl_map_name(address_maps[i]);
        g_autofree char *reply = pd_client_lookup(client, map, STRANGER, &away);
        if (!reply)
            break;
        if (g_str_has_prefix(reply, "TEMP"))
            return refuse_temporary(error, map, STRANGER, reply);
    }
    if (away && apply)
        pd_ctl_note("warning: %s; until it answers, Postfix defers mail", away->message);
    return true;
}

/* ---- Output ---- */

static void
print_plan(const PdPostconfPlan *plan)
{
    for (guint i = 0; i < plan->lines->len; i++) {
        const PdPostconfLine *line = g_ptr_array_index(plan->lines, i);
        printf("%s = %s\n", line->name, line->value);
    }
}

/* The number of changes. */
static guint
print_diff(const PdPostconfPlan *plan)
{
    guint count = 0;
    for (guint i = 0; i < plan->lines->len; i++) {
        const PdPostconfLine *line = g_ptr_array_index(plan->lines, i);
        if (!line->changed)
            continue;
        printf("-%s = %s\n+%s = %s\n", line->name, line->old, line->name, line->value);
        count++;
    }
    return count;
}

/* One run of postconf -e, which replaces main.cf as a whole. */
static bool
apply_plan(const PdPostconfPlan *plan, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(argv, (gpointer) "postconf");
    g_ptr_array_add(argv, (gpointer) "-e");
    for (guint i = 0; i < plan->lines->len; i++) {
        const PdPostconfLine *line = g_ptr_array_index(plan->lines, i);
        char *text = g_strdup_printf("%s = %s", line->name, line->value);
        g_ptr_array_add(texts, text);
        if (line->changed)
            g_ptr_array_add(argv, text);
    }
    g_ptr_array_add(argv, NULL);
    g_autofree char *output = pd_postfix_tool_run((const char *const *)argv->pdata, error);
    return output != NULL;
}

static int
set_plan(const PdPostconfPlan *plan)
{
    g_autoptr(GError) error = NULL;
    if (print_diff(plan) == 0) {
        pd_ctl_note("main.cf says all of this already; nothing was changed");
        return TBL_EXIT_OK;
    }
    int code = pd_ctl_finish();
    if (code != 0)
        return code;
    if (!apply_plan(plan, &error))
        return pd_ctl_error(error);
    pd_ctl_note("main.cf was changed; run \"postfix reload\", and then \"policyctl doctor\"");
    return TBL_EXIT_OK;
}

/* ---- The verb ---- */

static PdPostconfPlan *
make_plan(const TblConfig *config, bool apply, char *const *with, GError **error)
{
    PdPostconfFacts facts = {0};
    g_autoptr(PdCtlSnapshot) snapshot = pd_ctl_snapshot_new(config, error);
    if (!snapshot || !pd_ctl_has_moved(snapshot, &facts.moved, error))
        return NULL;
    g_autoptr(TblDomains) none = tbl_domains_new();
    facts.domains = snapshot->view->domains(snapshot->view);
    if (!facts.domains)
        facts.domains = none;
    g_autoptr(PdPostfixConfig) postfix = pd_postfix_config_read(error);
    if (!postfix)
        return NULL;
    g_autoptr(PdPostconfPlan) plan = pd_postconf_plan_new(postfix, config, &facts, with, error);
    if (!plan || !check_store(snapshot, facts.domains, error) ||
        !check_daemon(config, apply, error))
        return NULL;
    return g_steal_pointer(&plan);
}

int
pd_ctl_postconf(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean apply = FALSE;
    g_auto(GStrv) with = NULL;
    const GOptionEntry entries[] = {
        {"apply", 0, 0, G_OPTION_ARG_NONE, &apply, "Show what changes in main.cf, and change it",
         NULL},
        {"with", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &with,
         "Also canonical_maps, sender_canonical_maps, recipient_canonical_maps or "
         "smtpd_sender_login_maps",
         "MAP"},
        {0}};
    int code = pd_ctl_options(entries, "[--apply] [--with=MAP...]", 0, 0, &argc, argv);
    if (code != 0)
        return code;
    for (char **map = with; map && *map; map++)
        if (!pd_postconf_warning(*map))
            return pd_ctl_fail(TBL_EXIT_USAGE,
                               "--with=%s: expected canonical_maps, sender_canonical_maps, "
                               "recipient_canonical_maps or smtpd_sender_login_maps",
                               *map);
    g_autoptr(PdPostconfPlan) plan = make_plan(config, apply, with, &error);
    if (!plan)
        return pd_ctl_error(error);
    for (guint i = 0; i < plan->warnings->len; i++)
        pd_ctl_note("warning: %s", (const char *)g_ptr_array_index(plan->warnings, i));
    if (apply)
        return set_plan(plan);
    print_plan(plan);
    return pd_ctl_finish();
}
