/* history and show. */
#include "policyd/ctl_history.h"
#include "policyd/ctl.h"

#include "tables/chain.h"
#include "tables/change.h"
#include "tables/history.h"
#include "tables/json_reader.h"
#include "tables/log.h"

#include <stdio.h>
#include <string.h>

/* Longest user, file name or summary that is shown as text. */
#define SHOWN_MAX 500
/* Output is written in pieces of this size: a batch may hold a million changes. */
#define FLUSH_SIZE (64 * 1024)

bool
pd_ctl_batch_number(const char *text, guint64 *number, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT64, number, &cause))
        return true;
    g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_USAGE,
                "%s: expected the number of a batch, such as policyctl history shows", text);
    return false;
}

/* ---- A header ---- */

static void
json_number_or_null(TblJson *json, const char *key, guint64 number)
{
    if (number != 0)
        tbl_json_number(json, key, (gint64)number);
    else
        tbl_json_null(json, key);
}

static void
json_hash(TblJson *json, const char *key, const guint8 *digest)
{
    g_autofree char *hex = tbl_digest_hex(digest);
    tbl_json_text(json, key, hex);
}

static void
write_header_json(TblJson *json, const TblBatch *batch)
{
    g_autofree char *time = tbl_json_time(batch->time);
    /* Under a right hash, what is kept as JSON is what was written; else it may be anything. */
    bool intact = tbl_chain_header_intact(batch);
    tbl_json_number(json, "batch", (gint64)batch->number);
    tbl_json_text(json, "time", time);
    tbl_json_text(json, "user", batch->user);
    tbl_json_text(json, "program", batch->program);
    tbl_json_array_begin(json, "files");
    for (guint i = 0; i < batch->files->len; i++) {
        const TblBatchFile *file = &g_array_index(batch->files, TblBatchFile, i);
        tbl_json_object_begin(json, NULL);
        tbl_json_text(json, "name", file->name);
        json_hash(json, "sha256", file->sha256);
        if (file->signer && intact)
            tbl_json_raw(json, "signer", file->signer);
        tbl_json_object_end(json);
    }
    tbl_json_array_end(json);
    if (intact)
        tbl_json_raw(json, "summary", batch->summary);
    else
        tbl_json_null(json, "summary");
    json_number_or_null(json, "undoes", batch->undoes);
    json_number_or_null(json, "undone_by", batch->undone_by);
    json_hash(json, "hash", batch->hash);
    json_hash(json, "previous", batch->previous);
}

static char *
shown(const char *text)
{
    return tbl_log_escape(tbl_slice(text), SHOWN_MAX);
}

static const char *
member(GHashTable *members, const char *name)
{
    const char *value = members ? g_hash_table_lookup(members, name) : NULL;
    return value ? value : "0";
}

/* "domain add ["north.example"]", or how many objects an import created, modified, deleted. Caller
 * frees. */
static char *
summary_text(const char *summary)
{
    g_autoptr(GHashTable) members = tbl_json_read(summary, strlen(summary), NULL);
    if (members && g_hash_table_lookup(members, "command"))
        return g_strdup_printf("%s %s", member(members, "command"), member(members, "arguments"));
    if (members && g_hash_table_lookup(members, "created"))
        return g_strdup_printf("%s created, %s modified, %s deleted", member(members, "created"),
                               member(members, "modified"), member(members, "deleted"));
    return g_strdup(summary);
}

/* " (signed by CN=Ann Lee,O=North)"; nothing for a file without a signature. */
static void
print_signer(const char *signer)
{
    g_autoptr(GHashTable) members = signer ? tbl_json_read(signer, strlen(signer), NULL) : NULL;
    const char *subject = members ? g_hash_table_lookup(members, "subject") : NULL;
    if (!subject)
        return;
    g_autofree char *text = shown(subject);
    printf(" (signed by %s)", text);
}

static void
print_line(const TblBatch *batch)
{
    g_autofree char *time = tbl_json_time(batch->time), *user = shown(batch->user),
                    *program = shown(batch->program), *what = summary_text(batch->summary),
                    *summary = shown(what);
    printf("%6" G_GUINT64_FORMAT "  %s  %s  %s: %s", batch->number, time, user, program, summary);
    for (guint i = 0; i < batch->files->len; i++) {
        const TblBatchFile *file = &g_array_index(batch->files, TblBatchFile, i);
        g_autofree char *name = shown(file->name);
        printf("%s%s", i ? ", " : "; from ", name);
        print_signer(file->signer);
    }
    if (batch->undoes != 0)
        printf("; undoes %" G_GUINT64_FORMAT, batch->undoes);
    if (batch->undone_by != 0)
        printf("; undone by %" G_GUINT64_FORMAT, batch->undone_by);
    putchar('\n');
}

/* ---- history ---- */

static void
tell_fault(guint64 number, const char *fault, gpointer data)
{
    pd_ctl_note("batch %" G_GUINT64_FORMAT ": %s", number, fault);
}

static int
verify(const PdCtlSnapshot *snapshot, bool quiet)
{
    guint64 count = 0;
    if (snapshot->reader && !tbl_chain_verify(snapshot->reader, tell_fault, NULL, &count))
        return pd_ctl_fail(TBL_EXIT_FAILED, "the chain of batches is broken");
    if (!quiet)
        printf("%" G_GUINT64_FORMAT " batches, the chain is intact\n", count);
    return TBL_EXIT_OK;
}

