#include "tables/pages.h"

#include <stdlib.h>
#include <sys/mman.h>

/* The largest page of any machine that is not "large". */
#define UNIT ((gsize)64 << 10)

static gsize
rounded(gsize size)
{
    return (size + UNIT - 1) / UNIT * UNIT;
}

void *
tbl_pages_take(gsize size)
{
    size = rounded(size);
    gsize spare = size >= TBL_PAGES_LARGE ? TBL_PAGES_LARGE : 0;
    char *first =
        mmap(NULL, size + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (first == MAP_FAILED) {
        g_printerr("no memory: %" G_GSIZE_FORMAT " bytes\n", size);
        abort();
    }
    if (spare == 0)
        return first;
    gsize before = (spare - (guintptr)first % spare) % spare;
    if (before > 0)
        (void)munmap(first, before);
    if (spare > before)
        (void)munmap(first + before + size, spare - before);
    (void)madvise(first + before, size, MADV_HUGEPAGE); /* a wish */
    return first + before;
}

void
tbl_pages_give(void *pages, gsize size)
{
    if (pages)
        (void)munmap(pages, rounded(size));
}

/* Advice for the large pages that lie wholly in the memory. */
static void
advise(char *memory, gsize size, int advice)
{
    gsize before = (TBL_PAGES_LARGE - (guintptr)memory % TBL_PAGES_LARGE) % TBL_PAGES_LARGE;
    gsize whole = size > before ? (size - before) / TBL_PAGES_LARGE * TBL_PAGES_LARGE : 0;
    if (whole > 0)
        (void)madvise(memory + before, whole, advice);
}

void
tbl_pages_enlarge(void *memory, gsize size)
{
    advise(memory, size, MADV_HUGEPAGE);
}

void
tbl_pages_discard(void *memory, gsize size)
{
    advise(memory, size, MADV_DONTNEED);
}
