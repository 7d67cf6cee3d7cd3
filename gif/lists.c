#include "gif/lists.h"

struct GifLists {
    TblDraft *draft;
    GHashTable *held; /* folded name -> GifList * */
};

static void
list_free(gpointer data)
{
    GifList *list = data;
    tbl_object_free(list->object);
    gif_references_free(list->members);
    g_free(list);
}

GifLists *
gif_lists_new(TblDraft *draft)
{
    GifLists *lists = g_new0(GifLists, 1);
    lists->draft = draft;
    lists->held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, list_free);
    return lists;
}

void
gif_lists_free(GifLists *lists)
{
    if (lists) {
        g_hash_table_unref(lists->held);
        g_free(lists);
    }
}

GifList *
gif_lists_find(const GifLists *lists, const char *folded)
{
    return g_hash_table_lookup(lists->held, folded);
}

GifList *
gif_lists_hold(GifLists *lists, const char *folded, TblObject *object)
{
    GifList *list = g_new0(GifList, 1);
    list->object = object;
    list->members = gif_references_new(object->refs[TBL_REFS_MEMBERS]);
    g_hash_table_replace(lists->held, g_strdup(folded), list);
    return list;
}

void
gif_lists_drop(GifLists *lists, const char *folded)
{
    g_hash_table_remove(lists->held, folded);
}

guint
gif_lists_remove_member(GifLists *lists, const char *name)
{
    GHashTableIter iter;
    gpointer value;
    guint removed = 0;
    g_hash_table_iter_init(&iter, lists->held);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        GifList *list = value;
        if (gif_references_remove(list->members, name)) {
            list->changed = true;
            removed++;
        }
    }
    return removed;
}

bool
gif_lists_flush(GifLists *lists, GError **error)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, lists->held);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        GifList *list = value;
        if (!list->changed) {
            continue;
        }
        gif_references_copy(list->members, list->object->refs[TBL_REFS_MEMBERS]);
        bool put = tbl_draft_put(lists->draft, list->object, error);
        g_ptr_array_set_size(list->object->refs[TBL_REFS_MEMBERS], 0);
        if (!put) {
            return false;
        }
        list->changed = false;
    }
    return true;
}
