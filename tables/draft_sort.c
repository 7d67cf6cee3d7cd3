#include "tables/draft_sort.h"

#include "tables/key_order.h"

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

/* Keys, each with its value behind it, whose length is its number. */
typedef struct {
    TblKeys keys;
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
    tbl_keys_clear(&part->keys);
    g_free(part);
}

/* ---- Cutting into parts ---- */

static TblSplitters *
splitters_choose(const TblOverlay *overlay, guint parts)
{
    char scratch[TBL_STORE_KEY_MAX];
    guint count = overlay->entries->len, samples = parts > 1 ? parts * SAMPLES : 0;
    TblKeys sample;
    tbl_keys_init(&sample);
    for (guint i = 0; i < samples; i++) {
        guint32 entry = (guint32)((guint64)count * i / samples);
        tbl_keys_add(&sample, tbl_overlay_key(overlay, entry, scratch), i);
    }
    TblSplitters *splitters = tbl_splitters_new(&sample, parts);
    tbl_keys_clear(&sample);
    return splitters;
}

static void
cut(TblSort *sort)
{
    char scratch[TBL_STORE_KEY_MAX];
    guint count = sort->overlay->entries->len;
    guint parts = CLAMP(count / PART_SIZE, 1, PARTS_MAX);
    g_autoptr(TblSplitters) splitters = splitters_choose(sort->overlay, parts);
    parts = tbl_splitters_parts(splitters);
    g_autofree guint16 *part = g_new(guint16, count + 1);
    g_array_set_size(sort->order, count);
    g_array_set_size(sort->begins, parts + 1);
    guint32 *order = (guint32 *)(void *)sort->order->data;
    guint32 *begins = (guint32 *)(void *)sort->begins->data;
    for (guint i = 0; i < count; i++) {
        part[i] =
            parts > 1
                ? (guint16)tbl_splitters_find(splitters, tbl_overlay_key(sort->overlay, i, scratch))
                : 0;
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
record_add(Part *part, const TblOverlay *overlay, guint32 entry)
{
    char scratch[TBL_STORE_KEY_MAX];
    TblSlice key = tbl_overlay_key(overlay, entry, scratch);
    tbl_keys_add(&part->keys, key, 0);
    guint value = part->keys.bytes->len;
    part->broken = !tbl_overlay_encode(overlay, entry, key, part->keys.bytes) || part->broken;
    g_array_index(part->keys.items, TblKeyItem, part->keys.items->len - 1).number =
        part->keys.bytes->len - value;
}

static Part *
part_make(TblSort *sort)
{
    guint32 begin = g_array_index(sort->begins, guint32, sort->made);
    guint32 end = g_array_index(sort->begins, guint32, sort->made + 1);
    Part *part = g_new0(Part, 1);
    tbl_keys_init(&part->keys);
    for (guint32 i = begin; i < end; i++) {
        for (guint step = 0; step < TBL_OVERLAY_STEPS; step++) {
            guint32 ahead = i + (TBL_OVERLAY_STEPS - step) * AHEAD;
            if (ahead < end)
                tbl_overlay_prefetch(sort->overlay, g_array_index(sort->order, guint32, ahead),
                                     step);
        }
        record_add(part, sort->overlay, g_array_index(sort->order, guint32, i));
    }
    tbl_keys_sort(&part->keys);
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
    while (!sort->part || sort->next == sort->part->keys.items->len) {
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
    guint index = sort->next++;
    *key = tbl_keys_at(&sort->part->keys, index);
    *value = (TblSlice){key->ptr + key->len,
                        g_array_index(sort->part->keys.items, TblKeyItem, index).number};
    return TBL_FOUND;
}
