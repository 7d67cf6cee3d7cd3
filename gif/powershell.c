#include "gif/powershell.h"

#include "gif/powershell_value.h"
#include "gif/table.h"
#include "gif/unknown.h"

#define COLUMN GIF_ROLE_COLUMN

/* Names without their blanks: the admin centre writes "Proxy addresses". */
static const GifAlias aliases[] = {
    {"EmailAddresses", NULL, GIF_ROLE_ADDRESSES},
    {"ProxyAddresses", NULL, GIF_ROLE_ADDRESSES},
    {"PrimarySmtpAddress", NULL, GIF_ROLE_MAIL},
    {"EmailAddress", NULL, GIF_ROLE_MAIL},
    {"ExternalEmailAddress", "target-address", COLUMN},
    {"RemoteRoutingAddress", "target-address", COLUMN},
    {"DisplayName", "display-name", COLUMN},
    {"Alias", "mail-nickname", COLUMN},
    {"FirstName", "given-name", COLUMN},
    {"LastName", "surname", COLUMN},
    {"Initials", "initials", COLUMN},
    {"SamAccountName", "assoc-nt-account", COLUMN},
    {"ServerName", "home-server", COLUMN},
    {"ForwardingAddress", "alt-recipient", COLUMN},
    {"ForwardingSmtpAddress", "alt-recipient", COLUMN},
    {"DeliverToMailboxAndForward", "deliver-and-redirect", COLUMN},
    {"HiddenFromAddressListsEnabled", "hide-from-address-book", COLUMN},
    {"RequireSenderAuthenticationEnabled", "require-auth-to-send-to", COLUMN},
    {"MaxReceiveSize", "deliv-cont-length", COLUMN},
    {"MaxSendSize", "submission-cont-length", COLUMN},
    {"Members", "member", COLUMN},
    {"Member", "member", COLUMN},
    {"AcceptMessagesOnlyFrom", "auth-orig", COLUMN},
    {"RejectMessagesFrom", "unauth-orig", COLUMN},
    {"AcceptMessagesOnlyFromDLMembers", "dl-mem-submit-perms", COLUMN},
    {"RejectMessagesFromDLMembers", "dl-mem-reject-perms", COLUMN},
    {"Title", "title", COLUMN},
    {"Company", "company", COLUMN},
    {"Department", "department", COLUMN},
    {"Office", "physical-delivery-office-name", COLUMN},
    {"Phone", "telephone-office1", COLUMN},
    {"Fax", "telephone-fax", COLUMN},
    {"MobilePhone", "telephone-mobile", COLUMN},
    {"StreetAddress", "street-address", COLUMN},
    {"City", "locality-name", COLUMN},
    {"StateOrProvince", "state-or-province-name", COLUMN},
    {"PostalCode", "postal-code", COLUMN},
    {"CountryOrRegion", "text-country", COLUMN},
    {"Notes", "comment", COLUMN},
    {"Manager", "manager", COLUMN},
    {"CustomAttribute1", "extension-attribute-1", COLUMN},
    {"CustomAttribute2", "extension-attribute-2", COLUMN},
    {"CustomAttribute3", "extension-attribute-3", COLUMN},
    {"CustomAttribute4", "extension-attribute-4", COLUMN},
    {"CustomAttribute5", "extension-attribute-5", COLUMN},
    {"CustomAttribute6", "extension-attribute-6", COLUMN},
    {"CustomAttribute7", "extension-attribute-7", COLUMN},
    {"CustomAttribute8", "extension-attribute-8", COLUMN},
    {"CustomAttribute9", "extension-attribute-9", COLUMN},
    {"CustomAttribute10", "extension-attribute-10", COLUMN},
    {"CustomAttribute11", "extension-attribute-11", COLUMN},
    {"CustomAttribute12", "extension-attribute-12", COLUMN},
    {"CustomAttribute13", "extension-attribute-13", COLUMN},
    {"CustomAttribute14", "extension-attribute-14", COLUMN},
    {"CustomAttribute15", "extension-attribute-15", COLUMN},
    {NULL, NULL, COLUMN},
};

