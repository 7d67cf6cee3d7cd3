#include "gif/csvde.h"

#include "gif/ldap.h"
#include "gif/split.h"
#include "gif/table.h"
#include "gif/unknown.h"
#include "tables/address.h"

typedef struct {
    GifReader base;
    GifReading reading;
    GifTable *table;
    guint name_at;    /* the column DN */
    GArray *columns;  /* Column */
    GHashTable *seen; /* folded names of the rows so far */
    GString *value;
} GifCsvde;

typedef struct {
    TblSlice name; /* without options */
    int attribute; /* of the collector, -1: none */
    bool reference, addresses;
    bool single; /* a semicolon separates nothing */
    bool cut;    /* a range of a longer list */
} Column;

/* ---- Values ---- */

/* X'hex' into its bytes. False: bad digits (event 270). Other text stays as it is. */
static bool
binary_read(GString *value)
{
    if (value->len < 3 || (*value->str != 'X' && *value->str != 'x') || value->str[1] != '\'' ||
        value->str[value->len - 1] != '\'') {
        return true;
    }
    gsize digits = value->len - 3;
    for (gsize i = 0; i < digits; i++) {
        if (digits % 2 != 0 || !g_ascii_isxdigit(value->str[2 + i])) {
            return false;
        }
    }
    for (gsize i = 0; i < digits / 2; i++) {
        value->str[i] = (char)(g_ascii_xdigit_value(value->str[2 + 2 * i]) * 16 +
                               g_ascii_xdigit_value(value->str[3 + 2 * i]));
    }
    g_string_truncate(value, digits / 2);
    return true;
}

static void
binary_refuse(GifEntry *entry, const Column *column, const GString *value)
{
    g_autofree char *name = g_strndup(column->name.ptr, column->name.len);
    gif_notes_add(entry->notes, GIF_ERROR, 270, name,
                  "\"%.*s\" is no binary value: write X' and pairs of hexadecimal digits and '",
                  (int)MIN(value->len, 128), value->str);
}

/* One value of a cell into csvde->value, unescaped; returns what is left. Names keep their
 * backslashes, as in the column DN. */
static TblSlice
value_read(GifCsvde *csvde, TblSlice rest, const Column *column)
{
    size_t at = 0;
    g_string_truncate(csvde->value, 0);
    for (; at < rest.len && (column->single || rest.ptr[at] != ';'); at++) {
        bool escape = rest.ptr[at] == '\\' && at + 1 < rest.len;
        bool known = escape && (rest.ptr[at + 1] == ';' || rest.ptr[at + 1] == '\\');
        if (escape && column->reference) {
            g_string_append_c(csvde->value, rest.ptr[at++]);
        } else if (known) {
            at++;
        }
        g_string_append_c(csvde->value, rest.ptr[at]);
    }
    at = MIN(at + 1, rest.len);
    return (TblSlice){rest.ptr + at, rest.len - at};
}

/* Files whose columns are separated by semicolons hold addresses as they are. */
static TblSlice
address_read(GifCsvde *csvde, TblSlice rest)
{
    size_t length = gif_split_typed(rest, ";");
    g_string_truncate(csvde->value, 0);
    g_string_append_len(csvde->value, rest.ptr, (gssize)length);
    rest = (TblSlice){rest.ptr + length, rest.len - length};
    return gif_split_skip(rest, ";");
}

static bool
cell_read(GifCsvde *csvde, guint index, GifLdapFacts *facts, GifEntry *entry)
{
    const Column *column = &g_array_index(csvde->columns, Column, index);
    TblSlice rest = gif_table_cell(csvde->table, index);
    if (column->cut && rest.len > 0) {
        gif_notes_add(entry->notes, GIF_ERROR, GIF_CODE_LIST_CUT,
                      g_ptr_array_index(csvde->table->names, index),
                      "only a range of the values; write the dump with a tool that asks for all "
                      "ranges");
        return false;
    }
    bool plain = column->addresses && csvde->table->separator == ';';
    while (rest.len > 0) {
        rest = plain ? address_read(csvde, rest) : value_read(csvde, rest, column);
        if (!binary_read(csvde->value)) {
            binary_refuse(entry, column, csvde->value);
            return false;
        }
        TblSlice value = {csvde->value->str, csvde->value->len};
        gif_ldap_facts_note(facts, column->name, value);
        if (column->attribute >= 0) {
            gif_collector_add(csvde->base.collector, column->attribute, value);
        }
    }
    return true;
}

/* ---- Rows ---- */

/* Another row of the same name adds to what the first one did. */
static bool
name_repeats(GifCsvde *csvde, GifEntry *entry)
{
    char *folded = entry->name ? tbl_text_fold(tbl_slice(entry->name)) : NULL;
    if (!folded || g_hash_table_add(csvde->seen, folded)) {
        return false;
    }
    if (entry->mode == GIF_MODE_CREATE) {
        entry->mode = GIF_MODE_UPDATE;
    }
    entry->keep_primaries = true;
    return true;
}

