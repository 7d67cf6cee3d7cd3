#include "tables/history.h"

#include "tables/address.h"

/* The state that the next batch found, kept in an item's note. */
typedef struct {
    guint32 length;
    char bytes[];
} State;

static void
keep_state(TblJournalItem *item, TblSlice bytes)
{
    State *state = g_malloc(sizeof *state + bytes.len);
    state->length = (guint32)bytes.len;
    if (bytes.len)
        memcpy(state->bytes, bytes.ptr, bytes.len);
    item->note = state;
}

/* What the first later batch found is what this one left. */
static void
follow_item(const TblBatch *later, TblJournalItem *item, TblUndoKind kind, TblSlice key,
            TblSlice before, gpointer data)
{
    if (item && !item->note)
        keep_state(item, before);
}

/* Gives every item its state after the batch. */
static bool
states_read(TblReader *reader, const TblJournal *journal, GError **error)
{
    static const TblJournalFuncs funcs = {.each = follow_item};
    g_autoptr(GByteArray) now = g_byte_array_new();
    if (!tbl_journal_follow(journal, &funcs, NULL, error))
        return false;
    for (guint i = 0; i < tbl_journal_count(journal); i++) {
        TblJournalItem *item = tbl_journal_item(journal, i);
        if (item->note)
            continue;
        g_byte_array_set_size(now, 0);
        if (tbl_journal_state(reader, item->kind, item->key, now) == TBL_FAILED)
            return tbl_store_set_unreadable(error);
        keep_state(item, (TblSlice){(const char *)now->data, now->len});
    }
    return true;
}

/* ---- Order ---- */

typedef struct {
    const TblJournalItem *item;
    const char *class_name;
    char *name; /* folded */
} Line;

static void
line_clear(gpointer pointer)
{
    g_free(((Line *)pointer)->name);
}

static int
line_compare(gconstpointer a, gconstpointer b)
{
    const Line *x = a, *y = b;
    int order = strcmp(x->class_name, y->class_name);
    return order ? order : strcmp(x->name, y->name);
}

static TblSlice
state_after(const TblJournalItem *item)
{
    const State *state = item->note;
    return (TblSlice){state->bytes, state->length};
}

static TblObject *
decode_object(const TblJournalItem *item, TblSlice state)
{
    return state.len ? tbl_object_decode(state, tbl_store_number_of_key(item->key)) : NULL;
}

static bool
line_of_object(const TblJournalItem *item, Line *line)
{
    TblSlice after = state_after(item);
    g_autoptr(TblObject) object = decode_object(item, after.len ? after : item->before);
    if (!object)
        return false;
    char *folded = tbl_text_fold(tbl_slice(object->name));
    *line = (Line){item, tbl_class_name(object->object_class),
                   folded ? folded : g_strdup(object->name)};
    return true;
}

static GArray *
lines_sort(const TblJournal *journal, GError **error)
{
    g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(Line));
    g_array_set_clear_func(lines, line_clear);
    for (guint i = 0; i < tbl_journal_count(journal); i++) {
        const TblJournalItem *item = tbl_journal_item(journal, i);
        Line line = {item, "domain", NULL};
        if (item->kind == TBL_UNDO_TOMBSTONE)
            continue;
        if (item->kind == TBL_UNDO_DOMAIN) {
            line.name = g_strndup(item->key.ptr, item->key.len);
        } else if (!line_of_object(item, &line)) {
            tbl_store_set_unreadable(error);
            return NULL;
        }
        g_array_append_val(lines, line);
    }
    g_array_sort(lines, line_compare);
    return g_steal_pointer(&lines);
}

/* ---- Telling ---- */

typedef struct {
    TblHistoryFunc each;
    gpointer data;
    bool stopped;
} Telling;

static bool
tell_object(Telling *telling, const TblJournalItem *item)
{
    TblSlice bytes = state_after(item);
    g_autoptr(TblObject) before = decode_object(item, item->before),
                         after = decode_object(item, bytes);
    if (!before != !item->before.len || !after != !bytes.len)
        return false;
    TblHistoryChange change = {.before = before, .after = after};
    telling->stopped = (before || after) && !telling->each(&change, telling->data);
    return true;
}

static bool
tell_domain(Telling *telling, const TblJournalItem *item)
{
    TblSlice bytes = state_after(item);
    g_autoptr(TblDomain) before =
        item->before.len ? tbl_domain_decode(item->before, item->key) : NULL;
    g_autoptr(TblDomain) after = bytes.len ? tbl_domain_decode(bytes, item->key) : NULL;
    if (!before != !item->before.len || !after != !bytes.len)
        return false;
    TblHistoryChange change = {.domain_before = before, .domain_after = after};
    telling->stopped = (before || after) && !telling->each(&change, telling->data);
    return true;
}

static void
states_free(const TblJournal *journal)
{
    for (guint i = 0; i < tbl_journal_count(journal); i++)
        g_clear_pointer(&tbl_journal_item(journal, i)->note, g_free);
}

bool
tbl_history_foreach_change(TblReader *reader, guint64 number, TblHistoryFunc each, gpointer data,
                           GError **error)
{
    g_autoptr(TblJournal) journal = tbl_journal_new(reader, number, error);
    if (!journal)
        return false;
    g_autoptr(GArray) lines =
        states_read(reader, journal, error) ? lines_sort(journal, error) : NULL;
    Telling telling = {.each = each, .data = data};
    bool good = lines != NULL;
    for (guint i = 0; good && !telling.stopped && i < lines->len; i++) {
        const TblJournalItem *item = g_array_index(lines, Line, i).item;
        good = item->kind == TBL_UNDO_DOMAIN ? tell_domain(&telling, item)
                                             : tell_object(&telling, item);
        if (!good)
            tbl_store_set_unreadable(error);
    }
    states_free(journal);
    return good;
}
