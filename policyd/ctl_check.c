/*
 * domain check: what KB Q174351 asks for before a domain is put into service. Does the world send
 * its mail here, is it declared, who is in it.
 */
#include "policyd/ctl.h"
#include "policyd/ctl_domains.h"
#include "policyd/mx.h"

#include "tables/address.h"

#include <gio/gio.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const PdCtlSnapshot *snapshot;
    GHashTable *counts;
    PdResolver *resolver;
    GHashTable *own_addresses; /* of this host, in digits */
    char *own_name;
} Check;

static void
check_clear(Check *check)
{
    g_clear_pointer(&check->counts, g_hash_table_unref);
    g_clear_pointer(&check->resolver, pd_resolver_free);
    g_clear_pointer(&check->own_addresses, g_hash_table_unref);
    g_clear_pointer(&check->own_name, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Check, check_clear)

static GHashTable *
own_addresses(void)
{
    GHashTable *addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) != 0)
        return addresses;
    for (const struct ifaddrs *one = list; one; one = one->ifa_next) {
        const struct sockaddr *address = one->ifa_addr;
        if (!address || (address->sa_family != AF_INET && address->sa_family != AF_INET6))
            continue;
        gsize size = address->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                                   : sizeof(struct sockaddr_in6);
        g_autoptr(GSocketAddress) socket_address =
            g_socket_address_new_from_native(one->ifa_addr, size);
        if (socket_address)
            g_hash_table_add(addresses, g_inet_address_to_string(g_inet_socket_address_get_address(
                                            G_INET_SOCKET_ADDRESS(socket_address))));
    }
    freeifaddrs(list);
    return addresses;
}

static int
worst(int a, int b)
{
    return MAX(a, b);
}

/* ---- The declaration ---- */

static TblResult
exists(const Check *check, const TblDomain *domain, const char *local, const char *name)
{
    TblAddress address;
    TblLocation location;
    g_autofree char *text = g_strdup_printf("%s@%s", local, name);
    TblContext context = pd_ctl_snapshot_context(check->snapshot);
    if (!tbl_address_parse(&address, tbl_slice(text)))
        return TBL_NOTFOUND;
    tbl_resolve_locate(&context, &address, domain, &location);
    return location.result;
}

/* RFC 2142 section 5 and RFC 5321 section 4.5.1 want these two in every mail domain. */
static int
check_roles(const Check *check, const TblDomain *domain, const char *name)
{
    static const char *const roles[] = {"postmaster", "abuse"};
    int code = TBL_EXIT_OK;
    for (gsize i = 0; i < G_N_ELEMENTS(roles); i++) {
        TblResult result = exists(check, domain, roles[i], name);
        bool stand_in = domain->catch_all || *check->snapshot->config->addresses.postmaster;
        if (result == TBL_FAILED)
            code = pd_ctl_fail(TBL_EXIT_FAILED, "%s: the store cannot be read",
                               check->snapshot->config->store.path);
        else
            printf("%s: %s@ %s\n", name, roles[i],
                   result == TBL_FOUND ? "exists"
                   : !stand_in         ? "does not exist"
                   : domain->catch_all ? "does not exist, the catch-all answers"
                                       : "does not exist, [addresses] postmaster answers");
    }
    return code;
}

static int
check_declaration(const Check *check, const char *name)
{
    const TblDomains *domains = check->snapshot->view->domains(check->snapshot->view);
    const TblDomain *domain =
        name[0] == '.' ? tbl_domains_get(domains, name) : tbl_domains_find(domains, name);
    if (!domain) {
        printf("%s: not declared\n", name);
        return TBL_EXIT_FAILED;
    }
    g_autoptr(GString) line = g_string_new(NULL);
    pd_ctl_append_declaration(line, domains, domain);
    printf("%s: declared%s%s: %s\n", name, strcmp(domain->name, name) == 0 ? "" : " by ",
           strcmp(domain->name, name) == 0 ? "" : domain->name, line->str);
    if (tbl_domains_class(domains, domain) == TBL_DOMAIN_ROUTE)
        return TBL_EXIT_OK;
    printf("%s: %" G_GUINT64_FORMAT " addresses\n", name,
           pd_ctl_count_of(check->counts, domain->name));
    return name[0] == '.' ? TBL_EXIT_OK : check_roles(check, domain, name);
}

/* ---- The DNS ---- */

static bool
is_own(const Check *check, const char *host, const PdDnsAnswer *addresses)
{
    if (host && check->own_name && g_ascii_strcasecmp(host, check->own_name) == 0)
        return true;
    for (guint i = 0; i < addresses->records->len; i++) {
        const PdDnsRecord *record = g_ptr_array_index(addresses->records, i);
        if (record->address && g_hash_table_contains(check->own_addresses, record->address))
            return true;
    }
    return false;
}

static char *
join_addresses(const PdDnsAnswer *answer)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < answer->records->len; i++) {
        const PdDnsRecord *record = g_ptr_array_index(answer->records, i);
        g_string_append_printf(text, "%s%s", i ? ", " : "", record->address ? record->address : "");
    }
    return g_string_free(text, FALSE);
}

