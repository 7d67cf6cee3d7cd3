#include "gif/row.h"

#include <string.h>

/* What an export of a whole site holds beside recipients (KB Q303250). */
#define CLASS_CONTAINER "container"

/* Names that files use for a class, folded. */
static const struct {
    const char *name;
    TblClass object_class;
} class_names[] = {
    {"mailbox", TBL_CLASS_MAILBOX},
    {"remote", TBL_CLASS_REMOTE},
    {"remote-address", TBL_CLASS_REMOTE},
    {"custom-recipient", TBL_CLASS_REMOTE},
    {"dl", TBL_CLASS_DL},
    {"distribution-list", TBL_CLASS_DL},
    {"public-folder", TBL_CLASS_PUBLIC_FOLDER},
};

const char *const gif_mode_names[] = {"update", "create", "modify", "delete", NULL};

/* `name` is in small letters. */
static bool
is_name(TblSlice text, const char *name)
{
    for (size_t i = 0; i < text.len; i++) {
        if (name[i] == '\0' || tbl_ascii_lower(text.ptr[i]) != name[i]) {
            return false;
        }
    }
    return name[text.len] == '\0';
}

/* In any case. False: there is none of that name. */
static bool
mode_find(TblSlice text, GifMode *mode)
{
    for (gsize i = 0; gif_mode_names[i]; i++) {
        if (is_name(text, gif_mode_names[i])) {
            *mode = (GifMode)i;
            return true;
        }
    }
    return false;
}

