/*
 * Changes that are not committed yet: an overlay over one snapshot in which later changes see
 * earlier ones, and its commit as one batch in one transaction, sorted by key. All programs write
 * through it. One thread. Strings passed in are copied.
 */
#pragma once

#include "tables/batch.h"
#include "tables/domain.h"
#include "tables/object.h"
#include "tables/object_brief.h"
#include "tables/row.h"
#include "tables/store.h"
#include "tables/view.h"

typedef struct TblDraft TblDraft;

/* Over the newest snapshot of `store`. A caller that will commit holds tbl_store_lock first. */
TblDraft *tbl_draft_new(TblStore *store, GError **error);
void tbl_draft_free(TblDraft *draft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblDraft, tbl_draft_free)

/* The store as it would be: for tables/resolve and tables/maps. Borrowed. */
TblView *tbl_draft_view(TblDraft *draft);
/* The store as it is. Borrowed. */
TblView *tbl_draft_snapshot(TblDraft *draft);
/* The snapshot itself, for what a draft does not change: headers of batches. Borrowed. */
TblReader *tbl_draft_reader(TblDraft *draft);
/* The snapshot's state before any change. */
const TblMeta *tbl_draft_base(const TblDraft *draft);

/* An object by its name (any spelling); a new copy, NULL with no error when there is none. */
TblObject *tbl_draft_find(TblDraft *draft, TblOrigin origin, const char *name, GError **error);
TblObject *tbl_draft_object(TblDraft *draft, guint64 id, GError **error);
/* The same, where an object that is not there is no end: `*object` is NULL. False: the store
 * failed. */
bool tbl_draft_read_object(TblDraft *draft, guint64 id, TblObject **object, GError **error);

/* The rows that hold a `TYPE:value` key (tbl_proxy_key) now. Die with the next call. */
TblResult tbl_draft_rows(TblDraft *draft, const char *key, TblRows *rows);

/* The remote with the lowest id that has this target (tbl_proxy_key), `except` left out. */
TblResult tbl_draft_other_target(TblDraft *draft, TblOrigin origin, TblSlice key, guint64 except,
                                 guint64 *id);

/* For who brings millions. Room for so many objects and addresses, which costs nothing until they
 * come; call before anything is changed. */
void tbl_draft_reserve(TblDraft *draft, guint32 objects, guint32 addresses);
/* A hash, which any thread can make, of an address key or of a name key (tables/row.h); and a hint
 * that what bears one of these hashes (0: none) will be asked for soon. */
guint32 tbl_draft_key_hash(TblSlice key);
void tbl_draft_prefetch(const TblDraft *draft, guint32 key_hash, guint32 name_hash);

/* Where what is put from now on comes from: a row of an import (`file`: index among the files of
 * the batch; `line` from 1), or line 0 for the batch alone, which is so at first. An address that
 * the same object had in the same spelling keeps the source it had, also through deletion and
 * return in one draft. What a rollback brings back comes from the rollback's batch. */
void tbl_draft_set_source(TblDraft *draft, guint file, guint64 line);
/* The same for a draft that is committed as no batch: seconds since 1970 of the directory's sync.
 */
void tbl_draft_set_synced(TblDraft *draft, gint64 synced);

/* Creates (id 0: one is assigned; an id that nobody has: under that one) or replaces an object. The
 * caller has checked names and uniqueness; what it takes from others' rows is a bug there and fails
 * here. `object` gets its id, and its generated addresses (tables/generate.h). */
bool tbl_draft_put(TblDraft *draft, TblObject *object, GError **error);
bool tbl_draft_delete(TblDraft *draft, guint64 id, GError **error);
/* The short way for who creates millions: an object that was encoded beforehand
 * (tables/object_plain), in any thread. All is borrowed. Its name and the keys of its addresses are
 * ASCII, follow from the encoding, and are no longer than TBL_STORE_KEY_MAX; no key stands there
 * twice. */
