#include "tables/draft_sort.h"

#include <pthread.h>

/* Records of a part: with key and value some 100 bytes each, so that sorting stays in the cache. */
#define PART_SIZE 16384
#define PARTS_MAX G_MAXUINT16
/* Keys that are looked at for each part to find where it begins. */
#define SAMPLES 32
/* From so many parts on, a thread pays. */
#define THREAD_PARTS 3
/* Entries lie anywhere: so many are fetched between two steps that lead to what one says. */
#define AHEAD 8
/* Parts that are made ahead. */
#define QUEUE_SIZE 2

/* A record in a part. */
typedef struct {
    guint64 prefix; /* eight bytes of the key, behind what all keys of the part begin with */
    guint32 at, key_length, value_length;
} Item;

typedef struct {
    GArray *items;
    GByteArray *bytes; /* keys and values */
    bool broken;
} Part;

struct TblSort {
    const TblOverlay *overlay;
    GArray *order;  /* entries, part by part */
    GArray *begins; /* of each part in `order`, and the end */
    guint made;     /* parts so far */
    Part *part;     /* in use; NULL before the first */
    guint next;     /* item */
    bool ended;
    bool threaded;
    pthread_t thread;
    pthread_mutex_t mutex; /* for what is below */
    pthread_cond_t changed;
    GQueue queue; /* Part *; NULL at the end is an end mark */
    bool stop;
};

static void
part_free(Part *part)
{
    if (!part)
        return;
    g_array_unref(part->items);
    g_byte_array_unref(part->bytes);
    g_free(part);
}

/* ---- Cutting into parts ---- */

