/*
 * LDIF, content and change records: text -> rows of the plan. A modify record adds, deletes and
 * replaces single values. Values in other files (`attr:< url`) are never read, controls and renames
 * are refused, content and change records do not mix.
 *
 * Rules: RFC 2849. Pure; rows borrow nothing from the text.
 */
#pragma once

#include "gif/reader.h"

/* A reader of `text`, which outlives it; NULL with a note when it is no LDIF of version 1. */
GifReader *gif_ldif_new(TblSlice text, GifReading reading, GifNotes *notes);
