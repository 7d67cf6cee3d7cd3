/* Showing objects: as JSON (export, show, list) and as text (show). */
#pragma once

#include "policyd/ctl.h"

/* Appends one JSON object: class, name, origin, addresses (upper-case type for a primary,
 * lower-case for a secondary), then what has a value. References appear as the names they bind to
 * in `context`. False when the store failed. */
bool pd_ctl_append_object_json(GString *out, const TblContext *context, const TblObject *object);

/* The same as `key  value` lines. */
bool pd_ctl_append_object_text(GString *out, const TblContext *context, const TblObject *object);
