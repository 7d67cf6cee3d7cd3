#include "gif/csv.h"

static const GifDialect comma = {',', '"', '%', false};

/* Every record as "LINE:field|field;", a fault as "!N@LINE.COLUMN". */
static char *
read_all(const char *text, size_t length, GifDialect dialect)
{
    GString *out = g_string_new(NULL);
    g_autoptr(GifCsv) csv = gif_csv_new((TblSlice){text, length}, dialect);
    g_autofree GifRecord *record = g_new(GifRecord, 1);
    while (gif_csv_next(csv, record)) {
        g_string_append_printf(out, "%u:", (guint)record->line);
        if (record->fault != GIF_CSV_OK) {
            g_string_append_printf(out, "!%d@%u.%u;", (int)record->fault, (guint)record->fault_line,
                                   (guint)record->fault_column);
            continue;
        }
        for (guint i = 0; i < record->count; i++) {
            g_string_append_len(out, record->field[i].text.ptr, (gssize)record->field[i].text.len);
            g_string_append_c(out, i + 1 < record->count ? '|' : ';');
        }
    }
    return g_string_free(out, FALSE);
}

typedef struct {
    const char *text, *records;
} Case;

static const Case cases[] = {
    {"a,b\r\nc,d\r\n", "1:a|b;2:c|d;"},
    {"a,b\nc,d", "1:a|b;2:c|d;"},
    {"a,b\rc,d\r", "1:a|b;2:c|d;"},
    {"a,b\r\n\r\n , ,\n\nc,d\n", "1:a|b;5:c|d;"},
    {"a,\x1a\x1a", "1:a|;"},
    {"a,b\n\x1a", "1:a|b;"},
    {" a ,\tb\t, c d \n", "1:a|b|c d;"},
    {"\"a,b\",\"c\"\"d\"\n", "1:\"a,b\"|\"c\"\"d\";"},
    {"\"a\r\nb\",c\nd,e\n", "1:\"a\r\nb\"|c;3:d|e;"},
    /* 4.0 quotes single values; quotes open behind a separator of values only */
    {"\"CC:a, b\"%SMTP:c,d\n", "1:\"CC:a, b\"%SMTP:c|d;"},
    {"x% \"a,b\" ,d\n", "1:x% \"a,b\"|d;"},
    {"x\\%\"a,b\",d\n", "1:x\\%\"a|b\"|d;"},
    {"5\" disk,b\n", "1:5\" disk|b;"},
    {"a\\,b\n", "1:a\\|b;"},
    {"a\\\\%b,c\n", "1:a\\\\%b|c;"},
    /* text behind a closing quote; the next line is read again */
    {"a\n\"b\"x,c\nd\n", "1:a;2:!1@2.4;3:d;"},
    {"a,b,\n,,c\n", "1:a|b|;2:||c;"},
    {"", ""},
    {"\n\n", ""},
};

static void
test_records(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = read_all(cases[i].text, strlen(cases[i].text), comma);
        g_assert_cmpstr(got, ==, cases[i].records);
    }
}

static void
test_faults(void)
{
    static const char nul[] = "a,b\nc,\0d\ne,f\n";
    g_autofree char *truncated = read_all("a\nb,\"c\nd\n", 9, comma);
    g_autofree char *with_nul = read_all(nul, sizeof(nul) - 1, comma);
    /* the line where the quote opened */
    g_assert_cmpstr(truncated, ==, "1:a;2:!2@2.3;");
    g_assert_cmpstr(with_nul, ==, "1:a|b;2:!3@2.3;3:e|f;");
    g_autofree char *quoted_nul = read_all("\"a\0\"\nb\n", 7, comma);
    g_assert_cmpstr(quoted_nul, ==, "1:!3@1.3;2:b;");
}

/* As Exchange: a line end closes the record, a stray quote is an error. */
static void
test_compat(void)
{
    GifDialect compat = {',', '"', '%', true};
    g_autofree char *broken = read_all("a,\"b\nc,d\n", 9, compat);
    g_autofree char *stray = read_all("a,b\"c\nd,e\n", 10, compat);
    g_autofree char *last = read_all("a,\"b", 4, compat);
    g_assert_cmpstr(broken, ==, "1:!1@1.5;2:c|d;");
    g_assert_cmpstr(stray, ==, "1:!1@1.4;2:d|e;");
    g_assert_cmpstr(last, ==, "1:!1@1.3;");
}

static void
test_separators(void)
{
    g_autofree char *tab = read_all("a\t b \t\tc\n", 9, (GifDialect){'\t', '"', '%', false});
    g_autofree char *space = read_all("a  b\n", 5, (GifDialect){' ', '"', '%', false});
    g_autofree char *none = read_all("\"a,b\"\n", 6, (GifDialect){',', '\0', '%', false});
    g_assert_cmpstr(tab, ==, "1:a|b||c;");
    g_assert_cmpstr(space, ==, "1:a||b;");
    g_assert_cmpstr(none, ==, "1:\"a|b\";");
}

