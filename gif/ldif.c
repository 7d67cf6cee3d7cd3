#include "gif/ldif.h"

#include "gif/ldap.h"
#include "gif/ldif_record.h"
#include "gif/unknown.h"

/* DOS programs end a text with this byte, at times several. */
#define CTRL_Z '\x1a'

typedef enum { KIND_OPEN, KIND_CONTENT, KIND_CHANGES } Kind;

typedef struct {
    GifReader base;
    GifReading reading;
    GifLdifCursor cursor;
    GifLdifRecord *record;
    Kind kind;        /* of the file, told by its first record that shows it */
    GHashTable *told; /* unknown attributes */
} GifLdif;

/* One record on its way. */
typedef struct {
    GifLdif *ldif;
    GifCollector *collector;
    GifEntry *entry;
    GifLdapFacts facts;
    guint at;           /* index of the next line */
    GPtrArray *unknown; /* TblSlice *: names of its lines, borrowed */
} Reading;

static bool
name_is(TblSlice name, const char *word)
{
    return name.len == strlen(word) && g_ascii_strncasecmp(name.ptr, word, name.len) == 0;
}

static bool
has_line(const GifLdif *ldif, guint index)
{
    return index < ldif->record->lines->len;
}

/* A line that is there. */
static const GifLdifLine *
line_at(const GifLdif *ldif, guint index)
{
    return &g_array_index(ldif->record->lines, GifLdifLine, index);
}

/* ---- Faults ---- */

static void
line_fault(Reading *reading, const GifLdifLine *line, const char *what)
{
    g_autofree char *column = g_strndup(line->name.ptr, MIN(line->name.len, 128));
    gif_notes_add(reading->entry->notes, GIF_ERROR, GIF_CODE_LDIF_SYNTAX,
                  line->name.len > 0 ? column : NULL, "line %" G_GUINT64_FORMAT ": %s", line->line,
                  what);
}

/* False, with a note, for the first line that is none. */
static bool
lines_check(Reading *reading)
{
    GifNotes *notes = reading->entry->notes;
    for (guint i = 0; has_line(reading->ldif, i); i++) {
        const GifLdifLine *line = line_at(reading->ldif, i);
        switch (line->fault) {
        case GIF_LDIF_OK:
            continue;
        case GIF_LDIF_NO_COLON:
            line_fault(reading, line, "neither \"attribute: value\" nor the end of a block (-)");
            break;
        case GIF_LDIF_BASE64:
            line_fault(reading, line, "what stands behind the two colons is not base64");
            break;
        case GIF_LDIF_FOLD:
            line_fault(reading, line, "continues a line that is not there");
            break;
        case GIF_LDIF_NUL:
            gif_notes_add(notes, GIF_ERROR, GIF_CODE_NUL, NULL,
                          "NUL byte at line %" G_GUINT64_FORMAT
                          ": such values are written in base64",
                          line->line);
            break;
        case GIF_LDIF_UTF8:
            gif_notes_add(notes, GIF_ERROR, GIF_CODE_ENCODING, NULL,
                          "line %" G_GUINT64_FORMAT " is not valid UTF-8", line->line);
            break;
        }
        return false;
    }
    return true;
}

/* A value that is to be read from elsewhere (event 295). */
static bool
url_check(Reading *reading, const GifLdifLine *line)
{
    if (line->kind != GIF_LDIF_URL) {
        return true;
    }
    g_autofree char *column = g_strndup(line->name.ptr, MIN(line->name.len, 128));
    gif_notes_add(reading->entry->notes, GIF_ERROR, 295, column,
                  "line %" G_GUINT64_FORMAT
                  ": a value in another place (%.*s) is not read; write the value itself",
                  line->line, (int)MIN(line->value.len, 128), line->value.ptr);
    return false;
}

/* ---- Attributes ---- */

