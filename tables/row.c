#include "tables/row.h"

#include "tables/address.h"
#include "tables/codec.h"
#include "tables/object_brief.h"
#include "tables/store.h"

/* tbl_object_foreach_row steps from one origin to the other. */
G_STATIC_ASSERT(TBL_ROW_DIRECTORY == TBL_ROW_LOCAL + 1);
G_STATIC_ASSERT(TBL_ROW_DIRECTORY_GENERATED == TBL_ROW_LOCAL_GENERATED + 1);
G_STATIC_ASSERT(TBL_ROW_DIRECTORY_TARGET == TBL_ROW_LOCAL_TARGET + 1);

/* Flag bits of an encoded row; the class takes the lowest three. */
enum {
    ROW_CLASS_MASK = 7,
    ROW_PRIMARY = 1 << 3,
    ROW_FORWARDS = 1 << 4,
    ROW_HOMED = 1 << 5,
    ROW_DISABLED = 1 << 6,
    ROW_SPELT_AS_KEY = 1 << 7,
    ROW_HAS_PRIMARY = 1 << 8,
    ROW_MOVED = 1 << 9,
    ROW_SOURCE = 1 << 10,      /* absent in rows of stores from before sources were noted */
    ROW_SOURCE_FILE = 1 << 11, /* not the first file of the batch */
    ROW_RESTRICTED = 1 << 12,
};

/* The part of a key behind `type:`. */
static TblSlice
key_value(TblSlice key)
{
    const char *colon = memchr(key.ptr, ':', key.len);
    if (!colon)
        return (TblSlice){key.ptr, 0};
    return (TblSlice){colon + 1, (size_t)(key.ptr + key.len - colon - 1)};
}

/* Behind everything else of a row: the batch, then the line, or for 0 (the directory) the time. */
static void
source_decode(TblSource *source, TblCursor *cursor, guint64 flags)
{
    if (!(flags & ROW_SOURCE))
        return;
    source->batch = tbl_cursor_number(cursor);
    if (source->batch == 0) {
        source->synced = (gint64)tbl_cursor_number(cursor);
        return;
    }
    source->line = tbl_cursor_number(cursor);
    if (flags & ROW_SOURCE_FILE)
        source->file = (guint32)tbl_cursor_number(cursor);
}

static void
source_encode(const TblSource *source, GByteArray *out)
{
    if (source->batch == 0 && source->synced == 0)
        return;
    tbl_encode_number(out, source->batch);
    tbl_encode_number(out, source->batch ? source->line : (guint64)source->synced);
    if (source->batch && source->file)
        tbl_encode_number(out, source->file);
}

static guint64
source_flags(const TblSource *source)
{
    guint64 noted = source->batch || source->synced ? ROW_SOURCE : 0;
    return noted | (source->batch && source->file ? ROW_SOURCE_FILE : 0);
}

static bool
row_decode(TblRow *row, TblCursor *cursor, TblSlice key)
{
    *row = (TblRow){0};
    guint64 kind = tbl_cursor_number(cursor), flags = tbl_cursor_number(cursor);
    if (cursor->broken || kind < TBL_ROW_LOCAL || kind > TBL_ROW_KINDS)
        return false;
    row->kind = (TblRowKind)kind;
    row->object_class = (TblClass)(flags & ROW_CLASS_MASK);
    row->primary = flags & ROW_PRIMARY;
    row->forwards = flags & ROW_FORWARDS;
    row->homed = flags & ROW_HOMED;
    row->disabled = flags & ROW_DISABLED;
    row->moved = flags & ROW_MOVED;
    row->restricted = flags & ROW_RESTRICTED;
    row->object = tbl_cursor_number(cursor);
    row->spelling = flags & ROW_SPELT_AS_KEY ? key_value(key) : tbl_cursor_string(cursor);
    if (row->kind == TBL_ROW_TOMBSTONE) {
        row->notice = tbl_cursor_string(cursor);
        row->expires = (gint64)tbl_cursor_number(cursor);
    } else if (flags & ROW_HAS_PRIMARY) {
        row->primary_address = row->primary ? row->spelling : tbl_cursor_string(cursor);
    }
    source_decode(&row->source, cursor, flags);
    return !cursor->broken && row->spelling.len > 0;
}

bool
tbl_rows_decode(TblRows *rows, TblSlice key, TblSlice bytes)
{
    TblCursor cursor = tbl_cursor(bytes);
    int last = 0;
    rows->count = 0;
    while (!tbl_cursor_done(&cursor)) {
        if (rows->count == TBL_ROW_KINDS || !row_decode(&rows->row[rows->count], &cursor, key) ||
            (int)rows->row[rows->count].kind <= last)
            return false;
        last = (int)rows->row[rows->count++].kind;
    }
    return true;
}

static void
row_encode(const TblRow *row, TblSlice key, GByteArray *out)
{
    bool as_key = key.len <= TBL_STORE_KEY_MAX && tbl_slice_equal(row->spelling, key_value(key));
    guint64 flags = (guint64)row->object_class | (row->primary ? ROW_PRIMARY : 0) |
                    (row->forwards ? ROW_FORWARDS : 0) | (row->homed ? ROW_HOMED : 0) |
                    (row->disabled ? ROW_DISABLED : 0) | (as_key ? ROW_SPELT_AS_KEY : 0) |
                    (row->primary_address.len ? ROW_HAS_PRIMARY : 0) |
                    (row->moved ? ROW_MOVED : 0) | (row->restricted ? ROW_RESTRICTED : 0) |
                    source_flags(&row->source);
    tbl_encode_number(out, row->kind);
    tbl_encode_number(out, flags);
    tbl_encode_number(out, row->object);
    if (!as_key)
        tbl_encode_string(out, row->spelling);
    if (row->kind == TBL_ROW_TOMBSTONE) {
        tbl_encode_string(out, row->notice);
        tbl_encode_number(out, (guint64)row->expires);
    } else if (row->primary_address.len && !row->primary) {
        tbl_encode_string(out, row->primary_address);
    }
    source_encode(&row->source, out);
}