/* How the text of a column is read. */
typedef enum {
    SHAPE_IGNORED,
    SHAPE_TEXT,
    SHAPE_ADDRESSES, /* joined, each with its type */
    SHAPE_LIST,      /* joined references */
    SHAPE_REFERENCE, /* one */
    SHAPE_SIZE,
} Shape;

/* Columns that name the object, the best one first. */
enum { NAME_DN, NAME_NAME, NAME_ALIAS, NAME_PRIMARY, NAME_COUNT };

typedef struct {
    int attribute;
    Shape shape;
} Column;

typedef struct {
    GifReader base;
    GifReading reading;
    GifTable *table;
    GArray *columns;   /* Column */
    GPtrArray *packed; /* char *: the header's names without their blanks */
    int names[NAME_COUNT], details, type, addresses;
} GifPowershell;

/* ---- Cells ---- */

/* As the header writes it. */
static const char *
column_name(const GifPowershell *shell, guint index)
{
    return g_ptr_array_index(shell->table->names, index);
}

static bool
lists_check(const GifPowershell *shell, guint index, TblSlice text, GifEntry *entry)
{
    const char *column = column_name(shell, index);
    const char *name = g_ptr_array_index(shell->packed, index);
    if (gif_powershell_is_type_name(text)) {
        entry->refused = true;
        gif_notes_add(entry->notes, GIF_ERROR, GIF_CODE_LIST_UNJOINED, column,
                      "\"%.*s\" is the type of a list, its values were not written; export with "
                      "Select-Object ...,@{n='%s';e={$_.%s -join ';'}}; nothing is applied",
                      (int)MIN(text.len, 128), text.ptr, name, name);
        return false;
    }
    if (gif_powershell_is_cut(text)) {
        gif_notes_add(entry->notes, GIF_ERROR, GIF_CODE_LIST_CUT, column,
                      "the list ends in an ellipsis, so values are missing; export with "
                      "Select-Object ...,@{n='%s';e={$_.%s -join ';'}}",
                      name, name);
        return false;
    }
    return true;
}

static void
size_read(const GifPowershell *shell, guint index, int attribute, TblSlice text, GifEntry *entry)
{
    gint64 size;
    if (gif_powershell_is_unlimited(text)) {
        gif_collector_clear(shell->base.collector, attribute, false);
    } else if (gif_powershell_size(text, &size)) {
        g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, size);
        gif_collector_add(shell->base.collector, attribute, tbl_slice(number));
    } else {
        gif_notes_add(entry->notes, GIF_ERROR, 271, column_name(shell, index),
                      "\"%.*s\" is no size: write it as 36 MB, or as 36 MB (37,748,736 bytes)",
                      (int)MIN(text.len, 128), text.ptr);
    }
}

static void
reference_read(const GifPowershell *shell, int attribute, TblSlice text)
{
    /* The first of two forwards counts, as for Exchange: ForwardingAddress. */
    if (!gif_collector_has(shell->base.collector, attribute)) {
        gif_collector_add(shell->base.collector, attribute, gif_powershell_reference(text));
    }
}

static bool
cell_read(const GifPowershell *shell, guint index, GifEntry *entry)
{
    const Column *column = &g_array_index(shell->columns, Column, index);
    GifCollector *collector = shell->base.collector;
    TblSlice text = gif_table_cell(shell->table, index), value;
    bool list = column->shape == SHAPE_ADDRESSES || column->shape == SHAPE_LIST;
    if (column->shape == SHAPE_IGNORED || text.len == 0) {
        return true;
    }
    if (list && !lists_check(shell, index, text, entry)) {
        return false;
    }
    GifPowershellList parts = gif_powershell_list(text);
    switch (column->shape) {
    case SHAPE_ADDRESSES:
        while (gif_powershell_next_address(&parts, &value)) {
            gif_collector_add(collector, column->attribute, value);
        }
        break;
    case SHAPE_LIST:
        while (gif_powershell_next_reference(&parts, &value)) {
            gif_collector_add(collector, column->attribute, gif_powershell_reference(value));
        }
        break;
    case SHAPE_REFERENCE:
        reference_read(shell, column->attribute, text);
        break;
    case SHAPE_SIZE:
        size_read(shell, index, column->attribute, text, entry);
        break;
    default:
        gif_collector_add(collector, column->attribute, text);
        break;
    }
    return !gif_notes_failed(entry->notes);
}

