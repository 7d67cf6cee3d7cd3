/*
 * Rows that are decided by what they propose end as they do the long way: random files are imported
 * in several runs into two stores, into one of them without proposals. Results of rows,
 * messages, ledgers, changes and all records of the stores must be the same, sources and undo
 * records included.
 */
#include "gif/plan.h"
#include "gif/proposal.h"
#include "tables/object_brief.h"
#include "tables/object_plain.h"
#include "tests/unit/fixture.h"
#include "tests/unit/gif_fixture.h"

#define WORLDS 30
#define FILES 6
#define ROWS 40
/* Of text in a block: a few rows. */
#define RUN_BYTES 600
/* Few enough to meet again. */
#define NAMES 14
#define LOCALS 30
#define DOMAINS 5

typedef struct {
    GRand *rand;
    char column, mv;
} Writer;

static guint
below(Writer *writer, guint limit)
{
    return (guint)g_rand_int_range(writer->rand, 0, (gint)limit);
}

static bool
one_of(Writer *writer, guint count)
{
    return below(writer, count) == 0;
}

#define PICK(writer, list) ((list)[below(writer, G_N_ELEMENTS(list))])

/* ---- Random files ---- */

static void
address_write(Writer *writer, GString *out, bool primary)
{
    static const char *const odd[] = {"ann@",
                                      "X400:c=US;a= ;p=C;s=Ann;",
                                      "smtp:\\a b@d0.example",
                                      "SMTP: x1@d0.example ",
                                      "TOOLONGTYPE:x",
                                      "smtp:J\xc3\xbcrg@d1.example",
                                      "u1@d0.example",
                                      "smtp:\"q u\"@d0.example",
                                      "~DEL",
                                      "~DEL<smtp:u1@d0.example>",
                                      ":x",
                                      "smtp:U1@D\xc3\x84.example",
                                      "",
                                      "smtp:a+b@d2.example",
                                      "MS:NET/PO/\xc3\x84NN"};
    static const char *const capitals[] = {"", "", "", "U", "Long.Name-"};
    if (one_of(writer, 25)) {
        g_string_append(out, PICK(writer, odd));
        return;
    }
    guint local = below(writer, LOCALS), domain = below(writer, DOMAINS);
    if (one_of(writer, 6)) {
        g_string_append_printf(out, "%s:CONTOSO/d%u/U%u", one_of(writer, 2) ? "MS" : "ccmail",
                               domain, local);
        return;
    }
    bool big = primary ? !one_of(writer, 20) : one_of(writer, 5);
    g_string_append_printf(out, "%s:%su%u@d%u.example", big ? "SMTP" : "smtp",
                           PICK(writer, capitals), local, domain);
}

static void
text_write(Writer *writer, GString *out)
{
    static const char *const texts[] = {"Ann Lee", "\xc3\x84nne", "x\\y",   "=file", "~DEL",
                                        "a",       "~SERVER",     "a\\\\b", "#NAME?"};
    if (one_of(writer, 4)) {
        g_string_append(out, PICK(writer, texts));
    } else {
        g_string_append_printf(out, "Text %u", below(writer, 5));
    }
}

static void
number_write(Writer *writer, GString *out)
{
    static const char *const numbers[] = {"0", "1", "yes", "-1", "2000", "x", "~DEL", "true"};
    g_string_append(out, PICK(writer, numbers));
}

static void
references_write(Writer *writer, GString *out)
{
    if (one_of(writer, 4)) {
        g_string_append(out, "~DEL");
        return;
    }
    for (guint i = below(writer, 3) + 1; i > 0; i--) {
        g_string_append_printf(out, "Name%u", below(writer, NAMES));
        if (i > 1)
            g_string_append_c(out, writer->mv);
    }
}

typedef enum { NAME, PRIMARIES, SECONDARIES, TARGET, TEXT, NUMBER, REFERENCES } Kind;

static const struct {
    const char *name;
    Kind kind;
    guint rarely; /* one row of so many fills it */
} columns[] = {
    {"Directory Name", NAME, 1},
    {"E-mail Addresses", PRIMARIES, 1},
    {"Secondary-Proxy-Addresses", SECONDARIES, 2},
    {"E-mail address", TARGET, 20},
    {"Display Name", TEXT, 3},
    {"Home-Server", TEXT, 6},
    {"Title", TEXT, 4},
    {"City", TEXT, 4},
    {"Obj-Container", TEXT, 5},
    {"Primary Windows NT Account", TEXT, 5},
    {"Hide from AB", NUMBER, 6},
    {"Deliver-And-Redirect", NUMBER, 8},
    {"Require-Auth-To-Send-To", NUMBER, 8},
    {"Incoming Message Size Limit", NUMBER, 6},
    {"Outgoing Message Size Limit", NUMBER, 6},
    {"Members", REFERENCES, 8},
    {"Auth-Orig", REFERENCES, 15},
    {"Alt-Recipient", REFERENCES, 15},
    {"Unheard-Of", TEXT, 3},
};

