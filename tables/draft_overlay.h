/* The inside of a draft, shared by the files tables/draft*.c: the overlay of changed records. */
#pragma once

#include "tables/draft.h"
#include "tables/draft_objects.h"

/* A changed record. Nearly all are rows or names of objects that the draft holds, as they follow
 * from the object alone: those only say where in it they stand. */
typedef struct {
    guint32 number; /* of the object's state; of a record in full: its number */
    guint16 place;  /* of the address, the target or the name in the object's encoding */
    guint8 kind;    /* TblRowKind; the origin of a name; 0: a record in full */
} TblOverlayEntry;

/* A record in full: its key, and its value as it will be; an empty value is a removal. */
typedef struct {
    guint32 key_length, value_length;
    guint32 room; /* for a value */
    char bytes[];
} TblOverlayRecord;

typedef enum { TBL_OVERLAY_NAMES, TBL_OVERLAY_ADDRESSES } TblOverlayOf;

typedef struct {
    TblOverlayOf of;
    const TblDraftObjects *objects;
    guint64 batch; /* of the rows that follow from an object */
    GArray *entries;
    GPtrArray *records;
    TblKeyIndex index;
    TblArena arena;
} TblOverlay;

/* Where a key is, or would be. */
typedef struct {
    guint32 hash, entry;
} TblOverlaySpot;
#define TBL_OVERLAY_NONE G_MAXUINT32

typedef struct {
    TblView base;
    TblDraft *draft;
} TblDraftView;

typedef struct TblDraftWatch TblDraftWatch;

struct TblDraft {
    TblStore *store;
    TblView *snapshot;
    bool empty[TBL_DB_COUNT]; /* the snapshot has no record in it: nothing to look for */
    TblDraftView view;
    TblMeta base;
    guint64 next_id;
    TblDomains *domains;            /* as they would be */
    GHashTable *changed_domains;    /* names */
    GHashTable *changed_tombstones; /* address keys */
    bool deletes;                   /* an object of the store was deleted */
    TblDraftObjects objects;
    TblOverlay names, addresses;
    bool waiting_known;
    TblResult waiting; /* FOUND: somebody waits for an address in the snapshot */
    GHashTable
        *referrers; /* key of tables/referrer.h -> what became of its ids (draft_referrer.c) */
    GByteArray *scratch;
    GArray *places;       /* of the object being put, see tbl_object_encode_places */
    GPtrArray *rules;     /* parsed rules of the domains; NULL until they are needed */
    GHashTable *numbers;  /* folded local part -> the number that its next one gets */
    TblSource source;     /* of local rows that are put; of the directory's by its `synced` */
    GHashTable *kept;     /* kind and key of the rows of the object being put: they need not go */
    GArray *displaced;    /* ids of objects whose generated address an explicit one took */
    TblDraftWatch *watch; /* who wants to know what is read; NULL for nobody */
    guint64 image_first, image_next; /* ids of created objects in the draft that is loaded */
    gint64 image_later;              /* seconds that passed since that one was made */
};

/* With draft->watch set: a record was read from the snapshot; an empty `value` is an absence. */
void tbl_draft_note_read(TblDraft *draft, TblDb db, TblSlice key, TblSlice value);
/* The same: it was asked who gives a reference. */
void tbl_draft_note_referrers(TblDraft *draft, const char *key);
void tbl_draft_watch_free(TblDraftWatch *watch);

void tbl_draft_init_view(TblDraft *draft);
/* A record of the snapshot; borrowed. Not noted for who watches. */
TblResult tbl_draft_snapshot_get(TblDraft *draft, TblDb db, TblSlice key, TblSlice *value);
/* An object's encoding as it would be. */
TblResult tbl_draft_object_bytes_of(TblDraft *draft, guint64 id, TblSlice *bytes);
/* The rows under a key as they would be; `spot` is where the overlay of addresses has it. */
TblResult tbl_draft_rows_at(TblDraft *draft, TblSlice key, TblOverlaySpot spot, TblRows *rows);
/* The source of a row that is put where `there` (NULL: none) is of the same kind; `known`: the
 * overlay has the key. Looks into the snapshot only for what was taken away before. */
TblSource tbl_draft_source_of(TblDraft *draft, TblSlice key, const TblRow *row, const TblRow *there,
                              bool known);

/* An object's references were `before` (NULL: it is new) and are `after` (NULL: it goes). */
void tbl_draft_note_references(TblDraft *draft, guint64 id, const TblObject *before,
                               const TblObject *after);
