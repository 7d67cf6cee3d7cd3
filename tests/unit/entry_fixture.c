#include "tests/unit/entry_fixture.h"

#include "tests/unit/gif_fixture.h"

static void
append_cell(GString *out, const GifSchema *schema, const GifEntry *entry, const GifEntryCell *cell)
{
    const char *name = schema->column[cell->column].name;
    if (cell->kind == GIF_CELL_CLEAR)
        g_string_append_printf(out, " %s%s", name, cell->quiet ? "~~" : "~");
    for (guint i = 0; i < cell->count; i++) {
        TblSlice value = g_array_index(entry->values, TblSlice, cell->first + i);
        g_assert_cmpuint(value.len, >, 0);
        g_assert_true(g_utf8_validate_len(value.ptr, value.len, NULL));
        bool removes = cell->kind == GIF_CELL_REMOVE;
        g_string_append_printf(out, " %s%s%.*s", name,
                               removes         ? "-"
                               : cell->replace ? "="
                                               : "+",
                               (int)value.len, value.ptr);
    }
}

static void
append_entry(GString *out, const GifSchema *schema, GifEntry *entry, bool places)
{
    static const char *const modes[] = {"update", "create", "modify", "delete"};
    bool failed = gif_notes_failed(entry->notes);
    if (places)
        g_string_append_printf(out, "%" G_GUINT64_FORMAT " ", entry->line);
    if (!entry->settled && !failed)
        g_string_append_printf(out, "[%s %s%s %s]", modes[entry->mode],
                               tbl_class_name(entry->object_class),
                               entry->certainty == GIF_CERTAIN  ? ""
                               : entry->certainty == GIF_PERSON ? "?"
                                                                : "??",
                               entry->name ? entry->name : "");
    else
        g_string_append_printf(out, "%s[%s]%s", entry->refused ? "!" : "",
                               entry->name ? entry->name : "", failed ? "" : "settled");
    for (guint i = 0; !failed && !entry->settled && i < entry->cells->len; i++)
        append_cell(out, schema, entry, &g_array_index(entry->cells, GifEntryCell, i));
    if (entry->replace_addresses)
        g_string_append(out, " only");
    g_autofree char *codes = gif_fixture_codes(entry->notes);
    if (*codes)
        g_string_append_printf(out, " {%s}", codes);
    g_string_append_c(out, '\n');
}

char *
entry_fixture_describe(GifReader *reader, gsize length, bool places)
{
    if (!reader)
        return NULL;
    GString *out = g_string_new(NULL);
    g_autoptr(GifEntry) entry = gif_entry_new();
    g_autoptr(GifSchema) schema = gif_collector_schema(reader->collector);
    gsize behind = reader->header_end;
    guint64 line = 0;
    g_assert_cmpuint(behind, <=, length);
    while (reader->next(reader, entry)) {
        g_assert_cmpuint(entry->start, >=, behind);
        g_assert_cmpuint(entry->end, >, entry->start);
        g_assert_cmpuint(entry->end, <=, length);
        g_assert_cmpuint(entry->line, >, line);
        g_assert_cmpuint(reader->offset(reader), ==, entry->end);
        behind = entry->end;
        line = entry->line;
        for (guint i = 0; i < entry->cells->len; i++)
            g_assert_cmpuint(g_array_index(entry->cells, GifEntryCell, i).column, <, schema->count);
        append_entry(out, schema, entry, places);
    }
    gif_reader_free(reader);
    return g_string_free(out, FALSE);
}
