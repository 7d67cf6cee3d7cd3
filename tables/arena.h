/*
 * Memory for millions of small things that are given back together. One thread; pure.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

/* All zero is empty. */
typedef struct {
    GPtrArray *blocks; /* each twice as large as the one before, up to a limit */
    GPtrArray *alone;  /* what is too large for a block */
    guint used;        /* blocks; others wait, empty */
    char *at;          /* in the last that is used */
    gsize left;        /* behind that */
} TblArena;

void tbl_arena_clear(TblArena *arena);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TblArena, tbl_arena_clear)
/* Nothing that was taken is wanted any more; the memory is kept for what is taken next. */
void tbl_arena_reset(TblArena *arena);
/* Aligned for anything but vectors; lives until the arena is cleared or reset. */
void *tbl_arena_take(TblArena *arena, gsize size);
/* A copy with a NUL behind it. */
char *tbl_arena_copy(TblArena *arena, TblSlice text);
