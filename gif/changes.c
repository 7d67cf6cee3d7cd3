#include "gif/changes.h"

#include "tables/address.h"
#include "tables/change.h"

#include <stdio.h>

typedef struct {
    GifPrint print;
    GifChanges *changes;
    GPtrArray *removed_keys;
    GString *line;
} Collect;

static void
removed_collect(Collect *collect, const GPtrArray *removed)
{
    for (guint i = 0; i < removed->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(removed, i);
        char *key = tbl_proxy_key(tbl_slice(proxy->type), tbl_slice(proxy->value));
        if (key) {
            g_ptr_array_add(collect->removed_keys, key);
        }
    }
}

static void
change_print(Collect *collect, const TblChange *change)
{
    g_string_truncate(collect->line, 0);
    if (collect->print == GIF_PRINT_JSON) {
        TblJson json;
        tbl_json_begin(&json, collect->line);
        tbl_change_write_json(change, &json);
        tbl_json_end(&json);
        g_string_append_c(collect->line, '\n');
    } else {
        tbl_change_write_text(change, collect->line);
    }
    (void)fwrite(collect->line->str, 1, collect->line->len, stdout);
}

static bool
change_collect(const TblObject *before, const TblObject *after, gpointer data)
{
    Collect *collect = data;
    GifChanges *changes = collect->changes;
    changes->created += !before;
    changes->deleted += !after;
    changes->modified += before && after;
    if (!before && after && collect->print == GIF_PRINT_NOTHING) {
        changes->addresses_added += after->addresses->len;
        return true;
    }
    g_autoptr(TblChange) change = tbl_change_new(before, after);
    removed_collect(collect, change->removed);
    changes->addresses_added += change->added->len;
    changes->addresses_removed += change->removed->len;
    if (collect->print != GIF_PRINT_NOTHING) {
        change_print(collect, change);
    }
    return true;
}

bool
gif_changes_collect(TblDraft *draft, GifPrint print, GifChanges *changes, GError **error)
{
    g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
    Collect collect = {print, changes, removed, g_string_new(NULL)};
    *changes = (GifChanges){0};
    bool good = tbl_draft_foreach_change(draft, change_collect, &collect, error);
    g_string_free(collect.line, TRUE);
    for (guint i = 0; good && i < removed->len; i++) {
        TblRows rows;
        TblResult result = tbl_draft_rows(draft, g_ptr_array_index(removed, i), &rows);
        if (result == TBL_FAILED) {
            g_set_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_CORRUPT,
                        "a record of the store cannot be read");
            good = false;
        }
        changes->addresses_gone +=
            result == TBL_NOTFOUND || (result == TBL_FOUND && !tbl_rows_get(&rows, TBL_ROW_LOCAL));
    }
    return good;
}
