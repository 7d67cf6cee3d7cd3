#include "tables/draft_overlay.h"

#include "tables/object_brief.h"

void
tbl_overlay_init(TblOverlay *overlay, TblOverlayOf of, const TblDraftObjects *objects,
                 guint64 batch)
{
    *overlay = (TblOverlay){.of = of, .objects = objects, .batch = batch};
    overlay->entries = g_array_new(FALSE, FALSE, sizeof(TblOverlayEntry));
    overlay->records = g_ptr_array_new();
}

void
tbl_overlay_clear(TblOverlay *overlay)
{
    g_array_unref(overlay->entries);
    g_ptr_array_unref(overlay->records);
    tbl_key_index_clear(&overlay->index);
    tbl_arena_clear(&overlay->arena);
}

void
tbl_overlay_clear_index(TblOverlay *overlay)
{
    tbl_key_index_clear(&overlay->index);
}

static TblOverlayEntry *
entry_at(const TblOverlay *overlay, guint32 entry)
{
    return &g_array_index(overlay->entries, TblOverlayEntry, entry);
}

static TblOverlayRecord *
record_at(const TblOverlay *overlay, guint32 number)
{
    return g_ptr_array_index(overlay->records, number);
}

static TblSlice
record_key(const TblOverlayRecord *record)
{
    return (TblSlice){record->bytes, record->key_length};
}

static TblSlice
record_value(const TblOverlayRecord *record)
{
    return (TblSlice){record->bytes + record->key_length, record->value_length};
}

/* ---- Keys that follow from an object ---- */

/* The two parts of a key: before it is folded, `head`, `mark`, `tail`. */
typedef struct {
    TblSlice head;
    char mark; /* 0: none */
    TblSlice tail;
} Spelling;

static bool
spelling_read(const TblOverlay *overlay, TblOverlayEntry entry, Spelling *spelling)
{
    static const char origins[] = "0123456789";
    TblSlice bytes = tbl_draft_object_bytes(tbl_draft_objects_at(overlay->objects, entry.number));
    bool primary;
    *spelling = (Spelling){.head = tbl_slice("SMTP"), .mark = ':'};
    if (overlay->of == TBL_OVERLAY_NAMES) {
        *spelling = (Spelling){.head = {origins + entry.kind, 1}};
        return tbl_object_text_at(bytes, entry.place, &spelling->tail);
    }
    if (entry.kind == TBL_ROW_LOCAL_GENERATED)
        return tbl_object_text_at(bytes, entry.place, &spelling->tail);
    return tbl_object_proxy_at(bytes, entry.place, &spelling->head, &spelling->tail, &primary);
}

static bool
is_key_of(TblSlice key, const Spelling *spelling)
{
    size_t mark = spelling->mark != 0, head = spelling->head.len;
    if (key.len != head + mark + spelling->tail.len || (mark && key.ptr[head] != spelling->mark))
        return false;
    return tbl_slice_folds_to(spelling->tail, key.ptr + head + mark) &&
           tbl_slice_folds_to(spelling->head, key.ptr);
}

static char *
fold_into(char *at, TblSlice text)
{
    for (size_t i = 0; i < text.len; i++)
        *at++ = tbl_ascii_lower(text.ptr[i]);
    return at;
}

TblSlice
tbl_overlay_key(const TblOverlay *overlay, guint32 entry, char scratch[TBL_STORE_KEY_MAX])
{
    TblOverlayEntry at = *entry_at(overlay, entry);
    Spelling spelling;
    if (at.kind == 0)
        return record_key(record_at(overlay, at.number));
    (void)spelling_read(overlay, at, &spelling); /* it was read when the entry was set */
    char *end = fold_into(scratch, spelling.head);
    if (spelling.mark)
        *end++ = spelling.mark;
    end = fold_into(end, spelling.tail);
    return (TblSlice){scratch, (size_t)(end - scratch)};
}

/* ---- Finding ---- */

static bool
entry_has_key(const TblOverlay *overlay, guint32 entry, TblSlice key)
{
    TblOverlayEntry at = *entry_at(overlay, entry);
    Spelling spelling;
    if (at.kind == 0)
        return tbl_slice_equal(record_key(record_at(overlay, at.number)), key);
    return spelling_read(overlay, at, &spelling) && is_key_of(key, &spelling);
}

TblOverlaySpot
tbl_overlay_find_hashed(const TblOverlay *overlay, TblSlice key, guint32 hash)
{
    guint32 step = 0, entry;
    while (tbl_key_index_next(&overlay->index, hash, &step, &entry))
        if (entry_has_key(overlay, entry, key))
            return (TblOverlaySpot){hash, entry};
    return (TblOverlaySpot){hash, TBL_OVERLAY_NONE};
}

TblOverlaySpot
tbl_overlay_find(const TblOverlay *overlay, TblSlice key)
{
    return tbl_overlay_find_hashed(overlay, key, tbl_key_index_hash(key));
}

/* ---- Changing ---- */

static void
entry_put(TblOverlay *overlay, TblOverlaySpot spot, TblOverlayEntry entry)
{
    if (spot.entry != TBL_OVERLAY_NONE) {
        *entry_at(overlay, spot.entry) = entry;
        return;
    }
    tbl_key_index_add(&overlay->index, spot.hash, overlay->entries->len);
    g_array_append_val(overlay->entries, entry);
}

guint32
tbl_overlay_extend(TblOverlay *overlay, guint count)
{
    guint32 first = overlay->entries->len;
    g_array_set_size(overlay->entries, first + count);
    return first;
}

