/* Showing declarations: `domain list` and the first lines of `domain check`. */
#pragma once

#include "policyd/ctl.h"

/* Stored SMTP addresses by declared name: char * -> guint64 *. What lies in no declared domain is
 * not counted. NULL when the store failed. Free with g_hash_table_unref. */
GHashTable *pd_ctl_count_addresses(const PdCtlSnapshot *snapshot);
guint64 pd_ctl_count_of(GHashTable *counts, const char *name);

/* "relay  route=relay:[mx]  unknown=defer": the class, then what is set. */
void pd_ctl_append_declaration(GString *out, const TblDomains *domains, const TblDomain *domain);