/* The attribute of a line, -1 when it is none of ours. False with a note for a part of a list. */
static bool
attribute_find(Reading *reading, const GifLdifLine *line, TblSlice name, int *attribute)
{
    bool cut = false;
    TblSlice bare = gif_ldap_attribute(name, &cut);
    *attribute = gif_collector_find(reading->collector, bare);
    if (cut && *attribute >= 0) {
        g_autofree char *column = g_strndup(name.ptr, MIN(name.len, 128));
        gif_notes_add(reading->entry->notes, GIF_ERROR, GIF_CODE_LIST_CUT, column,
                      "line %" G_GUINT64_FORMAT
                      ": only a range of the values; write the dump with a tool that asks for all "
                      "ranges",
                      line->line);
        return false;
    }
    return true;
}

static void
unknown_tell(const Reading *reading)
{
    for (guint i = 0; !reading->entry->settled && i < reading->unknown->len; i++) {
        const TblSlice *name = g_ptr_array_index(reading->unknown, i);
        gif_unknown_note(GIF_UNKNOWN_LDAP, gif_ldap_attribute(*name, NULL), NULL,
                         reading->ldif->told, reading->entry->notes);
    }
}

/* Lines of a content record, or of changetype add. */
static void
content_read(Reading *reading)
{
    for (; has_line(reading->ldif, reading->at); reading->at++) {
        const GifLdifLine *line = line_at(reading->ldif, reading->at);
        int attribute;
        if (line->kind == GIF_LDIF_DASH) {
            line_fault(reading, line, "a block ends here, but only changetype modify has blocks");
            return;
        }
        if (!url_check(reading, line) || !attribute_find(reading, line, line->name, &attribute)) {
            return;
        }
        gif_ldap_facts_note(&reading->facts, gif_ldap_attribute(line->name, NULL), line->value);
        if (attribute >= 0) {
            gif_collector_add(reading->collector, attribute, line->value);
        } else {
            g_ptr_array_add(reading->unknown, (gpointer)&line->name);
        }
    }
    if (reading->facts.name) { /* as it stands, blank ends and all */
        g_free(reading->entry->name);
        reading->entry->name = g_strdup(reading->facts.name);
    }
    gif_ldap_settle_class(&reading->facts, reading->collector, reading->entry);
    unknown_tell(reading);
    gif_collector_finish(reading->collector, reading->ldif->reading.overwrite, reading->entry);
}

/* ---- Modifications ---- */

typedef enum { OP_ADD, OP_DELETE, OP_REPLACE } Op;

/* The first line of a block: what is done, to which attribute. */
static bool
op_read(Reading *reading, const GifLdifLine *line, Op *op)
{
    static const char *const names[] = {"add", "delete", "replace"};
    for (guint i = 0; line->kind != GIF_LDIF_DASH && i < G_N_ELEMENTS(names); i++) {
        if (name_is(line->name, names[i])) {
            *op = (Op)i;
            return true;
        }
    }
    line_fault(reading, line, "a block begins with add:, delete: or replace: and an attribute");
    return false;
}

static void
value_apply(const Reading *reading, Op op, int attribute, TblSlice value)
{
    if (attribute >= 0 && op == OP_DELETE) {
        gif_collector_remove(reading->collector, attribute, value);
    } else if (attribute >= 0) {
        gif_collector_add(reading->collector, attribute, value);
    }
}

/* One block, up to its dash (or the end of the record). */
static bool
block_read(Reading *reading)
{
    const GifLdifLine *first = line_at(reading->ldif, reading->at++);
    Op op = OP_ADD;
    int attribute;
    guint values = 0;
    if (!op_read(reading, first, &op) || !url_check(reading, first) ||
        !attribute_find(reading, first, first->value, &attribute)) {
        return false;
    }
    TblSlice name = gif_ldap_attribute(first->value, NULL);
    if (attribute < 0) {
        g_ptr_array_add(reading->unknown, (gpointer)&first->value);
    }
    if (attribute >= 0 && op == OP_REPLACE) {
        gif_collector_clear(reading->collector, attribute, false);
    }
    for (; has_line(reading->ldif, reading->at); reading->at++) {
        const GifLdifLine *line = line_at(reading->ldif, reading->at);
        if (line->kind == GIF_LDIF_DASH) {
            reading->at++;
            break;
        }
        TblSlice own = gif_ldap_attribute(line->name, NULL);
        if (own.len != name.len || g_ascii_strncasecmp(own.ptr, name.ptr, name.len) != 0) {
            line_fault(reading, line, "another attribute than its block names, or no - before it");
            return false;
        }
        if (!url_check(reading, line)) {
            return false;
        }
        value_apply(reading, op, attribute, line->value);
        values++;
    }
    if (attribute >= 0 && op == OP_DELETE && values == 0) {
        gif_collector_clear(reading->collector, attribute, true);
    }
    if (op == OP_ADD && values == 0) {
        line_fault(reading, first, "nothing to add");
        return false;
    }
    return true;
}

