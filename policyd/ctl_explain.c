/* explain: why an address is answered as it is. */
#include "policyd/ctl.h"
#include "policyd/explain.h"

#include <stdio.h>
#include <string.h>

/* So many objects and rows met on the way are shown as text, more are counted; --json has all. */
#define FOLLOWED_MAX 20
/* Columns of a step's name and its result. */
#define STEP_WIDTH 16
#define RESULT_WIDTH 8
/* Column of a map's answer: one more than the longest name. */
#define MAP_WIDTH 25

/* ---- As text ---- */

static void
print_row(const PdExplainRow *row)
{
    g_autofree char *expires = row->expires ? tbl_json_time(row->expires) : NULL;
    if (row->notice)
        printf("%s %s%s%s", row->moved ? "moved to" : "gone:", row->notice,
               expires ? ", until " : "", expires ? expires : "");
    else
        printf("%s of %s \"%s\"%s", row->role, row->object_class, row->object,
               g_str_has_prefix(row->kind, "directory") ? " (directory)" : "");
    printf("; %s", row->source_text);
}

static void
print_step(const PdExplainStep *step)
{
    const char *gap = "";
    printf("%-*s %-*s ", STEP_WIDTH, step->step, RESULT_WIDTH, pd_step_result_name(step->result));
    if (step->key) {
        fputs(step->key, stdout);
        gap = "  ";
    }
    if (step->text) {
        printf("%s%s", gap, step->text);
        gap = "  ";
    }
    for (guint i = 0; i < step->rows->len; i++) {
        const PdExplainRow *row = g_ptr_array_index(step->rows, i);
        if (i > 0)
            printf("\n%-*s %-*s also", STEP_WIDTH, "", RESULT_WIDTH, "");
        fputs(i > 0 ? "  " : gap, stdout);
        print_row(row);
    }
    putchar('\n');
}

static void
print_text(const PdExplanation *explanation)
{
    guint followed = 0;
    printf("%-*s %s\n", STEP_WIDTH, "key", explanation->key);
    for (guint i = 0; i < explanation->steps->len; i++) {
        const PdExplainStep *step = g_ptr_array_index(explanation->steps, i);
        followed += strcmp(step->step, "follow") == 0;
        if (followed <= FOLLOWED_MAX)
            print_step(step);
    }
    if (followed > FOLLOWED_MAX)
        printf("%-*s %-*s %u more\n", STEP_WIDTH, "follow", RESULT_WIDTH, "",
               followed - FOLLOWED_MAX);
    putchar('\n');
    for (int map = 0; map < TBL_MAP_COUNT; map++) {
        const PdExplainReply *reply = &explanation->map[map];
        printf("%-*s %s%s%s\n", MAP_WIDTH, tbl_map_name((TblMap)map), reply->word,
               *reply->value ? " " : "", reply->value);
    }
    printf("%-*s %s\n", MAP_WIDTH, "policy", explanation->policy);
    printf("%-*s %s\n", MAP_WIDTH, "smtp", explanation->smtp);
    printf("\n%s\n", explanation->sentence);
}

/* ---- As JSON ---- */

static void
append_source(TblJson *json, const PdExplainRow *row)
{
    const TblSource *source = &row->source;
    if (source->batch == 0 && source->synced == 0) {
        tbl_json_null(json, "source");
        return;
    }
    tbl_json_object_begin(json, "source");
    if (source->batch) {
        tbl_json_number(json, "batch", (gint64)source->batch);
        if (source->line) {
            tbl_json_text(json, "file", row->file);
            tbl_json_number(json, "line", (gint64)source->line);
        }
    } else {
        g_autofree char *synced = tbl_json_time(source->synced);
        tbl_json_text(json, "dn", row->dn);
        tbl_json_text(json, "synced", synced);
    }
    tbl_json_object_end(json);
}

