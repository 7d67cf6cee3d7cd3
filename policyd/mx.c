#include "policyd/mx.h"

#include "tables/command.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <gio/gio.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>

/* The longest DNS message (RFC 1035 4.2.2: a length of 16 bits over TCP). */
#define PACKET_MAX 65535
/* A server that was named for a check gets two tries of five seconds, not the patience of
 * resolv.conf. */
enum { TRY_SECONDS = 5, TRIES = 2 };

/* ---- Answers ---- */

static void
record_free(gpointer data)
{
    PdDnsRecord *record = data;
    g_free(record->host);
    g_free(record->address);
    g_free(record);
}

PdDnsAnswer *
pd_dns_answer_new(void)
{
    PdDnsAnswer *answer = g_new0(PdDnsAnswer, 1);
    answer->records = g_ptr_array_new_with_free_func(record_free);
    return answer;
}

void
pd_dns_answer_free(PdDnsAnswer *answer)
{
    if (!answer)
        return;
    g_ptr_array_unref(answer->records);
    g_free(answer);
}

static bool
add_mx(const ns_msg *message, const ns_rr *rr, PdDnsAnswer *answer)
{
    char host[NS_MAXDNAME];
    const unsigned char *data = ns_rr_rdata(*rr);
    if (ns_rr_rdlen(*rr) <= NS_INT16SZ ||
        ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), data + NS_INT16SZ, host,
                           sizeof host) < 0)
        return false;
    PdDnsRecord *record = g_new0(PdDnsRecord, 1);
    record->preference = ns_get16(data);
    record->host = g_ascii_strdown(host, -1);
    size_t length = strlen(record->host);
    if (length > 0 && record->host[length - 1] == '.')
        record->host[length - 1] = '\0';
    g_ptr_array_add(answer->records, record);
    return true;
}

static bool
add_address(const ns_rr *rr, int family, size_t size, PdDnsAnswer *answer)
{
    char text[INET6_ADDRSTRLEN];
    if (ns_rr_rdlen(*rr) != size || !inet_ntop(family, ns_rr_rdata(*rr), text, sizeof text))
        return false;
    PdDnsRecord *record = g_new0(PdDnsRecord, 1);
    record->address = g_strdup(text);
    g_ptr_array_add(answer->records, record);
    return true;
}

static bool
add_record(const ns_msg *message, const ns_rr *rr, PdDnsAnswer *answer)
{
    if (ns_rr_class(*rr) != ns_c_in)
        return true;
    switch (ns_rr_type(*rr)) {
    case ns_t_mx:
        return add_mx(message, rr, answer);
    case ns_t_a:
        return add_address(rr, AF_INET, NS_INADDRSZ, answer);
    case ns_t_aaaa:
        return add_address(rr, AF_INET6, NS_IN6ADDRSZ, answer);
    case ns_t_cname:
        answer->alias = true;
        return true;
    default:
        return true;
    }
}

static gint
compare_records(gconstpointer a, gconstpointer b)
{
    const PdDnsRecord *x = *(PdDnsRecord *const *)a, *y = *(PdDnsRecord *const *)b;
    if (x->preference != y->preference)
        return x->preference < y->preference ? -1 : 1;
    return x->host || y->host ? g_strcmp0(x->host, y->host) : g_strcmp0(x->address, y->address);
}

PdDnsResult
pd_dns_parse(TblSlice packet, PdDnsAnswer *answer)
{
    ns_msg message;
    if (packet.len > PACKET_MAX ||
        ns_initparse((const unsigned char *)packet.ptr, (int)packet.len, &message) != 0 ||
        !ns_msg_getflag(message, ns_f_qr) || ns_msg_getflag(message, ns_f_tc))
        return PD_DNS_FAILED;
    if (ns_msg_getflag(message, ns_f_rcode) == ns_r_nxdomain)
        return PD_DNS_NXDOMAIN;
    if (ns_msg_getflag(message, ns_f_rcode) != ns_r_noerror)
        return PD_DNS_FAILED;
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
        ns_rr rr;
        if (ns_parserr(&message, ns_s_an, i, &rr) != 0 || !add_record(&message, &rr, answer))
            return PD_DNS_FAILED;
    }
    g_ptr_array_sort(answer->records, compare_records);
    return answer->records->len > 0 ? PD_DNS_FOUND : PD_DNS_NODATA;
}

