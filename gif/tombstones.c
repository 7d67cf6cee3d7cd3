#include "gif/tombstones.h"

#include "tables/address.h"
#include "tables/change.h"
#include "tables/duration.h"

#define NOTICE "no longer in use"

typedef struct {
    char *address;
    guint64 object;
} Lost;

static void
lost_clear(gpointer pointer)
{
    g_free(((Lost *)pointer)->address);
}

/* What is new loses nothing. */
static bool
created_pass(const TblObjectBrief *brief, gpointer data)
{
    return true;
}

/* Notes the SMTP addresses that an object loses. */
static bool
lost_collect(const TblObject *before, const TblObject *after, gpointer data)
{
    GArray *all = data;
    if (!before) {
        return true;
    }
    g_autoptr(TblChange) change = tbl_change_new(before, after);
    for (guint i = 0; i < change->removed->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(change->removed, i);
        if (g_str_equal(proxy->type, "SMTP")) {
            Lost lost = {g_strdup(proxy->value), before->id};
            g_array_append_val(all, lost);
        }
    }
    return true;
}

static bool
tombstone_leave(TblDraft *draft, const char *address, gint64 expires, GError **error)
{
    TblRows rows;
    g_autofree char *key = tbl_proxy_key(tbl_slice("SMTP"), tbl_slice(address));
    TblResult result = key ? tbl_draft_rows(draft, key, &rows) : TBL_NOTFOUND;
    if (result == TBL_FAILED) {
        return tbl_store_set_unreadable(error);
    }
    /* Another object has it now, or a rule made it anew. */
    if (!key || (result == TBL_FOUND && tbl_rows_answer(&rows))) {
        return true;
    }
    const TblRow row = {.kind = TBL_ROW_TOMBSTONE,
                        .spelling = tbl_slice(address),
                        .notice = tbl_slice(NOTICE),
                        .expires = expires};
    return tbl_draft_set_tombstone(draft, key, &row, error);
}

bool
gif_tombstones_leave(TblDraft *draft, const TblConfig *config, const GifLedger *ledger,
                     GError **error)
{
    const char *duration = config->import.tombstone;
    guint64 seconds = 0;
    if (!duration || !tbl_duration_parse(duration, &seconds)) {
        return true; /* off; anything else was refused when the configuration was read */
    }
    gint64 expires = g_get_real_time() / G_USEC_PER_SEC + (gint64)seconds;
    g_autoptr(GArray) lost = g_array_new(FALSE, FALSE, sizeof(Lost));
    g_array_set_clear_func(lost, lost_clear);
    if (!tbl_draft_visit_changes(draft, created_pass, lost_collect, lost, error)) {
        return false;
    }
    for (guint i = 0; i < lost->len; i++) {
        const Lost *item = &g_array_index(lost, Lost, i);
        GifLedgerRow row = {0};
        (void)gif_ledger_get(ledger, item->object, &row);
        tbl_draft_set_source(draft, row.source, row.line);
        if (!tombstone_leave(draft, item->address, expires, error)) {
            return false;
        }
    }
    return true;
}
