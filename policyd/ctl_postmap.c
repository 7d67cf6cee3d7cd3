#include "policyd/ctl_postmap.h"

#include "policyd/ctl_guard.h"
#include "policyd/ctl_plain.h"

#include "tables/address.h"

#include <string.h>

/* Bytes of keys that are allocated at a time. */
#define CHUNK_SIZE (256 * 1024)
/* So many keys that fail are named. */
#define NAMED_MAX 10

#define SMTP_KEY "smtp:"

/* ---- Keys ---- */

typedef struct {
    GPtrArray *keys; /* const char *, in the chunk */
    GStringChunk *chunk;
    GPtrArray *mirrors; /* const TblDomain * that are mirrors */
    GString *scratch;
} Keys;

static void
add_key(Keys *keys, TblSlice local, TblSlice domain)
{
    g_string_truncate(keys->scratch, 0);
    tbl_address_append_external(keys->scratch, local, domain);
    /* To postmap, a line that begins with # is a comment; quoted it is a key. */
    if (keys->scratch->str[0] == '#') {
        g_string_insert_c(keys->scratch, 0, '"');
        g_string_insert_c(keys->scratch, (gssize)local.len + 1, '"');
    }
    g_ptr_array_add(keys->keys, g_string_chunk_insert(keys->chunk, keys->scratch->str));
}

static bool
collect_address(TblSlice key, TblSlice domain, G_GNUC_UNUSED TblSlice bytes, gpointer data)
{
    Keys *keys = data;
    const char *local = key.ptr + strlen(SMTP_KEY);
    TblSlice part = {local, (size_t)(domain.ptr - 1 - local)};
    add_key(keys, part, domain);
    for (guint i = 0; i < keys->mirrors->len; i++) {
        const TblDomain *mirror = g_ptr_array_index(keys->mirrors, i);
        if (pd_ctl_covers(mirror->mirror, domain))
            add_key(keys, part, tbl_slice(mirror->name));
    }
    return true;
}

static void
add_roles(Keys *keys, const GPtrArray *domains)
{
    for (guint i = 0; i < domains->len; i++) {
        const TblDomain *domain = g_ptr_array_index(domains, i);
        if (domain->name[0] == '.' || domain->catch_all)
            continue;
        add_key(keys, tbl_slice("postmaster"), tbl_slice(domain->name));
        add_key(keys, tbl_slice("abuse"), tbl_slice(domain->name));
    }
}

/* What a declaration itself answers in a map that has domains as keys; NULL: nothing. Borrowed. */
static const char *
domain_value(const TblDomains *domains, const TblDomain *domain, TblMap map)
{
    TblDomainClass domain_class = tbl_domains_class(domains, domain);
    switch (map) {
    case TBL_MAP_VIRTUAL_ALIAS_DOMAINS:
        return domain_class == TBL_DOMAIN_VIRTUAL_ALIAS ? domain->name : NULL;
    case TBL_MAP_VIRTUAL_MAILBOX_DOMAINS:
        return domain_class == TBL_DOMAIN_VIRTUAL_MAILBOX ? domain->name : NULL;
    case TBL_MAP_RELAY_DOMAINS:
        return domain_class == TBL_DOMAIN_RELAY ? domain->name : NULL;
    case TBL_MAP_TRANSPORT_MAPS:
        return domain_class == TBL_DOMAIN_VIRTUAL_ALIAS ? NULL : tbl_domains_route(domains, domain);
    default:
        return NULL;
    }
}

static void
add_domains(Keys *keys, const TblDomains *domains, const GPtrArray *list, TblMap map)
{
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        if (domain_value(domains, domain, map))
            g_ptr_array_add(keys->keys, domain->name);
    }
}

