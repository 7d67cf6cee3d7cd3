#include "tables/draft_order.h"

#include "tables/address.h"
#include "tables/append.h"
#include "tables/draft_overlay.h"

#include <pthread.h>

/* Changes of a part: their names, objects and lines stay in the cache of one core. */
#define PART_SIZE 1024
#define PARTS_MAX (G_MAXUINT16 - 1)
#define PART_NONE G_MAXUINT16
/* Names that are looked at for each part to find where it begins. */
#define SAMPLES 8
/* From so many objects on, a second thread pays. */
#define THREAD_OBJECTS 16384
/* Objects are fetched so many before they are looked at, and where they are twice as many before.
 */
#define AHEAD 8
#define CACHE_LINE 64
#define LINES_OF_OBJECT 5

/* A change is the number of an object's state in the draft, or with this bit that of an other: one
 * that is no creation. Its class and name cannot be read by any thread, so they are kept. */
#define OTHER (1u << 31)

/* What an encoding can give as a class. */
#define CLASSES 8

struct TblOrder {
    TblDraft *draft;
    char ranks[CLASSES]; /* where a class stands among all by its name */
    TblKeys others;      /* class and name; the number is that of the state */
    TblSplitters *splitters;
    guint16 *part;    /* of each state, PART_NONE: no change of its own */
    guint32 *changes; /* part by part */
    guint32 *begins;  /* of each part in `changes`, and the end */
};

/* The states of a range, looked at by one thread. */
typedef struct {
    const TblOrder *order;
    guint32 begin, end;
    GArray *others; /* guint32 */
    bool broken;
} Range;

/* ---- Class and name ---- */

static void
ranks_make(char ranks[CLASSES])
{
    for (guint i = TBL_CLASS_MAILBOX; i <= TBL_CLASS_PUBLIC_FOLDER; i++)
        for (guint other = TBL_CLASS_MAILBOX; other <= TBL_CLASS_PUBLIC_FOLDER; other++)
            ranks[i] += strcmp(tbl_class_name((TblClass)other), tbl_class_name((TblClass)i)) < 0;
}

/* The key of the order, in `key`. A name that is no text keeps its bytes. */
static TblSlice
key_make(const TblOrder *order, TblClass object_class, TblSlice name, GString *key)
{
    char rank = order->ranks[object_class % CLASSES];
    g_string_truncate(key, 0);
    if (tbl_slice_is_ascii(name)) {
        char *at = tbl_append_room(key, 1 + name.len);
        *at = rank;
        (void)tbl_append_put_lower(at + 1, name);
    } else {
        g_autofree char *folded = tbl_text_fold(name);
        g_string_append_c(key, rank);
        g_string_append_len(key, folded ? folded : name.ptr,
                            folded ? (gssize)strlen(folded) : (gssize)name.len);
    }
    return (TblSlice){key->str, key->len};
}

/* False: the bytes are broken. */
static bool
key_of_created(const TblOrder *order, TblSlice encoded, GString *key, TblSlice *made)
{
    TblSkim skim;
    tbl_skim_begin(&skim, encoded);
    *made = key_make(order, skim.object_class, skim.name, key);
    return !skim.cursor.broken;
}

/* `*made` is empty when the state is no change of its own. False: the store failed. */
static bool
key_of_state(const TblOrder *order, const TblDraftObject *state, GString *key, TblSlice *made)
{
    g_autoptr(TblObject) before = NULL, after = NULL;
    *made = (TblSlice){NULL, 0};
    if (!state)
        return true;
    if (tbl_draft_is_created(order->draft, state))
        return key_of_created(order, tbl_draft_object_bytes(state), key, made);
    if (!tbl_draft_load_change(order->draft, state, &before, &after))
        return false;
    const TblObject *object = after ? after : before;
    if (object)
        *made = key_make(order, object->object_class, tbl_slice(object->name), key);
    return true;
}

