/* What the readers of the descendant formats have in common: rows out of a text. */
#pragma once

#include "gif/collector.h"
#include "gif/entry.h"

typedef struct GifReader GifReader;
struct GifReader {
    /* The next row into `entry`; false at the end of the text. */
    bool (*next)(GifReader *reader, GifEntry *entry);
    gsize (*offset)(const GifReader *reader); /* bytes of the text that were read so far */
    void (*free)(GifReader *reader);
    GifCollector *collector; /* its columns are those of the rows; owned */
    gsize header_end;        /* text offset where the rows begin */
};

/* How rows are read. */
typedef struct {
    GifMode mode;   /* of rows that say none */
    bool overwrite; /* multi-valued attributes replace */
    bool compat;    /* Exchange's own behaviour where ours is kinder */
} GifReading;

static inline void
gif_reader_free(GifReader *reader)
{
    if (reader) {
        gif_collector_free(reader->collector);
        reader->free(reader);
    }
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifReader, gif_reader_free)
