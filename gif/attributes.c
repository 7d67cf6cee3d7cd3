#include "gif/attributes.h"

/* Longest number that is looked at: 19 digits of a 63-bit count. */
#define NUMBER_DIGITS_MAX 18

static const GifColumn *
column_at(const GifAttributes *attributes, guint index)
{
    return &attributes->schema->column[index];
}

static TblSlice
text_at(const GifAttributes *attributes, guint index)
{
    const GifCell *cell = &attributes->cell[index];
    return cell->count > 0 ? gif_lexer_value(attributes->lexer, cell, 0)->text : (TblSlice){"", 0};
}

static bool
text_is(TblSlice text, const char *word)
{
    return text.len == strlen(word) && g_ascii_strncasecmp(text.ptr, word, text.len) == 0;
}

bool
gif_attributes_read_number(TblSlice text, gint64 *number)
{
    *number = 0;
    if (text.len == 0 || text.len > NUMBER_DIGITS_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!g_ascii_isdigit(text.ptr[i])) {
            return false;
        }
        *number = *number * 10 + (text.ptr[i] - '0');
    }
    return true;
}

bool
gif_attributes_read_switch(TblSlice text, bool *on)
{
    gint64 number;
    if (text_is(text, "true") || text_is(text, "yes") || text_is(text, "false") ||
        text_is(text, "no")) {
        *on = text_is(text, "true") || text_is(text, "yes");
        return true;
    }
    if (text.len > 1 && *text.ptr == '-') {
        text = (TblSlice){text.ptr + 1, text.len - 1};
    }
    bool good = gif_attributes_read_number(text, &number);
    *on = good && number != 0;
    return good;
}

bool
gif_attributes_is_no_server(const GifColumn *column, TblSlice text)
{
    return column->which == TBL_TEXT_HOME_SERVER && text_is(text, "~SERVER");
}

char *
gif_attributes_reference(const GifSchema *schema, TblSlice text)
{
    return schema->verbatim ? gif_reference_verbatim(text) : gif_reference_name(text);
}

static void
references_check(const GifAttributes *attributes, guint index, GifNotes *notes)
{
    const GifCell *cell = &attributes->cell[index];
    for (guint i = 0; i < cell->count; i++) {
        TblSlice text = gif_lexer_value(attributes->lexer, cell, i)->text;
        g_autofree char *name = gif_attributes_reference(attributes->schema, text);
        if (!name) {
            gif_notes_add(
                notes, GIF_ERROR, 274, column_at(attributes, index)->name,
                "\"%.*s\" names no object: write its directory name, or /o=.../ou=.../cn=...",
                (int)MIN(text.len, 128), text.ptr);
            return;
        }
    }
}

static void
cell_check(const GifAttributes *attributes, guint index, GifNotes *notes)
{
    const GifColumn *column = column_at(attributes, index);
    TblSlice text = text_at(attributes, index);
    gint64 number;
    bool on;
    switch (column->kind) {
    case GIF_COLUMN_HIDDEN:
    case GIF_COLUMN_REDIRECT:
    case GIF_COLUMN_AUTHENTICATED:
        if (!gif_attributes_read_switch(text, &on)) {
            gif_notes_add(notes, GIF_ERROR, 271, column->name,
                          "\"%.*s\" is no switch: write 0 or 1", (int)MIN(text.len, 128), text.ptr);
        }
        break;
    case GIF_COLUMN_LIMIT_IN:
    case GIF_COLUMN_LIMIT_OUT:
        if (!gif_attributes_read_number(text, &number)) {
            gif_notes_add(notes, GIF_ERROR, 271, column->name,
                          "\"%.*s\" is no size: write a number of kB", (int)MIN(text.len, 128),
                          text.ptr);
        }
        break;
    case GIF_COLUMN_REFERENCE:
    case GIF_COLUMN_REFERENCES:
        references_check(attributes, index, notes);
        break;
    default:
        break;
    }
}

void
gif_attributes_check(const GifAttributes *attributes, GifNotes *notes)
{
    for (guint i = 0; i < attributes->schema->count && !gif_notes_failed(notes); i++) {
        if (attributes->cell[i].count > 0) {
            cell_check(attributes, i, notes);
        }
    }
}

