#include "tables/rollback_state.h"

#include "tables/address.h"
#include "tables/command.h"

/* So many conflicts are told in words; of the batches all are named. */
#define NAMED_MAX 10

/* ---- States ---- */

static TblSlice
array_slice(const GByteArray *array)
{
    return (TblSlice){(const char *)array->data, array->len};
}

static void
array_set(GByteArray *array, TblSlice bytes)
{
    g_byte_array_set_size(array, 0);
    if (bytes.len)
        g_byte_array_append(array, (const guint8 *)bytes.ptr, (guint)bytes.len);
}

/* A key of a table by id. */
static gint64 *
id_key(guint64 id)
{
    gint64 *key = g_new(gint64, 1);
    *key = (gint64)id;
    return key;
}

static TblTouch *
touch_new(TblSlice found)
{
    TblTouch *touch = g_new0(TblTouch, 1);
    touch->first = g_byte_array_new();
    touch->found = g_byte_array_new();
    array_set(touch->first, found);
    return touch;
}

static void
touch_free(gpointer pointer)
{
    TblTouch *touch = pointer;
    if (!touch)
        return;
    g_byte_array_unref(touch->first);
    g_byte_array_unref(touch->found);
    g_free(touch);
}

bool
tbl_rollback_differs(TblRollback *rollback, TblUndoKind kind, TblSlice a, TblSlice b)
{
    if (tbl_slice_equal(a, b))
        return false;
    if (kind != TBL_UNDO_OBJECT || a.len == 0 || b.len == 0)
        return true;
    g_autoptr(TblObject) x = tbl_object_decode(a, 0), y = tbl_object_decode(b, 0);
    if (!x || !y) {
        rollback->broken = true;
        return true;
    }
    g_ptr_array_set_size(x->refs[TBL_REFS_GENERATED], 0);
    g_ptr_array_set_size(y->refs[TBL_REFS_GENERATED], 0);
    return !tbl_object_equal(x, y);
}

static void
state_now(TblRollback *rollback, const TblJournalItem *item, GByteArray *now)
{
    g_byte_array_set_size(now, 0);
    if (tbl_journal_state(rollback->reader, item->kind, item->key, now) == TBL_FAILED)
        rollback->broken = true;
}

static bool
is_of_directory(TblRollback *rollback, TblSlice state)
{
    g_autoptr(TblObject) object = state.len ? tbl_object_decode(state, 0) : NULL;
    rollback->broken = rollback->broken || (state.len && !object);
    return object && object->origin == TBL_ORIGIN_DIRECTORY;
}

/* What the mark of an item remembers. */
enum { MARK_UNKNOWN, MARK_RESTORED, MARK_DERIVED };

static bool
judge_derived(TblRollback *rollback, const TblJournalItem *item)
{
    const TblTouch *touch = item->note;
    g_autoptr(GByteArray) now = g_byte_array_new();
    if (!touch)
        state_now(rollback, item, now);
    TblSlice after = array_slice(touch ? touch->first : now);
    if (is_of_directory(rollback, item->before.len ? item->before : after))
        return true;
    return touch && touch->derived; /* untouched since, its old state can be had exactly */
}

bool
tbl_rollback_is_derived(TblRollback *rollback, TblJournalItem *item)
{
    if (item->mark == MARK_UNKNOWN && item->kind == TBL_UNDO_OBJECT)
        item->mark = judge_derived(rollback, item) ? MARK_DERIVED : MARK_RESTORED;
    return item->mark == MARK_DERIVED;
}

/* ---- Later batches ---- */

/* Whether a later batch counts. Its undoing may have been undone in turn; `current` becomes the
 * last in that row, which is the one to undo first. */
static bool
skip_later(const TblBatch *later, gpointer data)
{
    TblRollback *rollback = data;
    bool in_force = true;
    guint64 by = later->undone_by;
    rollback->current = later->number;
    if (later->undoes > tbl_journal_batch(rollback->journal)->number)
        return true; /* goes with the batch that it undoes */
    while (by > rollback->current) {
        g_autoptr(TblBatch) next = NULL;
        if (tbl_batch_read(rollback->reader, by, &next) != TBL_FOUND) {
            rollback->broken = true;
            return true;
        }
        rollback->current = by;
        by = next->undone_by;
        in_force = !in_force;
    }
    rollback->mixed = rollback->mixed || in_force;
    return !in_force;
}

static void
note_newcomer(TblRollback *rollback, TblSlice key, TblSlice before)
{
    guint64 id = tbl_store_number_of_key(key);
    TblTouch *touch = g_hash_table_lookup(rollback->newcomers, &id);
    if (!touch) {
        touch = touch_new(before);
        touch->last = rollback->current;
        g_hash_table_insert(rollback->newcomers, id_key(id), touch);
    }
}

/* The state that a thing has after the last batch that is known to have touched it: did that one
 * change it? */