/* The id is added to a key of tables/referrer.h, or taken from it. */
void tbl_draft_note_reference(TblDraft *draft, const char *key, guint64 id, bool add);
TblResult tbl_draft_view_referrers(TblView *view, const char *key, GArray *ids);

/* Puts the row of the next remote with this target, when `from` loses it. `known`: the rows are the
 * draft's own. `*heir` backs the row; caller frees. */
TblResult tbl_draft_inherit_target(TblDraft *draft, TblSlice key, TblRowKind kind, guint64 from,
                                   bool known, TblRows *rows, TblObject **heir);
/* A mailbox of the directory waits for an address that a rule would give it, or no longer. */
void tbl_draft_wait(TblDraft *draft, guint64 id, const char *address, bool waits);
void tbl_draft_note_generated(TblDraft *draft, guint64 id, const TblObject *before,
                              const TblObject *after);
/* An address came free: who waits for it is displaced, which makes its addresses again. */
TblResult tbl_draft_wake(TblDraft *draft, TblSlice key);

/* False: the store failed. */
bool tbl_draft_write_referrers(TblDraft *draft, TblWriter *writer);

/* `batch`: the one that the draft will be. */
void tbl_overlay_init(TblOverlay *overlay, TblOverlayOf of, const TblDraftObjects *objects,
                      guint64 batch);
void tbl_overlay_clear(TblOverlay *overlay);
/* Gives back what finding needs: from now on the entries are only gone through. */
void tbl_overlay_clear_index(TblOverlay *overlay);
TblOverlaySpot tbl_overlay_find(const TblOverlay *overlay, TblSlice key);
/* The same with the hash of the key (tbl_key_index_hash). */
TblOverlaySpot tbl_overlay_find_hashed(const TblOverlay *overlay, TblSlice key, guint32 hash);
/* Adds so many entries of keys that it does not have; the caller fills them in at once. The first
 * of them. */
guint32 tbl_overlay_extend(TblOverlay *overlay, guint count);
static inline void
tbl_overlay_fill(TblOverlay *overlay, guint32 entry, guint32 hash, TblOverlayEntry with)
{
    g_array_index(overlay->entries, TblOverlayEntry, entry) = with;
    tbl_key_index_add(&overlay->index, hash, entry);
}

void tbl_overlay_set(TblOverlay *overlay, TblOverlaySpot spot, TblSlice key, TblSlice value);
/* A name, or the only row under its key, follows from an object: false when it does not. */
bool tbl_overlay_set_name(TblOverlay *overlay, TblOverlaySpot spot, TblSlice key, guint32 number);
bool tbl_overlay_set_row(TblOverlay *overlay, TblOverlaySpot spot, TblSlice key, const TblRow *row,
                         guint32 number, guint32 place);

/* Brings an entry nearer: call for each step in turn, with time between them. */
#define TBL_OVERLAY_STEPS 3
void tbl_overlay_prefetch(const TblOverlay *overlay, guint32 entry, guint step);
/* The key of an entry, in `scratch` if it is not there in full. */
TblSlice tbl_overlay_key(const TblOverlay *overlay, guint32 entry, char scratch[TBL_STORE_KEY_MAX]);
/* The rows of an entry; false when they cannot be read. Borrowed from the entry. */
bool tbl_overlay_rows(const TblOverlay *overlay, guint32 entry, TblSlice key, TblRows *rows);
/* The id that a name stands for, 0 when it was removed. */
guint64 tbl_overlay_id(const TblOverlay *overlay, guint32 entry);
/* Appends the value of an entry as it is stored: nothing when the record is removed. */
bool tbl_overlay_encode(const TblOverlay *overlay, guint32 entry, TblSlice key, GByteArray *out);

/* ---- Net changes ---- */

/* An object that the snapshot cannot have, and the draft does: no need to compare. */
bool tbl_draft_is_created(const TblDraft *draft, const TblDraftObject *object);
/* Its states before and after; both NULL when it ended as it began. False when the store failed. */
bool tbl_draft_load_change(TblDraft *draft, const TblDraftObject *object, TblObject **before,
                           TblObject **after);
/* The encoded tombstone under a key as it was, empty for none. False when the store failed. */
bool tbl_draft_load_tombstone(TblDraft *draft, const char *key, GByteArray *before, bool *changed);
bool tbl_draft_domain_changed(TblDraft *draft, const char *name);
/* Names, sorted; the list is the caller's, the names are not. */
GList *tbl_draft_changed_domains(TblDraft *draft);
