#include "gif/progress.h"

#include <stdio.h>
#include <unistd.h>

/* Rows between two looks at the clock. */
#define ROWS_BETWEEN 1024

/* Carriage return, and erase to the end of the line (ECMA-48 EL). */
#define ERASE "\r\033[K"

struct GifProgress {
    bool on, moving;
    bool told; /* the last line was written */
    guint64 total, rows, done;
    gint64 start, last; /* microseconds */
};

GifProgress *
gif_progress_new(GifProgressMode mode, guint64 total)
{
    GifProgress *progress = g_new0(GifProgress, 1);
    progress->moving = isatty(STDERR_FILENO) != 0;
    progress->on = mode == GIF_PROGRESS_ALWAYS || (mode == GIF_PROGRESS_AUTO && progress->moving);
    progress->total = total;
    progress->start = progress->last = g_get_monotonic_time();
    return progress;
}

void
gif_progress_free(GifProgress *progress)
{
    g_free(progress);
}

static void
state_write(const GifProgress *progress, gint64 now)
{
    double seconds = (double)MAX(now - progress->start, 1) / G_USEC_PER_SEC;
    double part = progress->total > 0 ? (double)progress->done / (double)progress->total : 1;
    double left = part > 0 ? seconds / part - seconds : 0;
    fprintf(stderr, "%sgif-import: %" G_GUINT64_FORMAT " rows, %.0f %%, %.0f rows/s, %.0f s left%s",
            progress->moving ? ERASE : "", progress->rows, part * 100,
            (double)progress->rows / seconds, left, progress->moving ? "" : "\n");
}

void
gif_progress_update(GifProgress *progress, guint64 rows, guint64 done)
{
    progress->rows = rows;
    progress->done = done;
    if (!progress->on || rows % ROWS_BETWEEN != 0) {
        return;
    }
    gint64 now = g_get_monotonic_time();
    if (now - progress->last >= G_USEC_PER_SEC) {
        progress->last = now;
        state_write(progress, now);
    }
}

void
gif_progress_say(GifProgress *progress, const char *what)
{
    if (progress->on) {
        fprintf(stderr, "%sgif-import: %s%s", progress->moving ? ERASE : "", what,
                progress->moving ? "" : "\n");
    }
}

void
gif_progress_clear(GifProgress *progress)
{
    if (progress->on && progress->moving) {
        fputs(ERASE, stderr);
    } else if (progress->on && !progress->told) {
        state_write(progress, g_get_monotonic_time());
        progress->told = true;
    }
}