static void
modify_read(Reading *reading)
{
    while (has_line(reading->ldif, reading->at)) {
        if (!block_read(reading)) {
            return;
        }
    }
    if (gif_collector_is_empty(reading->collector)) {
        gif_ldap_settle_stranger(reading->entry, "changes nothing that concerns mail");
    }
    unknown_tell(reading);
    gif_collector_finish(reading->collector, false, reading->entry);
}

/* ---- Records ---- */

static void
change_read(Reading *reading)
{
    const GifLdifLine *line = line_at(reading->ldif, reading->at++);
    GifEntry *entry = reading->entry;
    if (name_is(line->value, "add")) {
        entry->mode = GIF_MODE_CREATE;
        content_read(reading);
    } else if (name_is(line->value, "modify")) {
        entry->mode = GIF_MODE_MODIFY;
        modify_read(reading);
    } else if (name_is(line->value, "delete")) {
        entry->mode = GIF_MODE_DELETE;
        if (has_line(reading->ldif, reading->at)) {
            line_fault(reading, line_at(reading->ldif, reading->at),
                       "a record of changetype delete ends with that line");
        }
    } else if (name_is(line->value, "modrdn") || name_is(line->value, "moddn")) {
        gif_notes_add(entry->notes, GIF_ERROR, 221, "changetype",
                      "an object is not renamed here; delete it and add it under its new name");
    } else {
        gif_notes_add(entry->notes, GIF_ERROR, 221, "changetype",
                      "changetype \"%.*s\" is none of add, delete, modify",
                      (int)MIN(line->value.len, 128), line->value.ptr);
    }
}

/* Content and change records in one file mean that two files were joined. */
static bool
kind_check(Reading *reading, Kind kind)
{
    GifLdif *ldif = reading->ldif;
    if (ldif->kind == KIND_OPEN) {
        ldif->kind = kind;
    }
    if (ldif->kind != kind) {
        gif_notes_add(reading->entry->notes, GIF_ERROR, GIF_CODE_LDIF_MIXED, NULL,
                      kind == KIND_CONTENT ? "a record without changetype in a file of changes"
                                           : "a record with changetype in a file of contents");
    }
    return ldif->kind == kind;
}

static void
record_read(Reading *reading)
{
    const GifLdif *ldif = reading->ldif;
    const GifLdifLine *dn = line_at(ldif, 0);
    if (dn->fault == GIF_LDIF_OK && name_is(dn->name, "dn")) {
        gif_entry_set_name(reading->entry, dn->value);
    }
    if (!lines_check(reading)) {
        return;
    }
    if (!name_is(dn->name, "dn")) {
        line_fault(reading, dn, "a record begins with dn:");
        return;
    }
    const GifLdifLine *next = has_line(ldif, 1) ? line_at(ldif, 1) : NULL;
    reading->at = 1;
    if (!url_check(reading, dn)) {
        return;
    }
    if (next && name_is(next->name, "control")) {
        gif_notes_add(reading->entry->notes, GIF_ERROR, GIF_CODE_LDIF_CONTROL, "control",
                      "controls change what a server does with a record; none is known here");
        return;
    }
    bool change = next && name_is(next->name, "changetype");
    /* A bare dn is neither. */
    if (next && !kind_check(reading, change ? KIND_CHANGES : KIND_CONTENT)) {
        return;
    }
    if (reading->entry->name == NULL) {
        gif_ldap_settle_stranger(reading->entry, "the root of the directory; left alone");
    } else if (change) {
        change_read(reading);
    } else {
        content_read(reading);
    }
}

