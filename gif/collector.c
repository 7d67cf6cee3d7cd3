#include "gif/collector.h"

#include "gif/proxy.h"

/* Places of an attribute of addresses among its columns. */
enum { PRIMARIES_REMOVE, SECONDARIES_REMOVE, PRIMARIES_ADD, SECONDARIES_ADD, ADDRESS_COLUMNS };
/* Places of the others; the second address of a mail attribute has a place of its own. */
enum { REMOVE, ADD, MULTI_COLUMNS, MAIL_MORE = MULTI_COLUMNS, MAIL_COLUMNS };

typedef struct {
    char *name; /* as the file spells it, or the first alias */
    GifRole role;
    GifColumn column;       /* GIF_ROLE_COLUMN: its meaning; without a name */
    guint first;            /* index of its first column in the schema */
    GArray *adds, *removes; /* TblSlice in the arena */
    bool cleared, told;
} Attribute;

struct GifCollector {
    bool compat;
    GArray *attributes; /* Attribute */
    GHashTable *index;  /* name in small letters -> attribute + 1 */
    guint columns;
    GStringChunk *arena;
    int fault; /* of a value: GIF_CODE_..., told for the attribute that had it */
    int faulty;
};

static Attribute *
attribute_at(const GifCollector *collector, guint index)
{
    return &g_array_index(collector->attributes, Attribute, index);
}

static bool
is_multi(const Attribute *attribute)
{
    return attribute->role == GIF_ROLE_COLUMN && attribute->column.kind == GIF_COLUMN_REFERENCES;
}

static guint
columns_count(const Attribute *attribute)
{
    if (attribute->role == GIF_ROLE_ADDRESSES) {
        return ADDRESS_COLUMNS;
    }
    if (attribute->role == GIF_ROLE_MAIL) {
        return MAIL_COLUMNS;
    }
    return is_multi(attribute) ? MULTI_COLUMNS : 1;
}

static void
attribute_clear(gpointer data)
{
    g_array_unref(((Attribute *)data)->adds);
    g_array_unref(((Attribute *)data)->removes);
    g_free(((Attribute *)data)->name);
}