void
tbl_rows_encode(const TblRows *rows, TblSlice key, GByteArray *out)
{
    for (guint i = 0; i < rows->count; i++)
        row_encode(&rows->row[i], key, out);
}

bool
tbl_rows_encode_tombstone(const TblRows *rows, TblSlice key, GByteArray *out)
{
    const TblRow *row = tbl_rows_get(rows, TBL_ROW_TOMBSTONE);
    if (!row)
        return false;
    TblRow alone = *row;
    alone.source = (TblSource){0};
    row_encode(&alone, key, out);
    return true;
}

void
tbl_rows_put(TblRows *rows, const TblRow *row)
{
    guint at = 0;
    while (at < rows->count && rows->row[at].kind < row->kind)
        at++;
    if (at == rows->count || rows->row[at].kind != row->kind) {
        memmove(&rows->row[at + 1], &rows->row[at], (rows->count - at) * sizeof *row);
        rows->count++;
    }
    rows->row[at] = *row;
}

void
tbl_rows_remove(TblRows *rows, TblRowKind kind)
{
    for (guint i = 0; i < rows->count; i++) {
        if (rows->row[i].kind != kind)
            continue;
        memmove(&rows->row[i], &rows->row[i + 1], (rows->count - i - 1) * sizeof rows->row[0]);
        rows->count--;
        return;
    }
}

const TblRow *
tbl_rows_get(const TblRows *rows, TblRowKind kind)
{
    for (guint i = 0; i < rows->count; i++)
        if (rows->row[i].kind == kind)
            return &rows->row[i];
    return NULL;
}

const TblRow *
tbl_rows_answer(const TblRows *rows)
{
    return rows->count > 0 && rows->row[0].kind <= TBL_ROW_DIRECTORY_GENERATED ? &rows->row[0]
                                                                               : NULL;
}

/* A row that follows from an object. */
static TblRow
object_row(const TblObjectBrief *brief, guint64 id, TblRowKind kind, TblSlice type,
           TblSlice spelling)
{
    TblRow row = {
        .kind = kind,
        .object_class = brief->object_class,
        .forwards = brief->forwards,
        .homed = brief->homed,
        .disabled = brief->disabled,
        .restricted = brief->restricted,
        .object = id,
        .spelling = spelling,
    };
    if (!tbl_row_is_target(kind) && tbl_slice_equal(type, tbl_slice("SMTP")))
        row.primary_address = brief->smtp;
    return row;
}

static bool
put_row(const TblRow *row, const char *key, TblRowFunc put, gpointer data)
{
    if (key)
        put(tbl_slice(key), row, data);
    return key != NULL;
}

bool
tbl_object_foreach_row(const TblObject *object, TblRowFunc put, gpointer data)
{
    const GPtrArray *generated = object->refs[TBL_REFS_GENERATED];
    const TblObjectBrief brief = tbl_object_brief_of(object);
    /* Kinds of the directory follow those of the local origin. */
    const int step = object->origin == TBL_ORIGIN_LOCAL ? 0 : 1;
    bool complete = true;
    for (guint i = 0; i < object->addresses->len; i++) {
        TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        TblRow row = object_row(&brief, object->id, TBL_ROW_LOCAL + step, tbl_slice(proxy->type),
                                tbl_slice(proxy->value));
        row.primary = proxy->primary;
        complete = put_row(&row, tbl_proxy_own_key(proxy), put, data) && complete;
    }
    for (guint i = 0; i < generated->len; i++) {
        TblRow row = object_row(&brief, object->id, TBL_ROW_LOCAL_GENERATED + step,
                                tbl_slice("SMTP"), tbl_slice(g_ptr_array_index(generated, i)));
        g_autofree char *key = tbl_proxy_key(tbl_slice("SMTP"), row.spelling);
        complete = put_row(&row, key, put, data) && complete;
    }
    if (object->target) {
        TblRow row = object_row(&brief, object->id, TBL_ROW_LOCAL_TARGET + step,
                                tbl_slice(object->target->type), tbl_slice(object->target->value));
        complete = put_row(&row, tbl_proxy_own_key(object->target), put, data) && complete;
    }
    return complete;
}

bool
tbl_row_read(TblSlice bytes, guint64 id, TblRowKind kind, guint32 place, TblRow *row)
{
    TblObjectBrief brief;
    TblSlice type = tbl_slice("SMTP"), spelling;
    bool primary = false;
    bool generated = kind == TBL_ROW_LOCAL_GENERATED || kind == TBL_ROW_DIRECTORY_GENERATED;
    if (!tbl_object_brief(bytes, &brief) ||
        !(generated ? tbl_object_text_at(bytes, place, &spelling)
                    : tbl_object_proxy_at(bytes, place, &type, &spelling, &primary)))
        return false;
    *row = object_row(&brief, id, kind, type, spelling);
    row->primary = primary && (kind == TBL_ROW_LOCAL || kind == TBL_ROW_DIRECTORY);
    return true;
}

char
tbl_name_key_first(TblOrigin origin)
{
    return (char)('0' + origin);
}

char *
tbl_name_key(TblOrigin origin, const char *folded)
{
    gsize length = strlen(folded);
    char *key = g_malloc(length + 2);
    key[0] = tbl_name_key_first(origin);
    memcpy(key + 1, folded, length + 1);
    return key;
}
