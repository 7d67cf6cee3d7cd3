/*
 * A value -> a field of the import format that gif/value reads back to it: the other way round. The
 * column separator is the comma, the quote the quotation mark. Pure.
 *
 * Rules: KB Q156063 sections 5.2 and 7.4, Q152854 (`~DEL`), Q235526 (`=file`), Q244595 and Q179050
 * (accounts).
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

/* The multi-value separator. */
#define GIF_ESCAPE_MV '%'

/* Whether a value would be taken apart, trimmed or misread without quotes around its field. */
bool gif_escape_needs_quotes(const char *text);
/* Appends a value without quotes; `multi`: the field has several. A value that looks like a removal
 * or like a pointer to a file gets a backslash in front. */
void gif_escape_append(GString *out, const char *text, bool multi);
/* An account is DOMAIN\user with a plain backslash, but two of them would be read as one. */
void gif_escape_append_account(GString *out, const char *text);
/* A name that would be read as a path to one is written as the last part of a path. Caller frees.
 */
char *gif_escape_reference(const char *reference);
