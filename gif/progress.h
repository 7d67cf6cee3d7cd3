/* How far an import is, on standard error: a moving line on a terminal, a line each second
 * elsewhere. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum { GIF_PROGRESS_AUTO, GIF_PROGRESS_ALWAYS, GIF_PROGRESS_NEVER } GifProgressMode;

typedef struct GifProgress GifProgress;
/* `total`: bytes of all inputs. */
GifProgress *gif_progress_new(GifProgressMode mode, guint64 total);
void gif_progress_free(GifProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifProgress, gif_progress_free)
/* Cheap: looks at the clock now and then, writes at most once a second. */
void gif_progress_update(GifProgress *progress, guint64 rows, guint64 done);
/* Says what is going on after the last row. */
void gif_progress_say(GifProgress *progress, const char *what);
/* After the last row, and again at the end: clears the moving line, or writes a last one once. */
void gif_progress_clear(GifProgress *progress);