/* ---- Queries ---- */

struct PdResolver {
    struct __res_state state;
    unsigned char packet[PACKET_MAX];
};

static bool
set_usage(const char *server, const char *why, GError **error)
{
    g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_USAGE, "--resolver=%s: %s", server, why);
    return false;
}

/* Points the state at one server. glibc keeps IPv6 servers apart from nsaddr_list and frees them in
 * res_nclose. */
static bool
use_address(PdResolver *resolver, const struct sockaddr *address)
{
    res_state state = &resolver->state;
    state->nscount = 1;
    if (address->sa_family == AF_INET) {
        memcpy(&state->nsaddr_list[0], address, sizeof state->nsaddr_list[0]);
        return true;
    }
    struct sockaddr_in6 *copy = malloc(sizeof *copy);
    if (!copy)
        return false;
    memcpy(copy, address, sizeof *copy);
    state->nsaddr_list[0].sin_family = 0;
    free(state->_u._ext.nsaddrs[0]);
    state->_u._ext.nsaddrs[0] = copy;
    return true;
}

static bool
use_server(PdResolver *resolver, const char *server, GError **error)
{
    g_autoptr(GSocketConnectable) parsed = g_network_address_parse(server, NS_DEFAULTPORT, NULL);
    if (!parsed)
        return set_usage(server, "expected HOST:PORT", error);
    GNetworkAddress *where = G_NETWORK_ADDRESS(parsed);
    g_autofree char *port = g_strdup_printf("%u", g_network_address_get_port(where));
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV}, *found = NULL;
    int rc = getaddrinfo(g_network_address_get_hostname(where), port, &hints, &found);
    if (rc != 0)
        return set_usage(server, gai_strerror(rc), error);
    bool used = use_address(resolver, found->ai_addr);
    freeaddrinfo(found);
    resolver->state.retrans = TRY_SECONDS;
    resolver->state.retry = TRIES;
    return used || set_usage(server, "out of memory", error);
}

PdResolver *
pd_resolver_new(const char *server, GError **error)
{
    PdResolver *resolver = g_new0(PdResolver, 1);
    if (res_ninit(&resolver->state) != 0) {
        g_set_error_literal(error, TBL_EXIT_ERROR, TBL_EXIT_TEMPORARY,
                            "the resolver does not start");
        g_free(resolver);
        return NULL;
    }
    if (server && !use_server(resolver, server, error)) {
        pd_resolver_free(resolver);
        return NULL;
    }
    return resolver;
}

void
pd_resolver_free(PdResolver *resolver)
{
    if (!resolver)
        return;
    res_nclose(&resolver->state);
    g_free(resolver);
}

static PdDnsResult
query(PdResolver *resolver, const char *name, int type, PdDnsAnswer *answer)
{
    int length = res_nquery(&resolver->state, name, ns_c_in, type, resolver->packet, PACKET_MAX);
    if (length >= 0)
        return pd_dns_parse((TblSlice){(const char *)resolver->packet, (size_t)length}, answer);
    switch (resolver->state.res_h_errno) {
    case HOST_NOT_FOUND:
        return PD_DNS_NXDOMAIN;
    case NO_DATA:
        return PD_DNS_NODATA;
    default:
        return PD_DNS_FAILED;
    }
}

PdDnsResult
pd_resolver_mx(PdResolver *resolver, const char *domain, PdDnsAnswer *answer)
{
    return query(resolver, domain, ns_t_mx, answer);
}

PdDnsResult
pd_resolver_addresses(PdResolver *resolver, const char *host, PdDnsAnswer *answer)
{
    PdDnsResult v4 = query(resolver, host, ns_t_a, answer);
    if (v4 == PD_DNS_NXDOMAIN)
        return v4;
    PdDnsResult v6 = query(resolver, host, ns_t_aaaa, answer);
    if (v4 == PD_DNS_FOUND || v6 == PD_DNS_FOUND)
        return PD_DNS_FOUND;
    return v4 == PD_DNS_FAILED || v6 == PD_DNS_FAILED ? PD_DNS_FAILED : PD_DNS_NODATA;
}
