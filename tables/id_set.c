#include "tables/id_set.h"

#include "tables/referrer.h"

/* Of the first table; a power of two, as all are. */
#define SLOTS_MIN 16

/* Any odd number without pattern: 2^64 / golden ratio. Its product's upper half is well mixed,
 * which ids given out one after the other are not. */
#define HASH_FACTOR 0x9e3779b97f4a7c15u

struct TblIdSet {
    guint64 *slots; /* 0 is free; NULL while there is nothing */
    guint size, used;
};

TblIdSet *
tbl_id_set_new(void)
{
    return g_new0(TblIdSet, 1);
}

void
tbl_id_set_free(TblIdSet *set)
{
    if (!set)
        return;
    g_free(set->slots);
    g_free(set);
}

/* Where an id is, or belongs. */
static guint
find_slot(const TblIdSet *set, guint64 id)
{
    guint at = (guint)((id * HASH_FACTOR) >> 32) & (set->size - 1);
    while (set->slots[at] != 0 && set->slots[at] != id)
        at = (at + 1) & (set->size - 1);
    return at;
}

static void
grow(TblIdSet *set)
{
    TblIdSet larger = {.size = set->size ? 2 * set->size : SLOTS_MIN, .used = set->used};
    larger.slots = g_new0(guint64, larger.size);
    for (guint i = 0; i < set->size; i++)
        if (set->slots[i] != 0)
            larger.slots[find_slot(&larger, set->slots[i])] = set->slots[i];
    g_free(set->slots);
    *set = larger;
}

bool
tbl_id_set_add(TblIdSet *set, guint64 id)
{
    if (2 * (set->used + 1) > set->size)
        grow(set);
    guint at = find_slot(set, id);
    if (set->slots[at] == id)
        return false;
    set->slots[at] = id;
    set->used++;
    return true;
}

bool
tbl_id_set_has(const TblIdSet *set, guint64 id)
{
    return id != 0 && set->used > 0 && set->slots[find_slot(set, id)] == id;
}

guint
tbl_id_set_count(const TblIdSet *set)
{
    return set->used;
}

void
tbl_id_set_clear(TblIdSet *set)
{
    g_clear_pointer(&set->slots, g_free);
    set->size = set->used = 0;
}

GArray *
tbl_id_set_sorted(const TblIdSet *set)
{
    GArray *ids = g_array_sized_new(FALSE, FALSE, sizeof(guint64), set->used);
    for (guint i = 0; i < set->size; i++)
        if (set->slots[i] != 0)
            g_array_append_val(ids, set->slots[i]);
    g_array_sort(ids, tbl_referrer_compare_ids);
    return ids;
}