static bool
ldif_next(GifReader *reader, GifEntry *entry)
{
    GifLdif *ldif = (GifLdif *)reader;
    g_autoptr(GPtrArray) unknown = g_ptr_array_new();
    Reading reading = {
        .ldif = ldif, .collector = reader->collector, .entry = entry, .unknown = unknown};
    if (!gif_ldif_record_read(ldif->record, &ldif->cursor)) {
        return false;
    }
    gif_entry_clear(entry, ldif->reading.mode);
    gif_collector_begin(reader->collector);
    entry->line = ldif->record->line;
    entry->start = ldif->record->start;
    entry->end = ldif->record->end;
    record_read(&reading);
    gif_ldap_facts_clear(&reading.facts);
    return true;
}

static gsize
ldif_offset(const GifReader *reader)
{
    return ((const GifLdif *)reader)->cursor.at;
}

static void
ldif_free(GifReader *reader)
{
    gif_ldif_record_free(((GifLdif *)reader)->record);
    g_hash_table_unref(((GifLdif *)reader)->told);
    g_free(reader);
}

/* ---- The file ---- */

/* `version: 1` may be missing: older writers leave it out. Steps behind it. */
static bool
version_read(GifLdif *ldif, GifNotes *notes)
{
    static const char name[] = "version:";
    GifLdifCursor cursor = ldif->cursor;
    TblSlice text = cursor.text;
    gsize end;
    /* Comments and blank lines may come first. */
    for (;;) {
        for (end = cursor.at; end < text.len && text.ptr[end] != '\n' && text.ptr[end] != '\r';) {
            end++;
        }
        bool skipped = end < text.len && (end == cursor.at || text.ptr[cursor.at] == '#');
        if (!skipped) {
            break;
        }
        bool pair = text.ptr[end] == '\r' && end + 1 < text.len && text.ptr[end + 1] == '\n';
        cursor.at = end + (pair ? 2 : 1);
        cursor.line++;
    }
    TblSlice line = {text.ptr + cursor.at, end - cursor.at};
    if (line.len < strlen(name) || g_ascii_strncasecmp(line.ptr, name, strlen(name)) != 0) {
        return true;
    }
    g_autofree char *version = g_strndup(line.ptr + strlen(name), line.len - strlen(name));
    if (!g_str_equal(g_strstrip(version), "1")) {
        gif_notes_add(notes, GIF_ERROR, GIF_CODE_LDIF_SYNTAX, NULL,
                      "LDIF of version \"%.64s\"; version 1 is read", version);
        return false;
    }
    bool pair = end + 1 < text.len && text.ptr[end] == '\r' && text.ptr[end + 1] == '\n';
    cursor.at = MIN(end + (pair ? 2 : 1), text.len);
    cursor.line++;
    ldif->cursor = cursor;
    return true;
}

GifReader *
gif_ldif_new(TblSlice text, GifReading reading, GifNotes *notes)
{
    GifLdif *ldif = g_new0(GifLdif, 1);
    while (text.len > 0 && text.ptr[text.len - 1] == CTRL_Z) {
        text.len--;
    }
    ldif->base = (GifReader){.next = ldif_next, .offset = ldif_offset, .free = ldif_free};
    ldif->base.collector = gif_collector_new(gif_ldap_aliases, reading.compat);
    ldif->reading = reading;
    ldif->cursor = (GifLdifCursor){text, 0, 1};
    ldif->record = gif_ldif_record_new();
    ldif->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!version_read(ldif, notes)) {
        gif_reader_free(&ldif->base);
        return NULL;
    }
    ldif->base.header_end = ldif->cursor.at;
    return &ldif->base;
}