/* One exchanger; `*ours` is set when it is this host. */
static PdDnsResult
check_exchanger(const Check *check, const char *name, const PdDnsRecord *mx, bool *ours)
{
    g_autoptr(PdDnsAnswer) addresses = pd_dns_answer_new();
    PdDnsResult result = pd_resolver_addresses(check->resolver, mx->host, addresses);
    g_autofree char *text = result == PD_DNS_FOUND ? join_addresses(addresses) : NULL;
    printf("%s: mx %u %s: %s\n", name, mx->preference, mx->host,
           text                      ? text
           : result == PD_DNS_FAILED ? "the DNS fails"
                                     : "has no address");
    if (result != PD_DNS_FAILED && addresses->alias)
        pd_ctl_note("warning: %s: the MX %s is a CNAME, and some senders refuse that (RFC 2181 "
                    "section 10.3)",
                    name, mx->host);
    if (result == PD_DNS_FOUND && is_own(check, mx->host, addresses))
        *ours = true;
    return result;
}

static void
print_ours(const char *name, bool ours)
{
    printf("%s: this host is %san MX\n", name, ours ? "" : "not ");
}

static int
check_exchangers(const Check *check, const char *name, const PdDnsAnswer *answer)
{
    bool found = false, failed = false, ours = false;
    const PdDnsRecord *first = g_ptr_array_index(answer->records, 0);
    if (answer->records->len == 1 && first->host && *first->host == '\0') {
        printf("%s: null MX: the domain takes no mail (RFC 7505)\n", name);
        return TBL_EXIT_FAILED;
    }
    for (guint i = 0; i < answer->records->len; i++) {
        const PdDnsRecord *mx = g_ptr_array_index(answer->records, i);
        if (!mx->host || *mx->host == '\0')
            continue;
        PdDnsResult result = check_exchanger(check, name, mx, &ours);
        found = found || result == PD_DNS_FOUND;
        failed = failed || result == PD_DNS_FAILED;
    }
    if (found) {
        print_ours(name, ours);
        return TBL_EXIT_OK;
    }
    if (failed)
        return pd_ctl_fail(TBL_EXIT_TEMPORARY, "%s: the DNS fails for its MX", name);
    return pd_ctl_fail(TBL_EXIT_FAILED, "%s: no MX has an address", name);
}

/* RFC 5321 section 5.1: without an MX the domain's own address takes its mail. */
static int
check_implicit(const Check *check, const char *name)
{
    g_autoptr(PdDnsAnswer) addresses = pd_dns_answer_new();
    switch (pd_resolver_addresses(check->resolver, name, addresses)) {
    case PD_DNS_FOUND: {
        g_autofree char *text = join_addresses(addresses);
        printf("%s: no mx, mail goes to its address: %s\n", name, text);
        print_ours(name, is_own(check, name, addresses));
        return TBL_EXIT_OK;
    }
    case PD_DNS_FAILED:
        return pd_ctl_fail(TBL_EXIT_TEMPORARY, "%s: the DNS fails", name);
    default:
        printf("%s: neither mx nor address\n", name);
        return TBL_EXIT_FAILED;
    }
}

static int
check_dns(const Check *check, const char *name)
{
    g_autoptr(PdDnsAnswer) answer = pd_dns_answer_new();
    if (name[0] == '.') {
        printf("%s: mx not checked, they are those of each subdomain\n", name);
        return TBL_EXIT_OK;
    }
    switch (pd_resolver_mx(check->resolver, name, answer)) {
    case PD_DNS_FOUND:
        if (answer->alias)
            pd_ctl_note("warning: %s is a CNAME itself", name);
        return check_exchangers(check, name, answer);
    case PD_DNS_NODATA:
        return check_implicit(check, name);
    case PD_DNS_NXDOMAIN:
        printf("%s: not in the DNS (NXDOMAIN)\n", name);
        return TBL_EXIT_FAILED;
    case PD_DNS_FAILED:
        break;
    }
    return pd_ctl_fail(TBL_EXIT_TEMPORARY, "%s: the DNS fails", name);
}

static int
check_all(Check *check, int argc, char **argv)
{
    int code = TBL_EXIT_OK;
    for (int i = 1; i < argc; i++) {
        char name[256];
        if (!tbl_domain_canonical(tbl_slice(argv[i]), true, name))
            return pd_ctl_fail(TBL_EXIT_USAGE, "%s is no domain name", argv[i]);
        code = worst(code, check_declaration(check, name));
        fflush(stdout); /* the DNS may take its time */
        code = worst(code, check_dns(check, name));
    }
    return worst(code, pd_ctl_finish());
}

int
pd_ctl_domain_check(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *server = NULL;
    const GOptionEntry entries[] = {{"resolver", 0, 0, G_OPTION_ARG_FILENAME, &server,
                                     "Ask this name server instead of those of resolv.conf",
                                     "HOST:PORT"},
                                    {0}};
    int code = pd_ctl_options(entries, "DOMAIN... [--resolver=HOST:PORT]", 1, -1, &argc, argv);
    if (code != 0)
        return code;
    g_auto(Check) check = {.own_addresses = own_addresses()};
    char own_name[256] = ""; /* longer than HOST_NAME_MAX */
    if (gethostname(own_name, sizeof own_name - 1) == 0 && *own_name)
        check.own_name = g_strdup(own_name);
    check.resolver = pd_resolver_new(server, &error);
    if (!check.resolver)
        return pd_ctl_error(error);
    g_autoptr(PdCtlSnapshot) snapshot = pd_ctl_snapshot_new(config, &error);
    if (!snapshot)
        return pd_ctl_error(error);
    check.snapshot = snapshot;
    check.counts = pd_ctl_count_addresses(snapshot);
    if (!check.counts) {
        pd_ctl_set_store_failed(config, &error);
        return pd_ctl_error(error);
    }
    return check_all(&check, argc, argv);
}
