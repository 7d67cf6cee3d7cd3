/* One map, written out for postmap(1): what the running daemon would answer for every key that the
 * store names. */
#pragma once

#include "policyd/ctl.h"

#include <stdio.h>

/* Whether a key is `.example.com`, a rule about subdomains. */
bool pd_ctl_key_is_subdomains(const char *key);
/* As tbl_maps_lookup, but also of such a key, for which no map is asked: what its declaration says
 * (in transport_maps the route, in a domain map its name). */
TblResult pd_ctl_key_lookup(const TblContext *context, TblMap map, const char *key, GString *value);

/* Writes `key<TAB>value` lines sorted bytewise by key. Keys are the stored addresses (quoted where
 * RFC 5321 wants it), the same in each domain that mirrors theirs, and postmaster@ and abuse@ where
 * the configuration answers them; for the domain maps the declared names, and for transport_maps
 * those that have a route, with `.example.com` for all subdomains as in transport(5). Catch-alls,
 * extensions and --unknown are rules, not keys, and do not appear. Errors: 75 when keys answer TEMP
 * (the first ten are named on stderr), 1 when the store or the file fails. */
bool pd_ctl_export_map(const PdCtlSnapshot *snapshot, TblMap map, FILE *file, GError **error);
