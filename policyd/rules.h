/*
 * The policy decision: a pure function of a request's attributes and what the maps say. No I/O, no
 * log.
 */
#pragma once

#include "policyd/attrs.h"
#include "tables/maps.h"

typedef enum {
    PD_RULES_DECIDED,
    PD_RULES_FAILED /* a lookup failed: the action defers */
} PdRulesOutcome;

/* Appends the action (access(5)) for a request whose bytes begin at `input`, fit to be sent
 * (policyd/action.h), without its line end. The caller has begun the view. `scratch` is
 * overwritten. */
PdRulesOutcome pd_rules_decide(const TblContext *context, const PdAttrs *attrs, const char *input,
                               GString *scratch, GString *action);
