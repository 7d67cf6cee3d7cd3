#include "tables/draft_overlay.h"

#include "tables/address.h"
#include "tables/codec.h"

/* ---- Net changes ---- */

typedef struct {
    guint64 id;
    TblClass object_class;
    char *folded; /* name; with the class, the order that people see */
} TouchedObject;

static void
clear_touched(gpointer pointer)
{
    g_free(((TouchedObject *)pointer)->folded);
}

static int
compare_touched(gconstpointer a, gconstpointer b)
{
    const TouchedObject *x = a, *y = b;
    int order = strcmp(tbl_class_name(x->object_class), tbl_class_name(y->object_class));
    return order ? order : strcmp(x->folded, y->folded);
}

static TblObject *
decode_or_null(TblSlice bytes, guint64 id, bool *broken)
{
    if (bytes.len == 0)
        return NULL;
    TblObject *object = tbl_object_decode(bytes, id);
    if (!object)
        *broken = true;
    return object;
}

/* An overlay object's states; both NULL when it was created and deleted again. False when the store
 * failed. */
static bool
load_change(TblDraft *draft, const TblOverlayEntry *entry, TblObject **before, TblObject **after)
{
    TblSlice key = tbl_overlay_key(entry), bytes = {NULL, 0};
    guint64 id = tbl_store_number_of_key(key);
    bool broken = false;
    TblResult result = TBL_NOTFOUND;
    if (id < draft->base.next_id)
        result = tbl_reader_get(tbl_view_reader(draft->snapshot), TBL_DB_OBJECTS, key, &bytes);
    *before = decode_or_null(result == TBL_FOUND ? bytes : (TblSlice){NULL, 0}, id, &broken);
    *after = decode_or_null(tbl_overlay_value(entry), id, &broken);
    return result != TBL_FAILED && !broken;
}

static bool
is_change(const TblObject *before, const TblObject *after)
{
    return (before || after) && !(before && after && tbl_object_equal(before, after));
}

static GArray *
list_touched(TblDraft *draft, GError **error)
{
    g_autoptr(GArray) touched = g_array_new(FALSE, FALSE, sizeof(TouchedObject));
    g_array_set_clear_func(touched, clear_touched);
    for (guint i = 0; i < draft->objects.entries->len; i++) {
        const TblOverlayEntry *entry = g_ptr_array_index(draft->objects.entries, i);
        g_autoptr(TblObject) before = NULL, after = NULL;
        if (!load_change(draft, entry, &before, &after)) {
            tbl_store_set_unreadable(error);
            return NULL;
        }
        if (!is_change(before, after))
            continue;
        const TblObject *object = after ? after : before;
        char *folded = tbl_text_fold(tbl_slice(object->name));
        TouchedObject item = {object->id, object->object_class,
                              folded ? folded : g_strdup(object->name)};
        g_array_append_val(touched, item);
    }
    g_array_sort(touched, compare_touched);
    return g_steal_pointer(&touched);
}

bool
tbl_draft_foreach_change(TblDraft *draft, TblChangeFunc each, gpointer data, GError **error)
{
    g_autoptr(GArray) touched = list_touched(draft, error);
    if (!touched)
        return false;
    for (guint i = 0; i < touched->len; i++) {
        g_autoptr(TblObject) before = NULL, after = NULL;
        char key[8];
        tbl_store_key_number(g_array_index(touched, TouchedObject, i).id, key);
        if (!load_change(draft, tbl_overlay_find(&draft->objects, (TblSlice){key, sizeof key}),
                         &before, &after))
            return tbl_store_set_unreadable(error);
        if (!each(before, after, data))
            break;
    }
    return true;
}

bool
tbl_draft_visit_changes(TblDraft *draft, TblChangeFunc each, gpointer data, GError **error)
{
    for (guint i = 0; i < draft->objects.entries->len; i++) {
        g_autoptr(TblObject) before = NULL, after = NULL;
        if (!load_change(draft, g_ptr_array_index(draft->objects.entries, i), &before, &after))
            return tbl_store_set_unreadable(error);
        if (is_change(before, after) && !each(before, after, data))
            break;
    }
    return true;
}

static bool
domain_changed(TblDraft *draft, const char *name)
{
    const TblDomain *before = tbl_domains_get(draft->snapshot->domains(draft->snapshot), name);
    const TblDomain *after = tbl_domains_get(draft->domains, name);
    return before && after ? !tbl_domain_equal(before, after) : before != after;
}

static GList *
changed_domains_sorted(TblDraft *draft)
{
    return g_list_sort(g_hash_table_get_keys(draft->changed_domains), (GCompareFunc)strcmp);
}

void
tbl_draft_foreach_domain_change(TblDraft *draft, TblDomainChangeFunc each, gpointer data)
{
    g_autoptr(GList) names = changed_domains_sorted(draft);
    const TblDomains *old = draft->snapshot->domains(draft->snapshot);
    for (GList *at = names; at; at = at->next)
        if (domain_changed(draft, at->data))
            each(tbl_domains_get(old, at->data), tbl_domains_get(draft->domains, at->data), data);
}

/* The encoded tombstone under a key, before and after; empty for none. False when the store failed.
 */