static void
cell_write(Writer *writer, guint column, GString *out)
{
    Kind kind = columns[column].kind;
    if (!one_of(writer, columns[column].rarely))
        return;
    if (kind == PRIMARIES || kind == SECONDARIES) {
        for (guint i = below(writer, one_of(writer, 40) ? 40 : 4); i > 0; i--) {
            address_write(writer, out, kind == PRIMARIES);
            if (i > 1)
                g_string_append_c(out, writer->mv);
        }
    } else if (kind == NAME) {
        g_string_append_printf(out, "%s%u", one_of(writer, 15) ? "NAME" : "Name",
                               below(writer, NAMES));
        if (one_of(writer, 30))
            g_string_append(out, "\xc3\xb6");
    } else if (kind == TARGET) {
        address_write(writer, out, true);
    } else if (kind == TEXT) {
        text_write(writer, out);
    } else if (kind == NUMBER) {
        number_write(writer, out);
    } else {
        references_write(writer, out);
    }
}

static void
field_write(Writer *writer, const char *text, GString *out)
{
    bool quoted = strchr(text, writer->column) || strchr(text, '"') || one_of(writer, 10);
    g_auto(GStrv) parts = g_strsplit(text, "\"", -1);
    g_autofree char *doubled = g_strjoinv("\"\"", parts);
    g_string_append_printf(out, "%c%s%s%s", writer->column, quoted ? "\"" : "",
                           quoted ? doubled : text, quoted ? "\"" : "");
}

static char *
row_make(Writer *writer, const guint *order, guint count, bool mode)
{
    static const char *const classes[] = {"mailbox", "mailbox",       "mailbox", "mailbox",
                                          "mailbox", "Mailbox",       "dl",      "dl",
                                          "remote",  "public-folder", "nonsense"};
    static const char *const modes[] = {"update", "update", "update", "create",
                                        "modify", "",       "delete"};
    g_autoptr(GString) row = g_string_new(PICK(writer, classes));
    if (mode)
        field_write(writer, PICK(writer, modes), row);
    for (guint i = 0; i < count; i++) {
        g_autoptr(GString) cell = g_string_new(NULL);
        cell_write(writer, order[i], cell);
        field_write(writer, cell->str, row);
    }
    return g_strdup(row->str);
}

/* The name, and others of the columns in any order. A row may come again, also in the next file. */
static char *
file_make(Writer *writer, GPtrArray *rows)
{
    guint order[G_N_ELEMENTS(columns)], count = 1;
    bool mode = one_of(writer, 2);
    order[0] = 0;
    for (guint i = 1; i < G_N_ELEMENTS(columns); i++)
        if (i < 3 || one_of(writer, 2))
            order[count++] = i;
    for (guint i = 1; i < count; i++) {
        guint other = below(writer, i + 1), swapped = order[i];
        order[i] = order[other];
        order[other] = swapped;
    }
    GString *text = g_string_new("Obj-Class");
    if (mode)
        field_write(writer, "Mode", text);
    for (guint i = 0; i < count; i++)
        field_write(writer, columns[order[i]].name, text);
    g_ptr_array_set_size(rows, 0);
    for (guint i = 0; i < ROWS; i++) {
        if (i > 0 && one_of(writer, 6))
            g_ptr_array_add(rows, g_strdup(g_ptr_array_index(rows, below(writer, i))));
        else
            g_ptr_array_add(rows, row_make(writer, order, count, mode));
        g_string_append_printf(text, "\n%s", (const char *)g_ptr_array_index(rows, i));
    }
    return g_string_free(text, FALSE);
}

/* ---- Importing ---- */

typedef struct {
    GString *told; /* results of rows, messages, ledger, changes */
    guint created, same;
} Import;

static void
append_hex(GString *out, TblSlice bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        g_string_append_printf(out, "%02x", (unsigned char)bytes.ptr[i]);
}

