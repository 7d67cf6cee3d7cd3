/* The payloads of a plan file. */
#include "gif/plan_file.h"
#include "tables/codec.h"

/* More of either is damage: a command line holds fewer. */
#define FILES_MAX 100000
#define OPTIONS_MAX 1000

enum { FLAG_CHANGED = 1, FLAG_NOTICE = 2, FLAGS = FLAG_CHANGED | FLAG_NOTICE };

static void
file_clear(gpointer data)
{
    TblBatchFile *file = data;
    g_free(file->name);
    g_free(file->signer);
}

GifPlanHeader *
gif_plan_header_new(void)
{
    GifPlanHeader *header = g_new0(GifPlanHeader, 1);
    header->files = g_array_new(FALSE, FALSE, sizeof(TblBatchFile));
    g_array_set_clear_func(header->files, file_clear);
    header->options = g_ptr_array_new_with_free_func(g_free);
    return header;
}

void
gif_plan_header_free(GifPlanHeader *header)
{
    if (header) {
        g_free(header->user);
        g_array_unref(header->files);
        g_ptr_array_unref(header->options);
        g_free(header->summary);
        g_free(header->breach);
        g_free(header);
    }
}

void
gif_plan_header_add_file(GifPlanHeader *header, const char *name,
                         const guint8 sha256[TBL_SHA256_SIZE], const char *signer)
{
    TblBatchFile file = {.name = g_strdup(name), .signer = g_strdup(signer)};
    memcpy(file.sha256, sha256, TBL_SHA256_SIZE);
    g_array_append_val(header->files, file);
}

static void
hash_encode(const guint8 hash[TBL_SHA256_SIZE], GByteArray *out)
{
    tbl_encode_string(out, (TblSlice){(const char *)hash, TBL_SHA256_SIZE});
}

/* Text that may be missing: a number, then the text. */
static void
text_encode(const char *text, GByteArray *out)
{
    tbl_encode_number(out, text != NULL);
    if (text) {
        tbl_encode_string(out, tbl_slice(text));
    }
}

static void
counts_encode(const GifPlanHeader *header, GByteArray *out)
{
    const GifChanges *changes = &header->changes;
    const guint64 counts[] = {header->rows,
                              header->unchanged,
                              changes->created,
                              changes->modified,
                              changes->deleted,
                              changes->addresses_added,
                              changes->addresses_removed,
                              changes->addresses_gone};
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
        tbl_encode_number(out, counts[i]);
    }
}

void
gif_plan_header_encode(const GifPlanHeader *header, GByteArray *out)
{
    tbl_encode_number(out, header->generation);
    tbl_encode_number(out, header->batch);
    hash_encode(header->batch_hash, out);
    tbl_encode_number(out, header->first_id);
    tbl_encode_number(out, header->next_id);
    tbl_encode_number(out, (guint64)header->time);
    text_encode(header->user, out);
    tbl_encode_number(out, header->files->len);
    for (guint i = 0; i < header->files->len; i++) {
        const TblBatchFile *file = &g_array_index(header->files, TblBatchFile, i);
        text_encode(file->name, out);
        hash_encode(file->sha256, out);
        text_encode(file->signer, out);
    }
    tbl_encode_number(out, header->options->len);
    for (guint i = 0; i < header->options->len; i++) {
        text_encode(g_ptr_array_index(header->options, i), out);
    }
    counts_encode(header, out);
    text_encode(header->summary, out);
    tbl_encode_number(out, header->forced);
    tbl_encode_number(out, (guint64)header->breach_code);
    text_encode(header->breach, out);
}

static void
hash_decode(TblCursor *cursor, guint8 hash[TBL_SHA256_SIZE])
{
    TblSlice bytes = tbl_cursor_string(cursor);
    if (bytes.len != TBL_SHA256_SIZE) {
        cursor->broken = true;
        return;
    }
    memcpy(hash, bytes.ptr, TBL_SHA256_SIZE);
}

/* NULL where there is none, and when it is broken. */
static char *
text_decode(TblCursor *cursor)
{
    if (tbl_cursor_number(cursor) == 0) {
        return NULL;
    }
    TblSlice text = tbl_cursor_string(cursor);
    if (cursor->broken || !g_utf8_validate(text.ptr, (gssize)text.len, NULL)) {
        cursor->broken = true; /* a NUL inside is not valid either */
        return NULL;
    }
    return g_strndup(text.ptr, text.len);
}

