/*
 * Memory for millions of small things that are given back together. One thread; pure.
 */
#pragma once

#include <glib.h>

/* All zero is empty. */
typedef struct {
    GPtrArray *blocks; /* each twice as large as the one before, up to a limit */
    GPtrArray *alone;  /* what is too large for a block */
    gsize left;        /* of the last block */
} TblArena;

void tbl_arena_clear(TblArena *arena);
/* Aligned for anything but vectors; lives until the arena is cleared. */
void *tbl_arena_take(TblArena *arena, gsize size);
