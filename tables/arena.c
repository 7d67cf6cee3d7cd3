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
    *arena = (TblArena){0};
}

void
tbl_arena_reset(TblArena *arena)
{
    if (arena->alone)
        g_ptr_array_set_size(arena->alone, 0);
    arena->used = 0;
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

static void
begin_block(TblArena *arena)
{
    if (!arena->blocks)
        arena->blocks = g_ptr_array_new();
    arena->left = block_size(arena->used);
    if (arena->used == arena->blocks->len)
        g_ptr_array_add(arena->blocks, tbl_pages_take(arena->left));
    arena->at = g_ptr_array_index(arena->blocks, arena->used++);
}

void *
tbl_arena_take(TblArena *arena, gsize size)
{
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (size > BLOCK_FIRST)
        return take_alone(arena, size);
    if (size > arena->left)
        begin_block(arena);
    void *memory = arena->at;
    arena->at += size;
    arena->left -= size;
    return memory;
}

char *
tbl_arena_copy(TblArena *arena, TblSlice text)
{
    char *copy = tbl_arena_take(arena, text.len + 1);
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}
