#include "tables/arena.h"

#define BLOCK_SIZE ((gsize)1 << 20)
#define ALIGNMENT sizeof(guint64)

void
tbl_arena_init(TblArena *arena)
{
    arena->blocks = g_ptr_array_new_with_free_func(g_free);
    arena->left = 0;
}

void
tbl_arena_clear(TblArena *arena)
{
    g_clear_pointer(&arena->blocks, g_ptr_array_unref);
    arena->left = 0;
}

void *
tbl_arena_take(TblArena *arena, gsize size)
{
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (size > BLOCK_SIZE) {
        g_ptr_array_insert(arena->blocks, 0, g_malloc(size));
        return g_ptr_array_index(arena->blocks, 0);
    }
    if (size > arena->left) {
        g_ptr_array_add(arena->blocks, g_malloc(BLOCK_SIZE));
        arena->left = BLOCK_SIZE;
    }
    char *block = g_ptr_array_index(arena->blocks, arena->blocks->len - 1);
    arena->left -= size;
    return block + BLOCK_SIZE - (arena->left + size);
}
