#include "tests/unit/dump.h"

typedef struct {
    GHashTable *records;
    char db;
} Dump;

/* The value without its source: a rollback restores everything but that. */
static GBytes *
plain_value(char db, TblSlice key, TblSlice value)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    TblRows rows;
    if (db == 'a') {
        g_assert_true(tbl_rows_decode(&rows, key, value));
        for (guint i = 0; i < rows.count; i++)
            rows.row[i].source = (TblSource){0};
        tbl_rows_encode(&rows, key, out);
    } else if (db == 'd') {
        g_autoptr(TblDomain) domain = tbl_domain_decode(value, key);
        g_assert_nonnull(domain);
        domain->batch = 0;
        tbl_domain_encode(domain, out);
    } else {
        g_byte_array_append(out, (const guint8 *)value.ptr, (guint)value.len);
    }
    return g_bytes_new(out->data, out->len);
}

static bool
dump_record(TblSlice key, TblSlice value, gpointer data)
{
    Dump *dump = data;
    /* Marks stay when what they were made for goes, and so may those who waited for something. */
    if (dump->db == 'r' && (key.len == 3 || key.ptr[0] == 'w'))
        return true;
    GString *name = g_string_new(NULL);
    g_string_append_c(name, dump->db);
    for (size_t i = 0; i < key.len; i++)
        g_string_append_printf(name, "%02x", (unsigned char)key.ptr[i]);
    g_hash_table_insert(dump->records, g_string_free(name, FALSE),
                        plain_value(dump->db, key, value));
    return true;
}

GHashTable *
dump_store(Fixture *fixture)
{
    static const struct {
        TblDb db;
        char letter;
    } parts[] = {
        {TBL_DB_OBJECTS, 'o'},   {TBL_DB_NAMES, 'n'},   {TBL_DB_ADDRESSES, 'a'},
        {TBL_DB_REFERRERS, 'r'}, {TBL_DB_DOMAINS, 'd'},
    };
    Dump dump = {
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref), 0};
    tbl_view_begin(fixture->view);
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        dump.db = parts[i].letter;
        g_assert_cmpint(tbl_reader_each(tbl_view_reader(fixture->view), parts[i].db, (TblSlice){0},
                                        dump_record, &dump),
                        ==, TBL_FOUND);
    }
    tbl_view_end(fixture->view);
    return dump.records;
}

bool
dump_same_record(GHashTable *a, GHashTable *b, const char *key)
{
    GBytes *x = g_hash_table_lookup(a, key), *y = g_hash_table_lookup(b, key);
    return x && y ? g_bytes_equal(x, y) : x == y;
}

void
assert_same(GHashTable *a, GHashTable *b)
{
    GHashTableIter iter;
    gpointer key;
    g_assert_cmpuint(g_hash_table_size(a), ==, g_hash_table_size(b));
    g_hash_table_iter_init(&iter, a);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        if (!dump_same_record(a, b, key))
            g_error("record %s differs", (const char *)key);
}