static bool
dump_change(const TblObject *before, const TblObject *after, gpointer data)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    if (after)
        tbl_object_encode(after, bytes);
    g_string_append_printf(data, "%" G_GUINT64_FORMAT " ", (after ? after : before)->id);
    append_hex(data, (TblSlice){(const char *)bytes->data, bytes->len});
    g_string_append_c(data, '\n');
    return true;
}

static void
ledger_dump(const GifLedger *ledger, guint64 end, GString *out)
{
    for (guint64 id = 1; id < end; id++) {
        GifLedgerRow row = {0};
        bool found = gif_ledger_get(ledger, id, &row);
        g_string_append_printf(out, "%d %u %u %zu %zu\n", found, row.source, (guint)row.line,
                               row.start, row.end);
    }
}

static void
row_tell(const GifBlock *block, guint row, GifRowResult result, gpointer data)
{
    Import *import = data;
    bool proposed = gif_block_row(block, row)->proposal != 0;
    g_string_append_c(import->told, (char)('0' + result));
    import->created += proposed && result == GIF_ROW_CHANGED;
    import->same += proposed && result == GIF_ROW_UNCHANGED;
}

/* Imports files in one run, and commits it. */
static Import
import_run(Fixture *fixture, GifPlanOptions options, GifDialect dialect, const char *const *texts)
{
    Import import = {.told = g_string_new(NULL)};
    g_autofree char *json = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&json, &size);
    TblDraft *draft = fixture_draft(fixture);
    GifDiagnostics *diagnostics = gif_diagnostics_new(true, out);
    g_autoptr(GifConflicts) conflicts = gif_conflicts_new();
    g_autoptr(GifLedger) ledger = gif_ledger_new(tbl_draft_base(draft)->next_id);
    g_autoptr(GError) error = NULL;
    options.conflicts = conflicts;
    GifPlan *plan =
        gif_plan_new(fixture->store, draft, fixture->config, options, diagnostics, ledger);
    const GifPipelineOptions how = {.dialect = dialect,
                                    .mode = options.mode,
                                    .compat = options.compat,
                                    .run_bytes = RUN_BYTES,
                                    .propose = gif_plan_wants_proposals(plan)};
    for (guint i = 0; texts[i]; i++)
        gif_fixture_decide(plan, diagnostics, i, texts[i], how, row_tell, &import);
    gif_plan_finish(plan, &error);
    g_assert_no_error(error);
    gif_plan_free(plan);
    gif_diagnostics_free(diagnostics);
    fclose(out);
    g_string_append_printf(import.told, "\n%s", json);
    gif_conflicts_write_text(conflicts, import.told);
    ledger_dump(ledger, tbl_draft_base(draft)->next_id + 2 * ROWS, import.told);
    g_assert_true(tbl_draft_foreach_change(draft, dump_change, import.told, &error));
    fixture_commit(fixture);
    return import;
}

/* ---- Comparing ---- */

static bool
dump_record(TblSlice key, TblSlice value, gpointer data)
{
    GString *out = data;
    append_hex(out, key);
    g_string_append_c(out, ' ');
    append_hex(out, value);
    g_string_append_c(out, '\n');
    return true;
}

/* Every record but those that tell the time: headers of batches. */
static char *
store_dump(Fixture *fixture)
{
    static const TblDb dbs[] = {TBL_DB_OBJECTS, TBL_DB_NAMES, TBL_DB_ADDRESSES,
                                TBL_DB_DOMAINS, TBL_DB_UNDO,  TBL_DB_REFERRERS};
    GString *out = g_string_new(NULL);
    tbl_view_begin(fixture->view);
    for (guint i = 0; i < G_N_ELEMENTS(dbs); i++) {
        g_string_append_printf(out, "-- %d\n", dbs[i]);
        g_assert_cmpint(tbl_reader_each(tbl_view_reader(fixture->view), dbs[i], (TblSlice){0},
                                        dump_record, out),
                        ==, TBL_FOUND);
    }
    tbl_view_end(fixture->view);
    return g_string_free(out, FALSE);
}

