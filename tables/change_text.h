/*
 * The lines of a change, a piece at a time: what stands in them and how it is escaped is said here
 * alone. Part of the inside of tables/change.h.
 */
#pragma once

#include "tables/json.h"
#include "tables/slice.h"

#include <glib.h>

/* Longest name, address or value that is shown as text. */
#define TBL_CHANGE_SHOWN_MAX 2000

/* Type, action, class and name of a change as members of an object. */
void tbl_change_add_head(TblJson *json, const char *action, const char *class_name, TblSlice name);
/* "create mailbox ann" */
void tbl_change_append_head(GString *out, const char *action, const char *class_name,
                            TblSlice name);
/* "  + member ben"; `what` may be empty. */
void tbl_change_append_item(GString *out, char mark, const char *what, TblSlice value);
/* "  + SMTP:ann@north.example"; as tbl_proxy_text spells it. */
void tbl_change_append_proxy(GString *out, char mark, TblSlice type, TblSlice value, bool primary);
/* What references are called: "member", "accept_from", ... */
const char *tbl_change_reference_name(guint kind);