static void
append_row(TblJson *json, const PdExplainRow *row)
{
    tbl_json_object_begin(json, NULL);
    tbl_json_text(json, "kind", row->kind);
    tbl_json_text(json, "address", row->address);
    if (row->notice) {
        g_autofree char *expires = row->expires ? tbl_json_time(row->expires) : NULL;
        tbl_json_text(json, "notice", row->notice);
        tbl_json_bool(json, "moved", row->moved);
        tbl_json_text(json, "expires", expires);
    } else {
        tbl_json_text(json, "role", row->role);
        tbl_json_text(json, "class", row->object_class);
        tbl_json_text(json, "object", row->object);
    }
    tbl_json_bool(json, "decides", row->decides);
    append_source(json, row);
    tbl_json_object_end(json);
}

static void
append_step(TblJson *json, const PdExplainStep *step)
{
    tbl_json_object_begin(json, NULL);
    tbl_json_text(json, "step", step->step);
    tbl_json_text(json, "result", pd_step_result_name(step->result));
    if (step->key)
        tbl_json_text(json, "key", step->key);
    if (step->text)
        tbl_json_text(json, "text", step->text);
    if (step->rows->len > 0) {
        tbl_json_array_begin(json, "rows");
        for (guint i = 0; i < step->rows->len; i++)
            append_row(json, g_ptr_array_index(step->rows, i));
        tbl_json_array_end(json);
    }
    tbl_json_object_end(json);
}

static void
print_json(const PdExplanation *explanation)
{
    g_autoptr(GString) line = g_string_new(NULL);
    TblJson json;
    tbl_json_begin(&json, line);
    tbl_json_text(&json, "key", explanation->key);
    tbl_json_text(&json, "canonical", explanation->canonical);
    tbl_json_array_begin(&json, "steps");
    for (guint i = 0; i < explanation->steps->len; i++)
        append_step(&json, g_ptr_array_index(explanation->steps, i));
    tbl_json_array_end(&json);
    tbl_json_object_begin(&json, "maps");
    for (int map = 0; map < TBL_MAP_COUNT; map++) {
        tbl_json_object_begin(&json, tbl_map_name((TblMap)map));
        tbl_json_text(&json, "result", explanation->map[map].word);
        tbl_json_text(&json, "value", explanation->map[map].value);
        tbl_json_object_end(&json);
    }
    tbl_json_object_end(&json);
    tbl_json_text(&json, "smtp", explanation->smtp);
    tbl_json_text(&json, "policy", explanation->policy);
    tbl_json_end(&json);
    puts(line->str);
}

/* ---- The verb ---- */

/* The store as the daemon has it: one that cannot be read is no error here but the reason of what
 * it answers. NULL then, with a note. */
static TblStore *
open_store(const TblConfig *config)
{
    g_autoptr(GError) error = NULL;
    TblStore *store =
        tbl_store_open(config->store.path, config->store.map_size, TBL_STORE_READ, &error);
    if (!store)
        pd_ctl_note("%s", error->message);
    return store;
}

static TblReader *
open_reader(TblStore *store)
{
    g_autoptr(GError) error = NULL;
    TblReader *reader = store ? tbl_reader_new(store, &error) : NULL;
    if (error)
        pd_ctl_note("%s", error->message);
    return reader;
}

int
pd_ctl_explain(TblConfig *config, int argc, char **argv)
{
    gboolean as_json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "One JSON object", NULL}, {0}};
    int code = pd_ctl_options(entries, "ADDRESS [--json]", 1, 1, &argc, argv);
    if (code != 0)
        return code;
    if (!*argv[1] || strpbrk(argv[1], "\r\n"))
        return pd_ctl_fail(TBL_EXIT_USAGE, "expected an address or a domain");
    PdStats stats = {0};
    TblStore *store = open_store(config);
    PdAnswerer *answerer = pd_answerer_new(config, &stats);
    pd_answerer_set_reader(answerer, open_reader(store));
    g_autoptr(PdExplanation) explanation = pd_explain_new(answerer, argv[1]);
    pd_answerer_free(answerer);
    if (store)
        tbl_store_close(store);
    if (as_json)
        print_json(explanation);
    else
        print_text(explanation);
    code = pd_ctl_finish();
    return code == TBL_EXIT_OK && explanation->temporary ? TBL_EXIT_TEMPORARY : code;
}
