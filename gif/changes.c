#include "gif/changes.h"

#include "tables/change.h"

typedef struct {
    GifJudge *judge;
    GifChanges *changes;
    bool failed;
    GPtrArray *removed_keys;
} Collect;

static bool
change_collect(const TblObject *before, const TblObject *after, gpointer data)
{
    Collect *collect = data;
    GifChanges *changes = collect->changes;
    if (collect->judge && !gif_judge_change(collect->judge, before, after)) {
        collect->failed = true;
        return false;
    }
    changes->created += !before;
    changes->deleted += !after;
    changes->modified += before && after;
    g_autoptr(TblChange) change = tbl_change_new(before, after);
    changes->addresses_added += change->added->len;
    changes->addresses_removed += change->removed->len;
    for (guint i = 0; i < change->removed->len; i++) {
        TblProxy *proxy = g_ptr_array_index(change->removed, i);
        g_ptr_array_add(collect->removed_keys, g_strdup(tbl_proxy_own_key(proxy)));
    }
    return true;
}

/* Most of a first import: an object that is only counted. */
static bool
created_collect(const TblObjectBrief *brief, gpointer data)
{
    Collect *collect = data;
    if (collect->judge && !gif_judge_passes(collect->judge, brief)) {
        return false;
    }
    collect->changes->created++;
    collect->changes->addresses_added += brief->addresses;
    return true;
}

/* An address that another object has now is not gone. */
static bool
gone_count(TblDraft *draft, const GPtrArray *keys, GifChanges *changes, GError **error)
{
    for (guint i = 0; i < keys->len; i++) {
        const char *key = g_ptr_array_index(keys, i);
        TblRows rows;
        TblResult result = key ? tbl_draft_rows(draft, key, &rows) : TBL_NOTFOUND;
        if (result == TBL_FAILED) {
            return tbl_store_set_unreadable(error);
        }
        changes->addresses_gone += result == TBL_NOTFOUND || !tbl_rows_get(&rows, TBL_ROW_LOCAL);
    }
    return true;
}

bool
gif_changes_collect(TblDraft *draft, GifJudge *judge, GifChanges *changes, GError **error)
{
    g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
    Collect collect = {judge, changes, false, removed};
    *changes = (GifChanges){0};
    if (!tbl_draft_visit_changes(draft, created_collect, change_collect, &collect, error)) {
        return false;
    }
    if (collect.failed) {
        return tbl_store_set_unreadable(error);
    }
    return gone_count(draft, removed, changes, error);
}
