#include "tables/arena.h"

#include "tables/pages.h"

#define BLOCK_FIRST ((gsize)64 << 10)
#define BLOCK_LAST TBL_PAGES_LARGE
#define ALIGNMENT sizeof(guint64)

static gsize
block_size(guint index)
{
    gsize size = BLOCK_FIRST;
    while (index-- > 0 && size < BLOCK_LAST)
        size *= 2;
    return size;
}

void
tbl_arena_clear(TblArena *arena)
{
    for (guint i = 0; arena->blocks && i < arena->blocks->len; i++)
        tbl_pages_give(g_ptr_array_index(arena->blocks, i), block_size(i));
    g_clear_pointer(&arena->blocks, g_ptr_array_unref);
    g_clear_pointer(&arena->alone, g_ptr_array_unref);
    arena->left = 0;
}

static void *
take_alone(TblArena *arena, gsize size)
{
    if (!arena->alone)
        arena->alone = g_ptr_array_new_with_free_func(g_free);
    void *memory = g_malloc(size);
    g_ptr_array_add(arena->alone, memory);
    return memory;
}

void *
tbl_arena_take(TblArena *arena, gsize size)
{
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (size > BLOCK_FIRST)
        return take_alone(arena, size);
    if (!arena->blocks)
        arena->blocks = g_ptr_array_new();
    if (size > arena->left) {
        arena->left = block_size(arena->blocks->len);
        g_ptr_array_add(arena->blocks, tbl_pages_take(arena->left));
    }
    guint last = arena->blocks->len - 1;
    char *block = g_ptr_array_index(arena->blocks, last);
    char *memory = block + block_size(last) - arena->left;
    arena->left -= size;
    return memory;
}
