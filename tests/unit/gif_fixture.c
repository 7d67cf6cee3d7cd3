#include "tests/unit/gif_fixture.h"

#include "tables/json_reader.h"

#include <stdlib.h>

static void
rows_decide(GifPlan *plan, GifPipeline *pipeline, GifFixtureRow each, gpointer data)
{
    const GifBlock *block;
    while ((block = gif_pipeline_take(pipeline)))
        for (guint i = 0; i < gif_block_count(block); i++) {
            g_autoptr(GError) error = NULL;
            GifRowResult result = gif_plan_row(plan, block, i, &error);
            g_assert_no_error(error);
            g_assert_cmpint(result, !=, GIF_ROW_BROKEN);
            if (each)
                each(block, i, result, data);
        }
}

void
gif_fixture_decide(GifPlan *plan, GifDiagnostics *diagnostics, guint number, const char *text,
                   GifPipelineOptions how, GifFixtureRow each, gpointer data)
{
    static const char *const names[] = {"test.csv", "second.csv"};
    g_autoptr(GifNotes) notes = gif_notes_new();
    g_autoptr(GifCsv) csv = gif_csv_new(tbl_slice(text), how.dialect);
    g_autofree GifRecord *record = g_new(GifRecord, 1);
    g_assert_true(gif_csv_next(csv, record));
    GifSchema *schema = gif_schema_new(record, how.dialect, notes);
    g_assert_nonnull(schema);
    g_assert_cmpuint(number, <, G_N_ELEMENTS(names));
    gif_plan_begin_file(plan, number, names[number], how.dialect, schema);
    gif_notes_flush(notes, diagnostics, 1, NULL);
    g_autoptr(GifPipeline) pipeline = gif_pipeline_new(csv, schema, how);
    rows_decide(plan, pipeline, each, data);
}

char *
gif_fixture_codes_of_json(const char *json)
{
    GString *codes = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(json, "\n", -1);
    for (gsize i = 0; lines[i] && *lines[i]; i++) {
        g_autoptr(GHashTable) line = tbl_json_read(lines[i], strlen(lines[i]), NULL);
        g_assert_nonnull(line);
        const char *severity = g_hash_table_lookup(line, "severity");
        const char *code = g_hash_table_lookup(line, "code");
        g_assert_true(g_str_has_prefix(code, "GIF"));
        g_assert_cmpuint(strlen(code), ==, 7);
        g_string_append_printf(codes, "%s%s:%c%u", codes->len ? " " : "",
                               (const char *)g_hash_table_lookup(line, "line"),
                               g_ascii_toupper(*severity), (guint)strtoul(code + 3, NULL, 10));
    }
    return g_string_free(codes, FALSE);
}

char *
gif_fixture_codes(GifNotes *notes)
{
    g_autofree char *json = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&json, &size);
    GifDiagnostics *diagnostics = gif_diagnostics_new(true, out);
    gif_diagnostics_set_file(diagnostics, "test.csv");
    gif_notes_flush(notes, diagnostics, 1, NULL);
    gif_diagnostics_free(diagnostics);
    fclose(out);
    return gif_fixture_codes_of_json(json);
}
