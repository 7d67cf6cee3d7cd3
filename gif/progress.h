/*
 * How far an import is, on standard error: a moving line on a terminal, a line each second
 * elsewhere. A thread of its own writes them, so that work which takes long in one piece is told
 * too. What else is written to the same terminal is written between gif_progress_lock() and
 * gif_progress_unlock(), or after gif_progress_clear().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum { GIF_PROGRESS_AUTO, GIF_PROGRESS_ALWAYS, GIF_PROGRESS_NEVER } GifProgressMode;

typedef struct GifProgress GifProgress;
GifProgress *gif_progress_new(GifProgressMode mode);
void gif_progress_free(GifProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifProgress, gif_progress_free)
/* The rows begin: `total` bytes of all inputs. */
void gif_progress_begin(GifProgress *progress, guint64 total);
/* So many rows are decided, and so many bytes done. Cheap. */
void gif_progress_update(GifProgress *progress, guint64 rows, guint64 done);
/* Says what is going on where no rows are counted; the text must last. */
void gif_progress_say(GifProgress *progress, const char *what);
/* Says no more until the next of the calls above; the moving line is gone. Of rows a last line is
 * written first. */
void gif_progress_clear(GifProgress *progress);
/* Around other output: the moving line is gone, and none comes between. NULL is allowed. */
void gif_progress_lock(GifProgress *progress);
void gif_progress_unlock(GifProgress *progress);
