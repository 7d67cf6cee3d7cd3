/*
 * Reading ahead: a file of the import format is cut into runs of whole records, which is cheap and
 * done one after the other; any thread makes a block of rows of a run. The caller, who decides the
 * blocks, makes one itself whenever the one that it needs is not ready, so that no processor waits
 * for another. What crosses the threads is a ring of a few blocks, so memory is bounded however
 * large the file is; a block belongs to the thread that fills it, and then to the caller until it
 * is given back. Blocks come in the order of the file, so nothing that a run says or does depends
 * on the threads.
 */
#pragma once

#include "gif/block.h"
#include "gif/csv.h"

/* How a file is read. */
typedef struct {
    GifDialect dialect;
    GifMode mode; /* of rows that say none */
    bool compat;
    bool propose; /* what rows would create is drawn up ahead */
    /* 0: what suits this machine. */
    guint readers;   /* threads beside the caller's, at most GIF_READERS_MAX; GIF_READERS_NONE */
    gsize run_bytes; /* of text in a block */
} GifPipelineOptions;
#define GIF_READERS_MAX 4u
#define GIF_READERS_NONE G_MAXUINT

typedef struct GifPipeline GifPipeline;
/* Starts to read `csv`, which nobody else may touch until the pipeline is freed; all is borrowed.
 * Threads that the system does not give are done without. */
GifPipeline *gif_pipeline_new(GifCsv *csv, const GifSchema *schema, GifPipelineOptions options);
/* Stops reading, wherever it is. */
void gif_pipeline_free(GifPipeline *pipeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifPipeline, gif_pipeline_free)
/* The next block, which is the caller's until its next call; it may have no rows. NULL at the end
 * of the file. */
const GifBlock *gif_pipeline_take(GifPipeline *pipeline);
