#include "gif/pipeline.h"

#include <pthread.h>

/* Enough rows that handing a block over costs nothing, few enough that it stays in the cache. */
#define RUN_BYTES ((gsize)32 * 1024)
/* One is decided, each thread fills one, and the others even out what rows cost on either side. */
#define BLOCKS 8
/* A thread that found all of them in use waits until so many are, lest it is woken for each. */
#define BLOCKS_LOW (BLOCKS / 2)

/* The memory of one block of the ring. */
typedef struct {
    GifBlock *block;
    bool filled;
} Place;

/* What a thread reads with. */
typedef struct {
    GifPipeline *pipeline;
    GifCsv *csv;
    GifRecord *record;
    pthread_t thread;
} Reader;

struct GifPipeline {
    Place places[BLOCKS]; /* the `n`th block of the file is in place n % BLOCKS */
    Reader own;           /* of the caller */
    Reader readers[GIF_READERS_MAX];
    guint readers_made, threads; /* a system may not give all threads */
    gsize run_bytes;
    bool held;            /* the caller has a block */
    pthread_mutex_t lock; /* of what follows, and of `filled` */
    pthread_cond_t freed, ready;
    GifCsv *csv;               /* where the next run begins */
    guint64 begun, given_back; /* blocks so far */
    bool ended;                /* nothing more will be begun */
    bool stopped;              /* nobody wants more */
};

static void
reader_begin(Reader *reader, GifPipeline *pipeline)
{
    reader->pipeline = pipeline;
    reader->csv = gif_csv_copy(pipeline->csv);
    reader->record = g_new(GifRecord, 1);
}

static void
reader_clear(Reader *reader)
{
    gif_csv_free(reader->csv);
    g_free(reader->record);
}

/* Takes the next run and a place for its block; under the lock. NULL: there is none. */
static Place *
block_begin(GifPipeline *pipeline, GifCsvRun *run)
{
    bool room = !pipeline->ended && pipeline->begun - pipeline->given_back < BLOCKS;
    if (!room) {
        return NULL;
    }
    pipeline->ended = !gif_csv_cut(pipeline->csv, pipeline->run_bytes, run);
    return pipeline->ended ? NULL : &pipeline->places[pipeline->begun++ % BLOCKS];
}

/* Fills the block that was begun; the lock is free meanwhile. */
static void
block_fill(Reader *reader, Place *place, const GifCsvRun *run)
{
    GifPipeline *pipeline = reader->pipeline;
    pthread_mutex_unlock(&pipeline->lock);
    gif_block_clear(place->block);
    gif_csv_begin_run(reader->csv, run);
    while (gif_csv_next(reader->csv, reader->record)) {
        gif_block_add_record(place->block, reader->record);
    }
    pthread_mutex_lock(&pipeline->lock);
    place->filled = true;
}

static void *
reading_run(void *data)
{
    Reader *reader = data;
    GifPipeline *pipeline = reader->pipeline;
    GifCsvRun run;
    pthread_mutex_lock(&pipeline->lock);
    while (!pipeline->stopped && !pipeline->ended) {
        Place *place = block_begin(pipeline, &run);
        if (place) {
            block_fill(reader, place, &run);
            pthread_cond_signal(&pipeline->ready);
        }
        while (!place && !pipeline->stopped && !pipeline->ended &&
               pipeline->begun - pipeline->given_back > BLOCKS_LOW) {
            pthread_cond_wait(&pipeline->freed, &pipeline->lock);
        }
    }
    pthread_mutex_unlock(&pipeline->lock);
    return NULL;
}

/* So many beside the caller's that each processor has one. */
static guint
readers_wanted(guint given)
{
    guint usual = g_get_num_processors() - 1;
    return given == GIF_READERS_NONE ? 0 : MIN(given != 0 ? given : usual, GIF_READERS_MAX);
}

static void
threads_start(GifPipeline *pipeline)
{
    for (guint i = 0; i < pipeline->readers_made; i++) {
        Reader *reader = &pipeline->readers[i];
        if (pthread_create(&reader->thread, NULL, reading_run, reader) != 0) {
            break;
        }
        pipeline->threads++;
    }
}

GifPipeline *
gif_pipeline_new(GifCsv *csv, const GifSchema *schema, GifPipelineOptions options)
{
    GifPipeline *pipeline = g_new0(GifPipeline, 1);
    pipeline->csv = csv;
    pipeline->run_bytes = options.run_bytes != 0 ? options.run_bytes : RUN_BYTES;
    for (guint i = 0; i < BLOCKS; i++) {
        pipeline->places[i].block =
            gif_block_new(schema, options.dialect, options.mode, options.compat);
        gif_block_set_proposing(pipeline->places[i].block, options.propose);
    }
    pthread_mutex_init(&pipeline->lock, NULL);
    pthread_cond_init(&pipeline->freed, NULL);
    pthread_cond_init(&pipeline->ready, NULL);
    reader_begin(&pipeline->own, pipeline);
    pipeline->readers_made = readers_wanted(options.readers);
    for (guint i = 0; i < pipeline->readers_made; i++) {
        reader_begin(&pipeline->readers[i], pipeline);
    }
    threads_start(pipeline);
    return pipeline;
}

void
gif_pipeline_free(GifPipeline *pipeline)
{
    if (!pipeline) {
        return;
    }
    pthread_mutex_lock(&pipeline->lock);
    pipeline->stopped = true;
    pthread_cond_broadcast(&pipeline->freed);
    pthread_mutex_unlock(&pipeline->lock);
    for (guint i = 0; i < pipeline->threads; i++) {
        pthread_join(pipeline->readers[i].thread, NULL);
    }
    for (guint i = 0; i < pipeline->readers_made; i++) {
        reader_clear(&pipeline->readers[i]);
    }
    reader_clear(&pipeline->own);
    pthread_cond_destroy(&pipeline->ready);
    pthread_cond_destroy(&pipeline->freed);
    pthread_mutex_destroy(&pipeline->lock);
    for (guint i = 0; i < BLOCKS; i++) {
        gif_block_free(pipeline->places[i].block);
    }
    g_free(pipeline);
}

static void
block_give_back(GifPipeline *pipeline)
{
    if (pipeline->held) {
        pipeline->places[pipeline->given_back++ % BLOCKS].filled = false;
        if (pipeline->begun - pipeline->given_back <= BLOCKS_LOW) {
            pthread_cond_broadcast(&pipeline->freed);
        }
    }
}

const GifBlock *
gif_pipeline_take(GifPipeline *pipeline)
{
    GifCsvRun run;
    pthread_mutex_lock(&pipeline->lock);
    block_give_back(pipeline);
    Place *wanted = &pipeline->places[pipeline->given_back % BLOCKS];
    while (!wanted->filled && !(pipeline->ended && pipeline->begun == pipeline->given_back)) {
        Place *place = block_begin(pipeline, &run);
        if (place) {
            block_fill(&pipeline->own, place, &run);
        } else if (pipeline->begun > pipeline->given_back) {
            pthread_cond_wait(&pipeline->ready, &pipeline->lock);
        }
    }
    pipeline->held = wanted->filled;
    const GifBlock *block = pipeline->held ? wanted->block : NULL;
    pthread_mutex_unlock(&pipeline->lock);
    return block;
}
