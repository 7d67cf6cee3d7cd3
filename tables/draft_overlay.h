/* The inside of a draft, shared by draft.c (changing) and draft_commit.c (writing): the overlay of changed records. */
#pragma once

#include "tables/draft.h"

/* A changed record: its key, and its value as it will be; an empty value is a removal. */
typedef struct {
    guint32 key_length, value_length;
    char bytes[];
} TblOverlayEntry;

typedef struct {
    TblView base;
    TblDraft *draft;
} TblDraftView;

struct TblDraft {
    TblStore *store;
    TblView *snapshot;
    TblDraftView view;
    TblMeta base;
    guint64 next_id;
    TblDomains *domains;         /* as they would be */
    GHashTable *changed_domains; /* names */
    GHashTable *changed_tombstones; /* address keys */
    GHashTable *objects, *names, *addresses; /* overlays */
    GByteArray *scratch;
    GPtrArray *rules;    /* parsed rules of the domains; NULL until they are needed */
    GHashTable *numbers; /* folded local part -> the number that its next one gets */
    GArray *displaced;   /* ids of objects whose generated address an explicit one took */
};

void tbl_draft_init_view(TblDraft *draft);

GHashTable *tbl_overlay_new(void);
const TblOverlayEntry *tbl_overlay_find(GHashTable *overlay, TblSlice key);
void tbl_overlay_set(GHashTable *overlay, TblSlice key, TblSlice value);
TblSlice tbl_overlay_key(const TblOverlayEntry *entry);
TblSlice tbl_overlay_value(const TblOverlayEntry *entry);
/* All entries in bytewise order of their keys; borrowed elements. */
GPtrArray *tbl_overlay_sorted(GHashTable *overlay);
