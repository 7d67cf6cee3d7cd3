#include "gif/pipeline.h"

#include <pthread.h>
#include <signal.h>

/* One is decided, one is filled, and two more even out what rows cost on either side. */
#define BLOCKS 4

struct GifPipeline {
    GifCsv *csv;
    GifRecord *record;
    GifBlock *blocks[BLOCKS]; /* the `n`th of the file is in place n % BLOCKS */
    bool held;                /* the caller has a block */
    bool threaded;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t moved;
    guint64 filled, given_back; /* blocks so far */
    bool ended;                 /* nothing more will be filled */
    bool stopped;               /* nobody wants more */
};

/* Fills a block that is not shared now. False: the text has ended. */
static bool
block_fill(GifPipeline *pipeline, GifBlock *block)
{
    gif_block_clear(block);
    while (!gif_block_is_full(block)) {
        if (!gif_csv_next(pipeline->csv, pipeline->record)) {
            return false;
        }
        gif_block_add_record(block, pipeline->record);
    }
    return true;
}

/* A place in the ring that may be filled; NULL when nobody wants more. */
static GifBlock *
place_wait(GifPipeline *pipeline)
{
    pthread_mutex_lock(&pipeline->lock);
    while (!pipeline->stopped && pipeline->filled - pipeline->given_back == BLOCKS) {
        pthread_cond_wait(&pipeline->moved, &pipeline->lock);
    }
    GifBlock *block = pipeline->stopped ? NULL : pipeline->blocks[pipeline->filled % BLOCKS];
    pthread_mutex_unlock(&pipeline->lock);
    return block;
}

static void *
reading_run(void *data)
{
    GifPipeline *pipeline = data;
    bool more = true;
    while (more) {
        GifBlock *block = place_wait(pipeline);
        more = block && block_fill(pipeline, block);
        pthread_mutex_lock(&pipeline->lock);
        pipeline->filled += block != NULL;
        pipeline->ended = !more;
        pthread_cond_signal(&pipeline->moved);
        pthread_mutex_unlock(&pipeline->lock);
    }
    return NULL;
}

/* Signals are for the thread that decides. */
static bool
thread_start(GifPipeline *pipeline)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&pipeline->thread, NULL, reading_run, pipeline) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

GifPipeline *
gif_pipeline_new(GifCsv *csv, const GifSchema *schema, GifDialect dialect, GifMode mode,
                 bool compat)
{
    GifPipeline *pipeline = g_new0(GifPipeline, 1);
    pipeline->csv = csv;
    pipeline->record = g_new(GifRecord, 1);
    for (guint i = 0; i < BLOCKS; i++) {
        pipeline->blocks[i] = gif_block_new(schema, dialect, mode, compat);
    }
    pthread_mutex_init(&pipeline->lock, NULL);
    pthread_cond_init(&pipeline->moved, NULL);
    pipeline->threaded = thread_start(pipeline);
    return pipeline;
}

void
gif_pipeline_free(GifPipeline *pipeline)
{
    if (!pipeline) {
        return;
    }
    if (pipeline->threaded) {
        pthread_mutex_lock(&pipeline->lock);
        pipeline->stopped = true;
        pthread_cond_signal(&pipeline->moved);
        pthread_mutex_unlock(&pipeline->lock);
        pthread_join(pipeline->thread, NULL);
    }
    pthread_cond_destroy(&pipeline->moved);
    pthread_mutex_destroy(&pipeline->lock);
    for (guint i = 0; i < BLOCKS; i++) {
        gif_block_free(pipeline->blocks[i]);
    }
    g_free(pipeline->record);
    g_free(pipeline);
}

static const GifBlock *
block_read(GifPipeline *pipeline)
{
    if (pipeline->ended) {
        return NULL;
    }
    pipeline->ended = !block_fill(pipeline, pipeline->blocks[0]);
    return pipeline->blocks[0];
}

const GifBlock *
gif_pipeline_take(GifPipeline *pipeline)
{
    if (!pipeline->threaded) {
        return block_read(pipeline);
    }
    pthread_mutex_lock(&pipeline->lock);
    if (pipeline->held) {
        pipeline->given_back++;
        pthread_cond_signal(&pipeline->moved);
    }
    while (pipeline->filled == pipeline->given_back && !pipeline->ended) {
        pthread_cond_wait(&pipeline->moved, &pipeline->lock);
    }
    pipeline->held = pipeline->filled > pipeline->given_back;
    const GifBlock *block = pipeline->held ? pipeline->blocks[pipeline->given_back % BLOCKS] : NULL;
    pthread_mutex_unlock(&pipeline->lock);
    return block;
}
