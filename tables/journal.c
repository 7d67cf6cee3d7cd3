#include "tables/journal.h"

#include "tables/command.h"
#include "tables/row.h"

struct TblJournal {
    TblReader *reader;
    TblBatch *batch;
    GPtrArray *items;  /* TblJournalItem *, each one block with its bytes */
    GHashTable *index; /* of the same */
};

static guint
item_hash(gconstpointer pointer)
{
    const TblJournalItem *item = pointer;
    return tbl_checksum(item->key, (TblSlice){NULL, 0}) ^ (guint)item->kind;
}

static gboolean
item_equal(gconstpointer a, gconstpointer b)
{
    const TblJournalItem *x = a, *y = b;
    return x->kind == y->kind && tbl_slice_equal(x->key, y->key);
}

static TblJournalItem *
item_new(TblUndoKind kind, TblSlice key, TblSlice before)
{
    TblJournalItem *item = g_malloc(sizeof *item + key.len + before.len);
    char *bytes = (char *)(item + 1);
    *item = (TblJournalItem){kind, {bytes, key.len}, {bytes + key.len, before.len}, NULL, 0};
    memcpy(bytes, key.ptr, key.len);
    if (before.len)
        memcpy(bytes + key.len, before.ptr, before.len);
    return item;
}

static bool
collect_item(TblUndoKind kind, TblSlice key, TblSlice before, gpointer data)
{
    TblJournal *journal = data;
    TblJournalItem *item = item_new(kind, key, before);
    g_ptr_array_add(journal->items, item);
    g_hash_table_add(journal->index, item);
    return true;
}

static bool
set_damaged(guint64 number, GError **error)
{
    g_set_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_CORRUPT,
                "batch %" G_GUINT64_FORMAT ": its records are damaged", number);
    return false;
}

static bool
journal_load(TblJournal *journal, guint64 number, GError **error)
{
    TblResult result = tbl_batch_read(journal->reader, number, &journal->batch);
    if (result == TBL_NOTFOUND) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "there is no batch %" G_GUINT64_FORMAT,
                    number);
        return false;
    }
    if (result == TBL_FOUND)
        result = tbl_undo_each(journal->reader, journal->batch, collect_item, journal);
    if (result == TBL_NOTFOUND) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED,
                    "batch %" G_GUINT64_FORMAT
                    ": its undo records are not kept any more (undo-keep in group [store])",
                    number);
        return false;
    }
    return result == TBL_FOUND || set_damaged(number, error);
}

TblJournal *
tbl_journal_new(TblReader *reader, guint64 number, GError **error)
{
    g_autoptr(TblJournal) journal = g_new0(TblJournal, 1);
    journal->reader = reader;
    journal->items = g_ptr_array_new_with_free_func(g_free);
    journal->index = g_hash_table_new(item_hash, item_equal);
    return journal_load(journal, number, error) ? g_steal_pointer(&journal) : NULL;
}

void
tbl_journal_free(TblJournal *journal)
{
    if (!journal)
        return;
    g_hash_table_unref(journal->index);
    g_ptr_array_unref(journal->items);
    tbl_batch_free(journal->batch);
    g_free(journal);
}

const TblBatch *
tbl_journal_batch(const TblJournal *journal)
{
    return journal->batch;
}

guint
tbl_journal_count(const TblJournal *journal)
{
    return journal->items->len;
}

TblJournalItem *
tbl_journal_item(const TblJournal *journal, guint index)
{
    return g_ptr_array_index(journal->items, index);
}

TblJournalItem *
tbl_journal_find(const TblJournal *journal, TblUndoKind kind, TblSlice key)
{
    TblJournalItem probe = {kind, key, {NULL, 0}, NULL, 0};
    return g_hash_table_lookup(journal->index, &probe);
}

/* ---- Later batches ---- */

typedef struct {
    const TblJournal *journal;
    const TblJournalFuncs *funcs;
    const TblBatch *later;
    gpointer data;
} Following;

static bool
follow_record(TblUndoKind kind, TblSlice key, TblSlice before, gpointer pointer)
{
    const Following *following = pointer;
    TblJournalItem *item = tbl_journal_find(following->journal, kind, key);
    following->funcs->each(following->later, item, kind, key, before, following->data);
    return true;
}

bool
tbl_journal_follow(const TblJournal *journal, const TblJournalFuncs *funcs, gpointer data,
                   GError **error)
{
    guint64 last = tbl_reader_meta(journal->reader)->batch;
    for (guint64 number = journal->batch->number + 1; number <= last; number++) {
        g_autoptr(TblBatch) later = NULL;
        if (tbl_batch_read(journal->reader, number, &later) != TBL_FOUND)
            return set_damaged(number, error);
        if (funcs->skip && funcs->skip(later, data))
            continue;
        Following following = {journal, funcs, later, data};
        if (tbl_undo_each(journal->reader, later, follow_record, &following) != TBL_FOUND)
            return set_damaged(number, error);
    }
    return true;
}

/* ---- The state now ---- */

/* A tombstone alone, out of the rows of its address. */
static TblResult
tombstone_state(TblSlice key, TblSlice bytes, GByteArray *state)
{
    TblRows rows;
    if (!tbl_rows_decode(&rows, key, bytes))
        return TBL_FAILED;
    return tbl_rows_encode_tombstone(&rows, key, state) ? TBL_FOUND : TBL_NOTFOUND;
}

TblResult
tbl_journal_state(TblReader *reader, TblUndoKind kind, TblSlice key, GByteArray *state)
{
    static const TblDb dbs[] = {[TBL_UNDO_OBJECT] = TBL_DB_OBJECTS,
                                [TBL_UNDO_DOMAIN] = TBL_DB_DOMAINS,
                                [TBL_UNDO_TOMBSTONE] = TBL_DB_ADDRESSES};
    TblSlice bytes;
    TblResult result = tbl_reader_get(reader, dbs[kind], key, &bytes);
    if (result != TBL_FOUND)
        return result;
    if (kind == TBL_UNDO_TOMBSTONE)
        return tombstone_state(key, bytes, state);
    g_byte_array_append(state, (const guint8 *)bytes.ptr, (guint)bytes.len);
    return TBL_FOUND;
}