static int
compare_keys(TblSlice a, TblSlice b)
{
    int order = memcmp(a.ptr, b.ptr, MIN(a.len, b.len));
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int
compare_bytes(gconstpointer a, gconstpointer b)
{
    gsize x, y;
    const char *left = g_bytes_get_data(*(GBytes *const *)a, &x);
    const char *right = g_bytes_get_data(*(GBytes *const *)b, &y);
    return compare_keys((TblSlice){left, x}, (TblSlice){right, y});
}

/* The first keys of all parts but the first. */
static GPtrArray *
splitters_choose(const TblOverlay *overlay, guint parts)
{
    char scratch[TBL_STORE_KEY_MAX];
    guint count = overlay->entries->len, samples = parts * SAMPLES;
    g_autoptr(GPtrArray) sample = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    GPtrArray *splitters = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    for (guint i = 0; parts > 1 && i < samples; i++) {
        TblSlice key = tbl_overlay_key(overlay, (guint32)((guint64)count * i / samples), scratch);
        g_ptr_array_add(sample, g_bytes_new(key.ptr, key.len));
    }
    g_ptr_array_sort(sample, compare_bytes);
    for (guint i = 1; i < parts; i++)
        g_ptr_array_add(splitters, g_bytes_ref(g_ptr_array_index(sample, i * SAMPLES)));
    return splitters;
}

/* The part of a key: the number of splitters that are not behind it. */
static guint16
part_of(const GPtrArray *splitters, TblSlice key)
{
    guint low = 0, high = splitters->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        gsize length;
        const char *bytes = g_bytes_get_data(g_ptr_array_index(splitters, middle), &length);
        if (compare_keys(key, (TblSlice){bytes, length}) < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return (guint16)low;
}

static void
cut(TblSort *sort)
{
    char scratch[TBL_STORE_KEY_MAX];
    guint count = sort->overlay->entries->len;
    guint parts = CLAMP(count / PART_SIZE, 1, PARTS_MAX);
    g_autoptr(GPtrArray) splitters = splitters_choose(sort->overlay, parts);
    g_autofree guint16 *part = g_new(guint16, count + 1);
    g_array_set_size(sort->order, count);
    g_array_set_size(sort->begins, parts + 1);
    guint32 *order = (guint32 *)(void *)sort->order->data;
    guint32 *begins = (guint32 *)(void *)sort->begins->data;
    for (guint i = 0; i < count; i++) {
        part[i] = parts > 1 ? part_of(splitters, tbl_overlay_key(sort->overlay, i, scratch)) : 0;
        begins[part[i] + 1]++;
    }
    for (guint i = 0; i < parts; i++)
        begins[i + 1] += begins[i];
    g_autofree guint32 *filled = g_new0(guint32, parts);
    for (guint i = 0; i < count; i++)
        order[begins[part[i]] + filled[part[i]]++] = i;
}

/* ---- Making a part ---- */

static void
item_add(Part *part, const TblOverlay *overlay, guint32 entry)
{
    char scratch[TBL_STORE_KEY_MAX];
    TblSlice key = tbl_overlay_key(overlay, entry, scratch);
    Item item = {.at = part->bytes->len, .key_length = (guint32)key.len};
    g_byte_array_append(part->bytes, (const guint8 *)key.ptr, (guint)key.len);
    part->broken = !tbl_overlay_encode(overlay, entry, key, part->bytes) || part->broken;
    item.value_length = part->bytes->len - item.at - item.key_length;
    g_array_append_val(part->items, item);
}

static TblSlice
item_key(const Part *part, const Item *item)
{
    return (TblSlice){(const char *)part->bytes->data + item->at, item->key_length};
}

/* How many bytes all keys begin with. */
static gsize
common_length(const Part *part)
{
    TblSlice first = item_key(part, &g_array_index(part->items, Item, 0));
    gsize common = first.len;
    for (guint i = 1; i < part->items->len; i++) {
        TblSlice key = item_key(part, &g_array_index(part->items, Item, i));
        gsize same = 0;
        while (same < MIN(common, key.len) && key.ptr[same] == first.ptr[same])
            same++;
        common = same;
    }
    return common;
}

static int
compare_items(gconstpointer a, gconstpointer b, gpointer data)
{
    const Item *x = a, *y = b;
    if (x->prefix != y->prefix)
        return x->prefix < y->prefix ? -1 : 1;
    return compare_keys(item_key(data, x), item_key(data, y));
}

static Part *
part_make(TblSort *sort)
{
    guint32 begin = g_array_index(sort->begins, guint32, sort->made);
    guint32 end = g_array_index(sort->begins, guint32, sort->made + 1);
    Part *part = g_new0(Part, 1);
    part->items = g_array_sized_new(FALSE, FALSE, sizeof(Item), end - begin);
    part->bytes = g_byte_array_new();
    for (guint32 i = begin; i < end; i++) {
        for (guint step = 0; step < TBL_OVERLAY_STEPS; step++) {
            guint32 ahead = i + (TBL_OVERLAY_STEPS - step) * AHEAD;
            if (ahead < end)
                tbl_overlay_prefetch(sort->overlay, g_array_index(sort->order, guint32, ahead),
                                     step);
        }
        item_add(part, sort->overlay, g_array_index(sort->order, guint32, i));
    }
    gsize common = part->items->len > 1 ? common_length(part) : 0;
    for (guint i = 0; i < part->items->len; i++) {
        Item *item = &g_array_index(part->items, Item, i);
        TblSlice key = item_key(part, item);
        memcpy(&item->prefix, key.ptr + common, MIN(sizeof item->prefix, key.len - common));
        item->prefix = GUINT64_FROM_BE(item->prefix);
    }
    g_array_sort_with_data(part->items, compare_items, part);
    sort->made++;
    return part;
}

/* ---- Two threads ---- */

/* False: nobody wants it. */
static bool
part_hand_over(TblSort *sort, Part *part)
{
    pthread_mutex_lock(&sort->mutex);
    while (!sort->stop && sort->queue.length >= QUEUE_SIZE)
        pthread_cond_wait(&sort->changed, &sort->mutex);
    bool wanted = !sort->stop;
    if (wanted)
        g_queue_push_tail(&sort->queue, part);
    pthread_cond_broadcast(&sort->changed);
    pthread_mutex_unlock(&sort->mutex);
    if (!wanted)
        part_free(part);
    return wanted;
}

static void *
run(void *data)
{
    TblSort *sort = data;
    cut(sort);
    while (sort->made + 1 < sort->begins->len)
        if (!part_hand_over(sort, part_make(sort)))
            return NULL;
    (void)part_hand_over(sort, NULL);
    return NULL;
}

static Part *
part_wait(TblSort *sort)
{
    pthread_mutex_lock(&sort->mutex);
    while (sort->queue.length == 0)
        pthread_cond_wait(&sort->changed, &sort->mutex);
    Part *part = g_queue_pop_head(&sort->queue);
    pthread_cond_broadcast(&sort->changed);
    pthread_mutex_unlock(&sort->mutex);
    return part;
}

/* ---- The order ---- */

TblSort *
tbl_sort_new(const TblOverlay *overlay)
{
    TblSort *sort = g_new0(TblSort, 1);
    sort->overlay = overlay;
    sort->order = g_array_new(FALSE, FALSE, sizeof(guint32));
    sort->begins = g_array_new(FALSE, TRUE, sizeof(guint32));
    pthread_mutex_init(&sort->mutex, NULL);
    pthread_cond_init(&sort->changed, NULL);
    sort->threaded = overlay->entries->len / PART_SIZE >= THREAD_PARTS &&
                     pthread_create(&sort->thread, NULL, run, sort) == 0;
    if (!sort->threaded)
        cut(sort);
    return sort;
}

void
tbl_sort_free(TblSort *sort)
{
    if (!sort)
        return;
    if (sort->threaded) {
        pthread_mutex_lock(&sort->mutex);
        sort->stop = true;
        pthread_cond_broadcast(&sort->changed);
        pthread_mutex_unlock(&sort->mutex);
        pthread_join(sort->thread, NULL);
    }
    for (GList *at = sort->queue.head; at; at = at->next)
        part_free(at->data);
    g_queue_clear(&sort->queue);
    part_free(sort->part);
    g_array_unref(sort->order);
    g_array_unref(sort->begins);
    pthread_cond_destroy(&sort->changed);
    pthread_mutex_destroy(&sort->mutex);
    g_free(sort);
}

/* NULL at the end. */
static Part *
part_next(TblSort *sort)
{
    if (sort->threaded)
        return part_wait(sort);
    return sort->made + 1 < sort->begins->len ? part_make(sort) : NULL;
}

TblResult
tbl_sort_next(TblSort *sort, TblSlice *key, TblSlice *value)
{
    while (!sort->part || sort->next == sort->part->items->len) {
        Part *part = sort->ended ? NULL : part_next(sort);
        sort->ended = !part;
        if (!part)
            return TBL_NOTFOUND;
        part_free(sort->part);
        sort->part = part;
        sort->next = 0;
    }
    if (sort->part->broken)
        return TBL_FAILED;
    const Item *item = &g_array_index(sort->part->items, Item, sort->next++);
    *key = item_key(sort->part, item);
    *value = (TblSlice){key->ptr + key->len, item->value_length};
    return TBL_FOUND;
}
