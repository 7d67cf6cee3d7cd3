/*
 * csvde's dumps of Active Directory: text -> rows of the plan. The header names LDAP attributes, DN
 * among them; the values of one field are separated by `;`, one inside a value is `\;`, binary ones
 * are X'hex'. Rows of the same DN add up, as files with a row for each address have it.
 *
 * Source: Microsoft's reference of csvde; files as they are found. Pure.
 */
#pragma once

#include "gif/reader.h"

/* A reader of `text`, which outlives it; NULL with a note when its header has no DN. */
GifReader *gif_csvde_new(TblSlice text, GifReading reading, GifNotes *notes);
