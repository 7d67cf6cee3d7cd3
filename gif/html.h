/*
 * Text of files and stores as HTML that shows what is there and does nothing. Pure.
 *
 * Addresses and names come from whoever wrote the file: markup, characters that turn the direction
 * of what stands around them (Unicode UAX 9), invisible ones (UTR 36, UTS 39), heaps of accents,
 * broken UTF-8. What could end a text, or be seen as something else, is made visible.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

/*
 * Appends `text` for use between tags (not in attributes): & < > " ' as references, bytes that are
 * no UTF-8 as <span class="u">xNN</span>, characters that cannot be seen, and accents beyond three
 * on one letter, as <span class="u">U+NNNN</span>. After `max` characters the rest is replaced by
 * <span class="cut">...</span> with the length of the whole text.
 */
void gif_html_append(GString *out, TblSlice text, gsize max);