/* ---- Cutting into parts ---- */

static bool
splitters_choose(TblOrder *order)
{
    TblDraftObjects *objects = &order->draft->objects;
    guint32 count = objects->all->len;
    guint parts = CLAMP(count / PART_SIZE, 1, PARTS_MAX);
    guint samples = parts > 1 ? parts * SAMPLES : 0;
    g_autoptr(GString) scratch = g_string_new(NULL);
    TblKeys sample;
    bool good = true;
    tbl_keys_init(&sample);
    for (guint i = 0; i < samples && good; i++) {
        guint32 number = (guint32)((guint64)count * i / samples);
        TblSlice key;
        good = key_of_state(order, tbl_draft_objects_last(objects, number), scratch, &key);
        if (key.len > 0)
            tbl_keys_add(&sample, key, i);
    }
    order->splitters = tbl_splitters_new(&sample, parts);
    tbl_keys_clear(&sample);
    return good;
}

static void *
range_look(void *data)
{
    Range *range = data;
    const TblOrder *order = range->order;
    const TblDraftObjects *objects = &order->draft->objects;
    g_autoptr(GString) scratch = g_string_new(NULL);
    for (guint32 i = range->begin; i < range->end; i++) {
        const TblDraftObject *state = tbl_draft_objects_last(objects, i);
        TblSlice key;
        if (i + AHEAD < range->end)
            __builtin_prefetch(tbl_draft_objects_at(objects, i + AHEAD));
        order->part[i] = PART_NONE;
        if (state && tbl_draft_is_created(order->draft, state)) {
            range->broken |= !key_of_created(order, tbl_draft_object_bytes(state), scratch, &key);
            order->part[i] = (guint16)tbl_splitters_find(order->splitters, key);
        } else if (state) {
            g_array_append_val(range->others, i);
        }
    }
    return NULL;
}

/* False: the store failed. */
static bool
others_look(TblOrder *order, const Range *range)
{
    const TblDraftObjects *objects = &order->draft->objects;
    g_autoptr(GString) scratch = g_string_new(NULL);
    for (guint i = 0; i < range->others->len; i++) {
        guint32 number = g_array_index(range->others, guint32, i);
        TblSlice key;
        if (!key_of_state(order, tbl_draft_objects_at(objects, number), scratch, &key))
            return false;
        if (key.len == 0)
            continue;
        order->part[number] = (guint16)tbl_splitters_find(order->splitters, key);
        tbl_keys_add(&order->others, key, number);
    }
    return true;
}

/* Looks at all states, at half of them in a thread of its own when there are many. */
static bool
states_look(TblOrder *order)
{
    guint32 count = order->draft->objects.all->len;
    guint32 middle = count < THREAD_OBJECTS ? count : count / 2;
    Range ranges[] = {{order, 0, middle, NULL, false}, {order, middle, count, NULL, false}};
    pthread_t thread;
    bool good = true;
    for (guint i = 0; i < G_N_ELEMENTS(ranges); i++)
        ranges[i].others = g_array_new(FALSE, FALSE, sizeof(guint32));
    bool threaded = middle < count && pthread_create(&thread, NULL, range_look, &ranges[1]) == 0;
    (void)range_look(&ranges[0]);
    if (threaded)
        pthread_join(thread, NULL);
    else
        (void)range_look(&ranges[1]);
    for (guint i = 0; i < G_N_ELEMENTS(ranges); i++) {
        good = good && !ranges[i].broken && others_look(order, &ranges[i]);
        g_array_unref(ranges[i].others);
    }
    return good;
}

