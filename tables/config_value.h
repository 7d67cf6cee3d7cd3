/* Values of policyd.conf(5): text to fields. Private to tables/config. */
#pragma once

#include "tables/config.h"

typedef struct TblConfigKey TblConfigKey;

/* Parses `value` into `field` (the member at `offset`, or the whole TblConfig), replacing what was
 * there. False with `error` set: a sentence that says what is wrong and what would be right; then
 * `field` is unchanged. */
typedef bool (*TblConfigSet)(const TblConfigKey *known, void *field, const char *value,
                             GError **error);

struct TblConfigKey {
    const char *group, *key;
    const char *value; /* the default; NULL for what only a [directory] has */
    TblConfigSet set;
    gsize offset;
    guint64 min, max;    /* of numbers */
    const char *choices; /* words, separated by blanks */
};

bool tbl_config_check_uris(const TblConfigKey *known, void *field, const char *value,
                           GError **error);
bool tbl_config_check_dn(const TblConfigKey *known, void *field, const char *value, GError **error);
bool tbl_config_check_bind_name(const TblConfigKey *known, void *field, const char *value,
                                GError **error);
bool tbl_config_check_attributes(const TblConfigKey *known, void *field, const char *value,
                                 GError **error);
bool tbl_config_check_filter(const TblConfigKey *known, void *field, const char *value,
                             GError **error);
bool tbl_config_check_secret(const TblConfigKey *known, void *field, const char *value,
                             GError **error);
bool tbl_config_check_file(const TblConfigKey *known, void *field, const char *value,
                           GError **error);
bool tbl_config_check_choice(const TblConfigKey *known, void *field, const char *value,
                             GError **error);
bool tbl_config_check_seconds(const TblConfigKey *known, void *field, const char *value,
                              GError **error);
bool tbl_config_check_share(const TblConfigKey *known, void *field, const char *value,
                            GError **error);
bool tbl_config_set_address_or_nothing(const TblConfigKey *known, void *field, const char *value,
                                       GError **error);
bool tbl_config_set_addresses(const TblConfigKey *known, void *field, const char *value,
                              GError **error);
bool tbl_config_set_bytes(const TblConfigKey *known, void *field, const char *value,
                          GError **error);
bool tbl_config_set_choice(const TblConfigKey *known, void *field, const char *value,
                           GError **error);
bool tbl_config_set_delimiters(const TblConfigKey *known, void *field, const char *value,
                               GError **error);
bool tbl_config_set_endpoints(const TblConfigKey *known, void *field, const char *value,
                              GError **error);
bool tbl_config_set_group(const TblConfigKey *known, void *field, const char *value,
                          GError **error);
bool tbl_config_set_int(const TblConfigKey *known, void *field, const char *value, GError **error);
bool tbl_config_set_mode(const TblConfigKey *known, void *field, const char *value, GError **error);
bool tbl_config_set_networks(const TblConfigKey *known, void *field, const char *value,
                             GError **error);
bool tbl_config_set_path(const TblConfigKey *known, void *field, const char *value, GError **error);
bool tbl_config_set_path_or_nothing(const TblConfigKey *known, void *field, const char *value,
                                    GError **error);
bool tbl_config_set_propagation(const TblConfigKey *known, void *field, const char *value,
                                GError **error);
bool tbl_config_set_seconds(const TblConfigKey *known, void *field, const char *value,
                            GError **error);
bool tbl_config_set_share(const TblConfigKey *known, void *field, const char *value,
                          GError **error);
bool tbl_config_set_size(const TblConfigKey *known, void *field, const char *value, GError **error);
bool tbl_config_set_tombstone(const TblConfigKey *known, void *field, const char *value,
                              GError **error);
bool tbl_config_set_uint(const TblConfigKey *known, void *field, const char *value, GError **error);
bool tbl_config_set_unknown(const TblConfigKey *known, void *field, const char *value,
                            GError **error);
bool tbl_config_set_words(const TblConfigKey *known, void *field, const char *value,
                          GError **error);
bool tbl_config_set_yes_no(const TblConfigKey *known, void *field, const char *value,
                           GError **error);
