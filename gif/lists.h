/*
 * Distribution lists whose members the run changes. A list that many rows append to would be copied
 * with every row; here its members are held in a form that grows in constant time, and go to the
 * draft once, at the end. Everything else of a list goes to the draft at once, since other rows'
 * claims depend on it. One thread.
 */
#pragma once

#include "gif/references.h"
#include "tables/draft.h"

typedef struct GifLists GifLists;
typedef struct {
    TblObject *object; /* without its members */
    GifReferences *members;
    bool changed; /* members differ from the draft's */
} GifList;

GifLists *gif_lists_new(TblDraft *draft);
void gif_lists_free(GifLists *lists);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifLists, gif_lists_free)

/* A held list by its folded name; NULL when it is not held. Borrowed. */
GifList *gif_lists_find(const GifLists *lists, const char *folded);
/* Holds a list that the draft knows; takes `object`. Borrowed. */
GifList *gif_lists_hold(GifLists *lists, const char *folded, TblObject *object);
/* Forgets a list (it is deleted). */
void gif_lists_drop(GifLists *lists, const char *folded);
/* Takes a member out of every held list; how many had it. */
guint gif_lists_remove_member(GifLists *lists, const char *name);
/* Brings all members into the draft. */
bool gif_lists_flush(GifLists *lists, GError **error);
