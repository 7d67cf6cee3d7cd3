#include "gif/block.h"

#include "gif/proposal.h"
#include "tables/append.h"

struct GifBlock {
    const GifSchema *schema;
    GifMode mode;
    bool compat;
    GArray *rows;    /* GifBlockRow */
    GArray *cells;   /* GifCell, as many for each row as there are columns */
    GArray *proxies; /* GifBlockProxy */
    GifLexer *lexer;
    GifProposals *proposals; /* NULL: nobody wants them */
    TblArena *memory;
    GifNotes *notes; /* of the row that is added */
};

static void
row_clear(gpointer data)
{
    gif_notes_free(((GifBlockRow *)data)->notes);
}

GifBlock *
gif_block_new(const GifSchema *schema, GifDialect dialect, GifMode mode, bool compat)
{
    GifBlock *block = g_new0(GifBlock, 1);
    block->schema = schema;
    block->mode = mode;
    block->compat = compat;
    block->rows = g_array_new(FALSE, FALSE, sizeof(GifBlockRow));
    g_array_set_clear_func(block->rows, row_clear);
    block->cells = g_array_new(FALSE, FALSE, sizeof(GifCell));
    block->proxies = g_array_new(FALSE, FALSE, sizeof(GifBlockProxy));
    block->lexer = gif_lexer_new(dialect);
    block->memory = g_new0(TblArena, 1);
    block->notes = gif_notes_new();
    return block;
}

void
gif_block_free(GifBlock *block)
{
    if (block) {
        g_array_unref(block->rows);
        g_array_unref(block->cells);
        g_array_unref(block->proxies);
        gif_lexer_free(block->lexer);
        gif_proposals_free(block->proposals);
        tbl_arena_clear(block->memory);
        g_free(block->memory);
        gif_notes_free(block->notes);
        g_free(block);
    }
}

void
gif_block_set_proposing(GifBlock *block, bool proposing)
{
    gif_proposals_free(block->proposals);
    block->proposals = proposing ? gif_proposals_new() : NULL;
}

void
gif_block_clear(GifBlock *block)
{
    g_array_set_size(block->rows, 0);
    g_array_set_size(block->cells, 0);
    g_array_set_size(block->proxies, 0);
    gif_lexer_clear(block->lexer);
    if (block->proposals) {
        gif_proposals_clear(block->proposals);
    }
    tbl_arena_reset(block->memory);
}

/* ---- Filling ---- */

/* The key under which a name is unique, which holds the folded name. */
static void
name_key_make(GifBlock *block, GifBlockRow *row)
{
    TblSlice name = tbl_slice(row->row.name);
    bool ascii = tbl_slice_is_ascii(name);
    g_autofree char *folded = ascii ? NULL : tbl_text_fold(name);
    TblSlice from = ascii ? name : tbl_slice(folded);
    if (!from.ptr) {
        return;
    }
    char *key = tbl_arena_take(block->memory, 1 + from.len + 1);
    key[0] = tbl_name_key_first(TBL_ORIGIN_LOCAL);
    *tbl_append_put_lower(key + 1, from) = '\0';
    row->name_key = (TblSlice){key, 1 + from.len};
    row->name_hash = tbl_draft_key_hash(row->name_key);
    row->folded = key + 1;
}

static GifLexFlags
lex_flags(const GifColumn *column)
{
    switch (column->kind) {
    case GIF_COLUMN_PRIMARIES:
    case GIF_COLUMN_SECONDARIES:
    case GIF_COLUMN_REFERENCES:
        return GIF_LEX_MULTI;
    case GIF_COLUMN_TEXT:
        return column->which == TBL_TEXT_ACCOUNT ? GIF_LEX_PLAIN : GIF_LEX_SINGLE;
    default:
        return GIF_LEX_SINGLE;
    }
}

static GifCell *
cell_at(GifBlock *block, const GifBlockRow *row, guint column)
{
    return &g_array_index(block->cells, GifCell, row->first_cell + column);
}

/* Excel cuts cells at so many characters when it saves CSV (KB Q155414), in the middle of a value.
 */
#define EXCEL_CELL_MAX 255
/* Bytes that so many characters and two quotes take at most. */
#define EXCEL_CELL_BYTES_MAX (EXCEL_CELL_MAX * 4 + 2)