/* States and others come by number, so equal keys stay in this order. */
static void
changes_lay_out(TblOrder *order)
{
    guint32 count = order->draft->objects.all->len, next_other = 0;
    guint parts = tbl_splitters_parts(order->splitters);
    order->begins = g_new0(guint32, parts + 1);
    for (guint32 i = 0; i < count; i++)
        if (order->part[i] != PART_NONE)
            order->begins[order->part[i] + 1]++;
    for (guint i = 0; i < parts; i++)
        order->begins[i + 1] += order->begins[i];
    order->changes = g_new(guint32, order->begins[parts] + 1);
    g_autofree guint32 *next = g_new(guint32, parts + 1);
    memcpy(next, order->begins, (parts + 1) * sizeof *next);
    for (guint32 i = 0; i < count; i++) {
        if (order->part[i] == PART_NONE)
            continue;
        bool other = next_other < order->others.items->len &&
                     g_array_index(order->others.items, TblKeyItem, next_other).number == i;
        order->changes[next[order->part[i]]++] = other ? OTHER | next_other++ : i;
    }
    g_clear_pointer(&order->part, g_free);
}

TblOrder *
tbl_order_new(TblDraft *draft, GError **error)
{
    g_autoptr(TblOrder) order = g_new0(TblOrder, 1);
    order->draft = draft;
    ranks_make(order->ranks);
    order->part = g_new(guint16, draft->objects.all->len + 1);
    tbl_keys_init(&order->others);
    if (!splitters_choose(order) || !states_look(order)) {
        (void)tbl_store_set_unreadable(error);
        return NULL;
    }
    changes_lay_out(order);
    return g_steal_pointer(&order);
}

void
tbl_order_free(TblOrder *order)
{
    if (!order)
        return;
    tbl_keys_clear(&order->others);
    tbl_splitters_free(order->splitters);
    g_free(order->part);
    g_free(order->changes);
    g_free(order->begins);
    g_free(order);
}

/* ---- Parts ---- */

guint
tbl_order_parts(const TblOrder *order)
{
    return tbl_splitters_parts(order->splitters);
}

static const TblDraftObject *
state_of(const TblOrder *order, guint32 change)
{
    guint32 number = change & OTHER
                         ? g_array_index(order->others.items, TblKeyItem, change & ~OTHER).number
                         : change;
    return tbl_draft_objects_at(&order->draft->objects, number);
}

/* All of an object that is looked at soon, for who sorts it and for who renders it. */
static void
fetch(const TblOrder *order, guint32 change)
{
    const char *state = (const char *)state_of(order, change);
    for (guint i = 0; i < LINES_OF_OBJECT; i++)
        __builtin_prefetch(state + i * CACHE_LINE);
}

void
tbl_order_sort(const TblOrder *order, guint part, TblKeys *keys)
{
    const gpointer *states = order->draft->objects.all->pdata;
    g_autoptr(GString) scratch = g_string_new(NULL);
    guint32 end = order->begins[part + 1];
    tbl_keys_empty(keys);
    for (guint32 i = order->begins[part]; i < end; i++) {
        guint32 change = order->changes[i];
        TblSlice key = {NULL, 0};
        if (i + 2 * AHEAD < end && !(order->changes[i + 2 * AHEAD] & OTHER))
            __builtin_prefetch(&states[order->changes[i + 2 * AHEAD]]);
        if (i + AHEAD < end)
            fetch(order, order->changes[i + AHEAD]);
        if (change & OTHER)
            key = tbl_keys_at(&order->others, change & ~OTHER);
        else
            (void)key_of_created(order, tbl_draft_object_bytes(state_of(order, change)), scratch,
                                 &key);
        tbl_keys_add(keys, key, change);
    }
    tbl_keys_sort(keys);
}

TblSlice
tbl_order_created(const TblOrder *order, guint32 change)
{
    const TblDraftObject *state = state_of(order, change);
    return change & OTHER || state->alone ? (TblSlice){NULL, 0} : tbl_draft_object_bytes(state);
}

bool
tbl_order_load(const TblOrder *order, guint32 change, TblObject **before, TblObject **after)
{
    return tbl_draft_load_change(order->draft, state_of(order, change), before, after);
}
