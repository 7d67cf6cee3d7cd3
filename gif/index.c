#include "gif/index.h"

#include <string.h>

/* Up to so many keys are searched one by one. */
#define LIST_MAX 16

typedef struct {
    const char *key;
    guint number;
} Entry;

struct GifIndex {
    guint count; /* of the list; unused once there is a table */
    Entry list[LIST_MAX];
    GHashTable *table; /* key -> number; NULL while the list is enough */
};

GifIndex *
gif_index_new(void)
{
    return g_new0(GifIndex, 1);
}

void
gif_index_free(GifIndex *index)
{
    if (index) {
        gif_index_clear(index);
        g_free(index);
    }
}

void
gif_index_clear(GifIndex *index)
{
    index->count = 0;
    g_clear_pointer(&index->table, g_hash_table_unref);
}

/* The place of a key in the list, or its length. */
static guint
list_find(const GifIndex *index, const char *key)
{
    guint i = 0;
    while (i < index->count && strcmp(index->list[i].key, key) != 0) {
        i++;
    }
    return i;
}

static void
table_make(GifIndex *index)
{
    index->table = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < index->count; i++) {
        g_hash_table_insert(index->table, (gpointer)index->list[i].key,
                            GUINT_TO_POINTER(index->list[i].number));
    }
}

void
gif_index_set(GifIndex *index, const char *key, guint number)
{
    guint place = index->table ? LIST_MAX : list_find(index, key);
    if (place < LIST_MAX) {
        index->list[place] = (Entry){key, number};
        index->count = MAX(index->count, place + 1);
        return;
    }
    if (!index->table) {
        table_make(index);
    }
    g_hash_table_replace(index->table, (gpointer)key, GUINT_TO_POINTER(number));
}

bool
gif_index_get(const GifIndex *index, const char *key, guint *number)
{
    if (index->table) {
        gpointer found = NULL;
        bool there = g_hash_table_lookup_extended(index->table, key, NULL, &found);
        *number = GPOINTER_TO_UINT(found);
        return there;
    }
    guint place = list_find(index, key);
    if (place == index->count) {
        return false;
    }
    *number = index->list[place].number;
    return true;
}

void
gif_index_remove(GifIndex *index, const char *key)
{
    if (index->table) {
        g_hash_table_remove(index->table, key);
        return;
    }
    guint place = list_find(index, key);
    if (place < index->count) {
        index->list[place] = index->list[--index->count];
    }
}
