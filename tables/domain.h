/*
 * Declared mail domains: one declaration with its encoding, and the immutable table of all of them
 * that every thread keeps in memory (Postfix remembers a failed domain lookup until the smtpd
 * process ends, so they are answered even while the store fails).
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

typedef enum {
    TBL_DOMAIN_RELAY = 1,
    TBL_DOMAIN_VIRTUAL_MAILBOX,
    TBL_DOMAIN_VIRTUAL_ALIAS,
    TBL_DOMAIN_ROUTE, /* not accepted, not resolved: only transport_maps answers */
} TblDomainClass;

/* A switch that was set, or left to its default. */
typedef enum { TBL_SWITCH_DEFAULT, TBL_SWITCH_YES, TBL_SWITCH_NO } TblSwitch;

/* What an unknown recipient gets; DEFAULT is `[policy] unknown-recipient`. */
typedef enum {
    TBL_UNKNOWN_DEFAULT,
    TBL_UNKNOWN_REJECT,
    TBL_UNKNOWN_DEFER,
    TBL_UNKNOWN_ACCEPT
} TblUnknown;

typedef struct {
    char *name;                  /* canonical; a leading dot declares all subdomains */
    TblDomainClass domain_class; /* a mirror's is OTHER's unless `class_given` */
    bool class_given;
    char *route;     /* "transport:nexthop", NULL for none */
    char *mirror;    /* canonical name of OTHER, NULL for none */
    char *rule;      /* proxy generator rule, NULL for none */
    char *catch_all; /* external address, NULL for none */
    TblSwitch rewrite, expand, extensions;
    TblUnknown unknown;
    guint64 batch; /* that declared it so; 0: not known. Set by the commit, no part of equality */
} TblDomain;

TblDomain *tbl_domain_new(const char *name, TblDomainClass domain_class);
TblDomain *tbl_domain_copy(const TblDomain *domain);
void tbl_domain_free(TblDomain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblDomain, tbl_domain_free)
bool tbl_domain_equal(const TblDomain *a, const TblDomain *b);

const char *tbl_domain_class_name(
    TblDomainClass domain_class); /* "relay", "virtual-mailbox", "virtual-alias", "route" */
TblDomainClass tbl_domain_class_from_name(const char *name); /* 0 when unknown */
const char *tbl_unknown_name(TblUnknown unknown); /* "" for the default, else "reject", ... */

/* The switches with their defaults filled in. */
bool tbl_domain_rewrites(const TblDomain *domain);
bool tbl_domain_expands(const TblDomain *domain);
bool tbl_domain_extends(const TblDomain *domain);

void tbl_domain_encode(const TblDomain *domain, GByteArray *out);
TblDomain *tbl_domain_decode(TblSlice bytes, TblSlice name); /* NULL when broken */

/* All declarations. Immutable once built; each view owns its own. */
typedef struct TblDomains TblDomains;
TblDomains *tbl_domains_new(void);
void tbl_domains_add(TblDomains *domains,
                     TblDomain *domain); /* takes it; replaces; only while building */
void tbl_domains_remove(TblDomains *domains, const char *name); /* only while building */
TblDomains *tbl_domains_copy(const TblDomains *domains);        /* for building on */
void tbl_domains_free(TblDomains *domains);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblDomains, tbl_domains_free)
guint tbl_domains_count(const TblDomains *domains);

/* The declaration that covers a canonical domain: itself, else the longest `.parent`. NULL: not
 * declared. Borrowed. */
const TblDomain *tbl_domains_find(const TblDomains *domains, const char *domain);
/* Exactly this name. Borrowed. NULL domains (nothing was ever read) hold no name, here and in the
 * finding functions. */
const TblDomain *tbl_domains_get(const TblDomains *domains, const char *name);
/* As tbl_domains_find, but a route-class declaration counts as undeclared. */
const TblDomain *tbl_domains_find_mail(const TblDomains *domains, const char *domain);
/* Class and route of a declaration, a mirror's taken from OTHER unless given. */
TblDomainClass tbl_domains_class(const TblDomains *domains, const TblDomain *domain);
const char *tbl_domains_route(const TblDomains *domains, const TblDomain *domain);
/* The declarations that mirror `other`; NULL for none. Borrowed, const TblDomain * in no order. */
const GPtrArray *tbl_domains_mirrors(const TblDomains *domains, const char *other);
/* All declarations sorted bytewise by name: array of const TblDomain *, borrowed elements. Free
 * with g_ptr_array_unref. */
GPtrArray *tbl_domains_list(const TblDomains *domains);

/* Checks `[TRANSPORT:]NEXTHOP[, NEXTHOP...]` and returns it complete with its transport: "relay:"
 * for class relay, else "smtp:". NULL with `error` (a sentence: `host:25` must be `[host]:25`,
 * ...). Caller frees. */
char *tbl_route_complete(const char *route, TblDomainClass domain_class, GError **error);