static void
test_sniff(void)
{
    static const struct {
        const char *header;
        char separator;
    } headers[] = {
        {"Obj-Class,Mode", ','},
        {"Obj-Class\tMode", '\t'},
        {"obj_class;Mode", ';'},
        {"OBJ CLASS ; Mode", ';'},
        {"\"Obj-Class\",Mode", ','},
        {"Obj-Class , Mode", ','},
        {"Obj-Class Mode", ' '},
        {"Obj-Class\r\n", ','},
        {"Obj-Class  ", ','},
        {"Mode;Obj-Class", ','},
        {"Obj", ','},
        {"", ','},
        {"\n\nObj-Class;Mode", ';'},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
        g_assert_cmpint(gif_csv_sniff(tbl_slice(headers[i].header), '"'), ==, headers[i].separator);
    }
    /* A quote character that separates does not enclose. */
    g_assert_cmpint(gif_csv_sniff(tbl_slice("Obj-Class;Mode"), ';'), ==, ';');
    g_assert_cmpint(gif_csv_sniff(tbl_slice("Obj-Class Mode"), ' '), ==, ' ');
}

static void
test_flags(void)
{
    g_autofree GifRecord *record = g_new(GifRecord, 1);
    g_autoptr(GifCsv) csv = gif_csv_new(tbl_slice("\"a\",\"\"\n\"a\",b\nx%\"y\",5\"\n"), comma);
    g_assert_true(gif_csv_next(csv, record));
    g_assert_true(record->all_quoted);
    g_assert_true(gif_csv_next(csv, record));
    g_assert_false(record->all_quoted);
    g_assert_true(record->field[0].quoted);
    g_assert_false(record->stray_quote);
    g_assert_true(gif_csv_next(csv, record));
    g_assert_false(record->field[0].quoted);
    g_assert_true(record->field[0].quotes);
    g_assert_true(record->stray_quote);
    g_assert_cmpuint(record->start, ==, 13);
    g_assert_cmpuint(record->end, ==, 22);
}

/* Bounds: a long record and a wide one are faults of their own, and what follows is read. */
static void
test_limits(void)
{
    g_autoptr(GString) text = g_string_new("a,");
    for (guint i = 0; i < 10 * GIF_RECORD_MAX; i++) {
        g_string_append_c(text, 'x');
    }
    g_string_append(text, "\nb,c\n");
    for (guint i = 0; i < GIF_COLUMNS_MAX; i++) {
        g_string_append(text, "d,");
    }
    g_string_append(text, "\ne,f\n");
    g_autofree char *got = read_all(text->str, text->len, comma);
    g_assert_true(g_str_has_prefix(got, "1:!4@1.1;2:b|c;3:!5@3."));
    g_assert_true(g_str_has_suffix(got, ";4:e|f;"));
}

/* Exactly the limit is read, line end not counted. */
static void
test_longest(void)
{
    g_autofree char *value = g_strnfill(GIF_RECORD_MAX - 2, 'x');
    g_autofree char *fits = g_strconcat("a,", value, "\r\n", NULL);
    g_autofree char *over = g_strconcat("ab,", value, "\r\n", NULL);
    g_autofree char *good = read_all(fits, strlen(fits), comma);
    g_autofree char *bad = read_all(over, strlen(over), comma);
    g_assert_true(g_str_has_prefix(good, "1:a|x"));
    g_assert_cmpstr(bad, ==, "1:!4@1.1;");
}

/* A record with all that is said of it. */
static void
record_describe(GString *out, const GifCsv *csv, const GifRecord *record)
{
    g_string_append_printf(out, "%u %zu-%zu %u%d%d !%d@%u.%zu.%u", (guint)record->line,
                           record->start, record->end, record->count, record->all_quoted,
                           record->stray_quote, (int)record->fault, (guint)record->fault_line,
                           record->fault_column, record->fault_field);
    for (guint i = 0; record->fault == GIF_CSV_OK && i < record->count; i++) {
        const GifField *field = &record->field[i];
        g_string_append_printf(out, "|%p+%zu %d%d", (const void *)field->text.ptr, field->text.len,
                               field->quoted, field->quotes);
    }
    g_string_append_c(out, '\n');
}

/* Runs of `bytes` bytes or more, each read by another reader; the text as a whole for 0. Text that
 * is left over between two runs, or a run that is too short, ends the test. */
static void
runs_read(GString *out, TblSlice text, GifDialect dialect, gsize bytes, GifRecord *record)
{
    g_autoptr(GifCsv) csv = gif_csv_new(text, dialect);
    g_autoptr(GifCsv) reader = gif_csv_copy(csv);
    GifCsvRun run;
    gsize done = 0;
    record->fault_line = record->fault_column = 0;
    while (bytes > 0 && gif_csv_cut(csv, bytes, &run)) {
        g_assert_cmpuint(run.start, ==, done);
        g_assert_cmpuint(run.end, >, done);
        g_assert_true(run.end - run.start >= bytes || !gif_csv_cut(csv, bytes, &(GifCsvRun){0}));
        done = run.end;
        gif_csv_begin_run(reader, &run);
        while (gif_csv_next(reader, record)) {
            record_describe(out, reader, record);
        }
    }
    while (bytes == 0 && gif_csv_next(reader, record)) {
        record_describe(out, reader, record);
    }
}

