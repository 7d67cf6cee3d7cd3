/* Attributes of descendant files that mean nothing here: event 264, but for those that every dump
 * holds and nobody wrote by hand. Pure. */
#pragma once

#include "gif/diagnostic.h"
#include "tables/slice.h"

typedef enum { GIF_UNKNOWN_LDAP, GIF_UNKNOWN_POWERSHELL } GifUnknownKind;

/* Tells of an attribute that no column has, once for all calls with the same `told` (names without
 * case; NULL: always). `column`: the attribute's name as the file's header has it, NULL where it
 * has none. */
void gif_unknown_note(GifUnknownKind kind, TblSlice name, const char *column, GHashTable *told,
                      GifNotes *notes);
