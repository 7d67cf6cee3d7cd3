/* The keys of policyd.conf(5): their groups, values and bounds. Private to tables/config. */
#pragma once

#include "tables/config.h"

/* Sets one key. `value` is stripped. False with `error` set: a sentence that says what is wrong and
 * what would be right. */
bool tbl_config_set(TblConfig *config, const char *group, const char *key, const char *value,
                    GError **error);
/* The group exists; "[directory]" is noted as present. */
bool tbl_config_open_group(TblConfig *config, const char *group, GError **error);
/* Sets every default. */
void tbl_config_set_defaults(TblConfig *config);
/* Checks one endpoint, "unix:/path" or "inet:HOST:PORT". */
bool tbl_config_check_endpoint(const char *endpoint, GError **error);
/* The endpoint can be reached from other hosts. */
bool tbl_config_endpoint_is_remote(const char *endpoint);
/* Checks one URI of a directory: ldap://HOST[:PORT], ldaps://HOST[:PORT], ldapi://[%2FPATH]. */
bool tbl_config_check_uri(const char *uri, GError **error);
/* What is sent to it can be read on a network. */
bool tbl_config_uri_is_remote(const char *uri);
/* Checks the keys of [directory] together. */
bool tbl_config_check_directory(const TblConfig *config, GError **error);
/* Sets `error` in TBL_CONFIG_ERROR; always false. */
bool tbl_config_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
