/*
 * A field -> its values: unquoting, splitting at the multi-value separator, backslash escapes,
 * `~DEL` in all its forms, pointers to other files. One rule reads both dialects: every unescaped
 * separator splits, inside quotes too, and quotes may stand around the field (5.x) or around each
 * value (4.0) (KB Q156063 section 7.4, Q146304, Q152854). Pure; values borrow from the field or
 * from the lexer's scratch memory until the next gif_lexer_begin.
 */
#pragma once

#include "gif/csv.h"

#define GIF_VALUE_MAX (64 * 1024) /* bytes of one value */
#define GIF_VALUES_MAX 4096       /* values of one field */

typedef enum {
    GIF_CELL_BLANK,  /* nothing given: leave as it is */
    GIF_CELL_VALUES, /* plain values */
    GIF_CELL_CLEAR,  /* ~DEL: remove all */
    GIF_CELL_REMOVE, /* ~DEL<...>: the values are what stands in the brackets */
} GifCellKind;

typedef struct {
    TblSlice text;
    bool padded; /* a quoted value with blanks at an end */
} GifValue;

typedef struct {
    GifCellKind kind;
    guint first, count; /* its values, by gif_lexer_value */
    guint backslashes;  /* dropped (warning 168) */
    guint empty;        /* empty pieces dropped */
    bool quiet;         /* nothing there to remove is nothing to tell */
    bool replace;       /* the values become the only ones */
    guint proxies;      /* an address column's: the first of its addresses (gif/block) */
    bool clear_quoted;  /* the ~DEL was quoted, but so is every field of the record */
    int fault; /* 0, an event of Exchange's (220 245 268 295 296), or a GIF_CODE_ of a limit */
} GifCell;

typedef enum {
    GIF_LEX_SINGLE = 0,
    GIF_LEX_MULTI = 1 << 0, /* the separator splits */
    GIF_LEX_PLAIN =
        1 << 1, /* an account name: a backslash is a letter, two are one (KB Q179050, Q244595) */
    GIF_LEX_QUOTED = 1 << 2, /* every field of the record is quoted: "~DEL" counts as ~DEL */
} GifLexFlags;

typedef struct GifLexer GifLexer;
GifLexer *gif_lexer_new(GifDialect dialect);
void gif_lexer_free(GifLexer *lexer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifLexer, gif_lexer_free)

/* Starts a record of `length` bytes, each of whose fields may be lexed once. What was lexed before
 * stays, until all of it is cleared. */
void gif_lexer_begin(GifLexer *lexer, gsize length);
void gif_lexer_clear(GifLexer *lexer);
void gif_lexer_cell(GifLexer *lexer, const GifField *field, GifLexFlags flags, GifCell *cell);
/* `index` < cell->count; the slice may move with the next gif_lexer_cell only as a struct, never
 * its bytes. */
const GifValue *gif_lexer_value(const GifLexer *lexer, const GifCell *cell, guint index);
/* Adds a value, borrowed, to a cell that was not lexed; no other cell may come between two of them.
 */
void gif_lexer_push(GifLexer *lexer, GifCell *cell, TblSlice text);
/* What a fault of a cell means, for people. */
const char *gif_cell_fault_text(int fault);