static void
cell_length_check(GifBlock *block, const GifField *field, const GifColumn *column)
{
    if (field->text.len < EXCEL_CELL_MAX || field->text.len > EXCEL_CELL_BYTES_MAX) {
        return;
    }
    glong length = g_utf8_strlen(field->text.ptr, (gssize)field->text.len);
    if (length - (field->quoted ? 2 : 0) == EXCEL_CELL_MAX) {
        gif_notes_add(block->notes, GIF_WARNING, GIF_CODE_CELL_CUT, column->name,
                      "exactly %d characters, where Excel cuts cells: values may be missing",
                      EXCEL_CELL_MAX);
    }
}

static void
cells_lex(GifBlock *block, const GifBlockRow *row, const GifRecord *record)
{
    /* Exchange takes quoted words for what they are, whoever quotes everything. */
    GifLexFlags clears = record->all_quoted && !block->compat ? GIF_LEX_QUOTED : GIF_LEX_SINGLE;
    for (guint i = 0; i < block->schema->count; i++) {
        const GifColumn *column = &block->schema->column[i];
        GifCell *cell = cell_at(block, row, i);
        if (column->kind <= GIF_COLUMN_NAME) {
            *cell = (GifCell){.kind = GIF_CELL_BLANK};
            continue;
        }
        GifLexFlags flags = lex_flags(column) | clears;
        gif_lexer_cell(block->lexer, &record->field[i], flags, cell);
        if ((flags & GIF_LEX_MULTI) != 0) {
            cell_length_check(block, &record->field[i], column);
        }
    }
}

static void
cells_take(GifBlock *block, const GifBlockRow *row, const GifEntry *entry)
{
    for (guint i = 0; i < block->schema->count; i++) {
        *cell_at(block, row, i) = (GifCell){.kind = GIF_CELL_BLANK};
    }
    for (guint i = 0; i < entry->cells->len; i++) {
        const GifEntryCell *from = &g_array_index(entry->cells, GifEntryCell, i);
        GifCell *cell = cell_at(block, row, from->column);
        *cell = (GifCell){.kind = from->kind, .quiet = from->quiet, .replace = from->replace};
        for (guint v = 0; v < from->count; v++) {
            gif_lexer_push(block->lexer, cell,
                           g_array_index(entry->values, TblSlice, from->first + v));
        }
    }
}

static void
value_parse(GifBlock *block, TblSlice text, GifBlockProxy *parsed)
{
    char *reason = NULL;
    int fault = gif_proxy_parse(&parsed->proxy, block->memory, text, !block->compat, &reason);
    parsed->fault = fault;
    parsed->reason = NULL;
    parsed->hash = 0;
    if (fault == 0) {
        parsed->hash = tbl_draft_key_hash((TblSlice){parsed->proxy.key, parsed->proxy.key_len});
    } else {
        parsed->reason = tbl_arena_copy(block->memory, tbl_slice(reason));
        g_free(reason);
    }
}

static void
cell_parse(GifBlock *block, GifCell *cell)
{
    guint first = block->proxies->len;
    cell->proxies = first;
    if (cell->kind != GIF_CELL_VALUES || cell->fault != 0) {
        return;
    }
    g_array_set_size(block->proxies, first + cell->count);
    for (guint i = 0; i < cell->count; i++) {
        value_parse(block, gif_lexer_value(block->lexer, cell, i)->text,
                    &g_array_index(block->proxies, GifBlockProxy, first + i));
    }
}

static void
addresses_parse(GifBlock *block, GifBlockRow *row)
{
    row->first_proxy = block->proxies->len;
    for (guint i = 0; i < block->schema->count; i++) {
        GifColumnKind kind = block->schema->column[i].kind;
        if (kind == GIF_COLUMN_PRIMARIES || kind == GIF_COLUMN_SECONDARIES) {
            cell_parse(block, cell_at(block, row, i));
        }
    }
    row->proxies = block->proxies->len - row->first_proxy;
}

/* Room for the cells of a row that may yet stand. */
static void
cells_begin(GifBlock *block, GifBlockRow *row)
{
    row->first_cell = block->cells->len;
    g_array_set_size(block->cells, block->cells->len + block->schema->count);
}