/* ---- Rows ---- */

/* The SMTP primary among joined addresses. */
static void
name_from_addresses(const GifPowershell *shell, GifEntry *entry)
{
    static const char type[] = "SMTP:";
    size_t length = strlen(type);
    TblSlice value;
    if (entry->name || shell->addresses < 0) {
        return;
    }
    GifPowershellList parts =
        gif_powershell_list(gif_table_cell(shell->table, (guint)shell->addresses));
    while (gif_powershell_next_address(&parts, &value)) {
        if (value.len > length && memcmp(value.ptr, type, length) == 0) {
            gif_entry_set_name(entry, (TblSlice){value.ptr + length, value.len - length});
            return;
        }
    }
}

static void
name_read(const GifPowershell *shell, GifEntry *entry)
{
    for (guint i = 0; i < NAME_COUNT && !entry->name; i++) {
        if (shell->names[i] >= 0) {
            gif_entry_set_name(entry, gif_table_cell(shell->table, (guint)shell->names[i]));
        }
    }
    name_from_addresses(shell, entry);
}

static void
class_read(const GifPowershell *shell, GifEntry *entry)
{
    GifCollector *collector = shell->base.collector;
    TblSlice type = {"", 0};
    if (shell->details >= 0) {
        type = gif_table_cell(shell->table, (guint)shell->details);
    }
    if (type.len == 0 && shell->type >= 0) {
        type = gif_table_cell(shell->table, (guint)shell->type);
    }
    bool target = gif_collector_has(
        collector, gif_collector_find(collector, tbl_slice("ExternalEmailAddress")));
    if (type.len == 0) {
        entry->certainty = GIF_UNCERTAIN;
        entry->object_class = target ? TBL_CLASS_REMOTE : TBL_CLASS_MAILBOX;
        return;
    }
    entry->certainty = GIF_CERTAIN;
    switch (gif_powershell_class(type, &entry->object_class)) {
    case GIF_POWERSHELL_CLASS:
        break;
    case GIF_POWERSHELL_DYNAMIC:
        gif_notes_add(entry->notes, GIF_WARNING, GIF_CODE_MEMBERS_UNKNOWN, NULL,
                      "a dynamic group: its members are found by a query, which no file holds; the "
                      "list has those that were given here");
        break;
    case GIF_POWERSHELL_STRANGER:
        entry->settled = true;
        gif_notes_add(entry->notes, GIF_INFO, GIF_CODE_NO_RECIPIENT, NULL,
                      "%.*s is no recipient; left alone", (int)MIN(type.len, 128), type.ptr);
        break;
    case GIF_POWERSHELL_UNKNOWN:
        gif_notes_add(entry->notes, GIF_ERROR, 228, "RecipientTypeDetails",
                      "recipient type \"%.*s\" is unknown", (int)MIN(type.len, 128), type.ptr);
        break;
    }
}

static bool
shell_next(GifReader *reader, GifEntry *entry)
{
    GifPowershell *shell = (GifPowershell *)reader;
    if (!gif_table_next(shell->table, shell->reading.mode, shell->reading.compat, entry)) {
        return false;
    }
    if (gif_notes_failed(entry->notes)) {
        return true;
    }
    gif_collector_begin(reader->collector);
    name_read(shell, entry);
    for (guint i = 0; i < shell->columns->len; i++) {
        if (!cell_read(shell, i, entry)) {
            return true;
        }
    }
    class_read(shell, entry);
    gif_collector_finish(reader->collector, shell->reading.overwrite, entry);
    return true;
}

static gsize
shell_offset(const GifReader *reader)
{
    return gif_csv_offset(((const GifPowershell *)reader)->table->csv);
}

static void
shell_free(GifReader *reader)
{
    GifPowershell *shell = (GifPowershell *)reader;
    gif_table_free(shell->table);
    g_array_unref(shell->columns);
    g_ptr_array_unref(shell->packed);
    g_free(shell);
}

/* ---- The file ---- */

