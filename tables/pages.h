/*
 * Large memory straight from the kernel, zeroed, and in large pages where it may: what is looked up
 * at random in a hundred megabytes waits for address translation more than for the memory.
 * Thread-safe.
 */
#pragma once

#include <glib.h>

/* From this size on large pages are asked for; sizes are best multiples of it. */
#define TBL_PAGES_LARGE ((gsize)2 << 20)

/* Never NULL: without memory the process ends, as by g_malloc. */
void *tbl_pages_take(gsize size);
void tbl_pages_give(void *pages, gsize size); /* NULL is fine */
/* Wishes large pages for memory that g_malloc gave and nobody touched yet. */
void tbl_pages_enlarge(void *memory, gsize size);
/* What stands in the large pages that lie wholly in `memory` is not wanted any more: gives them
 * back; they read as zeros from now on. */
void tbl_pages_discard(void *memory, gsize size);
