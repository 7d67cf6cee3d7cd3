#include "tables/draft_sort.h"
#include "tables/object_brief.h"

typedef struct {
    TblDraft *draft;
    TblWriter *writer;
    TblUndoLog *undo; /* NULL: a replicated change, which is no batch and is not undone */
} Commit;

static void
note_before(Commit *commit, TblUndoKind kind, TblSlice key, TblSlice before)
{
    if (commit->undo)
        tbl_undo_add(commit->undo, kind, key, before);
}

/* A new object: nothing to compare with, and its key alone undoes it. */
static bool
write_created(Commit *commit, TblSlice key, TblSlice bytes)
{
    TblMeta *meta = tbl_writer_meta(commit->writer);
    TblObjectBrief brief;
    if (!tbl_object_brief(bytes, &brief))
        return false;
    note_before(commit, TBL_UNDO_OBJECT, key, (TblSlice){NULL, 0});
    meta->objects++;
    meta->addresses += brief.addresses;
    meta->populated = true;
    tbl_writer_append(commit->writer, TBL_DB_OBJECTS, key, bytes);
    return true;
}

static bool
write_changed(Commit *commit, TblSlice key, const TblDraftObject *object)
{
    TblMeta *meta = tbl_writer_meta(commit->writer);
    g_autoptr(TblObject) before = NULL, after = NULL;
    if (!tbl_draft_load_change(commit->draft, object, &before, &after))
        return false;
    if (!before && !after)
        return true;
    g_autoptr(GByteArray) old = g_byte_array_new();
    if (before)
        tbl_object_encode(before, old);
    note_before(commit, TBL_UNDO_OBJECT, key, (TblSlice){(const char *)old->data, old->len});
    meta->objects += (after != NULL) - (before != NULL);
    meta->addresses +=
        (after ? after->addresses->len : 0) - (guint64)(before ? before->addresses->len : 0);
    meta->populated = meta->populated || after;
    if (after)
        tbl_writer_put(commit->writer, TBL_DB_OBJECTS, key, tbl_draft_object_bytes(object));
    else
        tbl_writer_delete(commit->writer, TBL_DB_OBJECTS, key);
    return true;
}

static bool
write_objects(Commit *commit)
{
    g_autoptr(GPtrArray) sorted = tbl_draft_objects_sorted(&commit->draft->objects);
    for (guint i = 0; i < sorted->len; i++) {
        const TblDraftObject *object = g_ptr_array_index(sorted, i);
        char id[8];
        TblSlice key = {id, sizeof id};
        tbl_store_key_number(object->id, id);
        bool created = tbl_draft_is_created(commit->draft, object);
        if (created ? !write_created(commit, key, tbl_draft_object_bytes(object))
                    : !write_changed(commit, key, object))
            return false;
    }
    return true;
}

/* Their rows are written with all others; this notes how they were. */
static bool
note_tombstones(Commit *commit)
{
    g_autoptr(GList) keys =
        g_list_sort(g_hash_table_get_keys(commit->draft->changed_tombstones), (GCompareFunc)strcmp);
    for (GList *at = keys; at; at = at->next) {
        g_autoptr(GByteArray) before = g_byte_array_new();
        bool changed;
        if (!tbl_draft_load_tombstone(commit->draft, at->data, before, &changed))
            return false;
        if (changed)
            note_before(commit, TBL_UNDO_TOMBSTONE, tbl_slice(at->data),
                        (TblSlice){(const char *)before->data, before->len});
    }
    return true;
}

/* Writes what differs from the snapshot; ascending keys are appended to an empty database. */
static bool
write_records(Commit *commit, TblDb db, TblSort *sort)
{
    bool empty = commit->draft->empty[db];
    TblSlice key, after, before;
    TblResult next;
    while ((next = tbl_sort_next(sort, &key, &after)) == TBL_FOUND) {
        if (empty) {
            if (after.len)
                tbl_writer_append(commit->writer, db, key, after);
            continue;
        }
        TblResult result = tbl_writer_get(commit->writer, db, key, &before);
        if (result == TBL_FAILED || (result == TBL_FOUND && tbl_slice_equal(before, after)))
            continue;
        if (after.len)
            tbl_writer_put(commit->writer, db, key, after);
        else if (result == TBL_FOUND)
            tbl_writer_delete(commit->writer, db, key);
    }
    return next == TBL_NOTFOUND;
}

