/*
 * /etc/policyd/policyd.conf and its drop-ins, read strictly into one immutable value that is shared
 * between threads.
 */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

#define TBL_CONFIG_DEFAULT "/etc/policyd/policyd.conf"
#define TBL_CONFIG_ERROR (tbl_config_error_quark())
GQuark tbl_config_error_quark(void);

/* All strings valid while the reference is held; lists are NULL-terminated and never NULL. Field =
 * key of policyd.conf(5). */
typedef struct {
    struct {
        char *path;
        guint64 map_size; /* bytes */
        guint undo_keep;
    } store;
    struct {
        char **listen; /* "unix:/path" or "inet:HOST:PORT" */
        bool allow_remote;
    } socketmap;
    struct {
        char **listen;
        bool allow_remote;
        int unknown_recipient;       /* a TblUnknown, never DEFAULT */
        bool sender_login;           /* reject */
        GPtrArray *trusted_networks; /* GInetAddressMask * */
    } policy;
    struct {
        guint mode; /* octal permission bits */
        char *group;
        bool group_set; /* configured, so it must exist */
        int backlog;
    } sockets;
    struct {
        char **listen;
        bool allow_remote;
    } metrics;
    struct {
        char *recipient_delimiter; /* "" = none */
        bool propagate_virtual, propagate_canonical;
        char **login;     /* of "primary", "alias", "account" */
        char *postmaster; /* "" = off */
    } addresses;
    struct {
        guint workers; /* 0 = one per CPU, at most 4 */
        guint connections;
        gsize socketmap_request, policy_request, reply; /* bytes */
        guint list_recipients;
        guint request_timeout; /* seconds */
    } limits;
    GHashTable *routes; /* case-folded key -> "transport:nexthop" */
    struct {
        char *max_delete; /* "N" or "N%" */
        char **must_keep;
        char *tombstone;       /* a duration, "" = off */
        char *signature_trust; /* "" = off */
    } import;
    struct {
        bool set; /* the group is present */
        bool exclude_disabled;
        guint64 max_stale; /* seconds, 0 = no limit */
        GHashTable *raw;   /* key -> raw value of the group, for the replica */
    } directory;
} TblConfig;

/* Reads `path` (NULL: the default, which may be missing) and then `path`.d/X.conf in name order,
 * later wins key by key. NULL with `error` in TBL_CONFIG_ERROR: "FILE:LINE: [group] key: what is
 * wrong, what would be right". */
TblConfig *tbl_config_load(const char *path, GError **error);
/* Parses one file's bytes over the defaults (fuzzing, tests); `name` is for messages. */
TblConfig *tbl_config_parse(const char *text, gsize length, const char *name, GError **error);
/* The main file that was read, or would have been; X.conf in that name with ".d" comes after it. */
const char *tbl_config_file(const TblConfig *config);
TblConfig *tbl_config_ref(TblConfig *config);
void tbl_config_unref(TblConfig *config);
/* Refuses the value of a key that turned out wrong, at whatever time: `error` in TBL_CONFIG_ERROR,
 * "FILE:LINE: [group] key: what is wrong", where the key was set last, else its group began last;
 * where neither stands anywhere, FILE is the one that was read first. Always false. */
bool tbl_config_refuse_key(const TblConfig *config, const char *group, const char *key,
                           GError **error, const char *format, ...) G_GNUC_PRINTF(5, 6);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblConfig, tbl_config_unref)
