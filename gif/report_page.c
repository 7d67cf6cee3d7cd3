/* The page from top to bottom: outcome, counts, conflicts, guards, domains, changes, diagnostics,
 * files, run. */
#include "gif/report_state.h"
#include "tables/command.h"
#include "tables/digest.h"

/* Made by meson out of report.gresource.xml. */
#include <gif/report_resources.h>

/* A command line may name thousands of files. */
#define COMMAND_MAX 2000

/* ---- Head ---- */

/* A resource that was compiled in: it is there. */
static TblSlice
resource(const char *name, GBytes **bytes)
{
    *bytes =
        g_resource_lookup_data(gif_report_get_resource(), name, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    gsize length = 0;
    const char *text = *bytes ? g_bytes_get_data(*bytes, &length) : "";
    return (TblSlice){text, length};
}

/* CSP level 2, "valid hashes": the browser runs and applies these texts and no others. */
static void
hash_append(GString *out, TblSlice text)
{
    guint8 digest[TBL_SHA256_SIZE];
    tbl_digest_bytes(text, digest);
    g_autofree char *hash = g_base64_encode(digest, sizeof(digest));
    g_string_append_printf(out, "'sha256-%s'", hash);
}

static void
head_append(GString *out, TblSlice style, TblSlice script)
{
    g_string_append(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
                         "'none'; script-src ");
    hash_append(out, script);
    g_string_append(out, "; style-src ");
    hash_append(out, style);
    g_string_append(out, "; base-uri 'none'; form-action 'none'\">\n"
                         "<meta name=\"viewport\" content=\"width=device-width, "
                         "initial-scale=1\">\n"
                         "<meta name=\"color-scheme\" content=\"light dark\">\n"
                         "<meta name=\"referrer\" content=\"no-referrer\">\n"
                         "<meta name=\"generator\" content=\"gif-import " POLICYD_GIF_VERSION
                         "\">\n<title>Import report</title>\n<style>");
    g_string_append_len(out, style.ptr, (gssize)style.len);
    g_string_append(out, "</style>\n</head>\n<body>\n");
}

/* ---- Outcome ---- */

typedef struct {
    const char *class_name, *title, *text;
} Outcome;

static Outcome
outcome_read(const GifReportFacts *facts)
{
    const GifChanges *changes = &facts->summary->changes;
    bool any = changes->created + changes->modified + changes->deleted > 0;
    if (facts->summary->batch > 0) {
        return facts->summary->errors == 0
                   ? (Outcome){"good", "Applied", "Everything was applied as one batch."}
                   : (Outcome){"warn", "Applied in part",
                               "The good rows were applied as one batch; the errors kept the "
                               "others out."};
    }
    if (facts->code == TBL_EXIT_OK) {
        return facts->dry_run && any
                   ? (Outcome){"plan", "Dry run",
                               "Nothing was changed. Without --dry-run all of this is applied."}
                   : (Outcome){"good", "Nothing to change",
                               "The store already holds what the files ask for."};
    }
    if (facts->code == TBL_EXIT_REFUSED) {
        return (Outcome){"bad", facts->dry_run ? "Dry run: would be refused" : "Refused",
                         "Nothing was changed. The messages below say why."};
    }
    if (facts->dry_run && facts->keep_going && any && facts->guards) {
        return (Outcome){"warn", "Dry run",
                         "Nothing was changed. Without --dry-run the good rows are applied; the "
                         "errors keep the others out."};
    }
    return (Outcome){"bad", facts->dry_run ? "Dry run: would not be applied" : "Not applied",
                     "Nothing was changed. The messages below say why."};
}

static void
outcome_append(GString *out, const GifReportFacts *facts)
{
    Outcome outcome = outcome_read(facts);
    g_autofree char *time = tbl_json_time(facts->time);
    g_string_append_printf(out,
                           "<header class=\"%s\">\n<p class=\"what\">gif-import</p>\n<h1>%s</h1>\n"
                           "<p class=\"why\">%s</p>\n<p class=\"when\">",
                           outcome.class_name, outcome.title, outcome.text);
    if (facts->summary->batch > 0) {
        g_string_append_printf(out, "<b>Batch %" G_GUINT64_FORMAT "</b> \302\267 ",
                               facts->summary->batch);
    }
    g_string_append_printf(out,
                           "generation %" G_GUINT64_FORMAT
                           " \302\267 <time datetime=\"%s\">%s</time></p>\n</header>\n<main>\n",
                           facts->summary->generation, time, time);
}

static void
card_append(GString *out, const char *class_name, const char *label, guint64 number)
{
    g_string_append_printf(out, "<div class=\"%s%s\"><dt>%s</dt><dd>", class_name,
                           number == 0 ? " zero" : "", label);
    gif_report_append_number(out, number);
    g_string_append(out, "</dd></div>\n");
}

static void
cards_append(GString *out, const GifReportFacts *facts)
{
    const GifSummary *summary = facts->summary;
    g_string_append(out, "<section aria-label=\"Totals\">\n<dl class=\"cards\">\n");
    card_append(out, "plain", "Rows", summary->rows);
    card_append(out, "add", "Objects created", summary->changes.created);
    card_append(out, "pro", "Objects modified", summary->changes.modified);
    card_append(out, "del", "Objects deleted", summary->changes.deleted);
    card_append(out, "plain", "Rows without a change", summary->unchanged);
    card_append(out, "add", "Addresses added", summary->changes.addresses_added);
    card_append(out, "del", "Addresses removed", summary->changes.addresses_removed);
    card_append(out, "pro", "Addresses promoted",
                facts->totals ? gif_totals_promoted(facts->totals) : 0);
    card_append(out, "warn", "Warnings", summary->warnings);
    card_append(out, "del", "Errors", summary->errors);
    g_string_append(out, "</dl>\n</section>\n");
}

/* ---- Guards, files, run ---- */

static void
guards_append(GString *out, const GifReportFacts *facts)
{
    gif_report_begin_section(out, "guards", "Guards", 0);
    bool breached = facts->guards && facts->code == TBL_EXIT_REFUSED;
    g_string_append_printf(out, "<p class=\"guards %s\">",
                           breached        ? "bad"
                           : facts->guards ? "good"
                                           : "plain");
    gif_report_append_text(
        out, facts->guards ? facts->guards : "They were not asked: the run ended before.",
        GIF_REPORT_VALUE_MAX);
    g_string_append(out, "</p>\n</section>\n");
}

static void
files_append(GString *out, const GArray *files)
{
    static const char *const columns[] = {"File", "SHA-256", NULL};
    gif_report_begin_section(out, "files", "Files", 0);
    gif_report_begin_table(out, "Files", "", columns);
    for (guint i = 0; i < files->len; i++) {
        const GifReportFile *file = &g_array_index(files, GifReportFile, i);
        g_autofree char *hex = file->sha256 ? tbl_digest_hex(file->sha256) : NULL;
        g_string_append(out, "<tr><th scope=\"row\">");
        gif_report_append_text(out, g_str_equal(file->name, "-") ? "standard input" : file->name,
                               GIF_REPORT_VALUE_MAX);
        g_string_append_printf(out, "</th><td>%s%s%s", hex ? "<code>" : "",
                               hex ? hex : "nothing of it could be used", hex ? "</code>" : "");
        if (file->signer) {
            g_string_append(out, "<small>signed by ");
            gif_report_append_text(out, file->signer, GIF_REPORT_VALUE_MAX);
            g_string_append(out, "</small>");
        }
        g_string_append(out, "</td></tr>\n");
    }
    g_string_append(out, GIF_REPORT_TABLE_END "</section>\n");
}

static void
fact_append(GString *out, const char *label, const char *text, gsize max)
{
    g_string_append_printf(out, "<div><dt>%s</dt><dd>", label);
    gif_report_append_text(out, text, max);
    g_string_append(out, "</dd></div>\n");
}

static void
run_append(GString *out, const GifReportFacts *facts)
{
    g_autofree char *time = tbl_json_time(facts->time);
    char seconds[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd(seconds, sizeof(seconds), "%.2f s", facts->summary->seconds);
    gif_report_begin_section(out, "run", "Run", 0);
    g_string_append(out, "<dl class=\"facts\">\n");
    fact_append(out, "Command", facts->command, COMMAND_MAX);
    fact_append(out, "User", facts->user, GIF_REPORT_NAME_MAX);
    fact_append(out, "Time", time, GIF_REPORT_NAME_MAX);
    fact_append(out, "Took", seconds, GIF_REPORT_NAME_MAX);
    fact_append(out, "Store", facts->store, GIF_REPORT_VALUE_MAX);
    fact_append(out, "Program", "gif-import " POLICYD_GIF_VERSION, GIF_REPORT_NAME_MAX);
    g_string_append(out, "</dl>\n</section>\n");
}

void
gif_report_append_page(GString *out, const GifReport *report, const GifReportFacts *facts)
{
    g_autoptr(GBytes) style_bytes = NULL;
    g_autoptr(GBytes) script_bytes = NULL;
    TblSlice style = resource("/report.css", &style_bytes);
    TblSlice script = resource("/report.js", &script_bytes);
    head_append(out, style, script);
    outcome_append(out, facts);
    cards_append(out, facts);
    gif_report_append_conflicts(out, facts->conflicts);
    guards_append(out, facts);
    gif_report_append_domains(out, facts->totals);
    gif_report_append_changes(out, report);
    gif_report_append_diagnostics(out, report);
    files_append(out, facts->files);
    run_append(out, facts);
    g_string_append(out, "</main>\n<script>");
    g_string_append_len(out, script.ptr, (gssize)script.len);
    g_string_append(out, "</script>\n</body>\n</html>\n");
}
