/* What a reader of a descendant format makes of a text, as short text. */
#pragma once

#include "gif/reader.h"

/*
 * One line for each row: "[mode class? name] attribute+value attribute-value attribute~ {notes}",
 * with `=` for values that become the only ones, `~` for a removal of all (`~~` a quiet one),
 * `settled` for a row that is over, and `!` before a row that refuses the whole file; `?` or `??`
 * behind the class for a person or an unknown one. `places`: with line numbers and the notes' own.
 * Checks what holds for every row. Frees `reader`; NULL gives NULL. Caller frees.
 */
char *entry_fixture_describe(GifReader *reader, gsize length, bool places);
