/*
 * The cells of a row that hold no addresses, written onto an object: texts, switches, limits,
 * references. A blank cell leaves the attribute as it is, `~DEL` removes it (KB Q152727, Q152854).
 */
#pragma once

#include "gif/lists.h"
#include "gif/schema.h"
#include "gif/value.h"

typedef struct {
    const GifSchema *schema;
    const GifLexer *lexer;
    const GifCell *cell; /* one for each column */
    bool replace;        /* --overwrite: all multi-valued columns replace */
} GifAttributes;

/* The text of a size, and of a switch: 0 is no, any other number yes; files from other programs
 * write words. False: it is none. */
bool gif_attributes_read_number(TblSlice text, gint64 *number);
bool gif_attributes_read_switch(TblSlice text, bool *on);
/* `~SERVER` asks Exchange to choose a server (KB Q150438): none in particular. `column`: one of
 * texts. */
bool gif_attributes_is_no_server(const GifColumn *column, TblSlice text);
/* The name in a reference of a file with this schema; NULL when it names nothing. Caller frees. */
char *gif_attributes_reference(const GifSchema *schema, TblSlice text);
/* Event 271 and 274: cells whose text is no number or no reference. */
void gif_attributes_check(const GifAttributes *attributes, GifNotes *notes);
/* Writes everything but members of lists onto `object`; event 150. True when something changed. */
bool gif_attributes_apply(const GifAttributes *attributes, TblObject *object, GifNotes *notes);
/* Writes the members cell onto `members`; event 150. True when something changed. */
bool gif_attributes_apply_members(const GifAttributes *attributes, GifReferences *members,
                                  GifNotes *notes);
