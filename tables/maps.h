/*
 * A Postfix map name and a key -> the value Postfix gets. Three outcomes; absence only when it is
 * certain.
 */
#pragma once

#include "tables/resolve.h"

typedef enum {
    TBL_MAP_VIRTUAL_ALIAS_DOMAINS,
    TBL_MAP_VIRTUAL_MAILBOX_DOMAINS,
    TBL_MAP_RELAY_DOMAINS,
    TBL_MAP_VIRTUAL_MAILBOX_MAPS,
    TBL_MAP_RELAY_RECIPIENT_MAPS,
    TBL_MAP_VIRTUAL_ALIAS_MAPS,
    TBL_MAP_TRANSPORT_MAPS,
    TBL_MAP_SENDER_LOGIN_MAPS,
    TBL_MAP_SENDER_CANONICAL_MAPS,
    TBL_MAP_RECIPIENT_CANONICAL_MAPS,
    TBL_MAP_CANONICAL_MAPS,
    TBL_MAP_RELOCATED_MAPS,
    TBL_MAP_COUNT, /* also: no map of that name */
} TblMap;

TblMap tbl_map_from_name(TblSlice name); /* exact; TBL_MAP_COUNT when unknown */
const char *tbl_map_name(TblMap map);
bool tbl_map_is_domains(TblMap map); /* its keys are domains */

/* Appends the answer to `value`: on FOUND the value (UTF-8, without NUL, CR, LF, never empty, at
 * most `[limits] reply` bytes with its "OK "), on FAILED the reason for the log and the wire; on
 * NOTFOUND nothing. The caller has begun the view. */
TblResult tbl_maps_lookup(const TblContext *context, TblMap map, TblSlice key, GString *value);

/* Whether smtpd_sender_login_maps can name a login: it has neither blank, comma nor control
 * character, which separate logins there. */
bool tbl_maps_login_usable(const char *login);

/* What the policy service needs to know about a recipient; always agrees with the maps. */
typedef enum {
    TBL_RECIPIENT_NOT_OURS, /* no domain, a literal, an undeclared or route-class domain */
    TBL_RECIPIENT_FOUND,
    TBL_RECIPIENT_ABSENT, /* `unknown` says what the domain does with unknown recipients */
    TBL_RECIPIENT_TOMBSTONE,
    TBL_RECIPIENT_EMPTY_LIST,
    TBL_RECIPIENT_OVER_LIMIT,
    TBL_RECIPIENT_FAILED,
} TblRecipientKind;

typedef struct {
    TblRecipientKind kind;
    TblUnknown unknown;   /* resolved: REJECT, DEFER or ACCEPT */
    TblLocation location; /* for FOUND: the row (its object's restrictions and limits); for
                             TOMBSTONE: the notice */
} TblRecipient;

void tbl_maps_recipient(const TblContext *context, TblSlice key, TblRecipient *recipient);
