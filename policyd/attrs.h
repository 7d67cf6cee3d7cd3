/*
 * Requests of Postfix's policy delegation protocol (SMTPD_POLICY_README, Postfix attr_clnt.c):
 * `name=value` lines, an empty line ends the request. Attributes come in any order, unknown ones
 * are skipped, of duplicates the first counts. Pure codec: no I/O, no log, no globals; safe from
 * any thread.
 */
#pragma once

#include "policyd/netstring.h"

/* Postfix 3.12 sends 32 attributes; more than this is no Postfix. */
#define PD_ATTRS_MAX 100

/* The attributes that decide. */
typedef enum {
    PD_ATTR_REQUEST,
    PD_ATTR_PROTOCOL_STATE,
    PD_ATTR_CLIENT_ADDRESS,
    PD_ATTR_SENDER,
    PD_ATTR_RECIPIENT,
    PD_ATTR_SIZE,
    PD_ATTR_SASL_USERNAME,
    PD_ATTR_CCERT_SUBJECT,
    PD_ATTR_COUNT,
} PdAttr;

/* What was read of a request so far. Offsets count from its first byte, so that the bytes may move
 * between two calls. All zero is the state before the first byte. */
typedef struct {
    guint32 at;       /* begin of the line that is not complete yet */
    guint32 searched; /* there is no line end between `at` and here */
    guint32 count;    /* lines read */
    guint32 present;  /* bit per PdAttr */
    struct {
        guint32 start, length;
    } value[PD_ATTR_COUNT];
} PdAttrs;

/* Goes on where the last call that returned PD_PARTIAL stopped; `input` holds the request from its
 * first byte on. Returns the bytes of the complete request, PD_PARTIAL, or PD_BROKEN: a line
 * without `=` or without name, a NUL, over PD_ATTRS_MAX attributes, over `max` bytes, not
 * `request=smtpd_access_policy`. Linear in the input over all calls. */
ssize_t pd_attrs_decode(PdAttrs *attrs, TblSlice input, size_t max);

/* The value of an attribute, borrowed from the request's bytes; empty when it was not sent. */
TblSlice pd_attrs_get(const PdAttrs *attrs, const char *input, PdAttr attr);
