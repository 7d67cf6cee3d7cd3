/* The inside of a draft, shared by draft.c (changing) and draft_commit.c (writing): the overlay of
 * changed records. */
#pragma once

#include "tables/draft.h"

/* A changed record: its key, and its value as it will be; an empty value is a removal. */
typedef struct {
    guint32 key_length, value_length;
    guint32 position; /* in the order of arrival */
    guint32 alone;    /* it has memory of its own */
    char bytes[];
} TblOverlayEntry;

typedef struct {
    GHashTable *index;  /* set of entries, by key */
    GPtrArray *entries; /* in the order in which their keys came first: near each other in memory */
    GPtrArray *blocks;  /* memory of small entries, given back at the end only */
    gsize block_used;
} TblOverlay;

typedef struct {
    TblView base;
    TblDraft *draft;
} TblDraftView;

typedef struct TblDraftWatch TblDraftWatch;

struct TblDraft {
    TblStore *store;
    TblView *snapshot;
    TblDraftView view;
    TblMeta base;
    guint64 next_id;
    TblDomains *domains;            /* as they would be */
    GHashTable *changed_domains;    /* names */
    GHashTable *changed_tombstones; /* address keys */
    bool deletes;                   /* an object of the store was deleted */
    TblOverlay objects, names, addresses;
    GHashTable
        *referrers; /* key of tables/referrer.h -> what became of its ids (draft_referrer.c) */
    GByteArray *scratch;
    GPtrArray *rules;    /* parsed rules of the domains; NULL until they are needed */
    GHashTable *numbers; /* folded local part -> the number that its next one gets */
    TblSource source;    /* of local rows that are put; of the directory's by its `synced` */
    GHashTable *kept;  /* kind, key and spelling -> TblSource of the rows of the object being put */
    GArray *displaced; /* ids of objects whose generated address an explicit one took */
    TblDraftWatch *watch;            /* who wants to know what is read; NULL for nobody */
    guint64 image_first, image_next; /* ids of created objects in the draft that is loaded */
    gint64 image_later;              /* seconds that passed since that one was made */
};

/* With draft->watch set: a record was read from the snapshot; an empty `value` is an absence. */
void tbl_draft_note_read(TblDraft *draft, TblDb db, TblSlice key, TblSlice value);
void tbl_draft_watch_free(TblDraftWatch *watch);

void tbl_draft_init_view(TblDraft *draft);
/* Remembers the source of a row that is taken away to be put again. */
void tbl_draft_keep_source(TblDraft *draft, TblSlice key, const TblRow *row);
/* The source of a row that is put. Looks into the snapshot only for what was taken away before. */
TblSource tbl_draft_source_of(TblDraft *draft, TblSlice key, const TblRow *row);

/* An object's references were `before` (NULL: it is new) and are `after` (NULL: it goes). */
void tbl_draft_note_references(TblDraft *draft, guint64 id, const TblObject *before,
                               const TblObject *after);
TblResult tbl_draft_view_referrers(TblView *view, const char *key, GArray *ids);
/* False: the store failed. */
bool tbl_draft_write_referrers(TblDraft *draft, TblWriter *writer);

void tbl_overlay_init(TblOverlay *overlay);
void tbl_overlay_clear(TblOverlay *overlay);
const TblOverlayEntry *tbl_overlay_find(const TblOverlay *overlay, TblSlice key);
void tbl_overlay_set(TblOverlay *overlay, TblSlice key, TblSlice value);
TblSlice tbl_overlay_key(const TblOverlayEntry *entry);
TblSlice tbl_overlay_value(const TblOverlayEntry *entry);
/* All entries in bytewise order of their keys; borrowed elements. */
GPtrArray *tbl_overlay_sorted(const TblOverlay *overlay);
/* The `i`th entry of a sorted array, with those behind it on their way into the cache: they lie
 * anywhere. */
const TblOverlayEntry *tbl_overlay_next(const GPtrArray *sorted, guint i);
