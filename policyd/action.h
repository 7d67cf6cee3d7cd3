/*
 * Actions of the policy service (access(5)) on their way out: whatever was put together, what is
 * sent is one of the few forms below. Pure.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

/* Longest action, in bytes: it becomes one line of an SMTP reply (512 octets, RFC 5321 4.5.3.1.5)
 * behind Postfix's own text; with `action=` and its end a line of 400. */
#define PD_ACTION_MAX (400 - 8)

#define PD_ACTION_DUNNO "DUNNO"
#define PD_ACTION_FAILED "DEFER_IF_PERMIT 4.3.0 Temporary lookup failure"

/* Whether an action is fit to be sent: `DUNNO`; or `DEFER_IF_PERMIT`, or a reply code that starts
 * with 4 or 5 and does not end the session (421, 521), an enhanced code of the same class (RFC
 * 3463), and text; at most PD_ACTION_MAX bytes of valid UTF-8 without control characters and line
 * separators. Postfix reads an empty action or bare digits as a permit, and other words as names
 * of restrictions or lookup tables. */
bool pd_action_is_fit(TblSlice action);

/* Makes what was appended to `action` since `from` fit: control characters and bytes that are not
 * UTF-8 become `?`, it is cut between characters, and what is none of the forms becomes
 * PD_ACTION_FAILED. */
void pd_action_clean(GString *action, gsize from);
