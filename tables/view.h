/*
 * What resolution needs to see of a store: a committed snapshot (tbl_view_of_reader) or a draft
 * over one (tbl_draft_view). Belongs to one thread; answers may fail, and a failure is never an
 * absence.
 */
#pragma once

#include "tables/domain.h"
#include "tables/object_brief.h"
#include "tables/row.h"
#include "tables/store.h"

typedef struct TblView TblView;
struct TblView {
    /* Rows of an address key. Their bytes die with the next call. */
    TblResult (*rows)(TblView *view, TblSlice key, TblRows *rows);
    /* An object by id; the caller frees it. NOTFOUND only when a row points nowhere, which is
     * damage. */
    TblResult (*object)(TblView *view, guint64 id, TblObject **object);
    /* The id of a name (folded by tbl_text_fold) of an origin. */
    TblResult (*name)(TblView *view, TblOrigin origin, const char *folded, guint64 *id);
    /* All declarations: those of the snapshot, or the last that could be read; NULL when none ever
     * could. */
    const TblDomains *(*domains)(TblView *view);
    /* The snapshot could be taken. When false, the three above fail. */
    bool (*usable)(TblView *view);
    /* An object was created, or a replica completely loaded, once. */
    bool (*populated)(TblView *view);
    /* Appends the ids (guint64) of the objects that give a key of tables/referrer.h. Fails as the
     * first three. */
    TblResult (*referrers)(TblView *view, const char *key, GArray *ids);
    /* What most lookups need of an object; its slices die with the next call. NULL in views that do
     * not have it: then `object` tells. */
    TblResult (*brief)(TblView *view, guint64 id, TblObjectBrief *brief);
};

/* A view of a reader: tbl_view_begin takes the newest snapshot, tbl_view_end gives it back; keeps
 * the declared domains of the last snapshot that could be read, across a change of reader (`reader`
 * may be NULL: no store). */
TblView *tbl_view_new(void);
void tbl_view_free(TblView *view);
void tbl_view_set_reader(TblView *view, TblReader *reader); /* takes it, frees the one before */
void tbl_view_begin(TblView *view);
void tbl_view_end(TblView *view);
TblReader *tbl_view_reader(TblView *view);