/* Event 150: there was nothing to remove. */
static void
absent_note(const GifAttributes *attributes, guint index, GifNotes *notes)
{
    if (!attributes->cell[index].quiet) {
        gif_notes_add(notes, GIF_WARNING, 150, column_at(attributes, index)->name,
                      "there was no value to remove");
    }
}

/* The cell takes the value away: any, or that which it names. */
static bool
cell_removes(const GifAttributes *attributes, guint index, bool same)
{
    GifCellKind kind = attributes->cell[index].kind;
    return kind == GIF_CELL_CLEAR || (kind == GIF_CELL_REMOVE && same);
}

/* A removal that names another value than the one that is there. */
static bool
cell_misses(const GifAttributes *attributes, guint index, bool same)
{
    return attributes->cell[index].kind == GIF_CELL_REMOVE && !same;
}

static bool
text_apply(const GifAttributes *attributes, guint index, TblObject *object, GifNotes *notes)
{
    const GifColumn *column = column_at(attributes, index);
    const char *old = object->text[column->which];
    TblSlice text = text_at(attributes, index);
    bool same = old && text.len == strlen(old) && g_ascii_strncasecmp(old, text.ptr, text.len) == 0;
    if (cell_misses(attributes, index, same) || (cell_removes(attributes, index, same) && !old)) {
        absent_note(attributes, index, notes);
        return false;
    }
    if (cell_removes(attributes, index, same)) {
        tbl_object_set_text(object, (TblText)column->which, NULL);
        return true;
    }
    if (gif_attributes_is_no_server(column, text)) {
        return false;
    }
    g_autofree char *value = column->kind == GIF_COLUMN_REFERENCE
                                 ? gif_attributes_reference(attributes->schema, text)
                                 : g_strndup(text.ptr, text.len);
    if (g_strcmp0(old, value) == 0) {
        return false;
    }
    tbl_object_set_text(object, (TblText)column->which, value);
    return true;
}

static bool
switch_apply(const GifAttributes *attributes, guint index, bool *on, GifNotes *notes)
{
    bool old = *on, value = false;
    (void)gif_attributes_read_switch(text_at(attributes, index), &value);
    if (cell_misses(attributes, index, value == old)) {
        absent_note(attributes, index, notes);
        return false;
    }
    if (cell_removes(attributes, index, value == old)) {
        if (!old) {
            absent_note(attributes, index, notes);
        }
        value = false;
    }
    *on = value;
    return old != value;
}

static bool
limit_apply(const GifAttributes *attributes, guint index, gint64 *limit, GifNotes *notes)
{
    gint64 old = *limit, value = TBL_LIMIT_NONE;
    (void)(attributes->cell[index].count > 0 &&
           gif_attributes_read_number(text_at(attributes, index), &value));
    if (cell_misses(attributes, index, value == old)) {
        absent_note(attributes, index, notes);
        return false;
    }
    if (cell_removes(attributes, index, value == old)) {
        if (old == TBL_LIMIT_NONE) {
            absent_note(attributes, index, notes);
        }
        value = TBL_LIMIT_NONE;
    }
    *limit = value;
    return old != value;
}

static bool
other_apply(const GifAttributes *attributes, guint index, TblObject *object, GifNotes *notes)
{
    const char *name = column_at(attributes, index)->other;
    TblSlice text = text_at(attributes, index);
    for (guint i = 0; i + 1 < object->other->len; i += 2) {
        if (!g_str_equal(g_ptr_array_index(object->other, i), name)) {
            continue;
        }
        bool same = tbl_slice_equal(tbl_slice(g_ptr_array_index(object->other, i + 1)), text);
        if (cell_misses(attributes, index, same)) {
            break;
        }
        if (cell_removes(attributes, index, same)) {
            g_ptr_array_remove_range(object->other, i, 2);
            return true;
        }
        if (same) {
            return false;
        }
        g_free(g_ptr_array_index(object->other, i + 1));
        g_ptr_array_index(object->other, i + 1) = g_strndup(text.ptr, text.len);
        return true;
    }
    if (attributes->cell[index].kind != GIF_CELL_VALUES) {
        absent_note(attributes, index, notes);
        return false;
    }
    g_ptr_array_add(object->other, g_strdup(name));
    g_ptr_array_add(object->other, g_strndup(text.ptr, text.len));
    return true;
}

