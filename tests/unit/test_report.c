#include "gif/report.h"

#include "tables/command.h"
#include "tests/unit/fixture.h"

#include <glib/gstdio.h>

typedef struct {
    char *folder, *path;
    GifReport *report;
    GifSummary summary;
    GArray *files;
} Page;

static Page *
page_new(void)
{
    Page *page = g_new0(Page, 1);
    page->folder = g_dir_make_tmp("report-XXXXXX", NULL);
    page->path = g_build_filename(page->folder, "page.html", NULL);
    page->report = gif_report_new(page->path, NULL, NULL);
    page->files = g_array_new(FALSE, TRUE, sizeof(GifReportFile));
    g_assert_nonnull(page->report);
    return page;
}

static void
page_free(Page *page)
{
    gif_report_free(page->report);
    (void)g_unlink(page->path);
    /* Nothing else was left behind. */
    g_assert_cmpint(g_rmdir(page->folder), ==, 0);
    g_array_unref(page->files);
    g_free(page->folder);
    g_free(page->path);
    g_free(page);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Page, page_free)

static GifReportFacts
facts(const Page *page, int code)
{
    return (GifReportFacts){.summary = &page->summary,
                            .code = code,
                            .command = "gif-import x.csv",
                            .store = "/store",
                            .user = "ann",
                            .files = page->files};
}

/* The published page. */
static char *
publish(Page *page, const GifReportFacts *with)
{
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    g_assert_true(gif_report_write(page->report, with, &error));
    g_assert_no_error(error);
    g_assert_false(g_file_test(page->path, G_FILE_TEST_EXISTS));
    g_assert_true(gif_report_publish(page->report, &error));
    g_assert_no_error(error);
    g_assert_true(g_file_get_contents(page->path, &text, NULL, NULL));
    return text;
}

static guint
count(const char *text, const char *part)
{
    guint found = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        found++;
    return found;
}

static void
create(Page *page, const char *name)
{
    g_autoptr(TblObject) object = fixture_object(TBL_CLASS_MAILBOX, name, "SMTP:a@b.example", NULL);
    g_autoptr(TblChange) change = tbl_change_new(NULL, object);
    gif_report_add_change(page->report, change, "x.csv", 2);
}

/* The last state that was written is the one that appears, also when it is the shorter one. */
static void
test_states(void)
{
    g_autoptr(Page) page = page_new();
    GifReportFacts long_facts = facts(page, TBL_EXIT_FAILED), last = facts(page, TBL_EXIT_OK);
    g_autofree char *long_command = g_strnfill(1500, 'x');
    long_facts.command = long_command;
    g_assert_true(gif_report_write(page->report, &long_facts, NULL));
    page->summary.batch = 7;
    g_autofree char *text = publish(page, &last);
    g_assert_nonnull(strstr(text, "<h1>Applied</h1>"));
    g_assert_nonnull(strstr(text, "<b>Batch 7</b>"));
    g_assert_true(g_str_has_suffix(text, "</html>\n"));
    g_assert_cmpint(count(text, "</html>"), ==, 1);
    g_assert_null(strstr(text, "xxxx"));
}

static void
test_outcomes(void)
{
    static const struct {
        int code;
        guint64 batch, errors, created;
        bool dry_run, keep_going;
        const char *guards, *title;
    } cases[] = {
        {TBL_EXIT_OK, 3, 0, 1, false, false, "ok", "Applied"},
        {TBL_EXIT_FAILED, 3, 1, 1, false, true, "ok", "Applied in part"},
        {TBL_EXIT_OK, 0, 0, 0, false, false, "ok", "Nothing to change"},
        {TBL_EXIT_OK, 0, 0, 0, true, false, "ok", "Nothing to change"},
        {TBL_EXIT_OK, 0, 0, 1, true, false, "ok", "Dry run"},
        {TBL_EXIT_FAILED, 0, 1, 1, true, true, "ok", "Dry run"},
        {TBL_EXIT_FAILED, 0, 1, 1, true, true, NULL, "Dry run: would not be applied"},
        {TBL_EXIT_FAILED, 0, 1, 1, true, false, NULL, "Dry run: would not be applied"},
        {TBL_EXIT_REFUSED, 0, 1, 1, true, false, "no", "Dry run: would be refused"},
        {TBL_EXIT_REFUSED, 0, 1, 1, false, false, "no", "Refused"},
        {TBL_EXIT_FAILED, 0, 1, 1, false, false, NULL, "Not applied"},
        {TBL_EXIT_TEMPORARY, 0, 1, 0, false, false, NULL, "Not applied"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Page) page = page_new();
        GifReportFacts with = facts(page, cases[i].code);
        page->summary.batch = cases[i].batch;
        page->summary.errors = cases[i].errors;
        page->summary.changes.created = cases[i].created;
        with.dry_run = cases[i].dry_run;
        with.keep_going = cases[i].keep_going;
        with.guards = cases[i].guards;
        g_autofree char *text = publish(page, &with);
        g_autofree char *title = g_strdup_printf("<h1>%s</h1>", cases[i].title);
        g_test_message("case %u: %s", i, cases[i].title);
        g_assert_nonnull(strstr(text, title));
    }
}

