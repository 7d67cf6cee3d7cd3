/* Rows that are read ahead are the rows of the file, in its order. */
#include "gif/pipeline.h"

#define ROWS 3000u /* more than all blocks hold */

typedef struct {
    TblSlice text;
    GifDialect dialect;
    GifCsv *csv;
    GifSchema *schema;
} File;

/* At its first row. */
static void
file_open(File *file, const char *text)
{
    g_autoptr(GifNotes) notes = gif_notes_new();
    g_autofree GifRecord *record = g_new(GifRecord, 1);
    file->text = tbl_slice(text);
    file->dialect = (GifDialect){.column = ',', .quote = '"', .mv = '%'};
    file->csv = gif_csv_new(file->text, file->dialect);
    g_assert_true(gif_csv_next(file->csv, record));
    file->schema = gif_schema_new(record, file->dialect, notes);
    g_assert_nonnull(file->schema);
}

static void
file_close(File *file)
{
    gif_csv_free(file->csv);
    gif_schema_free(file->schema);
}

static void
row_describe(GString *out, const GifBlock *block, const GifBlockRow *row)
{
    g_string_append_printf(out, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %zu-%zu%s %s %s",
                           row->line, row->told_line, row->start, row->end, row->cut ? " cut" : "",
                           row->row.name ? row->row.name : "-", row->folded ? row->folded : "-");
    if (row->notes) {
        g_string_append(out, " noted\n");
        return;
    }
    const GifCell *cell = &gif_block_cells(block, row)[2];
    for (guint i = 0; i < cell->count; i++) {
        const GifBlockProxy *parsed = gif_block_proxy(block, cell, i);
        g_string_append_printf(out, " %s", parsed->fault ? parsed->reason : parsed->proxy.key);
        g_assert_cmpuint(parsed->fault ? 0 : strlen(parsed->proxy.key), ==, parsed->proxy.key_len);
    }
    g_string_append_c(out, '\n');
}

static char *
ahead_read(const char *text, guint readers, gsize run_bytes)
{
    GString *out = g_string_new(NULL);
    File file;
    file_open(&file, text);
    GifPipelineOptions how = {.dialect = file.dialect, .readers = readers, .run_bytes = run_bytes};
    GifPipeline *pipeline = gif_pipeline_new(file.csv, file.schema, how);
    const GifBlock *block;
    while ((block = gif_pipeline_take(pipeline))) {
        for (guint i = 0; i < gif_block_count(block); i++) {
            row_describe(out, block, gif_block_row(block, i));
        }
    }
    g_assert_null(gif_pipeline_take(pipeline));
    gif_pipeline_free(pipeline);
    file_close(&file);
    return g_string_free(out, FALSE);
}

static char *
one_by_one_read(const char *text)
{
    GString *out = g_string_new(NULL);
    File file;
    file_open(&file, text);
    g_autoptr(GifBlock) block = gif_block_new(file.schema, file.dialect, GIF_MODE_UPDATE, false);
    g_autofree GifRecord *record = g_new(GifRecord, 1);
    while (gif_csv_next(file.csv, record)) {
        gif_block_clear(block);
        gif_block_add_record(block, record);
        row_describe(out, block, gif_block_row(block, 0));
    }
    file_close(&file);
    return g_string_free(out, FALSE);
}

/* Rows of all sizes, quoted and not, good and bad; `end` is what the file ends with. */
static char *
file_text(const char *end)
{
    GString *text = g_string_new("Obj-Class,Directory Name,Secondary-Proxy-Addresses\r\n");
    for (guint i = 0; i < ROWS; i++) {
        g_string_append_printf(text, i % 7 ? "mailbox,N%u," : "mailbox,\"N\xc3\x84, \"\"%u\"\"\",",
                               i);
        for (guint address = 0; address < i % 5 + (i % 997 == 0 ? 3000u : 0u); address++) {
            g_string_append_printf(text, "%ssmtp:A%u.%u@d%u.example", address ? "%" : "", i,
                                   address, i % 11);
        }
        g_string_append(text, i % 13 == 0 ? "%X400:a\\\\b" : i % 17 == 0 ? ",surplus" : "");
        g_string_append(text, i % 3 ? "\r\n" : "\n\n");
    }
    g_string_append(text, end);
    return g_string_free(text, FALSE);
}

/* However many threads there are, and however large the blocks. */
static void
test_order(void)
{
    static const char *const ends[] = {"", "mailbox,last,smtp:a@b.example",
                                       "mailbox,\"cut,off\r\n"};
    static const guint readers[] = {0, GIF_READERS_NONE, 1, 3, GIF_READERS_MAX + 1};
    static const gsize run_bytes[] = {0, 1, 1000, 100000, G_MAXSIZE};
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autofree char *text = file_text(ends[i]);
        g_autofree char *expected = one_by_one_read(text);
        g_assert_cmpuint(strlen(expected), >, ROWS * 20);
        g_assert_cmpint(strstr(expected, " cut ") != NULL, ==, i == 2);
        for (gsize r = 0; r < G_N_ELEMENTS(readers); r++) {
            for (gsize b = 0; b < G_N_ELEMENTS(run_bytes); b++) {
                g_autofree char *got = ahead_read(text, readers[r], run_bytes[b]);
                g_assert_cmpstr(got, ==, expected);
            }
        }
    }
}

static void
test_no_rows(void)
{
    g_autofree char *got =
        ahead_read("Obj-Class,Directory Name,Secondary-Proxy-Addresses\r\n\r\n", 0, 0);
    g_assert_cmpstr(got, ==, "");
}

/* A run that breaks off leaves the reading thread wherever it is. */
static void
test_stop(void)
{
    g_autofree char *text = file_text("");
    for (guint taken = 0; taken < 6; taken++) {
        File file;
        file_open(&file, text);
        GifPipelineOptions how = {.dialect = file.dialect, .readers = taken % 3 + 1};
        GifPipeline *pipeline = gif_pipeline_new(file.csv, file.schema, how);
        for (guint i = 0; i < taken; i++) {
            g_assert_nonnull(gif_pipeline_take(pipeline));
        }
        if (taken % 2) {
            g_usleep(2000);
        }
        gif_pipeline_free(pipeline);
        file_close(&file);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pipeline/order", test_order);
    g_test_add_func("/pipeline/no-rows", test_no_rows);
    g_test_add_func("/pipeline/stop", test_stop);
    return g_test_run();
}
