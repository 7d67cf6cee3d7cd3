#include "gif/progress.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Between two lines elsewhere, and between two states of the line on a terminal. */
#define LINE_MICROSECONDS G_USEC_PER_SEC
#define MOVE_MICROSECONDS (G_USEC_PER_SEC / 4)

/* Carriage return, and erase to the end of the line (ECMA-48 EL). */
#define ERASE "\r\033[K"

struct GifProgress {
    bool on, moving;
    atomic_ullong rows, done;
    /* All below under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    pthread_t thread;
    bool end;
    bool shown;       /* a moving line stands there */
    const char *what; /* NULL: rows are counted, or nothing is said */
    bool counting;
    guint64 total;
    gint64 start; /* of this piece of work, microseconds */
};

/* ---- What is said, under the lock ---- */

static char *
rows_text(GifProgress *progress, double seconds)
{
    guint64 rows = atomic_load(&progress->rows), done = atomic_load(&progress->done);
    double part = progress->total > 0 ? MIN((double)done / (double)progress->total, 1) : 1;
    double left = part > 0 ? seconds / part - seconds : 0;
    g_autofree char *time = part > 0 ? g_strdup_printf("%.0f s left", left) : NULL;
    return g_strdup_printf("%" G_GUINT64_FORMAT " rows, %.0f %%, %.0f rows/s, %s", rows, part * 100,
                           (double)rows / seconds, time ? time : "time left unknown");
}

static void
erase(GifProgress *progress)
{
    if (progress->shown) {
        fputs(ERASE, stderr);
        progress->shown = false;
    }
}

static void
state_write(GifProgress *progress)
{
    double seconds =
        (double)MAX(g_get_monotonic_time() - progress->start, 1) / (double)G_USEC_PER_SEC;
    if (!progress->on || (!progress->counting && !progress->what)) {
        return;
    }
    g_autofree char *text = progress->counting
                                ? rows_text(progress, seconds)
                                : g_strdup_printf("%s, %.0f s", progress->what, seconds);
    fprintf(stderr, "%sgif-import: %s%s", progress->moving ? ERASE : "", text,
            progress->moving ? "" : "\n");
    progress->shown = progress->moving;
}

/* ---- The thread ---- */

static void
deadline_set(struct timespec *deadline, bool moving)
{
    clock_gettime(CLOCK_MONOTONIC, deadline);
    gint64 nanoseconds = deadline->tv_nsec +
                         (moving ? MOVE_MICROSECONDS : LINE_MICROSECONDS) * G_GINT64_CONSTANT(1000);
    deadline->tv_sec += (time_t)(nanoseconds / (G_USEC_PER_SEC * 1000));
    deadline->tv_nsec = (long)(nanoseconds % (G_USEC_PER_SEC * 1000));
}

static void *
tick(void *data)
{
    GifProgress *progress = data;
    pthread_mutex_lock(&progress->lock);
    while (!progress->end) {
        struct timespec deadline;
        deadline_set(&deadline, progress->moving);
        while (!progress->end &&
               pthread_cond_timedwait(&progress->ended, &progress->lock, &deadline) == 0) {
        }
        if (!progress->end) {
            state_write(progress);
        }
    }
    pthread_mutex_unlock(&progress->lock);
    return NULL;
}

static void
thread_start(GifProgress *progress)
{
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&progress->ended, &clock);
    pthread_condattr_destroy(&clock);
    progress->on = pthread_create(&progress->thread, NULL, tick, progress) == 0;
}

GifProgress *
gif_progress_new(GifProgressMode mode)
{
    GifProgress *progress = g_new0(GifProgress, 1);
    progress->moving = isatty(STDERR_FILENO) != 0;
    progress->on = mode == GIF_PROGRESS_ALWAYS || (mode == GIF_PROGRESS_AUTO && progress->moving);
    pthread_mutex_init(&progress->lock, NULL);
    if (progress->on) {
        thread_start(progress);
    }
    return progress;
}

void
gif_progress_free(GifProgress *progress)
{
    if (!progress) {
        return;
    }
    if (progress->on) {
        pthread_mutex_lock(&progress->lock);
        progress->end = true;
        erase(progress);
        pthread_cond_signal(&progress->ended);
        pthread_mutex_unlock(&progress->lock);
        pthread_join(progress->thread, NULL);
        pthread_cond_destroy(&progress->ended);
    }
    pthread_mutex_destroy(&progress->lock);
    g_free(progress);
}

/* ---- The calls ---- */

static void
work_set(GifProgress *progress, bool counting, const char *what, guint64 total)
{
    pthread_mutex_lock(&progress->lock);
    if (progress->counting) {
        state_write(progress); /* what came of it */
    }
    progress->counting = counting;
    progress->what = what;
    progress->total = total;
    progress->start = g_get_monotonic_time();
    pthread_mutex_unlock(&progress->lock);
}

void
gif_progress_begin(GifProgress *progress, guint64 total)
{
    gif_progress_update(progress, 0, 0);
    work_set(progress, true, NULL, total);
}

void
gif_progress_update(GifProgress *progress, guint64 rows, guint64 done)
{
    atomic_store_explicit(&progress->rows, rows, memory_order_relaxed);
    atomic_store_explicit(&progress->done, done, memory_order_relaxed);
}

void
gif_progress_say(GifProgress *progress, const char *what)
{
    work_set(progress, false, what, 0);
}

void
gif_progress_clear(GifProgress *progress)
{
    pthread_mutex_lock(&progress->lock);
    if (progress->counting) {
        state_write(progress);
    }
    erase(progress);
    progress->counting = false;
    progress->what = NULL;
    pthread_mutex_unlock(&progress->lock);
}

void
gif_progress_lock(GifProgress *progress)
{
    if (progress) {
        pthread_mutex_lock(&progress->lock);
        erase(progress);
    }
}

void
gif_progress_unlock(GifProgress *progress)
{
    if (progress) {
        pthread_mutex_unlock(&progress->lock);
    }
}
