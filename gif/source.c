#include "gif/source.h"

#include "gif/csvde.h"
#include "gif/ldif.h"
#include "gif/powershell.h"

/* The separators of Exchange (KB Q152472, Q190706). */
#define QUOTE_DEFAULT '"'
#define MV_DEFAULT '%'

/* The separators of one file. Those that exclude each other are told and switched off. */
static GifDialect
dialect_read(GifSeparators chosen, TblSlice text, GifNotes *notes)
{
    GifDialect dialect = {.column = chosen.column,
                          .quote = chosen.quote ? chosen.quote : QUOTE_DEFAULT,
                          .mv = chosen.mv ? chosen.mv : MV_DEFAULT,
                          .compat = chosen.compat};
    if (!dialect.column) {
        dialect.column = gif_csv_sniff(text, dialect.quote);
    }
    if (dialect.quote == dialect.column) {
        dialect.quote = '\0';
        gif_notes_add(notes, GIF_WARNING, GIF_CODE_SEPARATORS, NULL,
                      "the quote character is the column separator: quoting is off");
    }
    if (dialect.mv == dialect.column) {
        dialect.mv = '\0';
        gif_notes_add(
            notes, GIF_WARNING, GIF_CODE_SEPARATORS, NULL,
            "the multi-value separator is the column separator: each field holds one value");
    } else if (dialect.mv == '@') {
        gif_notes_add(notes, GIF_WARNING, GIF_CODE_SEPARATORS, NULL,
                      "@ separates values, so SMTP addresses must be written with \\@");
    }
    return dialect;
}

static bool
is_record_of(const GifRecord *record, const char *word)
{
    return record->fault == GIF_CSV_OK && record->count == 1 &&
           record->field[0].text.len == strlen(word) &&
           g_ascii_strncasecmp(record->field[0].text.ptr, word, strlen(word)) == 0;
}

/* The reader at the header; `record` is it. False: the text is empty. */
static bool
header_find(GifSource *source, GifSeparators separators, GifRecord *record, GifNotes *notes)
{
    TblSlice text = gif_text_slice(source->input->text);
    source->length = text.len;
    source->dialect = dialect_read(separators, text, notes);
    source->csv = gif_csv_new(text, source->dialect);
    bool any = gif_csv_next(source->csv, record);
    /* Migration files name their section first. */
    if (any && is_record_of(record, "DIRECTORY")) {
        gsize offset = gif_csv_offset(source->csv);
        gif_notes_clear(notes);
        source->dialect =
            dialect_read(separators, (TblSlice){text.ptr + offset, text.len - offset}, notes);
        gif_csv_set_dialect(source->csv, source->dialect);
        any = gif_csv_next(source->csv, record);
    }
    return any;
}

/* A file of the import format. */
static bool
header_read(GifSource *source, GifSeparators separators, GifNotes *notes)
{
    g_autofree GifRecord *record = g_new(GifRecord, 1);
    if (!header_find(source, separators, record, notes)) {
        gif_notes_add(notes, GIF_ERROR, 226, NULL,
                      "the file is empty; its first line names the columns, Obj-Class first");
        return false;
    }
    source->schema = gif_schema_new(record, source->dialect, notes);
    return source->schema != NULL;
}

static bool
reader_start(GifSource *source, GifFormat format, GifReading reading, GifNotes *notes)
{
    TblSlice text = gif_text_slice(source->input->text);
    source->length = text.len;
    source->reader = format == GIF_FORMAT_LDIF    ? gif_ldif_new(text, reading, notes)
                     : format == GIF_FORMAT_CSVDE ? gif_csvde_new(text, reading, notes)
                                                  : gif_powershell_new(text, reading, notes);
    if (!source->reader) {
        return false;
    }
    source->schema = gif_collector_schema(source->reader->collector);
    return true;
}

GifSource *
gif_source_new(GifInput *input, GifFormat format, GifSeparators separators, GifReading reading,
               GifNotes *notes)
{
    g_autoptr(GifSource) source = g_new0(GifSource, 1);
    source->input = input;
    if (format == GIF_FORMAT_AUTO) {
        format = gif_format_sniff(gif_text_slice(input->text));
    }
    /* What is none of them is judged as the import format: event 226. */
    bool descendant = format != GIF_FORMAT_AUTO && format != GIF_FORMAT_GIF;
    bool good = descendant ? reader_start(source, format, reading, notes)
                           : header_read(source, separators, notes);
    if (!good) {
        return NULL;
    }
    source->err_file = gif_err_file_new(input, descendant ? source->reader->header_end
                                                          : gif_csv_offset(source->csv));
    return g_steal_pointer(&source);
}

void
gif_source_finish(GifSource *source)
{
    g_clear_pointer(&source->csv, gif_csv_free);
    g_clear_pointer(&source->reader, gif_reader_free);
    g_clear_pointer(&source->input->text, gif_text_free);
}

void
gif_source_free(GifSource *source)
{
    if (source) {
        gif_err_file_free(source->err_file);
        gif_schema_free(source->schema);
        gif_csv_free(source->csv);
        gif_reader_free(source->reader);
        gif_input_free(source->input);
        g_free(source);
    }
}
