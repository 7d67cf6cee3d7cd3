/*
 * Several addresses in one cell, joined by whoever wrote the file. A separator counts only where a
 * `TYPE:` follows, since addresses hold commas, blanks and plus signs of their own. Pure.
 */
#pragma once

#include "tables/slice.h"

/* Length of the first address in `text`: up to the first run of `separators` and blanks that a type
 * follows, or all of it; separators at its end
 * left out, but for the semicolon that ends an X.400 address. */
size_t gif_split_typed(TblSlice text, const char *separators);
/* `text` without separators, blanks and line ends at its begin. */
TblSlice gif_split_skip(TblSlice text, const char *separators);
/* `text` without blanks and line ends at its ends. */
TblSlice gif_split_trim(TblSlice text);
