/* Which format a file is in, told from its first lines. Pure. */
#pragma once

#include "tables/slice.h"

#include <glib.h>

typedef enum {
    GIF_FORMAT_AUTO,
    GIF_FORMAT_GIF,
    GIF_FORMAT_CSVDE,
    GIF_FORMAT_LDIF,
    GIF_FORMAT_POWERSHELL,
} GifFormat;

/* "auto", "gif", ...; NULL at the end. */
extern const char *const gif_format_names[];

/* The format by the first line that is not blank: `version:`, `dn:` or a comment before one of them
 * is LDIF, Obj-Class first or DIRECTORY alone the import format, DN first csvde, `#TYPE` or a
 * column of addresses PowerShell. GIF_FORMAT_AUTO: none of them. */
GifFormat gif_format_sniff(TblSlice text);
