#include "tables/draft_overlay.h"

#include "tables/digest.h"

/* Bytes that order nearly all keys without a pointer being followed: nearly all begin with `smtp:`,
 * so one byte says how a key stands to that, and the rest is what comes behind it. */
#define PREFIX_SIZE 16
#define COMMON_KEY "smtp:"
#define COMMON_SIZE (sizeof COMMON_KEY - 1)

/* Entries that are fetched ahead while one is written. */
#define PREFETCH_DISTANCE 8

/* Memory of small entries comes in blocks. */
#define BLOCK_SIZE ((gsize)1 << 20)
#define SMALL_SIZE 1024

/* Looking up needs an entry to compare with; keys are short enough for a copy on the stack, else on
 * the heap. */
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

static void
entry_free(gpointer pointer)
{
    if (((TblOverlayEntry *)pointer)->alone)
        g_free(pointer);
}

void
tbl_overlay_init(TblOverlay *overlay)
{
    overlay->index = g_hash_table_new_full(entry_hash, entry_equal, entry_free, NULL);
    overlay->entries = g_ptr_array_new();
    overlay->blocks = g_ptr_array_new_with_free_func(g_free);
    overlay->block_used = BLOCK_SIZE;
}

void
tbl_overlay_clear(TblOverlay *overlay)
{
    g_hash_table_unref(overlay->index);
    g_ptr_array_unref(overlay->entries);
    g_ptr_array_unref(overlay->blocks);
}

static TblOverlayEntry *
entry_fill(void *memory, TblSlice key, TblSlice value)
{
    TblOverlayEntry *entry = memory;
    entry->key_length = (guint32)key.len;
    entry->value_length = (guint32)value.len;
    entry->alone = false;
    memcpy(entry->bytes, key.ptr, key.len);
    if (value.len)
        memcpy(entry->bytes + key.len, value.ptr, value.len);
    return entry;
}

/* Millions of small entries lie side by side; a large one, such as a list that each row makes
 * longer, must not stay when it is replaced. */
static TblOverlayEntry *
entry_new(TblOverlay *overlay, TblSlice key, TblSlice value)
{
    gsize align = _Alignof(TblOverlayEntry);
    gsize size = (sizeof(TblOverlayEntry) + key.len + value.len + align - 1) / align * align;
    TblOverlayEntry *entry;
    if (size > SMALL_SIZE) {
        entry = entry_fill(g_malloc(size), key, value);
        entry->alone = true;
        return entry;
    }
    if (overlay->block_used + size > BLOCK_SIZE) {
        g_ptr_array_add(overlay->blocks, g_malloc(BLOCK_SIZE));
        overlay->block_used = 0;
    }
    char *block = g_ptr_array_index(overlay->blocks, overlay->blocks->len - 1);
    entry = entry_fill(block + overlay->block_used, key, value);
    overlay->block_used += size;
    return entry;
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

const TblOverlayEntry *
tbl_overlay_find(const TblOverlay *overlay, TblSlice key)
{
    _Alignas(TblOverlayEntry) char stack[PROBE_SIZE];
    gsize size = sizeof(TblOverlayEntry) + key.len;
    g_autofree void *heap = size > sizeof stack ? g_malloc(size) : NULL;
    return g_hash_table_lookup(overlay->index,
                               entry_fill(heap ? heap : stack, key, (TblSlice){NULL, 0}));
}

void
tbl_overlay_set(TblOverlay *overlay, TblSlice key, TblSlice value)
{
    TblOverlayEntry *entry = entry_new(overlay, key, value);
    const TblOverlayEntry *before = g_hash_table_lookup(overlay->index, entry);
    if (before) {
        entry->position = before->position;
        overlay->entries->pdata[entry->position] = entry;
    } else {
        entry->position = overlay->entries->len;
        g_ptr_array_add(overlay->entries, entry);
    }
    g_hash_table_add(overlay->index, entry);
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
tbl_overlay_sorted(const TblOverlay *overlay)
{
    guint count = overlay->entries->len;
    g_autofree SortItem *items = g_new(SortItem, count + 1);
    for (guint i = 0; i < count; i++) {
        items[i].entry = g_ptr_array_index(overlay->entries, i);
        fill_prefix(&items[i], tbl_overlay_key(items[i].entry));
    }
    qsort(items, count, sizeof *items, compare_items);
    GPtrArray *sorted = g_ptr_array_sized_new(count);
    for (guint i = 0; i < count; i++)
        g_ptr_array_add(sorted, (gpointer)items[i].entry);
    return sorted;
}

const TblOverlayEntry *
tbl_overlay_next(const GPtrArray *sorted, guint i)
{
    if (i + PREFETCH_DISTANCE < sorted->len)
        __builtin_prefetch(g_ptr_array_index(sorted, i + PREFETCH_DISTANCE));
    return g_ptr_array_index(sorted, i);
}
