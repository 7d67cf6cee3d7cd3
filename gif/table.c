#include "gif/table.h"

#include "gif/split.h"

/* The separator of the header: the first one that stands outside quotes. */
static char
separator_sniff(TblSlice text, const char *skip)
{
    bool quoted = false;
    size_t at = 0;
    for (;;) {
        while (at < text.len && g_ascii_isspace(text.ptr[at])) {
            at++;
        }
        bool skipped = skip && text.len - at >= strlen(skip) &&
                       g_ascii_strncasecmp(text.ptr + at, skip, strlen(skip)) == 0;
        if (!skipped) {
            break;
        }
        while (at < text.len && text.ptr[at] != '\n' && text.ptr[at] != '\r') {
            at++;
        }
    }
    for (; at < text.len; at++) {
        char c = text.ptr[at];
        quoted = quoted != (c == '"');
        if (!quoted && (c == ',' || c == ';' || c == '\t')) {
            return c;
        }
        if (!quoted && (c == '\n' || c == '\r')) {
            break;
        }
    }
    return ',';
}

/* The inside of a quoted field with its doubled quotes made single; another field as it stands. */
static TblSlice
field_text(const GifField *field, GString *out)
{
    if (!field->quoted) {
        return field->text;
    }
    g_string_truncate(out, 0);
    for (size_t i = 1; i + 1 < field->text.len; i++) {
        g_string_append_c(out, field->text.ptr[i]);
        i += field->text.ptr[i] == '"';
    }
    return (TblSlice){out->str, out->len};
}

/* A record that is a line before the header. The fields of a faulty one are not there. */
static bool
is_skipped(const GifRecord *record, const char *skip)
{
    return skip && record->fault == GIF_CSV_OK && record->field[0].text.len >= strlen(skip) &&
           g_ascii_strncasecmp(record->field[0].text.ptr, skip, strlen(skip)) == 0;
}

static bool
header_read(GifTable *table, const char *skip, GifNotes *notes)
{
    bool any = gif_csv_next(table->csv, table->record);
    while (any && is_skipped(table->record, skip)) {
        any = gif_csv_next(table->csv, table->record);
    }
    if (!any) {
        gif_notes_add(notes, GIF_ERROR, 226, NULL,
                      "the file is empty; its first line names the columns");
        return false;
    }
    if (!gif_schema_check_header(table->record, notes)) {
        return false;
    }
    for (guint i = 0; i < table->record->count; i++) {
        TblSlice name = gif_split_trim(field_text(&table->record->field[i], table->text));
        g_ptr_array_add(table->names, g_strndup(name.ptr, name.len));
    }
    return true;
}

GifTable *
gif_table_new(TblSlice text, const char *skip, GifNotes *notes)
{
    g_autoptr(GifTable) table = g_new0(GifTable, 1);
    table->separator = separator_sniff(text, skip);
    table->csv = gif_csv_new(text, (GifDialect){.column = table->separator, .quote = '"'});
    table->record = g_new(GifRecord, 1);
    table->names = g_ptr_array_new_with_free_func(g_free);
    table->text = g_string_new(NULL);
    return header_read(table, skip, notes) ? g_steal_pointer(&table) : NULL;
}

void
gif_table_free(GifTable *table)
{
    if (table) {
        gif_csv_free(table->csv);
        g_free(table->record);
        g_ptr_array_unref(table->names);
        g_string_free(table->text, TRUE);
        g_free(table);
    }
}

int
gif_table_find(const GPtrArray *names, const char *name)
{
    for (guint i = 0; i < names->len; i++) {
        if (g_ascii_strcasecmp(g_ptr_array_index(names, i), name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

bool
gif_table_next(GifTable *table, GifMode mode, bool compat, GifEntry *entry)
{
    if (!gif_csv_next(table->csv, table->record)) {
        return false;
    }
    const GifRecord *record = table->record;
    const char *column = record->fault_field < table->names->len
                             ? g_ptr_array_index(table->names, record->fault_field)
                             : NULL;
    gif_entry_clear(entry, mode);
    entry->line = record->line;
    entry->start = record->start;
    entry->end = record->end;
    entry->refused = record->fault == GIF_CSV_TRUNCATED;
    entry->told_line = entry->refused ? record->fault_line : 0;
    gif_record_check(record, column, entry->notes);
    if (!gif_notes_failed(entry->notes)) {
        gif_record_check_count(record, table->names->len, compat, entry->notes);
    }
    return true;
}

TblSlice
gif_table_cell(GifTable *table, guint index)
{
    if (index >= table->record->count || index >= GIF_COLUMNS_MAX) {
        return (TblSlice){"", 0};
    }
    return gif_split_trim(field_text(&table->record->field[index], table->text));
}
