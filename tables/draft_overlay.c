#include "tables/draft_overlay.h"

#include "tables/digest.h"

/* Bytes that order nearly all keys without a pointer being followed: nearly all begin with `smtp:`, so one byte says how a
 * key stands to that, and the rest is what comes behind it. */
#define PREFIX_SIZE 16
#define COMMON_KEY "smtp:"
#define COMMON_SIZE (sizeof COMMON_KEY - 1)

/* Looking up needs an entry to compare with; keys are short enough for a copy on the stack, else on the heap. */
#define PROBE_SIZE 512

static guint
entry_hash(gconstpointer pointer)
{
    return tbl_checksum(tbl_overlay_key(pointer), (TblSlice){NULL, 0});
}

static gboolean
entry_equal(gconstpointer a, gconstpointer b)
{
    return tbl_slice_equal(tbl_overlay_key(a), tbl_overlay_key(b));
}

GHashTable *
tbl_overlay_new(void)
{
    return g_hash_table_new_full(entry_hash, entry_equal, g_free, NULL);
}

TblSlice
tbl_overlay_key(const TblOverlayEntry *entry)
{
    return (TblSlice){entry->bytes, entry->key_length};
}

TblSlice
tbl_overlay_value(const TblOverlayEntry *entry)
{
    return (TblSlice){entry->bytes + entry->key_length, entry->value_length};
}

static TblOverlayEntry *
entry_fill(void *memory, TblSlice key, TblSlice value)
{
    TblOverlayEntry *entry = memory;
    entry->key_length = (guint32)key.len;
    entry->value_length = (guint32)value.len;
    memcpy(entry->bytes, key.ptr, key.len);
    if (value.len)
        memcpy(entry->bytes + key.len, value.ptr, value.len);
    return entry;
}

const TblOverlayEntry *
tbl_overlay_find(GHashTable *overlay, TblSlice key)
{
    _Alignas(TblOverlayEntry) char stack[PROBE_SIZE];
    gsize size = sizeof(TblOverlayEntry) + key.len;
    g_autofree void *heap = size > sizeof stack ? g_malloc(size) : NULL;
    return g_hash_table_lookup(overlay, entry_fill(heap ? heap : stack, key, (TblSlice){NULL, 0}));
}

void
tbl_overlay_set(GHashTable *overlay, TblSlice key, TblSlice value)
{
    void *memory = g_malloc(sizeof(TblOverlayEntry) + key.len + value.len);
    g_hash_table_add(overlay, entry_fill(memory, key, value));
}

typedef struct {
    guint64 prefix[PREFIX_SIZE / sizeof(guint64)];
    const TblOverlayEntry *entry;
} SortItem;

static int
compare_items(const void *a, const void *b)
{
    const SortItem *x = a, *y = b;
    for (guint i = 0; i < G_N_ELEMENTS(x->prefix); i++)
        if (x->prefix[i] != y->prefix[i])
            return x->prefix[i] < y->prefix[i] ? -1 : 1;
    TblSlice k = tbl_overlay_key(x->entry), l = tbl_overlay_key(y->entry);
    int order = memcmp(k.ptr, l.ptr, MIN(k.len, l.len));
    return order ? order : (k.len > l.len) - (k.len < l.len);
}

static void
fill_prefix(SortItem *item, TblSlice key)
{
    char bytes[PREFIX_SIZE] = {0};
    int order = memcmp(key.ptr, COMMON_KEY, MIN(key.len, COMMON_SIZE));
    bool common = order == 0 && key.len >= COMMON_SIZE;
    if (common)
        key = (TblSlice){key.ptr + COMMON_SIZE, key.len - COMMON_SIZE};
    bytes[0] = common ? 1 : order > 0 ? 2 : 0;
    memcpy(bytes + 1, key.ptr, MIN(key.len, PREFIX_SIZE - 1));
    memcpy(item->prefix, bytes, PREFIX_SIZE);
    for (guint i = 0; i < G_N_ELEMENTS(item->prefix); i++)
        item->prefix[i] = GUINT64_FROM_BE(item->prefix[i]);
}

GPtrArray *
tbl_overlay_sorted(GHashTable *overlay)
{
    guint count = g_hash_table_size(overlay), i = 0;
    g_autofree SortItem *items = g_new0(SortItem, count + 1);
    GHashTableIter iter;
    gpointer pointer;
    g_hash_table_iter_init(&iter, overlay);
    while (g_hash_table_iter_next(&iter, &pointer, NULL)) {
        fill_prefix(&items[i], tbl_overlay_key(pointer));
        items[i++].entry = pointer;
    }
    qsort(items, count, sizeof *items, compare_items);
    GPtrArray *sorted = g_ptr_array_sized_new(count);
    for (i = 0; i < count; i++)
        g_ptr_array_add(sorted, (gpointer)items[i].entry);
    return sorted;
}
