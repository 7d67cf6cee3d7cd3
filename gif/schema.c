#include "gif/schema.h"

#include "gif/value.h"

/* Columns that Exchange sets itself: reading them back means nothing. */
enum { READ_ONLY = GIF_COLUMN_COUNT, NOT_IMPORTABLE };

typedef struct {
    const char *name; /* folded */
    int kind;
    guint which;
    const char *other;
} Known;

static const Known known_columns[] = {
    {"obj-class", GIF_COLUMN_CLASS, 0, NULL},
    {"mode", GIF_COLUMN_MODE, 0, NULL},
    {"directory-name", GIF_COLUMN_NAME, 0, NULL},
    {"common-name", GIF_COLUMN_NAME, 0, NULL},
    {"rdn", GIF_COLUMN_NAME, 0, NULL},
    {"e-mail-address", GIF_COLUMN_TARGET, 0, NULL},
    {"target-address", GIF_COLUMN_TARGET, 0, NULL},
    {"e-mail-addresses", GIF_COLUMN_PRIMARIES, 0, NULL},
    {"proxy-addresses", GIF_COLUMN_PRIMARIES, 0, NULL},
    {"secondary-proxy-addresses", GIF_COLUMN_SECONDARIES, 0, NULL},
    {"display-name", GIF_COLUMN_TEXT, TBL_TEXT_DISPLAY, NULL},
    {"cn", GIF_COLUMN_TEXT, TBL_TEXT_DISPLAY, NULL},
    {"alias-name", GIF_COLUMN_TEXT, TBL_TEXT_ALIAS, NULL},
    {"mail-nickname", GIF_COLUMN_TEXT, TBL_TEXT_ALIAS, NULL},
    {"uid", GIF_COLUMN_TEXT, TBL_TEXT_ALIAS, NULL},
    {"first-name", GIF_COLUMN_TEXT, TBL_TEXT_FIRST, NULL},
    {"given-name", GIF_COLUMN_TEXT, TBL_TEXT_FIRST, NULL},
    {"last-name", GIF_COLUMN_TEXT, TBL_TEXT_LAST, NULL},
    {"surname", GIF_COLUMN_TEXT, TBL_TEXT_LAST, NULL},
    {"initials", GIF_COLUMN_TEXT, TBL_TEXT_INITIALS, NULL},
    {"primary-windows-nt-account", GIF_COLUMN_TEXT, TBL_TEXT_ACCOUNT, NULL},
    {"assoc-nt-account", GIF_COLUMN_TEXT, TBL_TEXT_ACCOUNT, NULL},
    {"home-server", GIF_COLUMN_TEXT, TBL_TEXT_HOME_SERVER, NULL},
    {"obj-container", GIF_COLUMN_TEXT, TBL_TEXT_CONTAINER, NULL},
    {"alternate-recipient", GIF_COLUMN_REFERENCE, TBL_TEXT_FORWARD, NULL},
    {"alt-recipient", GIF_COLUMN_REFERENCE, TBL_TEXT_FORWARD, NULL},
    {"members", GIF_COLUMN_REFERENCES, TBL_REFS_MEMBERS, NULL},
    {"member", GIF_COLUMN_REFERENCES, TBL_REFS_MEMBERS, NULL},
    {"accept-messages-from", GIF_COLUMN_REFERENCES, TBL_REFS_ACCEPT_FROM, NULL},
    {"auth-orig", GIF_COLUMN_REFERENCES, TBL_REFS_ACCEPT_FROM, NULL},
    {"reject-messages-from", GIF_COLUMN_REFERENCES, TBL_REFS_REJECT_FROM, NULL},
    {"unauth-orig", GIF_COLUMN_REFERENCES, TBL_REFS_REJECT_FROM, NULL},
    {"accept-messages-from-dl", GIF_COLUMN_REFERENCES, TBL_REFS_ACCEPT_FROM_DL, NULL},
    {"dl-mem-submit-perms", GIF_COLUMN_REFERENCES, TBL_REFS_ACCEPT_FROM_DL, NULL},
    {"reject-messages-from-dl", GIF_COLUMN_REFERENCES, TBL_REFS_REJECT_FROM_DL, NULL},
    {"dl-mem-reject-perms", GIF_COLUMN_REFERENCES, TBL_REFS_REJECT_FROM_DL, NULL},
    {"hide-from-ab", GIF_COLUMN_HIDDEN, 0, NULL},
    {"hide-from-address-book", GIF_COLUMN_HIDDEN, 0, NULL},
    {"deliver-and-redirect", GIF_COLUMN_REDIRECT, 0, NULL},
    {"require-auth-to-send-to", GIF_COLUMN_AUTHENTICATED, 0, NULL},
    {"ms-exch-require-auth-to-send-to", GIF_COLUMN_AUTHENTICATED, 0, NULL},
    {"msexchrequireauthtosendto", GIF_COLUMN_AUTHENTICATED, 0, NULL},
    {"incoming-message-size-limit", GIF_COLUMN_LIMIT_IN, 0, NULL},
    {"deliv-cont-length", GIF_COLUMN_LIMIT_IN, 0, NULL},
    {"outgoing-message-size-limit", GIF_COLUMN_LIMIT_OUT, 0, NULL},
    {"submission-cont-length", GIF_COLUMN_LIMIT_OUT, 0, NULL},
    {"delivery-mechanism", GIF_COLUMN_OTHER, 0, "Delivery-Mechanism"},
    {"protocol-settings", GIF_COLUMN_OTHER, 0, "Protocol-Settings"},
    {"title", GIF_COLUMN_OTHER, 0, "Title"},
    {"company", GIF_COLUMN_OTHER, 0, "Company"},
    {"department", GIF_COLUMN_OTHER, 0, "Department"},
    {"office", GIF_COLUMN_OTHER, 0, "Physical-Delivery-Office-Name"},
    {"physical-delivery-office-name", GIF_COLUMN_OTHER, 0, "Physical-Delivery-Office-Name"},
    {"phone-number", GIF_COLUMN_OTHER, 0, "Telephone-Office1"},
    {"telephone-office1", GIF_COLUMN_OTHER, 0, "Telephone-Office1"},
    {"fax-number", GIF_COLUMN_OTHER, 0, "Telephone-Fax"},
    {"telephone-fax", GIF_COLUMN_OTHER, 0, "Telephone-Fax"},
    {"mobile-number", GIF_COLUMN_OTHER, 0, "Telephone-Mobile"},
    {"telephone-mobile", GIF_COLUMN_OTHER, 0, "Telephone-Mobile"},
    {"address", GIF_COLUMN_OTHER, 0, "Street-Address"},
    {"street-address", GIF_COLUMN_OTHER, 0, "Street-Address"},
    {"city", GIF_COLUMN_OTHER, 0, "Locality-Name"},
    {"locality-name", GIF_COLUMN_OTHER, 0, "Locality-Name"},
    {"state", GIF_COLUMN_OTHER, 0, "State-Or-Province-Name"},
    {"state-or-province-name", GIF_COLUMN_OTHER, 0, "State-Or-Province-Name"},
    {"postal-code", GIF_COLUMN_OTHER, 0, "Postal-Code"},
    {"country", GIF_COLUMN_OTHER, 0, "Text-Country"},
    {"text-country", GIF_COLUMN_OTHER, 0, "Text-Country"},
    {"notes", GIF_COLUMN_OTHER, 0, "Comment"},
    {"comment", GIF_COLUMN_OTHER, 0, "Comment"},
    {"assistant", GIF_COLUMN_OTHER, 0, "Assistant-Name"},
    {"assistant-name", GIF_COLUMN_OTHER, 0, "Assistant-Name"},
    {"manager", GIF_COLUMN_OTHER, 0, "Manager"},
    {"obj-dist-name", READ_ONLY, 0, NULL},
    {"imported-from", READ_ONLY, 0, NULL},
    {"object-version", READ_ONLY, 0, NULL},
    {"when-created", READ_ONLY, 0, NULL},
    {"when-changed", READ_ONLY, 0, NULL},
    {"member-of", NOT_IMPORTABLE, 0, NULL},
    {"is-member-of-dl", NOT_IMPORTABLE, 0, NULL},
    {"home-mdb", NOT_IMPORTABLE, 0, NULL},
    {"home-mta", NOT_IMPORTABLE, 0, NULL},
    {"obj-users", NOT_IMPORTABLE, 0, NULL},
    {"obj-admins", NOT_IMPORTABLE, 0, NULL},
    {"obj-perm-admins", NOT_IMPORTABLE, 0, NULL},
    {"obj-search", NOT_IMPORTABLE, 0, NULL},
};

