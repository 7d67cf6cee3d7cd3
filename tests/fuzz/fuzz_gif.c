/* A whole file -> text -> records -> header -> values. Beside not crashing: the style of the line
 * ends does not matter, nor does where the text is cut for several threads, and the raw bytes of
 * every record decode to its text. */
#include "gif/charset.h"
#include "gif/proxy.h"
#include "gif/references.h"
#include "gif/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The records of runs are the records of the text. */
static void
check_runs(TblSlice text, GifDialect dialect, gsize bytes)
{
    g_autoptr(GifCsv) whole = gif_csv_new(text, dialect);
    g_autoptr(GifCsv) cutter = gif_csv_copy(whole);
    g_autoptr(GifCsv) reader = gif_csv_copy(whole);
    g_autofree GifRecord *expected = g_new(GifRecord, 1), *got = g_new(GifRecord, 1);
    GifCsvRun run;
    while (gif_csv_cut(cutter, bytes, &run)) {
        gif_csv_begin_run(reader, &run);
        while (gif_csv_next(reader, got)) {
            g_assert_true(gif_csv_next(whole, expected));
            g_assert_cmpuint(got->start, ==, expected->start);
            g_assert_cmpuint(got->end, ==, expected->end);
            g_assert_cmpuint(got->line, ==, expected->line);
            g_assert_cmpuint(got->count, ==, expected->count);
            g_assert_cmpint(got->fault, ==, expected->fault);
        }
    }
    g_assert_false(gif_csv_next(whole, expected));
}

static GifDialect
dialect_of(TblSlice text, bool compat)
{
    return (GifDialect){gif_csv_sniff(text, '"'), '"', '%', compat};
}

/* Everything that the reader says about a text, line ends inside fields left out. */
static char *
describe(TblSlice text, GifDialect dialect)
{
    GString *out = g_string_new(NULL);
    g_autoptr(GifCsv) csv = gif_csv_new(text, dialect);
    g_autofree GifRecord *record = g_new(GifRecord, 1);
    while (gif_csv_next(csv, record)) {
        g_assert_cmpuint(record->start, <, record->end);
        g_assert_cmpuint(record->end, <=, text.len);
        g_string_append_printf(out, "\n%u %d %u:", (guint)record->line, (int)record->fault,
                               record->count);
        for (guint i = 0; record->fault == GIF_CSV_OK && i < record->count; i++) {
            const GifField *field = &record->field[i];
            g_string_append_printf(out, "|%d%d", field->quoted, field->quotes);
            for (size_t c = 0; c < field->text.len; c++) {
                if (field->text.ptr[c] != '\r' && field->text.ptr[c] != '\n')
                    g_string_append_c(out, field->text.ptr[c]);
            }
        }
    }
    return g_string_free(out, FALSE);
}

static char *
with_line_ends(TblSlice text, const char *line_end, gsize *length)
{
    GString *out = g_string_sized_new(text.len);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\r' || text.ptr[i] == '\n') {
            i += text.ptr[i] == '\r' && i + 1 < text.len && text.ptr[i + 1] == '\n';
            g_string_append(out, line_end);
        } else {
            g_string_append_c(out, text.ptr[i]);
        }
    }
    *length = out->len;
    return g_string_free(out, FALSE);
}

static void
check_line_ends(TblSlice text, GifDialect dialect)
{
    static const char *const styles[] = {"\n", "\r", "\r\n"};
    g_autofree char *expected = describe(text, dialect);
    for (gsize i = 0; i < G_N_ELEMENTS(styles); i++) {
        gsize length;
        g_autofree char *variant = with_line_ends(text, styles[i], &length);
        g_autofree char *got = describe((TblSlice){variant, length}, dialect);
        g_assert_cmpstr(got, ==, expected);
    }
}

static void
check_cell(const GifLexer *lexer, const GifCell *cell)
{
    for (guint i = 0; i < cell->count; i++) {
        const GifValue *value = gif_lexer_value(lexer, cell, i);
        GifProxy proxy;
        g_auto(TblArena) memory = {0};
        g_autofree char *reason = NULL, *name = gif_reference_name(value->text);
        g_assert_true(!name || *name);
        g_assert_cmpuint(value->text.len, >, 0);
        g_assert_cmpuint(value->text.len, <=, GIF_VALUE_MAX);
        int fault = gif_proxy_parse(&proxy, &memory, value->text, true, &reason);
        g_assert_cmpint(fault != 0, ==, reason != NULL);
        g_assert_cmpint(fault == 0, ==, proxy.key != NULL);
        if (proxy.key) {
            g_autofree char *key = tbl_proxy_key(tbl_slice(proxy.type), tbl_slice(proxy.value));
            g_assert_cmpstr(key, ==, proxy.key);
        }
    }
}

static void
check_rows(GifText *decoded, GifDialect dialect)
{
    TblSlice text = gif_text_slice(decoded);
    g_autoptr(GifCsv) csv = gif_csv_new(text, dialect);
    g_autofree GifRecord *record = g_new(GifRecord, 1);
    g_autoptr(GifNotes) notes = gif_notes_new();
    g_autoptr(GifLexer) lexer = gif_lexer_new(dialect);
    g_autoptr(GByteArray) raw = g_byte_array_new();
    g_auto(TblArena) memory = {0};
    if (!gif_csv_next(csv, record))
        return;
    g_autoptr(GifSchema) schema = gif_schema_new(record, dialect, notes);
    while (schema && gif_csv_next(csv, record)) {
        GifRow row = {.mode = GIF_MODE_UPDATE};
        gif_notes_clear(notes);
        gif_lexer_begin(lexer, record->end - record->start);
        gif_row_read(&row, &memory, schema, record, lexer, dialect.compat, notes);
        g_assert_true(gif_notes_failed(notes) || row.name != NULL);
        gif_lexer_clear(lexer);
        tbl_arena_reset(&memory);
        gif_lexer_begin(lexer, record->end - record->start);
        for (guint i = 0; record->fault == GIF_CSV_OK && i < record->count; i++) {
            GifCell cell;
            gif_lexer_cell(lexer, &record->field[i], i % 3 ? GIF_LEX_MULTI : GIF_LEX_SINGLE, &cell);
            check_cell(lexer, &cell);
        }
        g_byte_array_set_size(raw, 0);
        gif_text_append_raw(decoded, record->start, record->end, raw);
        gsize length = 0;
        g_autofree char *again = g_convert((const char *)raw->data, raw->len, "UTF-8",
                                           gif_text_encoding(decoded), NULL, &length, NULL);
        g_assert_nonnull(again);
        g_assert_cmpmem(again, length, text.ptr + record->start, record->end - record->start);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GifTextFault fault = {0};
    char *raw = g_malloc(size + 1);
    memcpy(raw, data, size);
    g_autoptr(GifText) text = gif_text_new(raw, size, GIF_CODEPAGE_DEFAULT, &fault);
    if (!text) {
        g_assert_nonnull(fault.message);
        gif_text_fault_clear(&fault);
        return 0;
    }
    TblSlice slice = gif_text_slice(text);
    bool nul = memchr(slice.ptr, '\0', slice.len) != NULL;
    /* A NUL may stand between the two bytes of a line end; such a text is read, but not compared.
     */
    if (!nul && slice.len > 0)
        check_line_ends(slice, dialect_of(slice, size % 2 != 0));
    check_runs(slice, dialect_of(slice, size % 2 != 0), 1 + size % 50);
    check_rows(text, dialect_of(slice, size % 2 != 0));
    return 0;
}