static void
note_state(TblRollback *rollback, const TblJournalItem *item, TblSlice state)
{
    TblTouch *touch = item->note;
    if (touch->derived ||
        !tbl_rollback_differs(rollback, item->kind, array_slice(touch->found), state))
        return;
    touch->blocker = touch->last;
    (void)tbl_id_set_add(rollback->blockers, touch->last);
}

static void
follow_item(const TblBatch *later, TblJournalItem *item, TblUndoKind kind, TblSlice key,
            TblSlice before, gpointer data)
{
    TblRollback *rollback = data;
    if (kind == TBL_UNDO_OBJECT && rollback->newcomers)
        note_newcomer(rollback, key, before);
    if (!item)
        return;
    TblTouch *touch = item->note;
    if (touch) {
        note_state(rollback, item, before);
    } else {
        item->note = touch = touch_new(before);
        touch->derived =
            kind == TBL_UNDO_OBJECT && !tbl_rollback_differs(rollback, kind, item->before, before);
    }
    array_set(touch->found, before);
    touch->last = rollback->current;
}

/* ---- Conflicts ---- */

void
tbl_rollback_add_conflict(TblRollback *rollback, char *reason, guint64 batch, guint64 object)
{
    TblConflict conflict = {reason, batch, object};
    g_array_append_val(rollback->conflicts, conflict);
}

static char *
item_text(TblRollback *rollback, const TblJournalItem *item, TblSlice now)
{
    TblSlice state = item->before.len ? item->before : now;
    if (item->kind == TBL_UNDO_DOMAIN)
        return g_strdup_printf("domain %.*s", (int)item->key.len, item->key.ptr);
    if (item->kind == TBL_UNDO_TOMBSTONE)
        return g_strdup_printf("the notice at %.*s", (int)item->key.len, item->key.ptr);
    g_autoptr(TblObject) object = state.len ? tbl_object_decode(state, 0) : NULL;
    rollback->broken = rollback->broken || (state.len && !object);
    if (!object)
        return g_strdup("an object that was deleted since");
    return g_strdup_printf("%s \"%s\"", tbl_class_name(object->object_class), object->name);
}

static void
check_item(TblRollback *rollback, TblJournalItem *item)
{
    TblTouch *touch = item->note;
    g_autoptr(GByteArray) now = g_byte_array_new();
    if (!touch)
        return;
    state_now(rollback, item, now);
    note_state(rollback, item, array_slice(now));
    if (touch->blocker == 0)
        return;
    g_autofree char *what = item_text(rollback, item, array_slice(touch->first));
    tbl_rollback_add_conflict(
        rollback,
        g_strdup_printf("%s was changed by batch %" G_GUINT64_FORMAT, what, touch->blocker),
        touch->blocker, 0);
}

static bool
had_address(const TblObject *object, const char *value)
{
    for (guint i = 0; object && i < object->addresses->len; i++)
        if (strcmp(((const TblProxy *)g_ptr_array_index(object->addresses, i))->value, value) == 0)
            return true;
    return false;
}

/* An address that came with a later batch keeps its domain declared. */
static void
check_newcomer(TblRollback *rollback, guint64 id, const TblTouch *touch)
{
    const TblDomains *domains = rollback->draft->snapshot->domains(rollback->draft->snapshot);
    TblSlice first = array_slice(touch->first);
    g_autoptr(TblObject) was = first.len ? tbl_object_decode(first, id) : NULL;
    g_autoptr(TblObject) now = NULL;
    if (!tbl_draft_read_object(rollback->draft, id, &now, NULL) || (first.len && !was))
        rollback->broken = true;
    for (guint i = 0; now && i < now->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(now->addresses, i);
        TblAddress address;
        if (strcmp(proxy->type, "SMTP") != 0 || had_address(was, proxy->value) ||
            !tbl_address_parse(&address, tbl_slice(proxy->value)))
            continue;
        const TblDomain *domain = tbl_domains_find(domains, tbl_address_domain(&address));
        const TblJournalItem *item =
            domain ? tbl_journal_find(rollback->journal, TBL_UNDO_DOMAIN, tbl_slice(domain->name))
                   : NULL;
        if (!item || item->before.len > 0)
            continue;
        tbl_rollback_add_conflict(
            rollback,
            g_strdup_printf(
                "domain %s is needed for %s of %s \"%s\" since batch %" G_GUINT64_FORMAT,
                domain->name, proxy->value, tbl_class_name(now->object_class), now->name,
                touch->last),
            touch->last, 0);
        return; /* one is reason enough */
    }
}

static bool
removes_domain(const TblJournal *journal)
{
    for (guint i = 0; i < tbl_journal_count(journal); i++) {
        const TblJournalItem *item = tbl_journal_item(journal, i);
        if (item->kind == TBL_UNDO_DOMAIN && item->before.len == 0)
            return true;
    }
    return false;
}