/* The same for both: domains, and what stands in the way of some addresses. */
static Fixture *
world_make(guint number)
{
    Fixture *fixture = fixture_new("");
    fixture_declare_class(fixture, "d0.example", TBL_DOMAIN_RELAY);
    fixture_declare_class(fixture, "d1.example", TBL_DOMAIN_VIRTUAL_MAILBOX);
    if (number % 10 == 9) { /* then nothing is decided by its proposal */
        TblDomain *ruled = tbl_domain_new("d2.example", TBL_DOMAIN_VIRTUAL_MAILBOX);
        ruled->rule = g_strdup("SMTP:%m@d2.example");
        fixture_declare(fixture, ruled);
    }
    if (number % 2 == 1) {
        g_autoptr(GError) error = NULL;
        const TblRow tombstone = {.kind = TBL_ROW_TOMBSTONE,
                                  .spelling = tbl_slice("u3@d1.example"),
                                  .notice = tbl_slice("gone")};
        tbl_draft_set_tombstone(fixture_draft(fixture), "smtp:u3@d1.example", &tombstone, &error);
        g_assert_no_error(error);
        TblObject *person = fixture_object(TBL_CLASS_MAILBOX, "person", "SMTP:u4@d1.example",
                                           "smtp:u5@d3.example", NULL);
        person->origin = TBL_ORIGIN_DIRECTORY;
        fixture_put(fixture, person);
        fixture_commit(fixture);
    }
    if (number % 3 == 0)
        g_clear_pointer(&fixture->draft, tbl_draft_free); /* an empty store */
    else
        fixture_commit(fixture);
    return fixture;
}

/* Line by line, so that a difference can be read. */
static void
same_text(const char *way, const char *other)
{
    g_auto(GStrv) lines = g_strsplit(way, "\n", -1);
    g_auto(GStrv) others = g_strsplit(other, "\n", -1);
    for (gsize i = 0; lines[i] || others[i]; i++)
        g_assert_cmpstr(lines[i], ==, others[i]);
}

static void
same_check(const Import *way, const Import *other, Fixture *fixture, Fixture *others)
{
    same_text(way->told->str, other->told->str);
    g_autofree char *store = store_dump(fixture), *stores = store_dump(others);
    same_text(store, stores);
}

static void
test_both_ways(void)
{
    guint created = 0, same = 0;
    for (guint number = 0; number < WORLDS; number++) {
        g_autoptr(Fixture) fixture = world_make(number);
        g_autoptr(Fixture) others = world_make(number);
        g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(g_free);
        Writer writer = {g_rand_new_with_seed(1000 + number), ",;\t"[number % 3],
                         number % 5 == 4 ? '|' : '%'};
        GifDialect dialect = {.column = writer.column, .quote = '"', .mv = writer.mv};
        g_autofree char *last = NULL;
        for (guint i = 0; i < FILES; i++) {
            g_autofree char *text =
                last && one_of(&writer, 4) ? g_strdup(last) : file_make(&writer, rows);
            /* The run before may come again, in a file of its own. */
            const char *texts[] = {text, one_of(&writer, 3) ? last : NULL, NULL};
            GifPlanOptions options = {.mode =
                                          one_of(&writer, 4) ? GIF_MODE_CREATE : GIF_MODE_UPDATE,
                                      .overwrite = one_of(&writer, 3),
                                      .compat = one_of(&writer, 12),
                                      .container = one_of(&writer, 12) ? "Staff" : NULL};
            Import way = import_run(fixture, options, dialect, texts);
            options.no_proposals = true;
            Import other = import_run(others, options, dialect, texts);
            g_assert_cmpuint(other.created + other.same, ==, 0);
            same_check(&way, &other, fixture, others);
            created += way.created;
            same += way.same;
            g_string_free(way.told, TRUE);
            g_string_free(other.told, TRUE);
            g_free(last);
            last = g_steal_pointer(&text);
        }
        g_rand_free(writer.rand);
    }
    g_test_message("%u created, %u the same", created, same);
    g_assert_cmpuint(created, >, WORLDS);
    g_assert_cmpuint(same, >, WORLDS);
}

/* Every byte at every place of a text that is longer than a word. */
static void
test_folding(void)
{
    enum { LENGTH = 11 };
    for (guint at = 0; at < LENGTH; at++)
        for (guint c = 0; c < 256; c++)
            for (guint f = 0; f < 256; f++) {
                char text[LENGTH] = "Ab1@zZ.[`{~", folded[LENGTH] = "ab1@zz.[`{~";
                text[at] = (char)c;
                folded[at] = (char)f;
                bool same = c < 128 && (guint)(guchar)g_ascii_tolower((char)c) == f;
                g_assert_cmpint(tbl_slice_folds_to((TblSlice){text, LENGTH}, folded), ==, same);
            }
    g_assert_true(tbl_slice_folds_to((TblSlice){"", 0}, ""));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proposal/folding", test_folding);
    g_test_add_func("/proposal/both-ways", test_both_ways);
    return g_test_run();
}
