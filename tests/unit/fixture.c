#include "tests/unit/fixture.h"

#include <glib/gstdio.h>
#include <stdarg.h>

#define TEST_MAP_SIZE (64u << 20)

Fixture *
fixture_new(const char *config_text)
{
    g_autoptr(GError) error = NULL;
    Fixture *fixture = g_new0(Fixture, 1);
    fixture->directory = g_dir_make_tmp("policyd-gif-test-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->path = g_build_filename(fixture->directory, "store.mdb", NULL);
    fixture->config = tbl_config_parse(config_text, strlen(config_text), "test", &error);
    g_assert_no_error(error);
    fixture->store = tbl_store_open(fixture->path, TEST_MAP_SIZE, TBL_STORE_WRITE, &error);
    g_assert_no_error(error);
    fixture->view = tbl_view_new();
    tbl_view_set_reader(fixture->view, tbl_reader_new(fixture->store, &error));
    g_assert_no_error(error);
    return fixture;
}

void
fixture_free(Fixture *fixture)
{
    tbl_draft_free(fixture->draft);
    tbl_view_free(fixture->view);
    tbl_store_close(fixture->store);
    tbl_config_unref(fixture->config);
    static const char *const suffixes[] = {"", "-lock", ".write"};
    for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *path = g_strconcat(fixture->path, suffixes[i], NULL);
        g_unlink(path);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->path);
    g_free(fixture->directory);
    g_free(fixture);
}

TblDraft *
fixture_draft(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    if (!fixture->draft)
        fixture->draft = tbl_draft_new(fixture->store, &error);
    g_assert_no_error(error);
    return fixture->draft;
}

guint64
fixture_commit(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    TblBatchInfo info = {.program = "test", .user = "tester", .summary = "{}", .undo_keep = 3};
    guint64 number, generation;
    tbl_draft_commit(fixture_draft(fixture), &info, &number, &generation, &error);
    g_assert_no_error(error);
    g_clear_pointer(&fixture->draft, tbl_draft_free);
    return number;
}

void
fixture_declare(Fixture *fixture, TblDomain *domain)
{
    tbl_draft_put_domain(fixture_draft(fixture), domain);
    tbl_domain_free(domain);
}

TblObject *
fixture_object(TblClass object_class, const char *name, ...)
{
    TblObject *object = tbl_object_new(TBL_ORIGIN_LOCAL, object_class, name);
    va_list args;
    va_start(args, name);
    for (const char *text; (text = va_arg(args, const char *));) {
        TblSlice type, value;
        g_assert_cmpint(tbl_proxy_split(tbl_slice(text), &type, &value), ==, 0);
        g_ptr_array_add(object->addresses, tbl_proxy_new(type, value, g_ascii_isupper(text[0])));
    }
    va_end(args);
    return object;
}

void
fixture_put(Fixture *fixture, TblObject *object)
{
    g_autoptr(GError) error = NULL;
    tbl_draft_put(fixture_draft(fixture), object, &error);
    g_assert_no_error(error);
    tbl_object_free(object);
}

void
fixture_plant(Fixture *fixture, TblDb db, TblSlice key, TblSlice value)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(tbl_store_lock(fixture->store, &error));
    TblWriter *writer = tbl_writer_begin(fixture->store, &error);
    g_assert_no_error(error);
    if (value.ptr)
        tbl_writer_put(writer, db, key, value);
    else
        tbl_writer_delete(writer, db, key);
    g_assert_true(tbl_writer_commit(writer, &error));
    tbl_store_unlock(fixture->store);
}

static char *
look(Fixture *fixture, TblView *view, const char *map, const char *key)
{
    TblContext context = {.view = view, .config = fixture->config, .now = 1000};
    g_autoptr(GString) value = g_string_new(NULL);
    switch (tbl_maps_lookup(&context, tbl_map_from_name(tbl_slice(map)), tbl_slice(key), value)) {
    case TBL_FOUND:
        g_string_prepend(value, "OK ");
        return g_strdup(value->str);
    case TBL_NOTFOUND:
        g_assert_cmpuint(value->len, ==, 0);
        return g_strdup("NOTFOUND");
    default:
        g_assert_cmpuint(value->len, >, 0);
        return g_strdup("TEMP");
    }
}

char *
fixture_lookup(Fixture *fixture, const char *map, const char *key)
{
    tbl_view_begin(fixture->view);
    char *result = look(fixture, fixture->view, map, key);
    tbl_view_end(fixture->view);
    return result;
}

char *
fixture_lookup_draft(Fixture *fixture, const char *map, const char *key)
{
    return look(fixture, tbl_draft_view(fixture_draft(fixture)), map, key);
}

void
fixture_declare_class(Fixture *fixture, const char *name, TblDomainClass domain_class)
{
    fixture_declare(fixture, tbl_domain_new(name, domain_class));
}

Fixture *
fixture_world(const char *config)
{
    Fixture *fixture = fixture_new(config);
    fixture_declare_class(fixture, "relay.example", TBL_DOMAIN_RELAY);
    fixture_declare_class(fixture, "box.example", TBL_DOMAIN_VIRTUAL_MAILBOX);
    fixture_declare_class(fixture, "alias.example", TBL_DOMAIN_VIRTUAL_ALIAS);
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:Ann.Lee@relay.example",
                                        "smtp:ann@relay.example", "smtp:ann@box.example",
                                        "smtp:ann@alias.example", "smtp:ann@other.example", NULL));
    return fixture;
}
