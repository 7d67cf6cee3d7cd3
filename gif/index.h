/*
 * A table from text to a number that is filled and emptied for every row. Most rows have a handful
 * of addresses, for which a list is searched faster than a hash table is filled; a row may also
 * have thousands. Keys are borrowed. One thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct GifIndex GifIndex;
GifIndex *gif_index_new(void);
void gif_index_free(GifIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifIndex, gif_index_free)
void gif_index_clear(GifIndex *index);
/* Sets or replaces; `key` must live until it is replaced, removed or cleared. */
void gif_index_set(GifIndex *index, const char *key, guint number);
/* False: not there. */
bool gif_index_get(const GifIndex *index, const char *key, guint *number);
void gif_index_remove(GifIndex *index, const char *key);