/* The cell lists exactly what is there. */
static bool
references_equal(const GifAttributes *attributes, guint index, const GifReferences *references)
{
    const GifCell *cell = &attributes->cell[index];
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(GifReferences) listed = gif_references_new(none);
    for (guint i = 0; i < cell->count; i++) {
        g_autofree char *name = gif_attributes_reference(
            attributes->schema, gif_lexer_value(attributes->lexer, cell, i)->text);
        if (!gif_references_contains(references, name)) {
            return false;
        }
        gif_references_add(listed, name);
    }
    return gif_references_count(listed) == gif_references_count(references);
}

static bool
references_apply(const GifAttributes *attributes, guint index, GifReferences *references,
                 GifNotes *notes)
{
    const GifCell *cell = &attributes->cell[index];
    bool changed = false;
    if (cell->kind == GIF_CELL_CLEAR) {
        changed = gif_references_count(references) > 0;
        if (!changed) {
            absent_note(attributes, index, notes);
        }
        gif_references_clear(references);
        return changed;
    }
    if (cell->kind == GIF_CELL_VALUES && (attributes->replace || cell->replace) &&
        !references_equal(attributes, index, references)) {
        changed = gif_references_count(references) > 0;
        gif_references_clear(references);
    }
    for (guint i = 0; i < cell->count; i++) {
        g_autofree char *name = gif_attributes_reference(
            attributes->schema, gif_lexer_value(attributes->lexer, cell, i)->text);
        if (cell->kind == GIF_CELL_VALUES) {
            changed = gif_references_add(references, name) || changed;
        } else if (gif_references_remove(references, name)) {
            changed = true;
        } else {
            gif_notes_add(notes, GIF_WARNING, 150, column_at(attributes, index)->name,
                          "there was no %s to remove", name);
        }
    }
    return changed;
}

static bool
cell_apply(const GifAttributes *attributes, guint index, TblObject *object, GifNotes *notes)
{
    const GifColumn *column = column_at(attributes, index);
    switch (column->kind) {
    case GIF_COLUMN_TEXT:
    case GIF_COLUMN_REFERENCE:
        return text_apply(attributes, index, object, notes);
    case GIF_COLUMN_HIDDEN:
        return switch_apply(attributes, index, &object->hidden, notes);
    case GIF_COLUMN_REDIRECT:
        return switch_apply(attributes, index, &object->deliver_and_redirect, notes);
    case GIF_COLUMN_AUTHENTICATED:
        return switch_apply(attributes, index, &object->authenticated_only, notes);
    case GIF_COLUMN_LIMIT_IN:
        return limit_apply(attributes, index, &object->limit_in, notes);
    case GIF_COLUMN_LIMIT_OUT:
        return limit_apply(attributes, index, &object->limit_out, notes);
    case GIF_COLUMN_OTHER:
        return other_apply(attributes, index, object, notes);
    case GIF_COLUMN_REFERENCES: {
        if (column->which == TBL_REFS_MEMBERS) {
            return false;
        }
        g_autoptr(GifReferences) references = gif_references_new(object->refs[column->which]);
        bool changed = references_apply(attributes, index, references, notes);
        gif_references_copy(references, object->refs[column->which]);
        return changed;
    }
    default:
        return false;
    }
}

bool
gif_attributes_apply(const GifAttributes *attributes, TblObject *object, GifNotes *notes)
{
    bool changed = false;
    for (guint i = 0; i < attributes->schema->count; i++) {
        if (attributes->cell[i].kind != GIF_CELL_BLANK) {
            changed = cell_apply(attributes, i, object, notes) || changed;
        }
    }
    return changed;
}

bool
gif_attributes_apply_members(const GifAttributes *attributes, GifReferences *members,
                             GifNotes *notes)
{
    const GifSchema *schema = attributes->schema;
    bool changed = false;
    for (guint i = 0; schema->members_at >= 0 && i < schema->count; i++) {
        const GifColumn *column = &schema->column[i];
        bool lists = column->kind == GIF_COLUMN_REFERENCES && column->which == TBL_REFS_MEMBERS;
        if (lists && attributes->cell[i].kind != GIF_CELL_BLANK) {
            changed = references_apply(attributes, i, members, notes) || changed;
        }
    }
    return changed;
}
