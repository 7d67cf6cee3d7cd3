/*
 * A record -> a row: how many fields, which class, which mode, which object. What the other cells
 * mean is decided when the object is known.
 *
 * Rules: KB Q184532 (events 218 219 220 221 228 275 291), Q146304 (modes), Q176741 (~DEL as a
 * name). Pure.
 */
#pragma once

#include "gif/schema.h"
#include "gif/value.h"
#include "tables/arena.h"

typedef enum { GIF_MODE_UPDATE, GIF_MODE_CREATE, GIF_MODE_MODIFY, GIF_MODE_DELETE } GifMode;
extern const char *const gif_mode_names[]; /* by mode, then NULL */

typedef struct {
    TblClass object_class;
    GifMode mode;
    const char *name; /* NULL when the row has none */
    bool stranger;    /* a container, which exports hold too: no recipient, left alone */
} GifRow;

/* Reads the first cells. On faults `notes` holds an error; `name` (in `memory`) is set as far as it
 * can be told. The caller has begun the record on `lexer`. `row->mode` comes in as what a row
 * without a mode does. */
void gif_row_read(GifRow *row, TblArena *memory, const GifSchema *schema, const GifRecord *record,
                  GifLexer *lexer, bool compat, GifNotes *notes);
/* Faults that the record reader found: event 220 and limits. `column`: the one of the fault, or
 * NULL. */
void gif_record_check(const GifRecord *record, const char *column, GifNotes *notes);
/* Event 291: another number of fields than the header has. */
void gif_record_check_count(const GifRecord *record, guint expected, bool compat, GifNotes *notes);
/* Has `text` bytes that no name holds: control characters. */
bool gif_text_has_control(TblSlice text);
