#include "gif/value.h"

#include "gif/diagnostic.h"

/* Forms that mean a removal, or what was meant as one. */
#define DEL "~DEL"
#define DEL_OPEN "~DEL<"

/* Room for unescaped text that is asked for at once; a record may need more. */
#define SCRATCH_SIZE ((gsize)64 * 1024)
/* Room for values that is asked for first. */
#define VALUES_FIRST 256u

struct GifLexer {
    GifDialect dialect;
    GifValue *values;
    guint values_room, values_used;
    char *scratch; /* unescaped text; a full one is put aside, so that slices stay good */
    gsize room, used;
    GPtrArray *aside;
};

/* The state of one field. */
typedef struct {
    GifLexer *lexer;
    GifLexFlags flags;
    GifCell *cell;
    guint clears, removes, plain;
    int include;  /* 295 or 296 */
    gsize start;  /* of the piece in the scratch */
    bool literal; /* the piece begins with a character behind a backslash: it has no special meaning
                   */
    bool bad;     /* 245 */
} Lex;

GifLexer *
gif_lexer_new(GifDialect dialect)
{
    GifLexer *lexer = g_new0(GifLexer, 1);
    lexer->dialect = dialect;
    lexer->aside = g_ptr_array_new_with_free_func(g_free);
    return lexer;
}

void
gif_lexer_free(GifLexer *lexer)
{
    if (lexer) {
        g_free(lexer->values);
        g_ptr_array_unref(lexer->aside);
        g_free(lexer->scratch);
        g_free(lexer);
    }
}

void
gif_lexer_begin(GifLexer *lexer, gsize length)
{
    if (lexer->room - lexer->used < length) {
        if (lexer->used > 0) {
            g_ptr_array_add(lexer->aside, g_steal_pointer(&lexer->scratch));
        }
        g_free(lexer->scratch);
        lexer->room = MAX(length, SCRATCH_SIZE);
        lexer->scratch = g_malloc(lexer->room);
        lexer->used = 0;
    }
}

void
gif_lexer_clear(GifLexer *lexer)
{
    lexer->values_used = 0;
    g_ptr_array_set_size(lexer->aside, 0);
    lexer->used = 0;
}

const GifValue *
gif_lexer_value(const GifLexer *lexer, const GifCell *cell, guint index)
{
    return &lexer->values[cell->first + index];
}

static inline void
value_push(GifLexer *lexer, TblSlice text, bool padded)
{
    if (lexer->values_used == lexer->values_room) {
        lexer->values_room = MAX(2 * lexer->values_room, VALUES_FIRST);
        lexer->values = g_renew(GifValue, lexer->values, lexer->values_room);
    }
    GifValue *value = &lexer->values[lexer->values_used++];
    value->text = text;
    value->padded = padded;
}

void
gif_lexer_push(GifLexer *lexer, GifCell *cell, TblSlice text)
{
    if (cell->count == 0) {
        cell->first = lexer->values_used;
    }
    value_push(lexer, text, false);
    cell->count++;
}

const char *
gif_cell_fault_text(int fault)
{
    switch (fault) {
    case 220:
        return "text after a closing quote: quote the whole field and double the quotes inside";
    case 295:
        return "a value that begins with = points to another file; that is not read, write the "
               "value itself";
    case 296:
        return "a #FILE pointer is not read here, write the value itself";
    case 245:
        return "not a form of ~DEL that has a meaning: write ~DEL, ~DEL<TYPE:value> or ~DEL<TYPE:> "
               "(and #NAME? is what a spreadsheet leaves of a value that begins with =)";
    case 268:
        return "~DEL and ordinary values in one field: put them into two rows";
    case GIF_CODE_VALUE_LONG:
        return "a value is longer than 65536 bytes";
    case GIF_CODE_VALUES_MANY:
        return "more than 4096 values in one field: split them over several rows";
    default:
        return "";
    }
}

