/*
 * What main.cf must say so that Postfix asks policyd about the declared domains, and nothing that
 * worked before stops: values stay, ours come first. Decides only; ctl_postconf prints and sets.
 * One thread.
 */
#pragma once

#include "policyd/postfix_config.h"

/* What the store declares. */
typedef struct {
    const TblDomains *domains;
    bool moved; /* a notice with a new address exists */
} PdPostconfFacts;

/* One parameter. */
typedef struct {
    const char *name;
    char *old; /* as written, or by default */
    char *value;
    bool changed;
} PdPostconfLine;

typedef struct {
    GPtrArray *lines;    /* PdPostconfLine *, in the order in which they are shown */
    GPtrArray *warnings; /* char * */
} PdPostconfPlan;

/* `with` (NULL-terminated, may be NULL): maps that only come when asked for. Errors: 3 with what
 * stands in the way, 1 when Postfix's tools fail. */
PdPostconfPlan *pd_postconf_plan_new(const PdPostfixConfig *postfix, const TblConfig *config,
                                     const PdPostconfFacts *facts, char *const *with,
                                     GError **error);
void pd_postconf_plan_free(PdPostconfPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdPostconfPlan, pd_postconf_plan_free)

/* A map that --with may name: what it changes in Postfix. NULL: no such map. */
const char *pd_postconf_warning(const char *map);

/* Whether a domain of this class is declared (a mirror counts with its class). */
bool pd_postconf_class_used(const TblDomains *domains, TblDomainClass domain_class);
/* Whether transport_maps has anything to say. */
bool pd_postconf_routes(const TblConfig *config, const TblDomains *domains);

/* A name that Postfix delivers itself, or writes into local mail, and that a declared mail domain
 * equals or covers. */
typedef struct {
    char *name;            /* canonical */
    bool covered;          /* by a declared ".domain" */
    const char *parameter; /* "mydestination", "myhostname", "myorigin" */
    char *text;            /* "NAME is in mydestination" */
} PdPostconfConflict;

/* PdPostconfConflict *, owned. NULL with `error`. */
GPtrArray *pd_postconf_local_conflicts(const PdPostfixConfig *postfix, const TblConfig *config,
                                       const TblDomains *domains, GError **error);
/* Declared virtual-mailbox domains that virtual(8) would deliver. char *, owned. */
GPtrArray *pd_postconf_virtual_conflicts(const PdPostfixConfig *postfix, const TblDomains *domains);
/* Other virtual-mailbox domains are delivered by a virtual(8) that reads virtual_mailbox_maps. */
bool pd_postconf_virtual_others(const PdPostfixConfig *postfix, const TblConfig *config);
/* The commands that give virtual(8) what virtual_mailbox_maps holds now besides socketmaps, which
 * it refuses. Caller frees. */
char *pd_postconf_virtual_remedy(const PdPostfixConfig *postfix);

/* Whether two sets of delimiters are the same. */
bool pd_postconf_same_delimiters(const char *a, const char *b);
/* The index of our check_policy_service among the elements of a restriction list, -1 when it is not
 * there. */
int pd_postconf_find_policy(const PdPostfixConfig *postfix, const TblConfig *config,
                            const GPtrArray *elements);
