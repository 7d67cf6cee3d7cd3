/*
 * Reading ahead: a thread that cuts a file of the import format into blocks of rows while the
 * caller decides the block before. What crosses the threads is a ring of a few blocks, so memory is
 * bounded however large the file is; a block belongs to the reading thread until it is full, and
 * to the caller until it is given back. Blocks come in the order of the file, so nothing that a run
 * says or does depends on the threads.
 */
#pragma once

#include "gif/block.h"
#include "gif/csv.h"

typedef struct GifPipeline GifPipeline;
/* Starts to read `csv`, which nobody else may touch until the pipeline is freed; all is borrowed.
 * Without a thread (the system has none to give) the caller reads when it takes. */
GifPipeline *gif_pipeline_new(GifCsv *csv, const GifSchema *schema, GifDialect dialect,
                              GifMode mode, bool compat);
/* Stops reading, wherever it is. */
void gif_pipeline_free(GifPipeline *pipeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifPipeline, gif_pipeline_free)
/* The next block, which is the caller's until its next call; NULL at the end of the file. */
const GifBlock *gif_pipeline_take(GifPipeline *pipeline);
