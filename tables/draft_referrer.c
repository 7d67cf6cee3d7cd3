/* Who refers to an object, as a draft would leave it. */
#include "tables/draft_overlay.h"

#include "tables/referrer.h"

/* From so many steps of one key on they are sorted instead of put in one by one. */
#define MANY_STEPS 16

/* One id that a key gets or loses; the last of an id counts. */
typedef struct {
    guint64 id;
    bool add;
} Step;

static void
append_step(TblDraft *draft, char *key, Step step)
{
    GArray *steps = g_hash_table_lookup(draft->referrers, key);
    if (!steps) {
        steps = g_array_sized_new(FALSE, FALSE, sizeof(Step), 1);
        g_hash_table_insert(draft->referrers, g_steal_pointer(&key), steps);
    }
    g_array_append_val(steps, step);
    g_free(key);
}

void
tbl_draft_note_reference(TblDraft *draft, const char *key, guint64 id, bool add)
{
    g_autofree char *mark = tbl_referrer_mark_of(key);
    append_step(draft, g_strdup(key), (Step){id, add});
    if (add && !g_hash_table_contains(draft->referrers, mark))
        append_step(draft, g_steal_pointer(&mark), (Step){1, true});
}

static void
note_missing(TblDraft *draft, GHashTable *these, GHashTable *others, guint64 id, bool add)
{
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, these);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        if (!g_hash_table_contains(others, key))
            tbl_draft_note_reference(draft, key, id, add);
}

void
tbl_draft_note_references(TblDraft *draft, guint64 id, const TblObject *before,
                          const TblObject *after)
{
    if ((after ? after : before)->origin == TBL_ORIGIN_DIRECTORY)
        tbl_draft_note_generated(draft, id, before, after);
    bool had = before && tbl_referrer_has_any(before), has = after && tbl_referrer_has_any(after);
    if (!had && !has)
        return;
    g_autoptr(GHashTable) old = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) new = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (had)
        tbl_referrer_collect(before, old);
    if (has)
        tbl_referrer_collect(after, new);
    note_missing(draft, old, new, id, false);
    note_missing(draft, new, old, id, true);
}

/* Applies one step to ids in ascending order. */
static void
apply_step(const Step *step, GArray *ids)
{
    guint at = 0, end = ids->len;
    while (at < end) {
        guint middle = at + (end - at) / 2;
        if (g_array_index(ids, guint64, middle) < step->id)
            at = middle + 1;
        else
            end = middle;
    }
    bool there = at < ids->len && g_array_index(ids, guint64, at) == step->id;
    if (step->add && !there)
        g_array_insert_val(ids, at, step->id);
    else if (!step->add && there)
        g_array_remove_index(ids, at);
}

/* The same of many steps, each of which would move all ids behind its own. */
static void
apply_many(const GArray *steps, GArray *ids)
{
    g_autoptr(GHashTable) last = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (guint i = 0; i < steps->len; i++) {
        Step *step = &g_array_index(steps, Step, i);
        g_hash_table_insert(last, &step->id, step);
    }
    for (guint i = ids->len; i > 0; i--)
        if (g_hash_table_contains(last, &g_array_index(ids, guint64, i - 1)))
            g_array_remove_index_fast(ids, i - 1);
    GHashTableIter iter;
    gpointer step;
    g_hash_table_iter_init(&iter, last);
    while (g_hash_table_iter_next(&iter, NULL, &step))
        if (((Step *)step)->add)
            g_array_append_val(ids, ((Step *)step)->id);
    g_array_sort(ids, tbl_referrer_compare_ids);
}

static void
apply_steps(const GArray *steps, GArray *ids)
{
    if (steps->len > MANY_STEPS) {
        apply_many(steps, ids);
        return;
    }
    for (guint i = 0; i < steps->len; i++)
        apply_step(&g_array_index(steps, Step, i), ids);
}

/* What the snapshot has under a key; one that has none at all need not be asked. */
static TblResult
referrers_before(TblDraft *draft, const char *key, GArray *ids)
{
    return draft->empty[TBL_DB_REFERRERS] ? TBL_NOTFOUND
                                          : draft->snapshot->referrers(draft->snapshot, key, ids);
}

TblResult
tbl_draft_view_referrers(TblView *view, const char *key, GArray *ids)
{
    TblDraft *draft = ((TblDraftView *)view)->draft;
    const GArray *steps = g_hash_table_lookup(draft->referrers, key);
    if (draft->watch)
        tbl_draft_note_referrers(draft, key);
    if (!steps)
        return referrers_before(draft, key, ids);
    g_autoptr(GArray) own = g_array_new(FALSE, FALSE, sizeof(guint64));
    if (referrers_before(draft, key, own) == TBL_FAILED)
        return TBL_FAILED;
    apply_steps(steps, own);
    g_array_append_vals(ids, own->data, own->len);
    return own->len ? TBL_FOUND : TBL_NOTFOUND;
}

/* ---- Commit ---- */

static bool
same_ids(const GArray *a, const GArray *b)
{
    /* An array that never held anything has no data to compare. */
    return a->len == b->len &&
           (a->len == 0 || memcmp(a->data, b->data, a->len * sizeof(guint64)) == 0);
}

typedef struct {
    TblDraft *draft;
    TblWriter *writer;
    GArray *before, *after; /* guint64 */
    GByteArray *bytes;
} Writing;

static bool
write_key(Writing *writing, const char *key, const GArray *steps)
{
    TblSlice slice = tbl_slice(key);
    GArray *before = writing->before, *after = writing->after;
    g_array_set_size(before, 0);
    g_array_set_size(after, 0);
    g_byte_array_set_size(writing->bytes, 0);
    if (referrers_before(writing->draft, key, before) == TBL_FAILED)
        return false;
    g_array_append_vals(after, before->data, before->len);
    apply_steps(steps, after);
    if (same_ids(before, after))
        return true;
    tbl_referrer_encode(after, writing->bytes);
    TblSlice value = {(const char *)writing->bytes->data, writing->bytes->len};
    if (after->len == 0)
        tbl_writer_delete(writing->writer, TBL_DB_REFERRERS, slice);
    else if (writing->draft->empty[TBL_DB_REFERRERS])
        tbl_writer_append(writing->writer, TBL_DB_REFERRERS, slice, value);
    else
        tbl_writer_put(writing->writer, TBL_DB_REFERRERS, slice, value);
    return true;
}

static int
compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool
tbl_draft_write_referrers(TblDraft *draft, TblWriter *writer)
{
    guint count;
    g_autofree char **keys = (char **)g_hash_table_get_keys_as_array(draft->referrers, &count);
    g_autoptr(GArray) before = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GArray) after = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    Writing writing = {draft, writer, before, after, bytes};
    qsort(keys, count, sizeof *keys, compare_keys);
    for (guint i = 0; i < count; i++)
        if (!write_key(&writing, keys[i], g_hash_table_lookup(draft->referrers, keys[i])))
            return false;
    return true;
}
