/*
 * The policy decision: a pure function of a request's attributes and what the maps say. No I/O, no
 * log.
 */
#pragma once

#include "policyd/attrs.h"
#include "tables/maps.h"

/* Longest action, in bytes: it becomes one line of an SMTP reply (512 octets, RFC 5321 4.5.3.1.5)
 * behind Postfix's own text. */
#define PD_RULES_ACTION_MAX 400

typedef enum {
    PD_RULES_DECIDED,
    PD_RULES_FAILED /* a lookup failed: the action defers */
} PdRulesOutcome;

/* Appends the action (access(5)) for a request whose bytes begin at `input`: one line of at most
 * PD_RULES_ACTION_MAX bytes without its end, valid UTF-8, never empty, text behind every code. The
 * caller has begun the view. `scratch` is overwritten. */
PdRulesOutcome pd_rules_decide(const TblContext *context, const PdAttrs *attrs, const char *input,
                               GString *scratch, GString *action);

/* Makes what was appended to `action` since `from` fit to be sent: control characters and bytes
 * that are not UTF-8 become `?`, it is cut at PD_RULES_ACTION_MAX bytes between characters, an
 * empty action (Postfix reads it as a permit) or a code without text becomes a deferral. */
void pd_rules_clean(GString *action, gsize from);