static GifBlockRow *
row_begin(GifBlock *block)
{
    g_array_set_size(block->rows, block->rows->len + 1);
    return &g_array_index(block->rows, GifBlockRow, block->rows->len - 1);
}

static void
row_finish(GifBlock *block, GifBlockRow *row)
{
    if (row->row.name) {
        name_key_make(block, row);
    }
    if (!gif_notes_is_empty(block->notes)) {
        row->notes = block->notes;
        block->notes = gif_notes_new();
    }
}

static void
row_propose(GifBlock *block, GifBlockRow *row)
{
    if (block->proposals && !block->compat && !row->notes) {
        row->proposal = gif_proposals_add(block->proposals, block->schema, block, row);
    }
}

void
gif_block_add_record(GifBlock *block, const GifRecord *record)
{
    bool cut = record->fault == GIF_CSV_TRUNCATED;
    GifBlockRow *row = row_begin(block);
    *row = (GifBlockRow){.line = record->line,
                         .told_line = cut ? record->fault_line : record->line,
                         .start = record->start,
                         .end = record->end,
                         .cut = cut,
                         .row = {.mode = block->mode}};
    if (record->fault == GIF_CSV_OK) {
        gif_lexer_begin(block->lexer, record->end - record->start);
    }
    gif_row_read(&row->row, block->memory, block->schema, record, block->lexer, block->compat,
                 block->notes);
    if (!row->row.stranger && !gif_notes_failed(block->notes)) {
        cells_begin(block, row);
        cells_lex(block, row, record);
        addresses_parse(block, row);
        row_finish(block, row);
        row_propose(block, row);
    } else {
        row_finish(block, row);
    }
}

static void
entry_check(GifBlock *block, const GifEntry *entry)
{
    if (!entry->name) {
        gif_notes_add(block->notes, GIF_ERROR, 219, NULL, "no name: which object is meant?");
    } else if (gif_text_has_control(tbl_slice(entry->name))) {
        gif_notes_add(block->notes, GIF_ERROR, 275, NULL,
                      "the name holds a control character or a line break");
    }
}

void
gif_block_add_entry(GifBlock *block, GifEntry *entry)
{
    GifBlockRow *row = row_begin(block);
    *row = (GifBlockRow){.line = entry->line,
                         .told_line = entry->told_line != 0 ? entry->told_line : entry->line,
                         .start = entry->start,
                         .end = entry->end,
                         .row = {.object_class = entry->object_class,
                                 .mode = entry->mode,
                                 .name = entry->name
                                             ? tbl_arena_copy(block->memory, tbl_slice(entry->name))
                                             : NULL}};
    gif_notes_move(block->notes, entry->notes);
    if (!entry->settled && !gif_notes_failed(block->notes)) {
        entry_check(block, entry);
    }
    if (!entry->settled && !gif_notes_failed(block->notes)) {
        cells_begin(block, row);
        cells_take(block, row, entry);
        addresses_parse(block, row);
    }
    row_finish(block, row);
}

/* ---- Looking ---- */

guint
gif_block_count(const GifBlock *block)
{
    return block->rows->len;
}

const GifBlockRow *
gif_block_row(const GifBlock *block, guint index)
{
    return &g_array_index(block->rows, GifBlockRow, index);
}

const GifCell *
gif_block_cells(const GifBlock *block, const GifBlockRow *row)
{
    return &g_array_index(block->cells, GifCell, row->first_cell);
}

const GifLexer *
gif_block_lexer(const GifBlock *block)
{
    return block->lexer;
}

const GifBlockProxy *
gif_block_proxy(const GifBlock *block, const GifCell *cell, guint index)
{
    return &g_array_index(block->proxies, GifBlockProxy, cell->proxies + index);
}

const GifBlockProxy *
gif_block_row_proxies(const GifBlock *block, const GifBlockRow *row)
{
    return &g_array_index(block->proxies, GifBlockProxy, row->first_proxy);
}

TblArena *
gif_block_memory(const GifBlock *block)
{
    return block->memory;
}

const GifProposals *
gif_block_proposals(const GifBlock *block)
{
    return block->proposals;
}