static bool
starts_with(TblSlice text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.len >= length && g_ascii_strncasecmp(text.ptr, prefix, length) == 0;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static TblSlice
blanks_trim(TblSlice text)
{
    while (text.len > 0 && is_blank(*text.ptr)) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

static inline void
value_add(Lex *lex, TblSlice text, bool padded)
{
    value_push(lex->lexer, text, padded);
    lex->cell->count++;
}

/* Sorts one finished piece into removal, pointer, fault or plain value. */
static void
piece_finish(Lex *lex, TblSlice text, bool quoted)
{
    if (!quoted) {
        text = blanks_trim(text);
    }
    if (text.len == 0) {
        lex->cell->empty++;
        return;
    }
    if (text.len > GIF_VALUE_MAX) {
        lex->cell->fault = GIF_CODE_VALUE_LONG;
        return;
    }
    bool special = *text.ptr == '~' || *text.ptr == '=' || *text.ptr == '#';
    /* An account has no escapes, so quotes do for it what a backslash does elsewhere. */
    if (!special || lex->literal || (quoted && (lex->flags & GIF_LEX_PLAIN) != 0)) {
        lex->plain++;
        value_add(lex, text, quoted && (is_blank(*text.ptr) || is_blank(text.ptr[text.len - 1])));
        return;
    }
    if (*text.ptr == '=') {
        lex->include = 295;
    } else if (starts_with(text, "#FILE(")) {
        lex->include = 296;
    } else if (starts_with(text, "#NAME?")) {
        /* What Excel makes of `=...`: the value is lost (KB Q152436 shows one). */
        lex->bad = true;
    } else if (starts_with(text, DEL_OPEN) && text.ptr[text.len - 1] == '>' &&
               text.len > strlen(DEL_OPEN) + 1) {
        lex->removes++;
        value_add(lex, (TblSlice){text.ptr + strlen(DEL_OPEN), text.len - strlen(DEL_OPEN) - 1},
                  false);
    } else if (starts_with(text, DEL) && text.len == strlen(DEL) &&
               (!quoted || (lex->flags & GIF_LEX_QUOTED) != 0)) {
        lex->clears++;
        lex->cell->clear_quoted = quoted;
    } else if ((starts_with(text, DEL) && text.len > strlen(DEL)) || starts_with(text, "~<")) {
        lex->bad = true;
    } else {
        lex->plain++;
        value_add(lex, text, false);
    }
}

/* Unescapes what follows a backslash into *c. The number of bytes that it took, 0 when the
 * backslash is dropped. */
static guint
escape_read(const Lex *lex, const char *at, const char *end, char *c)
{
    if (at < end && (*at == '\\' || (lex->lexer->dialect.mv && *at == lex->lexer->dialect.mv))) {
        *c = *at;
        return 1;
    }
    if (at < end && (*at == 'r' || *at == 'n')) {
        *c = *at == 'r' ? '\r' : '\n';
        return 1;
    }
    return 0;
}

/* One byte of a value that may be an escape, copied to the scratch. Returns the bytes of the field
 * that it took. */
static guint
byte_copy(Lex *lex, const char *at, const char *end)
{
    char *out = &lex->lexer->scratch[lex->lexer->used];
    if (*at != '\\') {
        *out = *at;
        lex->lexer->used++;
        return 1;
    }
    if ((lex->flags & GIF_LEX_PLAIN) != 0) {
        *out = '\\';
        lex->lexer->used++;
        return at + 1 < end && at[1] == '\\' ? 2 : 1;
    }
    guint taken = escape_read(lex, at + 1, end, out);
    if (taken == 0) {
        lex->cell->backslashes++;
        lex->literal = lex->literal || lex->lexer->used == lex->start;
        return 1;
    }
    lex->lexer->used++;
    return 1 + taken;
}

static bool
is_separator(const Lex *lex, char c)
{
    return (lex->flags & GIF_LEX_MULTI) != 0 && lex->lexer->dialect.mv &&
           c == lex->lexer->dialect.mv;
}

static void
piece_begin(Lex *lex)
{
    lex->start = lex->lexer->used;
    lex->literal = false;
}

static void
piece_end(Lex *lex, bool quoted)
{
    const GifLexer *lexer = lex->lexer;
    piece_finish(lex, (TblSlice){lexer->scratch + lex->start, lexer->used - lex->start}, quoted);
}

/* A quoted value, or a quoted field of several: from behind the opening quote to behind the closing
 * one. */
static const char *
quoted_lex(Lex *lex, const char *at, const char *end)
{
    char quote = lex->lexer->dialect.quote;
    piece_begin(lex);
    while (at < end) {
        if (*at == quote) {
            if (at + 1 >= end || at[1] != quote) {
                at++;
                break;
            }
            at++;
            lex->lexer->scratch[lex->lexer->used++] = quote;
            at++;
        } else if (is_separator(lex, *at)) {
            piece_end(lex, true);
            piece_begin(lex);
            at++;
        } else {
            at += byte_copy(lex, at, end);
        }
    }
    piece_end(lex, true);
    return at;
}

/* An unquoted value: up to an unescaped separator. */
static const char *
unquoted_lex(Lex *lex, const char *at, const char *end)
{
    piece_begin(lex);
    while (at < end && !is_separator(lex, *at)) {
        at += byte_copy(lex, at, end);
    }
    piece_end(lex, false);
    return at;
}

/* A text without escapes: its values are borrowed as they stand. */
static void
simple_lex(Lex *lex, TblSlice text, bool quoted)
{
    const char *at = text.ptr, *end = text.ptr + text.len;
    while ((lex->flags & GIF_LEX_MULTI) != 0 && lex->lexer->dialect.mv) {
        const char *separator = memchr(at, lex->lexer->dialect.mv, (size_t)(end - at));
        if (!separator) {
            break;
        }
        piece_finish(lex, (TblSlice){at, (size_t)(separator - at)}, quoted);
        at = separator + 1;
    }
    piece_finish(lex, (TblSlice){at, (size_t)(end - at)}, quoted);
}

static void
pieces_lex(Lex *lex, const GifField *field)
{
    const char *at = field->text.ptr, *end = at + field->text.len;
    for (;;) {
        const char *start = at;
        while (start < end && is_blank(*start)) {
            start++;
        }
        bool opens = field->quotes && start < end && *start == lex->lexer->dialect.quote;
        /* In a single-valued field only a quote at its very start opens. */
        if (opens && ((lex->flags & GIF_LEX_MULTI) != 0 || start == field->text.ptr)) {
            at = quoted_lex(lex, start + 1, end);
            while (at < end && is_blank(*at)) {
                at++;
            }
            if (at < end && !is_separator(lex, *at)) {
                lex->cell->fault = 220; /* a single value that goes on behind its quote */
                return;
            }
        } else {
            at = unquoted_lex(lex, at, end);
        }
        if (at >= end) {
            return;
        }
        at++;
    }
}

static void
cell_finish(Lex *lex)
{
    GifCell *cell = lex->cell;
    if (cell->count > GIF_VALUES_MAX) {
        cell->fault = GIF_CODE_VALUES_MANY;
    }
    if (cell->fault == 0) {
        guint kinds = (lex->plain > 0) + (lex->removes > 0) + (lex->clears > 0);
        if (lex->include != 0) {
            cell->fault = lex->include;
        } else if (lex->bad) {
            cell->fault = 245;
        } else if (kinds > 1 || lex->clears > 1) {
            cell->fault = 268;
        }
    }
    cell->kind = lex->clears > 0    ? GIF_CELL_CLEAR
                 : lex->removes > 0 ? GIF_CELL_REMOVE
                 : lex->plain > 0   ? GIF_CELL_VALUES
                                    : GIF_CELL_BLANK;
}

void
gif_lexer_cell(GifLexer *lexer, const GifField *field, GifLexFlags flags, GifCell *cell)
{
    *cell = (GifCell){.kind = GIF_CELL_BLANK, .first = lexer->values_used};
    if (field->text.len == 0) {
        return;
    }
    Lex lex = {.lexer = lexer, .flags = flags, .cell = cell};
    if (!field->quotes && !field->escapes) {
        simple_lex(&lex, field->text, false);
    } else if (field->whole && !field->escapes) {
        simple_lex(&lex, (TblSlice){field->text.ptr + 1, field->text.len - 2}, true);
    } else {
        pieces_lex(&lex, field);
    }
    cell_finish(&lex);
    if (cell->kind == GIF_CELL_BLANK) {
        cell->empty = 0; /* a quoted nothing is a blank field, not a dropped value */
    }
}