/* `Custom Attribute N` = `Extension-Attribute-N`, N from 1 to 15 (KB Q155414, Q185575). */
static const char *const extension_names[] = {
    "Extension-Attribute-1",  "Extension-Attribute-2",  "Extension-Attribute-3",
    "Extension-Attribute-4",  "Extension-Attribute-5",  "Extension-Attribute-6",
    "Extension-Attribute-7",  "Extension-Attribute-8",  "Extension-Attribute-9",
    "Extension-Attribute-10", "Extension-Attribute-11", "Extension-Attribute-12",
    "Extension-Attribute-13", "Extension-Attribute-14", "Extension-Attribute-15",
};

char *
gif_schema_fold(TblSlice name)
{
    GString *folded = g_string_sized_new(name.len);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool gap = c == ' ' || c == '\t' || c == '_' || c == '-';
        if (!gap) {
            g_string_append_c(folded, g_ascii_tolower(c));
        } else if (folded->len > 0 && folded->str[folded->len - 1] != '-') {
            g_string_append_c(folded, '-');
        }
    }
    if (folded->len > 0 && folded->str[folded->len - 1] == '-') {
        g_string_truncate(folded, folded->len - 1);
    }
    return g_string_free(folded, FALSE);
}

static Known
column_find(const char *folded)
{
    for (gsize i = 0; i < G_N_ELEMENTS(known_columns); i++) {
        if (g_str_equal(known_columns[i].name, folded)) {
            return known_columns[i];
        }
    }
    const char *number = NULL;
    (void)(g_str_has_prefix(folded, "extension-attribute-") &&
           (number = folded + strlen("extension-attribute-")));
    (void)(g_str_has_prefix(folded, "custom-attribute-") &&
           (number = folded + strlen("custom-attribute-")));
    guint64 n = 0;
    if (number &&
        g_ascii_string_to_unsigned(number, 10, 1, G_N_ELEMENTS(extension_names), &n, NULL)) {
        return (Known){folded, GIF_COLUMN_OTHER, 0, extension_names[n - 1]};
    }
    return (Known){NULL, GIF_COLUMN_IGNORED, 0, NULL};
}

