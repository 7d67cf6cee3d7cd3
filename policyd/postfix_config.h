/*
 * What the installed Postfix does, as its own postconf(1) says: the parameters that concern
 * policyd, as written and with everything expanded, and the services of master.cf. MAIL_CONFIG
 * chooses another configuration than the default one, as for all of Postfix. Immutable once read;
 * one thread.
 */
#pragma once

#include "tables/config.h"
#include "tables/maps.h"

/* A service of master.cf. */
typedef struct {
    char *name, *type, *command; /* "submission", "inet", "smtpd" */
    bool chrooted;
    GHashTable *options; /* of its -o: parameter -> value */
} PdPostfixService;

typedef struct PdPostfixConfig PdPostfixConfig;

/* Errors: TBL_EXIT_FAILED. */
PdPostfixConfig *pd_postfix_config_read(GError **error);
/* The same of texts as postconf prints them (tests): `name = value` lines without and with
 * expansion, the lines of `postconf -n`, -M and -P. */
PdPostfixConfig *pd_postfix_config_parse(const char *raw, const char *expanded, const char *given,
                                         const char *services, const char *options);
void pd_postfix_config_free(PdPostfixConfig *postfix);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdPostfixConfig, pd_postfix_config_free)

/* A parameter's value as written or by default, and with its $names expanded; "" for none.
 * Borrowed. */
const char *pd_postfix_config_raw(const PdPostfixConfig *postfix, const char *name);
const char *pd_postfix_config_value(const PdPostfixConfig *postfix, const char *name);
/* main.cf itself sets it. */
bool pd_postfix_config_given(const PdPostfixConfig *postfix, const char *name);
const GPtrArray *
pd_postfix_config_services(const PdPostfixConfig *postfix); /* PdPostfixService * */
/* Whether a service runs one of these programs (NULL ends them), inside a chroot or outside. */
bool pd_postfix_config_runs(const PdPostfixConfig *postfix, const char *const *commands,
                            bool chrooted);

/* ---- Lists, as mystrtokq.c splits them ---- */

/* The elements of a list that blanks and commas separate, where {...} holds together. char *,
 * owned. */
GPtrArray *pd_postfix_split(const char *value);
/* Appends the elements of `value` that `drop` does not want away, separated as they are there, and
 * `separator` before the first of them. */
typedef bool (*PdPostfixDropFunc)(const char *element, guint index, gpointer data);
void pd_postfix_append_others(GString *out, const char *separator, const char *value,
                              PdPostfixDropFunc drop, gpointer data);

/* ---- Endpoints and socketmaps ---- */

/* `socketmap:ENDPOINT:MAP`, `proxy:` before it or not (dict_sockmap.c: the last colon splits).
 * False: `token` is no socketmap. Caller frees both. */
bool pd_postfix_socketmap(const char *token, char **endpoint, char **map);
/* An endpoint as main.cf spells it -> "unix:/absolute/path" or "inet:HOST:PORT". Caller frees. */
char *pd_postfix_endpoint(const PdPostfixConfig *postfix, const char *spelt);
/* Whether it is one of these, of policyd.conf ("inet:0.0.0.0:1" is reached as 127.0.0.1). */
bool pd_postfix_endpoint_is(const PdPostfixConfig *postfix, const char *spelt, char *const *listen);
/* Whether all of Postfix's daemons find an endpoint that is spelt so: an absolute path means
 * another file inside a chroot. */
bool pd_postfix_endpoint_usable(const PdPostfixConfig *postfix, const char *spelt);
/* How main.cf is to name the first of `listen` that Postfix's daemons can reach: relative where it
 * is under the queue directory, which is right with and without chroot. NULL: none is configured.
 * Caller frees. */
char *pd_postfix_endpoint_spell(const PdPostfixConfig *postfix, char *const *listen);

/* A table without `proxy:` before it. Borrowed. */
const char *pd_postfix_unproxied(const char *table);
/* The map's name that an element asks for at one of our endpoints; NULL: it asks somebody else.
 * Caller frees. */
char *pd_postfix_our_map(const PdPostfixConfig *postfix, const TblConfig *config,
                         const char *token);
/* Whether it is this one. */
bool pd_postfix_is_map(const PdPostfixConfig *postfix, const TblConfig *config, const char *token,
                       TblMap map);
/* The server of a `check_policy_service` argument, `unix:x` or `{ unix:x, timeout=... }`; and the
 * value of one of its attributes, NULL for none. Caller frees. */
char *pd_postfix_policy_server(const char *argument);
char *pd_postfix_policy_attribute(const char *argument, const char *name);

/* ---- Delivery ---- */

/* Whether mail with this route ("transport:nexthop"; NULL: virtual_transport) is delivered by
 * virtual(8), which refuses socketmaps (dict.c, DICT_FLAG_NO_UNAUTH); its service, which may be
 * NULL in `*service`. */
bool pd_postfix_delivers_virtual(const PdPostfixConfig *postfix, const char *route,
                                 const PdPostfixService **service);
/* The services of master.cf whose own -o sets this parameter: names such as "submission/inet".
 * char *, owned. */
GPtrArray *pd_postfix_config_overriders(const PdPostfixConfig *postfix, const char *name);