typedef struct {
    const char *key;
    guint32 hash; /* tbl_draft_key_hash */
    guint16 length, place;
} TblCreationRow;
typedef struct {
    TblSlice bytes;
    TblSlice name_key; /* tbl_name_key */
    guint32 name_hash; /* tbl_draft_key_hash */
    guint32 name_place;
    const TblCreationRow *rows; /* its addresses */
    guint n_rows;
} TblCreation;
typedef enum {
    TBL_CREATION_OTHERWISE, /* nothing was done: somebody has the name or an address, or what
                               becomes of it does not follow from the object alone */
    TBL_CREATION_DONE,      /* as tbl_draft_put would have done it */
    TBL_CREATION_SAME,      /* the object of this name is, byte for byte, this one */
} TblCreationResult;
/* False: every answer would be TBL_CREATION_OTHERWISE. */
bool tbl_draft_takes_creations(TblDraft *draft);
/* `*id` is the object's. */
TblCreationResult tbl_draft_create(TblDraft *draft, const TblCreation *creation, guint64 *id);

/* Leaves a notice under an address key (kind TBL_ROW_TOMBSTONE, spelling, notice, moved, expires),
 * or takes it away (NULL). Giving the address to an object takes it away as well. */
bool tbl_draft_set_tombstone(TblDraft *draft, const char *key, const TblRow *tombstone,
                             GError **error);
void tbl_draft_put_domain(TblDraft *draft, const TblDomain *domain);
void tbl_draft_delete_domain(TblDraft *draft, const char *name);

/* Net changes, objects sorted bytewise by class name, then folded name: `before` NULL = created,
 * `after` NULL = deleted. Objects that ended as they began are not called. False when the store
 * failed. */
typedef bool (*TblChangeFunc)(const TblObject *before, const TblObject *after, gpointer data);
bool tbl_draft_foreach_change(TblDraft *draft, TblChangeFunc each, gpointer data, GError **error);
/* The same one by one, for several threads: each has its place in the order in which the draft was
 * changed, an object that was changed several times that of the last. Places are from 0; some have
 * no change. The draft must not change meanwhile. */
guint32 tbl_draft_places(const TblDraft *draft);
/* The encoding of a created object, unless it is large; empty for any other change and for none.
 * Any thread. */
TblSlice tbl_draft_created_at(const TblDraft *draft, guint32 place);
/* Both states, as TblChangeFunc gets them; both NULL: there is no change. Only the thread of the
 * draft; caller frees. False: the store failed. */
bool tbl_draft_change_at(TblDraft *draft, guint32 place, TblObject **before, TblObject **after);
/* The same for declared domains, sorted by name. */
typedef void (*TblDomainChangeFunc)(const TblDomain *before, const TblDomain *after, gpointer data);
void tbl_draft_foreach_domain_change(TblDraft *draft, TblDomainChangeFunc each, gpointer data);
/* The same in no order, in half the time. A created object is first told in brief; true: that was
 * enough, and `each` is not called for it (NULL: it never is). */
typedef bool (*TblCreatedFunc)(const TblObjectBrief *brief, gpointer data);
bool tbl_draft_visit_changes(TblDraft *draft, TblCreatedFunc created, TblChangeFunc each,
                             gpointer data, GError **error);
bool tbl_draft_is_empty(TblDraft *draft); /* no net change, domains included */

/* Commits the net changes as one batch; with `info` NULL as no batch, which is how rows of origin
 * directory are written: they can be read again from the directory, so nothing undoes them.
 * `*number` is the batch, 0 for none or when there was no net change and nothing was written;
 * `*generation` the generation after. TBL_STORE_ERROR_STALE when somebody committed since the
 * snapshot. Afterwards the draft can only be freed. */
bool tbl_draft_commit(TblDraft *draft, const TblBatchInfo *info, guint64 *number,
                      guint64 *generation, GError **error);