static bool
load_tombstone(TblDraft *draft, const char *key, GByteArray *before, GByteArray *after)
{
    TblView *views[] = {draft->snapshot, &draft->view.base};
    GByteArray *bytes[] = {before, after};
    for (guint i = 0; i < G_N_ELEMENTS(views); i++) {
        TblRows rows;
        if (views[i]->rows(views[i], tbl_slice(key), &rows) == TBL_FAILED)
            return false;
        (void)tbl_rows_encode_tombstone(&rows, tbl_slice(key), bytes[i]);
    }
    return true;
}

static bool
same_bytes(const GByteArray *a, const GByteArray *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static bool
tombstones_changed(TblDraft *draft)
{
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, draft->changed_tombstones);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        g_autoptr(GByteArray) before = g_byte_array_new();
        g_autoptr(GByteArray) after = g_byte_array_new();
        if (!load_tombstone(draft, key, before, after) || !same_bytes(before, after))
            return true;
    }
    return false;
}

bool
tbl_draft_is_empty(TblDraft *draft)
{
    GHashTableIter iter;
    gpointer item;
    g_hash_table_iter_init(&iter, draft->changed_domains);
    while (g_hash_table_iter_next(&iter, &item, NULL))
        if (domain_changed(draft, item))
            return false;
    for (guint i = 0; i < draft->objects.entries->len; i++) {
        g_autoptr(TblObject) before = NULL, after = NULL;
        if (!load_change(draft, g_ptr_array_index(draft->objects.entries, i), &before, &after) ||
            is_change(before, after))
            return false;
    }
    return !tombstones_changed(draft);
}

/* ---- Commit ---- */

typedef struct {
    TblDraft *draft;
    TblWriter *writer;
    TblUndoLog *undo; /* NULL: a replicated change, which is no batch and is not undone */
} Commit;

static void
note_before(Commit *commit, TblUndoKind kind, TblSlice key, const GByteArray *before)
{
    if (commit->undo)
        tbl_undo_add(commit->undo, kind, key, (TblSlice){(const char *)before->data, before->len});
}

static bool
write_objects(Commit *commit)
{
    TblMeta *meta = tbl_writer_meta(commit->writer);
    g_autoptr(GPtrArray) sorted = tbl_overlay_sorted(&commit->draft->objects);
    for (guint i = 0; i < sorted->len; i++) {
        const TblOverlayEntry *entry = tbl_overlay_next(sorted, i);
        g_autoptr(TblObject) before = NULL, after = NULL;
        if (!load_change(commit->draft, entry, &before, &after))
            return false;
        if (!is_change(before, after))
            continue;
        g_autoptr(GByteArray) old = g_byte_array_new();
        TblSlice key = tbl_overlay_key(entry);
        if (before)
            tbl_object_encode(before, old);
        note_before(commit, TBL_UNDO_OBJECT, key, old);
        meta->objects += (after != NULL) - (before != NULL);
        meta->addresses +=
            (after ? after->addresses->len : 0) - (guint64)(before ? before->addresses->len : 0);
        if (!after) {
            tbl_writer_delete(commit->writer, TBL_DB_OBJECTS, key);
        } else if (before) {
            tbl_writer_put(commit->writer, TBL_DB_OBJECTS, key, tbl_overlay_value(entry));
        } else {
            tbl_writer_append(commit->writer, TBL_DB_OBJECTS, key, tbl_overlay_value(entry));
            meta->populated = true;
        }
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
        g_autoptr(GByteArray) after = g_byte_array_new();
        if (!load_tombstone(commit->draft, at->data, before, after))
            return false;
        if (!same_bytes(before, after))
            note_before(commit, TBL_UNDO_TOMBSTONE, tbl_slice(at->data), before);
    }
    return true;
}

/* Writes what differs. `fresh`: the database was empty, so ascending keys can be appended. */
static void
write_overlay(Commit *commit, TblDb db, const TblOverlay *overlay, bool fresh)
{
    g_autoptr(GPtrArray) sorted = tbl_overlay_sorted(overlay);
    for (guint i = 0; i < sorted->len; i++) {
        const TblOverlayEntry *entry = tbl_overlay_next(sorted, i);
        TblSlice key = tbl_overlay_key(entry), after = tbl_overlay_value(entry), before;
        if (fresh) {
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
}

static void
write_domains(Commit *commit)
{
    TblMeta *meta = tbl_writer_meta(commit->writer);
    g_autoptr(GList) names = changed_domains_sorted(commit->draft);
    const TblDomains *old = commit->draft->snapshot->domains(commit->draft->snapshot);
    for (GList *at = names; at; at = at->next) {
        const char *name = at->data;
        if (!domain_changed(commit->draft, name))
            continue;
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        const TblDomain *before = tbl_domains_get(old, name),
                        *after = tbl_domains_get(commit->draft->domains, name);
        if (before)
            tbl_domain_encode(before, bytes);
        note_before(commit, TBL_UNDO_DOMAIN, tbl_slice(name), bytes);
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
    bool fresh = meta->objects == 0 && !meta->populated;
    meta->next_id = draft->next_id;
    commit.undo = info ? tbl_undo_new(commit.writer, batch) : NULL;
    if (!write_objects(&commit) || !note_tombstones(&commit) ||
        !tbl_draft_write_referrers(draft, commit.writer)) {
        if (commit.undo)
            tbl_undo_abort(commit.undo);
        tbl_writer_abort(commit.writer);
        return tbl_store_set_unreadable(error);
    }
    write_overlay(&commit, TBL_DB_NAMES, &draft->names, fresh);
    write_overlay(&commit, TBL_DB_ADDRESSES, &draft->addresses, fresh);
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
