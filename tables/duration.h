/* Durations as people write them: 90d, 12h, 30m, 45s. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A whole number above 0 and one of the units d, h, m, s. False: not that, or over a hundred years.
 */
bool tbl_duration_parse(const char *text, guint64 *seconds);