static Shape
shape_of(const GifPowershell *shell, const char *name, int attribute)
{
    static const struct {
        const char *name;
        Shape shape;
    } shapes[] = {{"EmailAddresses", SHAPE_ADDRESSES},
                  {"ProxyAddresses", SHAPE_ADDRESSES},
                  {"ForwardingAddress", SHAPE_REFERENCE},
                  {"Manager", SHAPE_REFERENCE},
                  {"ForwardingSmtpAddress", SHAPE_REFERENCE},
                  {"MaxReceiveSize", SHAPE_SIZE},
                  {"MaxSendSize", SHAPE_SIZE},
                  {"PrimarySmtpAddress", SHAPE_TEXT},
                  {"EmailAddress", SHAPE_TEXT}};
    for (guint i = 0; i < G_N_ELEMENTS(shapes); i++) {
        if (g_ascii_strcasecmp(name, shapes[i].name) == 0) {
            return shapes[i].shape;
        }
    }
    return attribute < 0                                             ? SHAPE_IGNORED
           : gif_collector_is_list(shell->base.collector, attribute) ? SHAPE_LIST
                                                                     : SHAPE_TEXT;
}

/* A header name without its blanks. Caller frees. */
static char *
name_pack(const char *name)
{
    GString *packed = g_string_new(NULL);
    for (const char *c = name; *c != '\0'; c++) {
        if (*c != ' ') {
            g_string_append_c(packed, *c);
        }
    }
    return g_string_free(packed, FALSE);
}

static void
columns_read(GifPowershell *shell, GifNotes *notes)
{
    GPtrArray *names = shell->table->names;
    for (guint i = 0; i < names->len; i++) {
        char *name = name_pack(g_ptr_array_index(names, i));
        g_ptr_array_add(shell->packed, name);
        Column column = {.attribute = gif_collector_find(shell->base.collector, tbl_slice(name))};
        column.shape = shape_of(shell, name, column.attribute);
        shell->addresses =
            column.shape == SHAPE_ADDRESSES && shell->addresses < 0 ? (int)i : shell->addresses;
        g_array_append_val(shell->columns, column);
        if (column.attribute >= 0) {
            gif_collector_spell(shell->base.collector, column.attribute, column_name(shell, i));
        } else if (column.shape == SHAPE_IGNORED) {
            gif_unknown_note(GIF_UNKNOWN_POWERSHELL, tbl_slice(name), column_name(shell, i), NULL,
                             notes);
        }
    }
    shell->names[NAME_DN] = gif_table_find(shell->packed, "DistinguishedName");
    shell->names[NAME_NAME] = gif_table_find(shell->packed, "Name");
    shell->names[NAME_ALIAS] = gif_table_find(shell->packed, "Alias");
    shell->names[NAME_PRIMARY] = gif_table_find(shell->packed, "PrimarySmtpAddress");
    if (shell->names[NAME_PRIMARY] < 0) {
        shell->names[NAME_PRIMARY] = gif_table_find(shell->packed, "EmailAddress");
    }
    shell->details = gif_table_find(shell->packed, "RecipientTypeDetails");
    shell->type = gif_table_find(shell->packed, "RecipientType");
}

GifReader *
gif_powershell_new(TblSlice text, GifReading reading, GifNotes *notes)
{
    GifTable *table = gif_table_new(text, "#TYPE", notes);
    if (!table) {
        return NULL;
    }
    GifPowershell *shell = g_new0(GifPowershell, 1);
    shell->base = (GifReader){.next = shell_next, .offset = shell_offset, .free = shell_free};
    shell->base.collector = gif_collector_new(aliases, reading.compat);
    shell->base.header_end = gif_csv_offset(table->csv);
    shell->reading = reading;
    shell->table = table;
    shell->columns = g_array_new(FALSE, FALSE, sizeof(Column));
    shell->packed = g_ptr_array_new_with_free_func(g_free);
    shell->addresses = -1;
    columns_read(shell, notes);
    bool named = shell->addresses >= 0;
    for (guint i = 0; i < NAME_COUNT; i++) {
        named = named || shell->names[i] >= 0;
    }
    if (!named) {
        gif_notes_add(notes, GIF_ERROR, 225, NULL,
                      "no column says which object a row is about: DistinguishedName, Name, Alias "
                      "or PrimarySmtpAddress");
        gif_reader_free(&shell->base);
        return NULL;
    }
    return &shell->base;
}