bool
tbl_rollback_check(TblRollback *rollback, GError **error)
{
    static const TblJournalFuncs funcs = {skip_later, follow_item};
    rollback->blockers = tbl_id_set_new();
    if (removes_domain(rollback->journal))
        rollback->newcomers =
            g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, touch_free);
    if (!tbl_journal_follow(rollback->journal, &funcs, rollback, error))
        return false;
    for (guint i = 0; i < tbl_journal_count(rollback->journal); i++)
        check_item(rollback, tbl_journal_item(rollback->journal, i));
    if (rollback->newcomers) {
        GHashTableIter iter;
        gpointer id, touch;
        g_hash_table_iter_init(&iter, rollback->newcomers);
        while (g_hash_table_iter_next(&iter, &id, &touch))
            check_newcomer(rollback, *(const guint64 *)id, touch);
    }
    return true;
}

void
tbl_rollback_end(TblRollback *rollback)
{
    for (guint i = 0; rollback->journal && i < tbl_journal_count(rollback->journal); i++)
        touch_free(tbl_journal_item(rollback->journal, i)->note);
    tbl_journal_free(rollback->journal);
    tbl_id_set_free(rollback->blockers);
    if (rollback->newcomers)
        g_hash_table_unref(rollback->newcomers);
    g_array_unref(rollback->conflicts);
}

/* ---- Judging ---- */

static void
look_for_culprit(const TblBatch *later, TblJournalItem *item, TblUndoKind kind, TblSlice key,
                 TblSlice before, gpointer data)
{
    TblRollback *rollback = data;
    guint64 id = tbl_store_number_of_key(key);
    guint64 *batch = kind == TBL_UNDO_OBJECT ? g_hash_table_lookup(rollback->wanted, &id) : NULL;
    if (batch)
        *batch = rollback->current;
}

/* Finds the batches of conflicts that only know an object: what changed it last. */
static bool
find_culprits(TblRollback *rollback, GError **error)
{
    static const TblJournalFuncs funcs = {skip_later, look_for_culprit};
    g_autoptr(GHashTable) wanted =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    rollback->wanted = wanted;
    for (guint i = 0; i < rollback->conflicts->len; i++) {
        guint64 id = g_array_index(rollback->conflicts, TblConflict, i).object;
        if (id != 0)
            g_hash_table_replace(wanted, id_key(id), g_new0(guint64, 1));
    }
    if (g_hash_table_size(wanted) > 0 &&
        !tbl_journal_follow(rollback->journal, &funcs, rollback, error))
        return false;
    for (guint i = 0; i < rollback->conflicts->len; i++) {
        TblConflict *conflict = &g_array_index(rollback->conflicts, TblConflict, i);
        const guint64 *batch =
            conflict->object ? g_hash_table_lookup(wanted, &conflict->object) : NULL;
        if (!batch || *batch == 0)
            continue;
        char *reason =
            g_strdup_printf("%s since batch %" G_GUINT64_FORMAT, conflict->reason, *batch);
        g_free(conflict->reason);
        *conflict = (TblConflict){reason, *batch, 0};
    }
    return true;
}

static int
compare_conflicts(gconstpointer a, gconstpointer b)
{
    const TblConflict *x = a, *y = b;
    return x->batch != y->batch ? (x->batch > y->batch) - (x->batch < y->batch)
                                : strcmp(x->reason, y->reason);
}

/* All batches that stand in the way, in order. Caller frees. */
static char *
list_batches(TblRollback *rollback)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < rollback->conflicts->len; i++) {
        guint64 batch = g_array_index(rollback->conflicts, TblConflict, i).batch;
        if (batch != 0)
            (void)tbl_id_set_add(rollback->blockers, batch);
    }
    g_autoptr(GArray) numbers = tbl_id_set_sorted(rollback->blockers);
    for (guint i = 0; i < numbers->len; i++)
        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT, text->len ? ", " : "",
                               g_array_index(numbers, guint64, i));
    return g_string_free(text, FALSE);
}

bool
tbl_rollback_judge(TblRollback *rollback, GError **error)
{
    GArray *conflicts = rollback->conflicts;
    if (rollback->broken) {
        g_set_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_CORRUPT,
                    "a record of the store cannot be read");
        return false;
    }
    if (conflicts->len == 0)
        return true;
    if (!find_culprits(rollback, error))
        return false;
    g_array_sort(conflicts, compare_conflicts);
    g_autofree char *batches = list_batches(rollback);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < conflicts->len && i < NAMED_MAX; i++)
        g_string_append_printf(text, "%s%s", i ? "; " : "",
                               g_array_index(conflicts, TblConflict, i).reason);
    if (conflicts->len > NAMED_MAX)
        g_string_append_printf(text, "; and %u more", conflicts->len - NAMED_MAX);
    g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED,
                "batch %" G_GUINT64_FORMAT " cannot be rolled back%s%s: %s",
                tbl_journal_batch(rollback->journal)->number,
                *batches ? " before later ones: " : "", batches, text->str);
    return false;
}