static void
print_batch(const TblBatch *batch, bool as_json)
{
    if (!as_json) {
        print_line(batch);
        return;
    }
    g_autoptr(GString) line = g_string_new(NULL);
    TblJson json;
    tbl_json_begin(&json, line);
    write_header_json(&json, batch);
    tbl_json_end(&json);
    puts(line->str);
}

/* Lists what can be read. False when something could not. */
static bool
print_all(TblReader *reader, bool as_json)
{
    const TblMeta *meta = tbl_reader_meta(reader);
    bool complete = meta->batch <= meta->generation;
    guint64 last = MIN(meta->batch, meta->generation);
    for (guint64 number = 1; number <= last; number++) {
        g_autoptr(TblBatch) batch = NULL;
        if (tbl_batch_read(reader, number, &batch) == TBL_FOUND) {
            print_batch(batch, as_json);
            continue;
        }
        complete = false;
        pd_ctl_note("batch %" G_GUINT64_FORMAT ": its header is missing or cannot be read", number);
    }
    return complete;
}

int
pd_ctl_history(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean as_json = FALSE, check = FALSE;
    const GOptionEntry entries[] = {
        {"verify", 0, 0, G_OPTION_ARG_NONE, &check, "Check the hashes of all batches", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "One JSON object a line", NULL},
        {0}};
    int code = pd_ctl_options(entries, "[--verify] [--json]", 0, 0, &argc, argv);
    if (code != 0)
        return code;
    g_autoptr(PdCtlSnapshot) snapshot = pd_ctl_snapshot_new(config, &error);
    if (!snapshot)
        return pd_ctl_error(error);
    if (snapshot->reader && !print_all(snapshot->reader, as_json))
        code = TBL_EXIT_FAILED;
    if (check && verify(snapshot, as_json) != TBL_EXIT_OK)
        code = TBL_EXIT_FAILED;
    int written = pd_ctl_finish();
    return code != TBL_EXIT_OK ? code : written;
}

/* ---- show ---- */

typedef struct {
    bool as_json;
    TblJson json;
    GString *out;
} Shown;

static void
flush(Shown *shown, gsize limit)
{
    if (shown->out->len <= limit)
        return;
    (void)fwrite(shown->out->str, 1, shown->out->len, stdout);
    g_string_truncate(shown->out, 0);
}

static void
show_json(Shown *shown, const TblHistoryChange *change)
{
    tbl_json_object_begin(&shown->json, NULL);
    if (change->domain_before || change->domain_after) {
        tbl_change_write_domain_json(change->domain_before, change->domain_after, &shown->json);
    } else {
        g_autoptr(TblChange) lines = tbl_change_new(change->before, change->after);
        tbl_change_write_json(lines, &shown->json);
    }
    tbl_json_object_end(&shown->json);
}

static bool
show_change(const TblHistoryChange *change, gpointer data)
{
    Shown *shown = data;
    if (shown->as_json) {
        show_json(shown, change);
    } else if (change->domain_before || change->domain_after) {
        tbl_change_write_domain_text(change->domain_before, change->domain_after, shown->out);
    } else {
        g_autoptr(TblChange) lines = tbl_change_new(change->before, change->after);
        tbl_change_write_text(lines, shown->out);
    }
    flush(shown, FLUSH_SIZE);
    return true;
}

static bool
show_json_batch(Shown *shown, TblReader *reader, const TblBatch *batch, GError **error)
{
    bool good = true;
    tbl_json_begin(&shown->json, shown->out);
    write_header_json(&shown->json, batch);
    if (batch->chunks == 0) {
        tbl_json_null(&shown->json, "changes");
    } else {
        tbl_json_array_begin(&shown->json, "changes");
        good = tbl_history_foreach_change(reader, batch->number, show_change, shown, error);
        tbl_json_array_end(&shown->json);
    }
    tbl_json_end(&shown->json);
    g_string_append_c(shown->out, '\n');
    return good;
}

static bool
show_batch(Shown *shown, TblReader *reader, const TblBatch *batch, GError **error)
{
    bool good = true;
    if (batch->chunks == 0)
        pd_ctl_note("batch %" G_GUINT64_FORMAT
                    ": what it changed is not kept any more (undo-keep in group [store])",
                    batch->number);
    if (shown->as_json) {
        good = show_json_batch(shown, reader, batch, error);
    } else {
        print_line(batch);
        if (batch->chunks > 0)
            good = tbl_history_foreach_change(reader, batch->number, show_change, shown, error);
    }
    if (good)
        flush(shown, 0);
    return good;
}

int
pd_ctl_show(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean as_json = FALSE;
    guint64 number = 0;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "One JSON object", NULL}, {0}};
    int code = pd_ctl_options(entries, "BATCH [--json]", 1, 1, &argc, argv);
    if (code != 0)
        return code;
    g_autoptr(PdCtlSnapshot) snapshot =
        pd_ctl_batch_number(argv[1], &number, &error) ? pd_ctl_snapshot_new(config, &error) : NULL;
    if (!snapshot)
        return pd_ctl_error(error);
    g_autoptr(TblBatch) batch = NULL;
    TblResult result =
        snapshot->reader ? tbl_batch_read(snapshot->reader, number, &batch) : TBL_NOTFOUND;
    if (result != TBL_FOUND)
        return pd_ctl_fail(TBL_EXIT_FAILED,
                           result == TBL_NOTFOUND ? "there is no batch %s"
                                                  : "batch %s: its header cannot be read",
                           argv[1]);
    g_autoptr(GString) out = g_string_new(NULL);
    Shown shown = {.as_json = as_json, .out = out};
    if (!show_batch(&shown, snapshot->reader, batch, &error))
        return pd_ctl_error(error);
    return pd_ctl_finish();
}
