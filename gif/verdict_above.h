/*
 * What a run does to lists that it does not change itself: a new member, or an address given to one
 * that a list names, can push it over its limits (GIF0921); the same, or a member that goes, can
 * leave it in a circle that reaches nobody (GIF0920). Part of gif/verdict. One thread.
 */
#pragma once

#include "tables/draft.h"
#include "tables/resolve.h"

typedef struct GifAbove GifAbove;

/* `context`: with the draft's view. Both are borrowed. NULL when the store failed. */
GifAbove *gif_above_new(TblDraft *draft, const TblContext *context);
void gif_above_free(GifAbove *above);

/* Nobody refers to anybody, so there is nothing to note. */
bool gif_above_is_idle(const GifAbove *above);
/* Notes what is above a changed object (`before` NULL: created, `after` NULL: deleted), or was.
 * False: the store failed. */
bool gif_above_note(GifAbove *above, const TblObject *before, const TblObject *after);

/* After the last change: calls `blame` for every unchanged object above one that is worse off now,
 * with the ids (guint64, each once) of the changes that reach it, never none. False: the store
 * failed. */
typedef void (*GifBlameFunc)(int code, const char *reason, const GArray *causes, gpointer data);
bool gif_above_judge(GifAbove *above, GifBlameFunc blame, gpointer data);
