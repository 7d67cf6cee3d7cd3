#include "gif/changes.h"

#include "tables/address.h"
#include "tables/json.h"
#include "tables/log.h"

#include <stdio.h>

/* Longest name or address that is shown as text. */
#define SHOWN_MAX 2000

typedef struct {
    GifPrint print;
    GifChanges *changes;
    GPtrArray *removed_keys;
    GString *line;
} Collect;

/* How the addresses of one object differ; elements borrowed. */
typedef struct {
    GPtrArray *added, *removed, *promoted;
} Difference;

static GHashTable *
keys_read(const TblObject *object)
{
    GHashTable *keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; object && i < object->addresses->len; i++) {
        TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        char *key = tbl_proxy_key(tbl_slice(proxy->type), tbl_slice(proxy->value));
        if (key) {
            g_hash_table_replace(keys, key, proxy);
        }
    }
    return keys;
}

static void
difference_read(Collect *collect, const TblObject *before, const TblObject *after,
                Difference *difference)
{
    g_autoptr(GHashTable) old = keys_read(before), new = keys_read(after);
    for (guint i = 0; after && i < after->addresses->len; i++) {
        TblProxy *proxy = g_ptr_array_index(after->addresses, i);
        g_autofree char *key = tbl_proxy_key(tbl_slice(proxy->type), tbl_slice(proxy->value));
        const TblProxy *was = key ? g_hash_table_lookup(old, key) : NULL;
        if (!was) {
            g_ptr_array_add(difference->added, proxy);
        } else if (proxy->primary && !was->primary) {
            g_ptr_array_add(difference->promoted, proxy);
        }
    }
    for (guint i = 0; before && i < before->addresses->len; i++) {
        TblProxy *proxy = g_ptr_array_index(before->addresses, i);
        char *key = tbl_proxy_key(tbl_slice(proxy->type), tbl_slice(proxy->value));
        if (key && g_hash_table_contains(new, key)) {
            g_free(key);
        } else if (key) {
            g_ptr_array_add(difference->removed, proxy);
            g_ptr_array_add(collect->removed_keys, key);
        }
    }
}

static char *
proxy_text(const TblProxy *proxy)
{
    g_autofree char *lower = proxy->primary ? NULL : g_ascii_strdown(proxy->type, -1);
    return g_strconcat(lower ? lower : proxy->type, ":", proxy->value, NULL);
}

static void
json_list(TblJson *json, const char *key, const GPtrArray *proxies)
{
    tbl_json_array_begin(json, key);
    for (guint i = 0; i < proxies->len; i++) {
        g_autofree char *text = proxy_text(g_ptr_array_index(proxies, i));
        tbl_json_text(json, NULL, text);
    }
    tbl_json_array_end(json);
}

static void
json_print(Collect *collect, const char *action, const TblObject *object,
           const Difference *difference)
{
    TblJson json;
    g_string_truncate(collect->line, 0);
    tbl_json_begin(&json, collect->line);
    tbl_json_text(&json, "type", "change");
    tbl_json_text(&json, "action", action);
    tbl_json_text(&json, "class", tbl_class_name(object->object_class));
    tbl_json_text(&json, "name", object->name);
    json_list(&json, "added", difference->added);
    json_list(&json, "removed", difference->removed);
    json_list(&json, "promoted", difference->promoted);
    tbl_json_end(&json);
    g_string_append_c(collect->line, '\n');
    (void)fwrite(collect->line->str, 1, collect->line->len, stdout);
}

static void
text_list(char mark, const GPtrArray *proxies)
{
    for (guint i = 0; i < proxies->len; i++) {
        g_autofree char *text = proxy_text(g_ptr_array_index(proxies, i));
        g_autofree char *shown = tbl_log_escape(tbl_slice(text), SHOWN_MAX);
        printf("  %c %s\n", mark, shown);
    }
}

static void
text_print(const char *action, const TblObject *object, const Difference *difference)
{
    g_autofree char *name = tbl_log_escape(tbl_slice(object->name), SHOWN_MAX);
    printf("%s %s %s\n", action, tbl_class_name(object->object_class), name);
    text_list('+', difference->added);
    text_list('-', difference->removed);
    text_list('^', difference->promoted);
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
    g_autoptr(GPtrArray) added = g_ptr_array_new(), removed = g_ptr_array_new(),
                         promoted = g_ptr_array_new();
    Difference difference = {added, removed, promoted};
    difference_read(collect, before, after, &difference);
    changes->addresses_added += added->len;
    changes->addresses_removed += removed->len;
    const char *action = !before ? "create" : !after ? "delete" : "modify";
    const TblObject *object = after ? after : before;
    if (object && collect->print == GIF_PRINT_JSON) {
        json_print(collect, action, object, &difference);
    } else if (object && collect->print == GIF_PRINT_TEXT) {
        text_print(action, object, &difference);
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
