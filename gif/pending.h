/*
 * What rows leave for the end of a run, when every object of the file is known: references that
 * nobody bore yet (KB Q146304: members may come before their objects), and `Members` of objects
 * that are no list, which are the lists they belong to (KB Q156734). One thread.
 */
#pragma once

#include "gif/diagnostic.h"
#include "gif/lists.h"
#include "tables/config.h"

typedef struct GifPending GifPending;
/* `store`: the one that the draft is over. All borrowed. */
GifPending *gif_pending_new(TblStore *store, TblDraft *draft, GifLists *lists,
                            const TblConfig *config, GifDiagnostics *diagnostics);
void gif_pending_free(GifPending *pending);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifPending, gif_pending_free)

/* Where a row stands; strings are borrowed until gif_pending_finish, except `object`. */
typedef struct {
    const char *file;
    guint64 line;
    const char *column;
    const char *object;
} GifPlace;

/* Remembers a reference if nobody bears it now. False when the store failed. */
bool gif_pending_add_reference(GifPending *pending, const GifPlace *place, const char *reference);
/* The object `place->object` joins or leaves a list. */
void gif_pending_add_membership(GifPending *pending, const GifPlace *place, const char *list,
                                bool join);
/* The object `place->object` leaves all lists. */
void gif_pending_add_departure(GifPending *pending, const GifPlace *place);
/* The run created a list. */
void gif_pending_note_list(GifPending *pending, guint64 id);
/* Does all that, telling what nobody bears. False with `error` when the store failed. */
bool gif_pending_finish(GifPending *pending, GError **error);