static gint
compare_keys(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
collect_keys(const PdCtlSnapshot *snapshot, TblMap map, const TblDomains *domains, Keys *keys)
{
    g_autoptr(GPtrArray) list = tbl_domains_list(domains);
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        if (domain->mirror && domain->name[0] != '.')
            g_ptr_array_add(keys->mirrors, (gpointer)domain);
    }
    if (!pd_ctl_each_address(snapshot->reader, collect_address, keys))
        return false;
    if (map == TBL_MAP_VIRTUAL_ALIAS_MAPS && *snapshot->config->addresses.postmaster &&
        snapshot->view->populated(snapshot->view))
        add_roles(keys, list);
    add_domains(keys, domains, list, map);
    g_ptr_array_sort(keys->keys, compare_keys);
    return true;
}

/* ---- Values ---- */

bool
pd_ctl_key_is_subdomains(const char *key)
{
    return *key == '.' && !strchr(key, '@');
}

TblResult
pd_ctl_key_lookup(const TblContext *context, TblMap map, const char *key, GString *value)
{
    char canonical[256];
    if (!pd_ctl_key_is_subdomains(key))
        return tbl_maps_lookup(context, map, tbl_slice(key), value);
    const TblDomains *domains = context->view->domains(context->view);
    const TblDomain *domain = tbl_domain_canonical(tbl_slice(key), true, canonical)
                                  ? tbl_domains_get(domains, canonical)
                                  : NULL;
    const char *answer = domain ? domain_value(domains, domain, map) : NULL;
    g_string_assign(value, answer ? answer : "");
    return answer ? TBL_FOUND : TBL_NOTFOUND;
}

/* The number of keys that failed, -1 when the file did. */
static gint64
write_answers(const TblContext *context, TblMap map, const GPtrArray *keys, FILE *file)
{
    g_autoptr(GString) value = g_string_new(NULL);
    const char *last = "";
    gint64 failed = 0;
    for (guint i = 0; i < keys->len; i++) {
        const char *key = g_ptr_array_index(keys, i);
        if (strcmp(key, last) == 0)
            continue;
        last = key;
        g_string_truncate(value, 0);
        TblResult result = pd_ctl_key_lookup(context, map, key, value);
        if (result == TBL_FAILED && failed++ < NAMED_MAX)
            pd_ctl_note("%s: %s", key, value->str);
        if (result == TBL_FOUND && fprintf(file, "%s\t%s\n", key, value->str) < 0)
            return -1;
    }
    return failed;
}

static bool
export_addresses(const PdCtlSnapshot *snapshot, TblMap map, const TblDomains *domains, FILE *file,
                 GError **error)
{
    Keys keys = {.keys = g_ptr_array_new(),
                 .chunk = g_string_chunk_new(CHUNK_SIZE),
                 .mirrors = g_ptr_array_new(),
                 .scratch = g_string_new(NULL)};
    g_autoptr(PdCtlPlain) plain = pd_ctl_plain_new(snapshot->view);
    TblContext context = pd_ctl_snapshot_context(snapshot);
    context.view = pd_ctl_plain_view(plain);
    bool readable = collect_keys(snapshot, map, domains, &keys);
    gint64 failed = readable ? write_answers(&context, map, keys.keys, file) : 0;
    if (!readable)
        pd_ctl_set_store_failed(snapshot->config, error);
    else if (failed > 0)
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_TEMPORARY,
                    "%" G_GINT64_FORMAT " keys could not be looked up", failed);
    g_ptr_array_unref(keys.keys);
    g_ptr_array_unref(keys.mirrors);
    g_string_chunk_free(keys.chunk);
    g_string_free(keys.scratch, TRUE);
    return readable && failed <= 0;
}

static void
export_domains(const TblDomains *domains, TblMap map, FILE *file)
{
    g_autoptr(GPtrArray) list = tbl_domains_list(domains);
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        const char *value = domain_value(domains, domain, map);
        if (value)
            fprintf(file, "%s\t%s\n", domain->name, value);
    }
}

bool
pd_ctl_export_map(const PdCtlSnapshot *snapshot, TblMap map, FILE *file, GError **error)
{
    const TblDomains *domains = snapshot->view->domains(snapshot->view);
    if (!domains || !snapshot->reader)
        return true;
    if (!tbl_map_is_domains(map))
        return export_addresses(snapshot, map, domains, file, error);
    export_domains(domains, map, file);
    return true;
}