static void
check_runs(TblSlice text, GifDialect dialect, gsize bytes_max)
{
    g_autofree GifRecord *record = g_new0(GifRecord, 1);
    g_autoptr(GString) whole = g_string_new(NULL);
    g_autoptr(GString) cut = g_string_new(NULL);
    runs_read(whole, text, dialect, 0, record);
    for (gsize bytes = 1; bytes <= bytes_max; bytes++) {
        g_string_truncate(cut, 0);
        runs_read(cut, text, dialect, bytes, record);
        g_assert_cmpstr(cut->str, ==, whole->str);
    }
}

/* Separators as they are, and those for which the reader has exceptions. */
static const GifDialect dialects[] = {
    {',', '"', '%', false},  {',', '"', '%', true},   {'\t', '"', ' ', false},
    {' ', '"', '%', false},  {',', ' ', '%', false},  {',', '\0', '%', false},
    {';', '"', '\0', false}, {',', '%', '\\', false}, {',', '\t', ' ', true},
};

/* Every text of a few bytes that mean something. */
static void
test_runs_all(void)
{
    static const char letters[] = {'"', ',', '%', '\\', ' ', '\r', '\n', 'a'};
    enum { LENGTH = 5, COUNT = G_N_ELEMENTS(letters) };
    char text[LENGTH];
    for (guint number = 0; number < 1u << 3 * LENGTH; number++) {
        for (guint i = 0; i < LENGTH; i++) {
            text[i] = letters[number >> 3 * i & (COUNT - 1)];
        }
        check_runs((TblSlice){text, LENGTH}, dialects[number % G_N_ELEMENTS(dialects)], 3);
        check_runs((TblSlice){text, LENGTH}, dialects[0], 2);
    }
}

/* Longer ones, at random. */
static void
test_runs_random(void)
{
    static const char letters[] = "\"\"\",,%%\\ \t\r\n\na;\x1a";
    char text[64];
    for (guint round = 0; round < 20000; round++) {
        gsize length = (gsize)g_test_rand_int_range(1, sizeof text);
        for (gsize i = 0; i < length; i++) {
            text[i] = letters[g_test_rand_int_range(0, sizeof letters)]; /* its NUL, too */
        }
        check_runs((TblSlice){text, length}, dialects[round % G_N_ELEMENTS(dialects)], 9);
    }
}

/* Cut at every byte. */
static void
test_runs(void)
{
    static const char text[] =
        "a,b\r\n\"c\r\nd\",\"e\"\"\r\n,\"\r\n , ,\r\n\rf\\%\"g,h\n  \"i\nj\" % \"k\n\" ,l\n"
        "\"m\"n,\"o\np\"\nq\\\\%\"r\ns\",5\" t\n\n\n\"\0\",u\n\"v\" \r\n\"\"\"w\",x\"\ny,\"z\n,\n";
    for (gsize i = 0; i < G_N_ELEMENTS(dialects); i++) {
        check_runs((TblSlice){text, sizeof text - 1}, dialects[i], sizeof text);
    }
}

/* A line of quotes that open nothing, or that open and close, is cut in linear time. */
static void
test_runs_long(void)
{
    static const char *const pieces[] = {"a\"",  ",\"a\"", ",\"a\"b", "%\"a\" ",
                                         "\"\"", " \"",    "\\%\""};
    for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autoptr(GString) text = g_string_new("a");
        while (text->len < 4 * 1024 * 1024) {
            g_string_append(text, pieces[i]);
        }
        g_autoptr(GifCsv) csv = gif_csv_new((TblSlice){text->str, text->len}, comma);
        GifCsvRun run;
        g_assert_true(gif_csv_cut(csv, 1, &run));
        g_assert_cmpuint(run.end, ==, text->len);
        g_assert_false(gif_csv_cut(csv, 1, &run));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/csv/records", test_records);
    g_test_add_func("/csv/faults", test_faults);
    g_test_add_func("/csv/compat", test_compat);
    g_test_add_func("/csv/separators", test_separators);
    g_test_add_func("/csv/sniff", test_sniff);
    g_test_add_func("/csv/flags", test_flags);
    g_test_add_func("/csv/limits", test_limits);
    g_test_add_func("/csv/longest", test_longest);
    g_test_add_func("/csv/runs", test_runs);
    g_test_add_func("/csv/runs-all", test_runs_all);
    g_test_add_func("/csv/runs-random", test_runs_random);
    g_test_add_func("/csv/runs-long", test_runs_long);
    return g_test_run();
}