void
tbl_overlay_set(TblOverlay *overlay, TblOverlaySpot spot, TblSlice key, TblSlice value)
{
    const TblOverlayEntry *old =
        spot.entry == TBL_OVERLAY_NONE ? NULL : entry_at(overlay, spot.entry);
    TblOverlayRecord *record = old && old->kind == 0 ? record_at(overlay, old->number) : NULL;
    if (!record || record->room < value.len) {
        record = tbl_arena_take(&overlay->arena, sizeof *record + key.len + value.len);
        record->key_length = (guint32)key.len;
        record->room = (guint32)value.len;
        memcpy(record->bytes, key.ptr, key.len);
        entry_put(overlay, spot, (TblOverlayEntry){.number = overlay->records->len});
        g_ptr_array_add(overlay->records, record);
    }
    record->value_length = (guint32)value.len;
    if (value.len)
        memcpy(record->bytes + key.len, value.ptr, value.len);
}

static bool
set_from_object(TblOverlay *overlay, TblOverlaySpot spot, TblSlice key, guint32 number,
                guint32 place, guint8 kind)
{
    TblOverlayEntry entry = {.number = number, .place = (guint16)place, .kind = kind};
    Spelling spelling;
    if (place > G_MAXUINT16 || key.len > TBL_STORE_KEY_MAX ||
        !spelling_read(overlay, entry, &spelling) || !is_key_of(key, &spelling))
        return false;
    entry_put(overlay, spot, entry);
    return true;
}

bool
tbl_overlay_set_name(TblOverlay *overlay, TblOverlaySpot spot, TblSlice key, guint32 number)
{
    const TblDraftObject *object = tbl_draft_objects_at(overlay->objects, number);
    TblObjectBrief brief;
    /* A name is set once, so it must not lead to a state that may be given back. */
    return !object->alone && tbl_object_brief(tbl_draft_object_bytes(object), &brief) &&
           set_from_object(overlay, spot, key, number, brief.name_place, (guint8)brief.origin);
}

/* Whether a row that follows from the object has this row's source. */
static bool
has_source_of(const TblOverlay *overlay, const TblRow *row, const TblDraftObject *object)
{
    return row->source.batch == overlay->batch && row->source.file == object->file &&
           row->source.line == object->line;
}

bool
tbl_overlay_set_row(TblOverlay *overlay, TblOverlaySpot spot, TblSlice key, const TblRow *row,
                    guint32 number, guint32 place)
{
    bool local = row->kind == TBL_ROW_LOCAL || row->kind == TBL_ROW_LOCAL_GENERATED ||
                 row->kind == TBL_ROW_LOCAL_TARGET;
    return local && has_source_of(overlay, row, tbl_draft_objects_at(overlay->objects, number)) &&
           set_from_object(overlay, spot, key, number, place, (guint8)row->kind);
}

/* ---- Reading ---- */

/* What is read of an object for one of its rows: its beginning, with the primaries, and the address
 * itself. */
#define CACHE_LINE 64
#define LINES_OF_OBJECT 3

void
tbl_overlay_prefetch(const TblOverlay *overlay, guint32 entry, guint step)
{
    const TblOverlayEntry *at = entry_at(overlay, entry);
    if (step == 0) {
        __builtin_prefetch(at);
    } else if (at->kind != 0 && step == 1) {
        __builtin_prefetch(&overlay->objects->all->pdata[at->number]);
    } else if (at->kind != 0) {
        const char *object = overlay->objects->all->pdata[at->number];
        for (guint i = 0; i < LINES_OF_OBJECT; i++)
            __builtin_prefetch(object + i * CACHE_LINE);
        __builtin_prefetch(object + sizeof(TblDraftObject) + at->place);
    }
}

bool
tbl_overlay_rows(const TblOverlay *overlay, guint32 entry, TblSlice key, TblRows *rows)
{
    TblOverlayEntry at = *entry_at(overlay, entry);
    if (at.kind == 0)
        return tbl_rows_decode(rows, key, record_value(record_at(overlay, at.number)));
    const TblDraftObject *object = tbl_draft_objects_at(overlay->objects, at.number);
    TblRow *row = &rows->row[0];
    rows->count = 1;
    if (!tbl_row_read(tbl_draft_object_bytes(object), object->id, (TblRowKind)at.kind, at.place,
                      row))
        return false;
    row->source = (TblSource){.batch = overlay->batch, .file = object->file, .line = object->line};
    return true;
}

guint64
tbl_overlay_id(const TblOverlay *overlay, guint32 entry)
{
    TblOverlayEntry at = *entry_at(overlay, entry);
    if (at.kind == 0)
        return tbl_store_number_of_key(record_value(record_at(overlay, at.number)));
    return tbl_draft_objects_at(overlay->objects, at.number)->id;
}

bool
tbl_overlay_encode(const TblOverlay *overlay, guint32 entry, TblSlice key, GByteArray *out)
{
    TblOverlayEntry at = *entry_at(overlay, entry);
    if (at.kind == 0) {
        TblSlice value = record_value(record_at(overlay, at.number));
        g_byte_array_append(out, (const guint8 *)value.ptr, (guint)value.len);
        return true;
    }
    if (overlay->of == TBL_OVERLAY_NAMES) {
        char id[8];
        tbl_store_key_number(tbl_overlay_id(overlay, entry), id);
        g_byte_array_append(out, (const guint8 *)id, sizeof id);
        return true;
    }
    TblRows rows;
    if (!tbl_overlay_rows(overlay, entry, key, &rows))
        return false;
    tbl_rows_encode(&rows, key, out);
    return true;
}
