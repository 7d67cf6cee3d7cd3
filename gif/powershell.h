/*
 * What `Get-Recipient | Export-Csv` and its kin write, and the user export of the Microsoft 365
 * admin centre: text -> rows of the plan. A list that is no list any more (the type name of a
 * collection, or cut off) is refused with what to do about it.
 *
 * Source: the properties as Exchange's cmdlets name them; files as they are found. Pure.
 */
#pragma once

#include "gif/reader.h"

/* A reader of `text`, which outlives it; NULL with a note when the header has no address column. */
GifReader *gif_powershell_new(TblSlice text, GifReading reading, GifNotes *notes);

/* A size as Exchange shows it ("36 MB (37,748,736 bytes)", "10240KB") in kB of 1024 bytes. False
 * when it is none. */
bool gif_powershell_size(TblSlice text, gint64 *kilobytes);
