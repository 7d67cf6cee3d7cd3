#include "tables/duration.h"

#include <string.h>

/* Keeps sums with the time of day far from overflow. */
#define DURATION_MAX ((guint64)100 * 366 * 86400)

static guint64
unit_seconds(char unit)
{
    switch (unit) {
    case 'd':
        return 86400;
    case 'h':
        return 3600;
    case 'm':
        return 60;
    case 's':
        return 1;
    default:
        return 0;
    }
}

bool
tbl_duration_parse(const char *text, guint64 *seconds)
{
    gsize length = strlen(text);
    guint64 unit = length > 1 ? unit_seconds(text[length - 1]) : 0;
    g_autofree char *digits = NULL;
    guint64 number;

    if (unit == 0)
        return false;
    digits = g_strndup(text, length - 1);
    if (!g_ascii_string_to_unsigned(digits, 10, 1, DURATION_MAX / unit, &number, NULL))
        return false;
    *seconds = number * unit;
    return true;
}
