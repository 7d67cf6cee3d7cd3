#include "tables/key_index.h"

#include "tables/digest.h"
#include "tables/pages.h"

#define SLOTS_FIRST 8192u
/* Grown when more than this of four slots are taken. */
#define LOAD_OF_FOUR 3u

static gsize
slots_size(const TblKeyIndex *index)
{
    return ((gsize)index->mask + 1) * sizeof *index->slots;
}

void
tbl_key_index_clear(TblKeyIndex *index)
{
    tbl_pages_give(index->slots, slots_size(index));
    *index = (TblKeyIndex){0};
}

guint32
tbl_key_index_hash(TblSlice key)
{
    return tbl_checksum(key, (TblSlice){NULL, 0});
}

static guint64
slot_make(guint32 hash, guint32 entry)
{
    return (guint64)hash << 32 | (entry + 1);
}

static void
slot_put(TblKeyIndex *index, guint64 slot)
{
    guint32 at = (guint32)(slot >> 32) & index->mask;
    while (index->slots[at])
        at = (at + 1) & index->mask;
    index->slots[at] = slot;
}

static void
grow(TblKeyIndex *index)
{
    TblKeyIndex old = *index;
    gsize before = old.slots ? (gsize)old.mask + 1 : 0;
    index->mask = (guint32)(old.slots ? 2 * before - 1 : SLOTS_FIRST - 1);
    index->slots = tbl_pages_take(slots_size(index));
    for (gsize i = 0; i < before; i++)
        if (old.slots[i])
            slot_put(index, old.slots[i]);
    tbl_pages_give(old.slots, slots_size(&old));
}

void
tbl_key_index_reserve(TblKeyIndex *index, guint32 entries)
{
    guint64 size = SLOTS_FIRST;
    if (index->slots)
        return;
    while (size * LOAD_OF_FOUR < (guint64)entries * 4)
        size *= 2;
    index->mask = (guint32)(size - 1);
    index->slots = tbl_pages_take(slots_size(index));
}

void
tbl_key_index_prefetch(const TblKeyIndex *index, guint32 hash)
{
    if (index->slots)
        __builtin_prefetch(&index->slots[hash & index->mask]);
}

bool
tbl_key_index_next(const TblKeyIndex *index, guint32 hash, guint32 *step, guint32 *entry)
{
    if (!index->slots)
        return false;
    for (;;) {
        guint64 slot = index->slots[(hash + (*step)++) & index->mask];
        if (slot == 0)
            return false;
        if (slot >> 32 == hash) {
            *entry = (guint32)slot - 1;
            return true;
        }
    }
}

void
tbl_key_index_add(TblKeyIndex *index, guint32 hash, guint32 entry)
{
    if (!index->slots || (guint64)index->used * 4 >= ((guint64)index->mask + 1) * LOAD_OF_FOUR)
        grow(index);
    slot_put(index, slot_make(hash, entry));
    index->used++;
}

void
tbl_key_index_replace(TblKeyIndex *index, guint32 hash, guint32 old, guint32 entry)
{
    guint32 at = hash & index->mask;
    while (index->slots[at] != slot_make(hash, old))
        at = (at + 1) & index->mask;
    index->slots[at] = slot_make(hash, entry);
}