/* The attribute that means the same, or -1. */
static int
same_find(const GifCollector *collector, const Attribute *wanted)
{
    for (guint i = 0; i < collector->attributes->len; i++) {
        const Attribute *attribute = attribute_at(collector, i);
        if (attribute->role == wanted->role && attribute->column.kind == wanted->column.kind &&
            attribute->column.which == wanted->column.which &&
            g_strcmp0(attribute->column.other, wanted->column.other) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static void
alias_add(GifCollector *collector, const GifAlias *alias)
{
    Attribute attribute = {.role = alias->role};
    if (alias->role == GIF_ROLE_COLUMN && !gif_schema_find(alias->column, &attribute.column)) {
        return; /* a table of ours names no column that is not there; the unit tests see to it */
    }
    int index = same_find(collector, &attribute);
    if (index < 0) {
        attribute.name = g_strdup(alias->name);
        attribute.first = collector->columns;
        attribute.adds = g_array_new(FALSE, FALSE, sizeof(TblSlice));
        attribute.removes = g_array_new(FALSE, FALSE, sizeof(TblSlice));
        collector->columns += columns_count(&attribute);
        index = (int)collector->attributes->len;
        g_array_append_val(collector->attributes, attribute);
    }
    g_hash_table_insert(collector->index, g_ascii_strdown(alias->name, -1),
                        GINT_TO_POINTER(index + 1));
}

GifCollector *
gif_collector_new(const GifAlias *aliases, bool compat)
{
    GifCollector *collector = g_new0(GifCollector, 1);
    collector->compat = compat;
    collector->attributes = g_array_new(FALSE, FALSE, sizeof(Attribute));
    g_array_set_clear_func(collector->attributes, attribute_clear);
    collector->index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    collector->arena = g_string_chunk_new(4096);
    for (const GifAlias *alias = aliases; alias->name; alias++) {
        alias_add(collector, alias);
    }
    return collector;
}

void
gif_collector_free(GifCollector *collector)
{
    if (collector) {
        g_array_unref(collector->attributes);
        g_hash_table_unref(collector->index);
        g_string_chunk_free(collector->arena);
        g_free(collector);
    }
}

void
gif_collector_spell(GifCollector *collector, int attribute, const char *name)
{
    char **spelling = &attribute_at(collector, (guint)attribute)->name;
    g_free(*spelling);
    *spelling = g_strdup(name);
}

static void
columns_describe(const Attribute *attribute, GifColumn *column)
{
    static const GifColumnKind kinds[ADDRESS_COLUMNS] = {
        GIF_COLUMN_PRIMARIES, GIF_COLUMN_SECONDARIES, GIF_COLUMN_PRIMARIES, GIF_COLUMN_SECONDARIES};
    for (guint i = 0; i < columns_count(attribute); i++) {
        column[i] = attribute->column;
        if (attribute->role == GIF_ROLE_ADDRESSES) {
            column[i].kind = kinds[i];
        } else if (attribute->role == GIF_ROLE_MAIL) {
            column[i].kind = i == MAIL_MORE ? GIF_COLUMN_SECONDARIES : GIF_COLUMN_PRIMARIES;
        }
        column[i].name = g_strdup(attribute->name);
    }
}

GifSchema *
gif_collector_schema(const GifCollector *collector)
{
    GifColumn *column = g_new0(GifColumn, collector->columns);
    for (guint i = 0; i < collector->attributes->len; i++) {
        const Attribute *attribute = attribute_at(collector, i);
        columns_describe(attribute, &column[attribute->first]);
    }
    return gif_schema_new_typed(column, collector->columns);
}

int
gif_collector_find(const GifCollector *collector, TblSlice name)
{
    g_autofree char *lower = g_ascii_strdown(name.ptr, (gssize)name.len);
    return GPOINTER_TO_INT(g_hash_table_lookup(collector->index, lower)) - 1;
}

bool
gif_collector_is_list(const GifCollector *collector, int attribute)
{
    const Attribute *of = attribute_at(collector, (guint)attribute);
    return of->role != GIF_ROLE_COLUMN || is_multi(of);
}

static bool
is_touched(const Attribute *attribute)
{
    return attribute->adds->len > 0 || attribute->removes->len > 0 || attribute->cleared;
}

bool
gif_collector_has(const GifCollector *collector, int attribute)
{
    return attribute >= 0 && is_touched(attribute_at(collector, (guint)attribute));
}

bool
gif_collector_is_empty(const GifCollector *collector)
{
    for (guint i = 0; i < collector->attributes->len; i++) {
        if (is_touched(attribute_at(collector, i))) {
            return false;
        }
    }
    return collector->fault == 0;
}

void
gif_collector_begin(GifCollector *collector)
{
    for (guint i = 0; i < collector->attributes->len; i++) {
        Attribute *attribute = attribute_at(collector, i);
        g_array_set_size(attribute->adds, 0);
        g_array_set_size(attribute->removes, 0);
        attribute->cleared = attribute->told = false;
    }
    g_string_chunk_clear(collector->arena);
    collector->fault = 0;
}

/* ---- Values come and go ---- */

static bool
value_check(GifCollector *collector, int attribute, TblSlice value)
{
    int fault = value.len > GIF_VALUE_MAX                         ? GIF_CODE_VALUE_LONG
                : memchr(value.ptr, '\0', value.len)              ? GIF_CODE_NUL
                : g_utf8_validate_len(value.ptr, value.len, NULL) ? 0
                                                                  : GIF_CODE_ENCODING;
    if (fault != 0 && collector->fault == 0) {
        collector->fault = fault;
        collector->faulty = attribute;
    }
    return fault == 0;
}

static void
slice_push(GifCollector *collector, GArray *values, TblSlice value)
{
    TblSlice copy = {g_string_chunk_insert_len(collector->arena, value.ptr, (gssize)value.len),
                     value.len};
    g_array_append_val(values, copy);
}

void
gif_collector_add(GifCollector *collector, int attribute, TblSlice value)
{
    if (value.len > 0 && value_check(collector, attribute, value)) {
        slice_push(collector, attribute_at(collector, (guint)attribute)->adds, value);
    }
}

static bool
value_equal(TblSlice a, TblSlice b)
{
    return a.len == b.len && g_ascii_strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

void
gif_collector_remove(GifCollector *collector, int attribute, TblSlice value)
{
    Attribute *of = attribute_at(collector, (guint)attribute);
    if (value.len == 0 || !value_check(collector, attribute, value)) {
        return;
    }
    for (guint i = of->adds->len; i > 0; i--) {
        if (value_equal(g_array_index(of->adds, TblSlice, i - 1), value)) {
            g_array_remove_index(of->adds, i - 1);
        }
    }
    if (!of->cleared) {
        slice_push(collector, of->removes, value);
    }
}

void
gif_collector_clear(GifCollector *collector, int attribute, bool told)
{
    Attribute *of = attribute_at(collector, (guint)attribute);
    g_array_set_size(of->adds, 0);
    g_array_set_size(of->removes, 0);
    of->cleared = true;
    of->told = told;
}

/* ---- Cells ---- */

static void
fault_tell(const GifCollector *collector, GifNotes *notes)
{
    const char *name = attribute_at(collector, (guint)collector->faulty)->name;
    const char *what = collector->fault == GIF_CODE_NUL ? "a NUL byte in a value: text holds none"
                       : collector->fault == GIF_CODE_ENCODING
                           ? "a value is not valid UTF-8"
                           : gif_cell_fault_text(collector->fault);
    gif_notes_add(notes, GIF_ERROR, collector->fault, name, "%s", what);
}

static GifEntryCell *
cell_write(GifEntry *entry, guint column, GifCellKind kind, const GArray *values, guint count)
{
    GifEntryCell *cell = gif_entry_add_cell(entry, column, kind);
    for (guint i = 0; values && i < count; i++) {
        gif_entry_add_value(entry, g_array_index(values, TblSlice, i));
    }
    return cell;
}

static void
single_write(const Attribute *attribute, GifEntry *entry)
{
    if (attribute->adds->len > 0) {
        cell_write(entry, attribute->first, GIF_CELL_VALUES, attribute->adds, 1);
    } else if (attribute->cleared) {
        cell_write(entry, attribute->first, GIF_CELL_CLEAR, NULL, 0)->quiet = !attribute->told;
    } else {
        cell_write(entry, attribute->first, GIF_CELL_REMOVE, attribute->removes, 1);
    }
}

static void
multi_write(const Attribute *attribute, bool whole, GifEntry *entry)
{
    const GArray *adds = attribute->adds, *removes = attribute->removes;
    if (attribute->cleared && adds->len == 0) {
        cell_write(entry, attribute->first + REMOVE, GIF_CELL_CLEAR, NULL, 0)->quiet =
            !attribute->told;
    }
    if (removes->len > 0) {
        cell_write(entry, attribute->first + REMOVE, GIF_CELL_REMOVE, removes, removes->len);
    }
    if (adds->len > 0) {
        cell_write(entry, attribute->first + ADD, GIF_CELL_VALUES, adds, adds->len)->replace =
            attribute->cleared || whole;
    }
}

/* ---- Addresses ---- */

/* A type written without small letters makes a primary address. */
static bool
type_is_primary(TblSlice text, char type[TBL_PROXY_TYPE_MAX + 1])
{
    TblSlice name, value;
    if (tbl_proxy_split(text, &name, &value) != 0) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (g_ascii_islower(name.ptr[i])) {
            return false;
        }
        type[i] = name.ptr[i];
    }
    type[name.len] = '\0';
    return true;
}

/* Which of the values are primary addresses, of each type the first; event 233 for the others.
 * Returns the value that is the SMTP primary, or -1. */
static int
primaries_choose(const GifCollector *collector, const Attribute *attribute, bool *primary,
                 GifNotes *notes)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    int smtp = -1;
    for (guint i = 0; i < attribute->adds->len; i++) {
        TblSlice text = g_array_index(attribute->adds, TblSlice, i);
        char type[TBL_PROXY_TYPE_MAX + 1] = "";
        primary[i] = type_is_primary(text, type);
        if (!primary[i]) {
            continue;
        }
        if (g_hash_table_add(seen, g_strdup(type))) {
            smtp = g_str_equal(type, "SMTP") ? (int)i : smtp;
        } else if (!collector->compat) {
            primary[i] = false;
            gif_notes_add(notes, GIF_WARNING, 233, attribute->name,
                          "%.*s is a second primary address of its type; the first stays the "
                          "primary, this one becomes secondary",
                          (int)MIN(text.len, 128), text.ptr);
        }
    }
    return smtp;
}

/* A value of the mail attribute without the type that some write before it. */
static TblSlice
mail_bare(TblSlice mail)
{
    static const char type[] = "smtp:";
    size_t length = strlen(type);
    bool typed = mail.len > length && g_ascii_strncasecmp(mail.ptr, type, length) == 0;
    return typed ? (TblSlice){mail.ptr + length, mail.len - length} : mail;
}

/* GIF0905: the one address that is said twice differs. */
static void
mail_compare(const Attribute *mail, const Attribute *addresses, TblSlice primary, GifNotes *notes)
{
    TblSlice bare = mail_bare(g_array_index(mail->adds, TblSlice, 0)), type, value;
    (void)tbl_proxy_split(primary, &type, &value);
    g_autofree char *one = tbl_proxy_key(tbl_slice("SMTP"), bare);
    g_autofree char *other = tbl_proxy_key(tbl_slice("SMTP"), value);
    if (g_strcmp0(one, other) != 0) {
        gif_notes_add(notes, GIF_WARNING, GIF_CODE_ADDRESS_DIFFERS, mail->name,
                      "%s is %.*s, but %s has %.*s, which counts", mail->name,
                      (int)MIN(bare.len, 128), bare.ptr, addresses->name,
                      (int)MIN(primary.len, 128), primary.ptr);
    }
}

static void
mail_value_add(GifEntry *entry, const char *type, TblSlice mail)
{
    TblSlice bare = mail_bare(mail);
    g_autofree char *text = g_strdup_printf("%s:%.*s", type, (int)bare.len, bare.ptr);
    gif_entry_add_value(entry, tbl_slice(text));
}

/* The mail attribute where no other one names an SMTP primary. */
static void
mail_write(const Attribute *mail, GifEntry *entry)
{
    if (mail->adds->len > 0) {
        gif_entry_add_cell(entry, mail->first + ADD, GIF_CELL_VALUES);
        mail_value_add(entry, "SMTP", g_array_index(mail->adds, TblSlice, 0));
        /* OpenLDAP's mail has several values. */
        for (guint i = 1; i < mail->adds->len; i++) {
            if (i == 1) {
                gif_entry_add_cell(entry, mail->first + MAIL_MORE, GIF_CELL_VALUES);
            }
            mail_value_add(entry, "smtp", g_array_index(mail->adds, TblSlice, i));
        }
    } else if (mail->cleared) {
        gif_entry_add_cell(entry, mail->first + REMOVE, GIF_CELL_REMOVE)->quiet = !mail->told;
        gif_entry_add_value(entry, tbl_slice("SMTP:"));
    } else if (mail->removes->len > 0) {
        gif_entry_add_cell(entry, mail->first + REMOVE, GIF_CELL_REMOVE);
        for (guint i = 0; i < mail->removes->len; i++) {
            mail_value_add(entry, "SMTP", g_array_index(mail->removes, TblSlice, i));
        }
    }
}

static void
added_write(const Attribute *addresses, const bool *primary, GifEntry *entry)
{
    for (guint pass = 0; pass < 2; pass++) {
        bool begun = false;
        for (guint i = 0; i < addresses->adds->len; i++) {
            if (primary[i] != (pass == 0)) {
                continue;
            }
            if (!begun) {
                guint place = pass == 0 ? PRIMARIES_ADD : SECONDARIES_ADD;
                gif_entry_add_cell(entry, addresses->first + place, GIF_CELL_VALUES);
                begun = true;
            }
            gif_entry_add_value(entry, g_array_index(addresses->adds, TblSlice, i));
        }
    }
}

static void
addresses_write(const GifCollector *collector, const Attribute *addresses, const Attribute *mail,
                bool whole, GifEntry *entry)
{
    guint count = addresses->adds->len;
    g_autofree bool *primary = g_new0(bool, count + 1);
    int smtp = primaries_choose(collector, addresses, primary, entry->notes);
    if (addresses->removes->len > 0) {
        cell_write(entry, addresses->first + PRIMARIES_REMOVE, GIF_CELL_REMOVE, addresses->removes,
                   addresses->removes->len);
    }
    added_write(addresses, primary, entry);
    entry->replace_addresses = (addresses->cleared || whole) && count > 0;
    if (addresses->cleared && count == 0) {
        gif_notes_add(entry->notes, GIF_ERROR, 266, addresses->name,
                      "all addresses would go; give the ones that stay, or delete the object");
    }
    if (smtp < 0) {
        mail_write(mail, entry);
    } else if (mail->adds->len > 0) {
        TblSlice own = g_array_index(addresses->adds, TblSlice, (guint)smtp);
        mail_compare(mail, addresses, own, entry->notes);
    }
}

void
gif_collector_finish(GifCollector *collector, bool whole, GifEntry *entry)
{
    const Attribute *addresses = NULL, *mail = NULL;
    if (collector->fault != 0) {
        fault_tell(collector, entry->notes);
        return;
    }
    for (guint i = 0; i < collector->attributes->len; i++) {
        const Attribute *attribute = attribute_at(collector, i);
        if (attribute->role == GIF_ROLE_ADDRESSES) {
            addresses = attribute;
        } else if (attribute->role == GIF_ROLE_MAIL) {
            mail = attribute;
        } else if (is_touched(attribute) && is_multi(attribute)) {
            multi_write(attribute, whole, entry);
        } else if (is_touched(attribute)) {
            single_write(attribute, entry);
        }
    }
    if (addresses && mail) {
        addresses_write(collector, addresses, mail, whole, entry);
    }
}