/* What does not fit is counted. */
static void
test_bounds(void)
{
    g_autoptr(Page) page = page_new();
    GifReportFacts with = facts(page, TBL_EXIT_OK);
    for (guint i = 0; i < GIF_REPORT_SHOWN + 234; i++) {
        GifDiagnosticEvent event = {GIF_WARNING, 138, "x.csv", i, NULL, "o", "m"};
        create(page, "n");
        gif_report_add_diagnostic(&event, page->report);
    }
    g_autofree char *text = publish(page, &with);
    g_assert_cmpint(count(text, "<tr class=\"create\">"), ==, GIF_REPORT_SHOWN);
    g_assert_cmpint(count(text, "GIF0138"), ==, GIF_REPORT_SHOWN);
    g_assert_nonnull(
        strstr(text, "<data value=\"1234\">1,234</data> created objects are listed; <b>234</b>"));
    g_assert_nonnull(
        strstr(text, "<data value=\"1234\">1,234</data> warnings are listed; <b>234</b>"));
}

/* A row has its bound, whatever is in it. */
static void
test_large_row(void)
{
    g_autoptr(Page) page = page_new();
    GifReportFacts with = facts(page, TBL_EXIT_OK);
    g_autoptr(TblObject) object = fixture_object(TBL_CLASS_DL, "large", NULL);
    g_autoptr(GString) invisible = g_string_new(NULL);
    for (guint i = 0; i < 5000; i++)
        g_string_append(invisible, "\342\200\250");
    for (guint i = 0; i < 500; i++)
        g_ptr_array_add(object->refs[TBL_REFS_MEMBERS], g_strdup_printf("%u%s", i, invisible->str));
    g_autoptr(TblChange) change = tbl_change_new(NULL, object);
    gif_report_add_change(page->report, change, "x.csv", 2);
    create(page, "small");
    g_autofree char *text = publish(page, &with);
    const char *row = strstr(text, "<tr class=\"create\">"), *next = strstr(row, "</tr>");
    g_assert_cmpint(next - row, <, 32 * 1024);
    g_assert_nonnull(strstr(row, "<td class=\"n\">500</td>"));
    g_assert_nonnull(strstr(row, " more</li>"));
    g_assert_cmpint(count(text, "<tr class=\"create\">"), ==, 2);
}

static void
test_hostile(void)
{
    g_autoptr(Page) page = page_new();
    g_autoptr(GifConflicts) conflicts = gif_conflicts_new();
    static const char evil[] = "</script><img src=x onerror=alert(1)>\"'&\342\200\256\377\n";
    GifReportFacts with = facts(page, TBL_EXIT_FAILED);
    GifReportFile file = {evil, NULL, evil};
    GifDiagnosticEvent event = {GIF_ERROR, 238, evil, 1, evil, evil, evil};
    GifConflict conflict = {
        238, evil, "address", {TBL_CLASS_DL, evil, evil}, {TBL_CLASS_DL, evil, evil}};
    g_autoptr(TblObject) object = fixture_object(TBL_CLASS_MAILBOX, evil, "SMTP:a@b.example", NULL);
    tbl_object_set_text(object, TBL_TEXT_DISPLAY, "<!--");
    g_autoptr(TblChange) change = tbl_change_new(NULL, object);
    gif_report_add_change(page->report, change, evil, 1);
    gif_report_add_diagnostic(&event, page->report);
    gif_conflicts_add(conflicts, &conflict);
    g_array_append_val(page->files, file);
    with.conflicts = conflicts;
    with.command = with.store = with.user = with.guards = evil;
    g_autofree char *text = publish(page, &with);
    g_assert_null(strstr(text, "<img"));
    g_assert_null(strstr(text, "<!--"));
    g_assert_null(strstr(text, "\342\200\256"));
    g_assert_cmpint(count(text, "<script>"), ==, 1);
    g_assert_cmpint(count(text, "</script>"), ==, 1);
    g_assert_true(g_utf8_validate(text, -1, NULL));
}

static void
assert_refused(const char *path, char *const *inputs, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(gif_report_new(path, inputs, &error));
    g_assert_nonnull(strstr(error->message, why));
}

static void
test_places(void)
{
    g_autoptr(Page) page = page_new();
    g_autofree char *missing = g_build_filename(page->folder, "no", "x.html", NULL);
    g_autofree char *other = g_build_filename(page->folder, ".", "page.html", NULL);
    char *inputs[] = {(char *)"-", other, NULL};
    assert_refused(missing, NULL, "No such file");
    assert_refused(page->folder, NULL, "no regular file");
    assert_refused("/dev/null", NULL, "no regular file");
    g_assert_true(g_file_set_contents(page->path, "x", 1, NULL));
    assert_refused(page->path, inputs, "to be imported");
    /* An older page is replaced. */
    g_autoptr(GifReport) again = gif_report_new(page->path, NULL, NULL);
    g_assert_nonnull(again);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/states", test_states);
    g_test_add_func("/report/outcomes", test_outcomes);
    g_test_add_func("/report/bounds", test_bounds);
    g_test_add_func("/report/large-row", test_large_row);
    g_test_add_func("/report/hostile", test_hostile);
    g_test_add_func("/report/places", test_places);
    return g_test_run();
}
