/* Reading one flat JSON object (control socket lines). The only includer of json-glib. */
#pragma once

#include <glib.h>

/* The members of one JSON object as text (numbers and booleans in their JSON spelling, nested
 * values as JSON text). NULL with `error` when the bytes are not one object. Free with
 * g_hash_table_unref. */
GHashTable *tbl_json_read(const char *text, gsize length, GError **error);