bool
gif_schema_find(const char *folded, GifColumn *column)
{
    Known known = column_find(folded);
    if (known.kind == GIF_COLUMN_IGNORED || known.kind >= GIF_COLUMN_COUNT) {
        return false;
    }
    column->kind = (GifColumnKind)known.kind;
    column->which = known.which;
    column->other = known.other;
    return true;
}

void
gif_schema_free(GifSchema *schema)
{
    if (schema) {
        for (guint i = 0; i < schema->count; i++) {
            g_free(schema->column[i].name);
        }
        g_free(schema->column);
        g_free(schema);
    }
}

/* The index of the first column of a kind, or -1. */
static int
column_at(const GifSchema *schema, guint count, GifColumnKind kind, guint which, const char *other)
{
    for (guint i = 0; i < count; i++) {
        const GifColumn *column = &schema->column[i];
        if (column->kind == kind && column->which == which &&
            g_strcmp0(column->other, other) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static void
column_set(GifSchema *schema, guint index, GifNotes *notes)
{
    GifColumn *column = &schema->column[index];
    g_autofree char *folded = gif_schema_fold(tbl_slice(column->name));
    Known known = column_find(folded);
    if (known.kind == READ_ONLY) {
        gif_notes_add(notes, GIF_WARNING, 153, column->name, "column %s is read-only and ignored",
                      column->name);
        return;
    }
    if (known.kind == NOT_IMPORTABLE) {
        gif_notes_add(notes, GIF_WARNING, 154, column->name,
                      "column %s cannot be imported and is ignored", column->name);
        return;
    }
    if (known.kind == GIF_COLUMN_IGNORED || (known.kind == GIF_COLUMN_CLASS && index > 0)) {
        gif_notes_add(notes, GIF_WARNING, 264, column->name,
                      "column %u \"%s\" is unknown and ignored", index + 1, column->name);
        return;
    }
    int first = column_at(schema, index, (GifColumnKind)known.kind, known.which, known.other);
    if (first >= 0) {
        gif_notes_add(notes, GIF_WARNING, 152, column->name,
                      "column %u \"%s\" means the same as column %d and is ignored", index + 1,
                      column->name, first + 1);
        return;
    }
    column->kind = (GifColumnKind)known.kind;
    column->which = known.which;
    column->other = known.other;
}

/* Event 226: without it nothing else that the header says can be trusted. */
static bool
first_check(const GifSchema *schema, GifNotes *notes)
{
    g_autofree char *folded = gif_schema_fold(tbl_slice(schema->column[0].name));
    if (g_str_equal(folded, "obj-class")) {
        return true;
    }
    gif_notes_add(notes, GIF_ERROR, 226, NULL,
                  "the first column is \"%.100s\", not Obj-Class: not an import file, or another "
                  "column separator "
                  "(--column-separator)",
                  schema->column[0].name);
    return false;
}

/* Events 222 and 225: what else a header must have. */
static void
order_check(const GifSchema *schema, GifNotes *notes)
{
    if (schema->mode_at > 1) {
        gif_notes_add(notes, GIF_ERROR, 222, schema->column[schema->mode_at].name,
                      "Mode is column %d; it must be column 2", schema->mode_at + 1);
    } else if (schema->name_at < 0) {
        gif_notes_add(
            notes, GIF_ERROR, 225, NULL,
            "no column Directory Name (or Common-Name), which says which object a row is about");
    }
}

static bool
names_read(GifSchema *schema, const GifRecord *header, GifDialect dialect, GifNotes *notes)
{
    g_autoptr(GifLexer) lexer = gif_lexer_new(dialect);
    gif_lexer_begin(lexer, header->end - header->start);
    for (guint i = 0; i < schema->count; i++) {
        GifCell cell;
        gif_lexer_cell(lexer, &header->field[i], GIF_LEX_SINGLE, &cell);
        if (cell.fault != 0) {
            gif_notes_add(notes, GIF_ERROR, 227, NULL, "column %u of the header: %s", i + 1,
                          gif_cell_fault_text(cell.fault));
            return false;
        }
        TblSlice text = cell.count > 0 ? gif_lexer_value(lexer, &cell, 0)->text : (TblSlice){"", 0};
        schema->column[i].name = g_strndup(text.ptr, text.len);
    }
    return true;
}

bool
gif_schema_check_header(const GifRecord *header, GifNotes *notes)
{
    switch (header->fault) {
    case GIF_CSV_OK:
        return true;
    case GIF_CSV_MISQUOTED:
    case GIF_CSV_TRUNCATED:
        gif_notes_add(notes, GIF_ERROR, 227, NULL,
                      "the header is misquoted at byte %" G_GSIZE_FORMAT, header->fault_column);
        break;
    case GIF_CSV_NUL:
        gif_notes_add(notes, GIF_ERROR, GIF_CODE_NUL, NULL,
                      "NUL byte at byte %" G_GSIZE_FORMAT " of the header: not a text file",
                      header->fault_column);
        break;
    case GIF_CSV_LONG:
        gif_notes_add(notes, GIF_ERROR, GIF_CODE_RECORD_LONG, NULL,
                      "the header is longer than %d bytes", GIF_RECORD_MAX);
        break;
    case GIF_CSV_WIDE:
        gif_notes_add(notes, GIF_ERROR, GIF_CODE_RECORD_WIDE, NULL,
                      "the header has more than %d columns", GIF_COLUMNS_MAX);
        break;
    }
    return false;
}

static void
places_find(GifSchema *schema)
{
    schema->class_at = column_at(schema, schema->count, GIF_COLUMN_CLASS, 0, NULL);
    schema->mode_at = column_at(schema, schema->count, GIF_COLUMN_MODE, 0, NULL);
    schema->name_at = column_at(schema, schema->count, GIF_COLUMN_NAME, 0, NULL);
    schema->target_at = column_at(schema, schema->count, GIF_COLUMN_TARGET, 0, NULL);
    schema->primaries_at = column_at(schema, schema->count, GIF_COLUMN_PRIMARIES, 0, NULL);
    schema->secondaries_at = column_at(schema, schema->count, GIF_COLUMN_SECONDARIES, 0, NULL);
    schema->home_server_at =
        column_at(schema, schema->count, GIF_COLUMN_TEXT, TBL_TEXT_HOME_SERVER, NULL);
    schema->members_at =
        column_at(schema, schema->count, GIF_COLUMN_REFERENCES, TBL_REFS_MEMBERS, NULL);
}

GifSchema *
gif_schema_new_typed(GifColumn *column, guint count)
{
    GifSchema *schema = g_new0(GifSchema, 1);
    schema->count = count;
    schema->column = column;
    schema->verbatim = true;
    places_find(schema);
    return schema;
}

GifSchema *
gif_schema_new(const GifRecord *header, GifDialect dialect, GifNotes *notes)
{
    if (!gif_schema_check_header(header, notes)) {
        return NULL;
    }
    g_autoptr(GifSchema) schema = g_new0(GifSchema, 1);
    schema->count = header->count;
    schema->column = g_new0(GifColumn, schema->count);
    if (!names_read(schema, header, dialect, notes) || !first_check(schema, notes)) {
        return NULL;
    }
    for (guint i = 0; i < schema->count; i++) {
        column_set(schema, i, notes);
    }
    places_find(schema);
    order_check(schema, notes);
    return gif_notes_failed(notes) ? NULL : g_steal_pointer(&schema);
}