bool
gif_text_has_control(TblSlice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

static const char *
column_name(const GifSchema *schema, guint index)
{
    return index < schema->count ? schema->column[index].name : NULL;
}

void
gif_record_check(const GifRecord *record, const char *column, GifNotes *notes)
{
    switch (record->fault) {
    case GIF_CSV_OK:
        break;
    case GIF_CSV_MISQUOTED:
        gif_notes_add(notes, GIF_ERROR, 220, column,
                      "misquoted at line %" G_GUINT64_FORMAT ", byte %" G_GSIZE_FORMAT
                      ": a quote closes the whole field, and one inside is doubled",
                      record->fault_line, record->fault_column);
        break;
    case GIF_CSV_TRUNCATED:
        gif_notes_add(notes, GIF_ERROR, 220, column,
                      "the file ends inside the field that is quoted from byte %" G_GSIZE_FORMAT
                      " of this line on: it was cut off, nothing is applied",
                      record->fault_column);
        break;
    case GIF_CSV_NUL:
        gif_notes_add(notes, GIF_ERROR, GIF_CODE_NUL, column,
                      "NUL byte at line %" G_GUINT64_FORMAT ", byte %" G_GSIZE_FORMAT
                      ": text holds none",
                      record->fault_line, record->fault_column);
        break;
    case GIF_CSV_LONG:
        gif_notes_add(notes, GIF_ERROR, GIF_CODE_RECORD_LONG, NULL,
                      "the row is %" G_GSIZE_FORMAT " bytes long; at most %d are read",
                      record->end - record->start, GIF_RECORD_MAX);
        break;
    case GIF_CSV_WIDE:
        gif_notes_add(notes, GIF_ERROR, GIF_CODE_RECORD_WIDE, NULL,
                      "%u fields; at most %d are read", record->count, GIF_COLUMNS_MAX);
        break;
    }
}

/* Spreadsheets leave separators at the end of a row, which shift nothing. */
void
gif_record_check_count(const GifRecord *record, guint expected, bool compat, GifNotes *notes)
{
    guint surplus = record->count > expected ? record->count - expected : 0;
    bool blank = surplus > 0;
    for (guint i = expected; i < record->count; i++) {
        blank = blank && record->field[i].text.len == 0;
    }
    if (blank && !compat) {
        gif_notes_add(notes, GIF_WARNING, 291, NULL,
                      "%u fields expected, %u found; the blank ones at the end are ignored",
                      expected, record->count);
    } else if (record->count != expected) {
        gif_notes_add(notes, GIF_ERROR, 291, NULL, "%u fields expected, as in the header, %u found",
                      expected, record->count);
    }
}

/* Nearly all fields of one value: nothing is taken off them, and nothing in them means something.
 */
static bool
is_plain(const GifField *field)
{
    return !field->quotes && !field->escapes && field->text.len > 0 &&
           field->text.len <= GIF_VALUE_MAX && !strchr("~=#", *field->text.ptr);
}

/* The text of a cell of one value; empty when it is blank. */
static TblSlice
single_read(GifLexer *lexer, const GifRecord *record, guint index, GifCell *cell)
{
    const GifField *field = &record->field[index];
    if (is_plain(field)) {
        *cell = (GifCell){.kind = GIF_CELL_VALUES};
        return field->text;
    }
    gif_lexer_cell(lexer, field, GIF_LEX_SINGLE, cell);
    return cell->count > 0 ? gif_lexer_value(lexer, cell, 0)->text : (TblSlice){"", 0};
}

static void
class_read(GifRow *row, const GifSchema *schema, const GifRecord *record, GifLexer *lexer,
           GifNotes *notes)
{
    GifCell cell;
    const char *column = column_name(schema, (guint)schema->class_at);
    TblSlice text = single_read(lexer, record, (guint)schema->class_at, &cell);
    if (text.len == 0 && cell.kind == GIF_CELL_BLANK) {
        gif_notes_add(notes, GIF_ERROR, 218, column,
                      "no class: mailbox, remote, dl or public-folder");
        return;
    }
    /* Nearly all files write a class as it is known here. */
    for (gsize i = 0; cell.fault == 0 && i < G_N_ELEMENTS(class_names); i++) {
        if (is_name(text, class_names[i].name)) {
            row->object_class = class_names[i].object_class;
            return;
        }
    }
    g_autofree char *folded = gif_schema_fold(text);
    for (gsize i = 0; i < G_N_ELEMENTS(class_names); i++) {
        if (cell.fault == 0 && g_str_equal(class_names[i].name, folded)) {
            row->object_class = class_names[i].object_class;
            return;
        }
    }
    if (cell.fault == 0 && g_str_equal(folded, CLASS_CONTAINER)) {
        row->stranger = true;
        gif_notes_add(notes, GIF_INFO, GIF_CODE_NO_RECIPIENT, column,
                      "a container is no recipient; left alone");
        return;
    }
    gif_notes_add(notes, GIF_ERROR, 228, column,
                  "class \"%.*s\" is none of mailbox, remote, dl, public-folder",
                  (int)MIN(text.len, 128), text.ptr);
}

static void
mode_read(GifRow *row, const GifSchema *schema, const GifRecord *record, GifLexer *lexer,
          GifNotes *notes)
{
    GifCell cell;
    if (schema->mode_at < 0) {
        return;
    }
    TblSlice text = single_read(lexer, record, (guint)schema->mode_at, &cell);
    if (cell.kind == GIF_CELL_BLANK) {
        return;
    }
    if (cell.fault != 0 || !mode_find(text, &row->mode)) {
        gif_notes_add(notes, GIF_ERROR, 221, column_name(schema, (guint)schema->mode_at),
                      "mode \"%.*s\" is none of create, modify, update, delete",
                      (int)MIN(text.len, 128), text.ptr);
    }
}

static void
name_check(const GifRow *row, const GifSchema *schema, const GifCell *cell, GifNotes *notes)
{
    const char *column = column_name(schema, (guint)schema->name_at);
    if (cell->kind == GIF_CELL_BLANK) {
        gif_notes_add(notes, GIF_ERROR, 219, column, "no name: which object is meant?");
        return;
    }
    if (cell->backslashes > 0) {
        gif_notes_add(notes, GIF_WARNING, 168, column,
                      "a backslash that escapes nothing was dropped");
    }
    if (cell->kind != GIF_CELL_VALUES || cell->fault == 245) {
        gif_notes_add(notes, GIF_ERROR, 275, column,
                      "a form of ~DEL is no name; Mode delete deletes the object");
    } else if (cell->fault != 0) {
        gif_notes_add(notes, GIF_ERROR, cell->fault, column, "%s",
                      gif_cell_fault_text(cell->fault));
    } else if (gif_text_has_control(tbl_slice(row->name))) {
        gif_notes_add(notes, GIF_ERROR, 275, column,
                      "the name holds a control character or a line break");
    }
}

void
gif_row_read(GifRow *row, TblArena *memory, const GifSchema *schema, const GifRecord *record,
             GifLexer *lexer, bool compat, GifNotes *notes)
{
    gif_record_check(record, column_name(schema, record->fault_field), notes);
    if (!gif_notes_failed(notes)) {
        if (record->stray_quote) {
            gif_notes_add(notes, GIF_WARNING, 220, NULL,
                          "a quote inside an unquoted field is taken as a letter");
        }
        gif_record_check_count(record, schema->count, compat, notes);
    }
    if (gif_notes_failed(notes)) {
        return;
    }
    GifCell name;
    TblSlice text = single_read(lexer, record, (guint)schema->name_at, &name);
    row->name = text.len > 0 ? tbl_arena_copy(memory, text) : NULL;
    class_read(row, schema, record, lexer, notes);
    if (!row->stranger && !gif_notes_failed(notes)) {
        mode_read(row, schema, record, lexer, notes);
    }
    if (!row->stranger && !gif_notes_failed(notes)) {
        name_check(row, schema, &name, notes);
    }
}
