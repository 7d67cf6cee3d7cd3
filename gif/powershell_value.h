/* Single values as PowerShell's formatting writes them: joined lists, sizes, recipient types. Pure.
 */
#pragma once

#include "tables/object.h"

/* The name of a collection's type stands where its values should. */
bool gif_powershell_is_type_name(TblSlice text);
/* A list that was cut for the screen: it ends in an ellipsis. */
bool gif_powershell_is_cut(TblSlice text);
bool gif_powershell_is_unlimited(TblSlice text);

/* The values of a joined list: `a;b`, `a | b`, `{a, b}`, one on each line, `a+b`. */
typedef struct {
    TblSlice rest;
    bool braces;
} GifPowershellList;
GifPowershellList gif_powershell_list(TblSlice text);
/* The next one; a separator counts only before `TYPE:`. False at the end. */
bool gif_powershell_next_address(GifPowershellList *list, TblSlice *value);
/* The next one of names, which may hold commas and blanks. */
bool gif_powershell_next_reference(GifPowershellList *list, TblSlice *value);
/* A reference without what is before the name: `smtp:`, or the folders of a canonical name. */
TblSlice gif_powershell_reference(TblSlice text);

typedef enum {
    GIF_POWERSHELL_CLASS,
    GIF_POWERSHELL_DYNAMIC,  /* a list whose members are not known */
    GIF_POWERSHELL_STRANGER, /* no recipient */
    GIF_POWERSHELL_UNKNOWN,
} GifPowershellType;
/* RecipientTypeDetails or RecipientType -> class. */
GifPowershellType gif_powershell_class(TblSlice type, TblClass *object_class);