static void
row_read(GifCsvde *csvde, GifLdapFacts *facts, GifEntry *entry)
{
    gif_collector_begin(csvde->base.collector);
    gif_entry_set_name(entry, gif_table_cell(csvde->table, csvde->name_at));
    for (guint i = 0; i < csvde->columns->len; i++) {
        if (i != csvde->name_at && !cell_read(csvde, i, facts, entry)) {
            return;
        }
    }
    if (facts->name) {
        gif_entry_set_name(entry, tbl_slice(facts->name));
    }
    bool repeats = name_repeats(csvde, entry);
    gif_ldap_settle_class(facts, csvde->base.collector, entry);
    gif_collector_finish(csvde->base.collector, csvde->reading.overwrite && !repeats, entry);
}

static bool
csvde_next(GifReader *reader, GifEntry *entry)
{
    GifCsvde *csvde = (GifCsvde *)reader;
    if (!gif_table_next(csvde->table, csvde->reading.mode, csvde->reading.compat, entry)) {
        return false;
    }
    if (!gif_notes_failed(entry->notes)) {
        GifLdapFacts facts = {0};
        row_read(csvde, &facts, entry);
        gif_ldap_facts_clear(&facts);
    }
    return true;
}

static gsize
csvde_offset(const GifReader *reader)
{
    return gif_csv_offset(((const GifCsvde *)reader)->table->csv);
}

static void
csvde_free(GifReader *reader)
{
    GifCsvde *csvde = (GifCsvde *)reader;
    gif_table_free(csvde->table);
    g_array_unref(csvde->columns);
    g_hash_table_unref(csvde->seen);
    g_string_free(csvde->value, TRUE);
    g_free(csvde);
}

/* ---- The file ---- */

static void
columns_read(GifCsvde *csvde, GifNotes *notes)
{
    static const char *const references[] = {"member",           "uniqueMember", "altRecipient",
                                             "authOrig",         "unauthOrig",   "dLMemSubmitPerms",
                                             "dLMemRejectPerms", "manager",      "policydName"};
    static const char *const addresses[] = {"proxyAddresses", "proxyAddress"};
    g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < csvde->table->names->len; i++) {
        Column column = {0};
        TblSlice name = tbl_slice(g_ptr_array_index(csvde->table->names, i));
        column.name = gif_ldap_attribute(name, &column.cut);
        column.attribute = gif_collector_find(csvde->base.collector, column.name);
        column.single = column.attribute >= 0 &&
                        !gif_collector_is_list(csvde->base.collector, column.attribute);
        column.cut = column.cut && column.attribute >= 0;
        for (guint r = 0; r < G_N_ELEMENTS(references); r++) {
            column.reference |=
                column.name.len == strlen(references[r]) &&
                g_ascii_strncasecmp(column.name.ptr, references[r], column.name.len) == 0;
        }
        for (guint a = 0; a < G_N_ELEMENTS(addresses); a++) {
            column.addresses |=
                column.name.len == strlen(addresses[a]) &&
                g_ascii_strncasecmp(column.name.ptr, addresses[a], column.name.len) == 0;
        }
        g_array_append_val(csvde->columns, column);
        if (column.attribute >= 0) {
            gif_collector_spell(csvde->base.collector, column.attribute, name.ptr);
        } else {
            gif_unknown_note(GIF_UNKNOWN_LDAP, column.name, name.ptr, told, notes);
        }
    }
}

GifReader *
gif_csvde_new(TblSlice text, GifReading reading, GifNotes *notes)
{
    GifTable *table = gif_table_new(text, NULL, notes);
    if (!table) {
        return NULL;
    }
    int name_at = gif_table_find(table->names, "DN");
    if (name_at < 0) {
        gif_notes_add(notes, GIF_ERROR, 225, NULL,
                      "no column DN, which says which object a row is about");
        gif_table_free(table);
        return NULL;
    }
    GifCsvde *csvde = g_new0(GifCsvde, 1);
    csvde->base = (GifReader){.next = csvde_next, .offset = csvde_offset, .free = csvde_free};
    csvde->base.collector = gif_collector_new(gif_ldap_aliases, reading.compat);
    csvde->base.header_end = gif_csv_offset(table->csv);
    csvde->reading = reading;
    csvde->table = table;
    csvde->name_at = (guint)name_at;
    csvde->columns = g_array_new(FALSE, FALSE, sizeof(Column));
    csvde->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    csvde->value = g_string_new(NULL);
    columns_read(csvde, notes);
    return &csvde->base;
}
