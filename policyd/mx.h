/*
 * Mail exchangers by DNS, for `policyctl domain check` (KB Q174351 begins with them). Through
 * libresolv, the only one that can be pointed at a server; the only includer of <resolv.h>.
 * Blocking; never used by the daemon.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

typedef enum {
    PD_DNS_FOUND,
    PD_DNS_NODATA,   /* the name exists, but has no such record */
    PD_DNS_NXDOMAIN, /* the name does not exist */
    PD_DNS_FAILED,   /* no usable answer: nothing is known */
} PdDnsResult;

typedef struct {
    guint16 preference; /* of an MX */
    char *
        host; /* of an MX: lower case, without trailing dot; "" is the root: a null MX (RFC 7505) */
    char *address; /* of an A or AAAA: in digits */
} PdDnsRecord;

typedef struct {
    GPtrArray *records; /* PdDnsRecord *, sorted by preference, host, address; owned */
    bool alias;         /* a CNAME was in the way */
} PdDnsAnswer;

PdDnsAnswer *pd_dns_answer_new(void);
void pd_dns_answer_free(PdDnsAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdDnsAnswer, pd_dns_answer_free)

/* Reads the MX, A, AAAA and CNAME records of a packet's answer section into `answer`. Pure.
 * PD_DNS_FAILED for a packet that is broken, truncated (TC) or says so itself; `answer` is then
 * unspecified, but can be freed. */
PdDnsResult pd_dns_parse(TblSlice packet, PdDnsAnswer *answer);

typedef struct PdResolver PdResolver;
/* `server` is NULL for what /etc/resolv.conf says, or "HOST:PORT" (an address in digits or a name
 * of the hosts file; an IPv6 address in brackets). NULL with `error`: TBL_EXIT_ERROR, 2 for a bad
 * `server`, 75 when libresolv does not start. */
PdResolver *pd_resolver_new(const char *server, GError **error);
void pd_resolver_free(PdResolver *resolver);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdResolver, pd_resolver_free)

/* The MX records of a domain; the addresses (A, then AAAA) of a host, of which one failing query is
 * no failure when the other found something. `answer` is filled when PD_DNS_FOUND. */
PdDnsResult pd_resolver_mx(PdResolver *resolver, const char *domain, PdDnsAnswer *answer);
PdDnsResult pd_resolver_addresses(PdResolver *resolver, const char *host, PdDnsAnswer *answer);