/* Objects, and beside it their names and addresses are put in order. */
static bool
write_all(Commit *commit)
{
    TblDraft *draft = commit->draft;
    g_autoptr(TblSort) names = tbl_sort_new(&draft->names);
    g_autoptr(TblSort) addresses = tbl_sort_new(&draft->addresses);
    if (!write_objects(commit) || !note_tombstones(commit) ||
        !tbl_draft_write_referrers(draft, commit->writer))
        return false;
    /* Nothing is looked for any more, and LMDB is about to need the memory. */
    tbl_overlay_clear_index(&draft->names);
    tbl_overlay_clear_index(&draft->addresses);
    return write_records(commit, TBL_DB_NAMES, names) &&
           write_records(commit, TBL_DB_ADDRESSES, addresses);
}

static void
write_domains(Commit *commit)
{
    TblMeta *meta = tbl_writer_meta(commit->writer);
    g_autoptr(GList) names = tbl_draft_changed_domains(commit->draft);
    const TblDomains *old = commit->draft->snapshot->domains(commit->draft->snapshot);
    for (GList *at = names; at; at = at->next) {
        const char *name = at->data;
        if (!tbl_draft_domain_changed(commit->draft, name))
            continue;
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        const TblDomain *before = tbl_domains_get(old, name),
                        *after = tbl_domains_get(commit->draft->domains, name);
        if (before)
            tbl_domain_encode(before, bytes);
        note_before(commit, TBL_UNDO_DOMAIN, tbl_slice(name),
                    (TblSlice){(const char *)bytes->data, bytes->len});
        g_byte_array_set_size(bytes, 0);
        if (after) {
            g_autoptr(TblDomain) stamped = tbl_domain_copy(after);
            stamped->batch = commit->undo ? meta->batch + 1 : 0;
            tbl_domain_encode(stamped, bytes);
            tbl_writer_put(commit->writer, TBL_DB_DOMAINS, tbl_slice(name),
                           (TblSlice){(const char *)bytes->data, bytes->len});
        } else {
            tbl_writer_delete(commit->writer, TBL_DB_DOMAINS, tbl_slice(name));
        }
        meta->domains += (after != NULL) - (before != NULL);
        meta->domains_generation = meta->generation + 1;
    }
}

bool
tbl_draft_commit(TblDraft *draft, const TblBatchInfo *info, guint64 *number, guint64 *generation,
                 GError **error)
{
    *number = 0;
    *generation = draft->base.generation;
    if (tbl_draft_is_empty(draft))
        return true;
    Commit commit = {.draft = draft, .writer = tbl_writer_begin(draft->store, error)};
    if (!commit.writer)
        return false;
    TblMeta *meta = tbl_writer_meta(commit.writer);
    if (meta->generation != draft->base.generation) {
        tbl_writer_abort(commit.writer);
        g_set_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_STALE,
                    "the store has changed since it was read");
        return false;
    }
    guint64 batch = info ? meta->batch + 1 : 0;
    meta->next_id = draft->next_id;
    commit.undo = info ? tbl_undo_new(commit.writer, batch) : NULL;
    if (!write_all(&commit)) {
        if (commit.undo)
            tbl_undo_abort(commit.undo);
        tbl_writer_abort(commit.writer);
        return tbl_store_set_unreadable(error);
    }
    write_domains(&commit);
    if (info && !tbl_undo_finish(commit.undo, info)) {
        tbl_writer_abort(commit.writer);
        g_set_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_CORRUPT,
                    "batch %" G_GUINT64_FORMAT " cannot be marked as undone", info->undoes);
        return false;
    }
    if (info && info->committing)
        info->committing();
    if (!tbl_writer_commit(commit.writer, error))
        return false;
    *number = batch;
    *generation = draft->base.generation + 1;
    return true;
}