static void
files_decode(TblCursor *cursor, GifPlanHeader *header)
{
    guint64 count = tbl_cursor_number(cursor);
    for (guint64 i = 0; i < count && i < FILES_MAX && !cursor->broken; i++) {
        guint8 sha256[TBL_SHA256_SIZE] = {0};
        g_autofree char *name = text_decode(cursor);
        hash_decode(cursor, sha256);
        g_autofree char *signer = text_decode(cursor);
        cursor->broken = cursor->broken || !name;
        gif_plan_header_add_file(header, name, sha256, signer);
    }
    cursor->broken = cursor->broken || count > FILES_MAX;
}

static void
options_decode(TblCursor *cursor, GifPlanHeader *header)
{
    guint64 count = tbl_cursor_number(cursor);
    for (guint64 i = 0; i < count && i < OPTIONS_MAX && !cursor->broken; i++) {
        char *option = text_decode(cursor);
        if (option) {
            g_ptr_array_add(header->options, option);
        } else {
            cursor->broken = true;
        }
    }
    cursor->broken = cursor->broken || count > OPTIONS_MAX;
}

static void
counts_decode(TblCursor *cursor, GifPlanHeader *header)
{
    GifChanges *changes = &header->changes;
    guint64 *const counts[] = {&header->rows,
                               &header->unchanged,
                               &changes->created,
                               &changes->modified,
                               &changes->deleted,
                               &changes->addresses_added,
                               &changes->addresses_removed,
                               &changes->addresses_gone};
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
        *counts[i] = tbl_cursor_number(cursor);
    }
}

GifPlanHeader *
gif_plan_header_decode(TblSlice bytes)
{
    g_autoptr(GifPlanHeader) header = gif_plan_header_new();
    TblCursor cursor = tbl_cursor(bytes);
    header->generation = tbl_cursor_number(&cursor);
    header->batch = tbl_cursor_number(&cursor);
    hash_decode(&cursor, header->batch_hash);
    header->first_id = tbl_cursor_number(&cursor);
    header->next_id = tbl_cursor_number(&cursor);
    guint64 time = tbl_cursor_number(&cursor);
    header->time = (gint64)MIN(time, G_MAXINT64);
    header->user = text_decode(&cursor);
    files_decode(&cursor, header);
    options_decode(&cursor, header);
    counts_decode(&cursor, header);
    header->summary = text_decode(&cursor);
    header->forced = tbl_cursor_number(&cursor) != 0;
    guint64 code = tbl_cursor_number(&cursor);
    header->breach_code = (int)MIN(code, G_MAXINT);
    header->breach = text_decode(&cursor);
    bool whole = header->user && header->summary && (code != 0) == (header->breach != NULL);
    return tbl_cursor_done(&cursor) && whole ? g_steal_pointer(&header) : NULL;
}

void
gif_plan_record_encode(const TblImageRecord *record, GByteArray *out)
{
    tbl_encode_number(out, record->db);
    tbl_encode_number(out,
                      (record->changed ? FLAG_CHANGED : 0u) | (record->notice ? FLAG_NOTICE : 0u));
    tbl_encode_string(out, record->key);
    tbl_encode_string(out, record->before);
    if (record->changed) {
        tbl_encode_string(out, record->after);
    }
}

bool
gif_plan_record_decode(TblSlice bytes, TblImageRecord *record)
{
    TblCursor cursor = tbl_cursor(bytes);
    guint64 db = tbl_cursor_number(&cursor), flags = tbl_cursor_number(&cursor);
    *record = (TblImageRecord){.db = (TblDb)(db < TBL_DB_COUNT ? db : TBL_DB_COUNT),
                               .changed = (flags & FLAG_CHANGED) != 0,
                               .notice = (flags & FLAG_NOTICE) != 0};
    record->key = tbl_cursor_string(&cursor);
    record->before = tbl_cursor_string(&cursor);
    if (record->changed) {
        record->after = tbl_cursor_string(&cursor);
    }
    bool kept = db == TBL_DB_OBJECTS || db == TBL_DB_NAMES || db == TBL_DB_ADDRESSES ||
                (db == TBL_DB_REFERRERS && !record->changed);
    return tbl_cursor_done(&cursor) && kept && flags <= FLAGS && record->key.len > 0;
}
