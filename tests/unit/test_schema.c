#include "gif/schema.h"

#include "tests/unit/gif_fixture.h"

static GifSchema *
header(const char *text, char **codes)
{
    GifDialect dialect = {',', '"', '%', false};
    g_autoptr(GifCsv) csv = gif_csv_new(tbl_slice(text), dialect);
    g_autofree GifRecord *record = g_new(GifRecord, 1);
    g_autoptr(GifNotes) notes = gif_notes_new();
    g_assert_true(gif_csv_next(csv, record));
    GifSchema *schema = gif_schema_new(record, dialect, notes);
    g_assert_cmpint(schema != NULL, ==, !gif_notes_failed(notes));
    *codes = gif_fixture_codes(notes);
    return schema;
}

typedef struct {
    const char *header, *codes;
} Case;

static const Case cases[] = {
    {"Obj-Class,Mode,Directory Name", ""},
    {"obj_class,MODE,common   name", ""},
    {"\"Obj-Class\", Directory Name", ""},
    {"Mode,Obj-Class,Directory Name", "1:E226"},
    {"DN,objectClass", "1:E226"},
    {"Obj-Class,Directory Name,Mode", "1:E222"},
    {"Obj-Class,Display Name", "1:E225"},
    {"Obj-Class,Directory Name,Shoe Size", "1:W264"},
    {"Obj-Class,Directory Name,", "1:W264"},
    {"Obj-Class,Directory Name,Obj-Class", "1:W264"},
    {"Obj-Class,Directory Name,Common-Name", "1:W152"},
    {"Obj-Class,Mode,Directory Name,Mode", "1:W152"},
    {"Obj-Class,Directory Name,Custom Attribute 3,Extension-Attribute-3", "1:W152"},
    {"Obj-Class,Directory Name,Custom Attribute 16", "1:W264"},
    {"Obj-Class,Directory Name,When-Created,Obj-Dist-Name", "1:W153 1:W153"},
    {"Obj-Class,Directory Name,Member Of,Home-MDB", "1:W154 1:W154"},
    {"Obj-Class,\"Directory Name\"x", "1:E227"},
    {"Obj-Class,\"Directory Name", "1:E227"},
};

static void
test_headers(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *codes = NULL;
        g_autoptr(GifSchema) schema = header(cases[i].header, &codes);
        g_assert_cmpstr(codes, ==, cases[i].codes);
        g_assert_cmpint(schema == NULL, ==, strchr(codes, 'E') != NULL);
    }
}

static void
test_columns(void)
{
    g_autofree char *codes = NULL;
    g_autoptr(GifSchema) schema =
        header("Obj-Class,Mode,Directory Name,Target_Address,proxy-addresses,Secondary Proxy "
               "Addresses,Home "
               "Server,members,Hide from AB,Whatever,Primary Windows NT Account",
               &codes);
    g_assert_nonnull(schema);
    g_assert_cmpint(schema->class_at, ==, 0);
    g_assert_cmpint(schema->mode_at, ==, 1);
    g_assert_cmpint(schema->name_at, ==, 2);
    g_assert_cmpint(schema->target_at, ==, 3);
    g_assert_cmpint(schema->primaries_at, ==, 4);
    g_assert_cmpint(schema->secondaries_at, ==, 5);
    g_assert_cmpint(schema->home_server_at, ==, 6);
    g_assert_cmpint(schema->members_at, ==, 7);
    g_assert_cmpint(schema->column[8].kind, ==, GIF_COLUMN_HIDDEN);
    g_assert_cmpint(schema->column[9].kind, ==, GIF_COLUMN_IGNORED);
    g_assert_cmpint(schema->column[10].kind, ==, GIF_COLUMN_TEXT);
    g_assert_cmpuint(schema->column[10].which, ==, TBL_TEXT_ACCOUNT);
    g_assert_cmpstr(schema->column[3].name, ==, "Target_Address");
}

static void
test_fold(void)
{
    g_autofree char *a = gif_schema_fold(tbl_slice("  E-mail   Addresses "));
    g_autofree char *b = gif_schema_fold(tbl_slice("__Hide_-_From AB--"));
    g_assert_cmpstr(a, ==, "e-mail-addresses");
    g_assert_cmpstr(b, ==, "hide-from-ab");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/schema/headers", test_headers);
    g_test_add_func("/schema/columns", test_columns);
    g_test_add_func("/schema/fold", test_fold);
    return g_test_run();
}
