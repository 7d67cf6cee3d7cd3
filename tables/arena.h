/*
 * Memory for millions of small things that are given back together. One thread; pure.
 */
#pragma once

#include <glib.h>

typedef struct {
    GPtrArray *blocks;
    gsize left; /* of the last block */
} TblArena;

void tbl_arena_init(TblArena *arena);
void tbl_arena_clear(TblArena *arena);
/* Aligned for anything but vectors; lives until the arena is cleared. */
void *tbl_arena_take(TblArena *arena, gsize size);
