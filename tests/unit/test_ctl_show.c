#include "policyd/ctl_show.h"

/* A view of a store with one object, "bob", who has bob@company.example. */
typedef struct {
    TblView base;
    TblDomains *domains; /* none is declared */
    bool fails;
} OneView;

static TblResult
one_rows(TblView *view, TblSlice key, TblRows *rows)
{
    static const char address[] = "bob@company.example";
    rows->count = 0;
    if (((OneView *)view)->fails)
        return TBL_FAILED;
    if (!tbl_slice_equal(key, tbl_slice("smtp:bob@company.example")))
        return TBL_NOTFOUND;
    rows->row[rows->count++] = (TblRow){.kind = TBL_ROW_LOCAL,
                                        .object_class = TBL_CLASS_MAILBOX,
                                        .object = 7,
                                        .spelling = tbl_slice(address)};
    return TBL_FOUND;
}

static TblResult
one_object(TblView *view, guint64 id, TblObject **object)
{
    *object = id == 7 ? tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_MAILBOX, "Bob") : NULL;
    return *object ? TBL_FOUND : TBL_NOTFOUND;
}

static TblResult
one_name(TblView *view, TblOrigin origin, const char *folded, guint64 *id)
{
    if (((OneView *)view)->fails)
        return TBL_FAILED;
    *id = 7;
    return origin == TBL_ORIGIN_LOCAL && g_str_equal(folded, "bob") ? TBL_FOUND : TBL_NOTFOUND;
}

static const TblDomains *
one_domains(TblView *view)
{
    return ((OneView *)view)->domains;
}

static bool
one_true(TblView *view)
{
    return true;
}

typedef struct {
    OneView view;
    TblConfig *config;
    TblContext context;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    fixture->view = (OneView){.base = {.rows = one_rows,
                                       .object = one_object,
                                       .name = one_name,
                                       .domains = one_domains,
                                       .usable = one_true,
                                       .populated = one_true}};
    fixture->view.domains = tbl_domains_new();
    fixture->config = tbl_config_parse("", 0, "test", NULL);
    g_assert_nonnull(fixture->config);
    fixture->context = (TblContext){.view = &fixture->view.base, .config = fixture->config};
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    tbl_config_unref(fixture->config);
    tbl_domains_free(fixture->view.domains);
}

static void
add_address(TblObject *object, const char *type, const char *value, bool primary)
{
    g_ptr_array_add(object->addresses, tbl_proxy_new(tbl_slice(type), tbl_slice(value), primary));
}

static void
assert_json(Fixture *fixture, const TblObject *object, const char *expected)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_assert_true(pd_ctl_append_object_json(out, &fixture->context, object));
    g_assert_cmpstr(out->str, ==, expected);
}

static void
test_mailbox(Fixture *fixture, gconstpointer data)
{
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_MAILBOX, "ann");
    add_address(object, "SMTP", "ann@north.example", true);
    add_address(object, "X400", "c=US;s=Lee;", true);
    add_address(object, "smtp", "z@north.example", false);
    add_address(object, "SMTP", "a.lee@north.example", false);
    tbl_object_set_text(object, TBL_TEXT_DISPLAY, "Ann \"A\" Lee");
    tbl_object_set_text(object, TBL_TEXT_FORWARD, "BOB");
    g_ptr_array_add(object->refs[TBL_REFS_GENERATED], g_strdup("ann@rule.example"));
    object->limit_in = 0;
    object->hidden = true;
    assert_json(fixture, object,
                "{\"class\":\"mailbox\",\"name\":\"ann\",\"origin\":\"local\",\"addresses\":["
                "\"SMTP:ann@north.example\","
                "\"X400:c=US;s=Lee;\",\"smtp:z@north.example\",\"smtp:a.lee@north.example\"],"
                "\"generated\":[\"smtp:ann@rule.example\"],"
                "\"display\":\"Ann \\\"A\\\" "
                "Lee\",\"hidden\":true,\"deliver_and_redirect\":false,\"limit_in\":0,"
                "\"forward\":\"Bob\"}");
}

static void
test_list(Fixture *fixture, gconstpointer data)
{
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_DL, "team");
    g_ptr_array_add(object->refs[TBL_REFS_MEMBERS], g_strdup("guest@far.example"));
    g_ptr_array_add(object->refs[TBL_REFS_MEMBERS], g_strdup("bob@company.example"));
    g_ptr_array_add(object->refs[TBL_REFS_MEMBERS], g_strdup("BOB"));
    /* Compared with what is known of the one before, which must be there still. */
    g_ptr_array_add(object->refs[TBL_REFS_MEMBERS], g_strdup("bob"));
    g_ptr_array_add(object->refs[TBL_REFS_ACCEPT_FROM], g_strdup("nobody"));
    assert_json(fixture, object,
                "{\"class\":\"dl\",\"name\":\"team\",\"origin\":\"local\",\"addresses\":[],"
                "\"generated\":[],"
                "\"members\":[\"Bob\",\"guest@far.example\"],\"hidden\":false,\"deliver_and_"
                "redirect\":false,"
                "\"accept_from\":[\"nobody\"]}");
}

/* Attributes that are only kept come back all of them, also where one has several values, by name:
 * whatever order a file had them in. */
static void
test_other(Fixture *fixture, gconstpointer data)
{
    static const char *const pairs[] = {"Phone", "1", "Fax", "2", "Phone", "3"};
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_REMOTE, "r");
    object->target = tbl_proxy_new(tbl_slice("smtp"), tbl_slice("r@far.example"), false);
    for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++)
        g_ptr_array_add(object->other, g_strdup(pairs[i]));
    assert_json(fixture, object,
                "{\"class\":\"remote\",\"name\":\"r\",\"origin\":\"local\",\"addresses\":[],"
                "\"generated\":[],"
                "\"target\":\"SMTP:r@far.example\",\"hidden\":false,\"deliver_and_redirect\":false,"
                "\"other\":{\"Fax\":\"2\",\"Phone\":[\"1\",\"3\"]}}");
}

/* A reference that cannot be looked up is not a reference that binds to nothing. */
static void
test_failure(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_DL, "team");
    g_ptr_array_add(object->refs[TBL_REFS_MEMBERS], g_strdup("bob"));
    fixture->view.fails = true;
    g_assert_false(pd_ctl_append_object_json(out, &fixture->context, object));
    g_assert_false(pd_ctl_append_object_text(out, &fixture->context, object));
}

static void
test_text(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_MAILBOX, "ann");
    add_address(object, "SMTP", "ann@north.example", true);
    add_address(object, "SMTP", "a.lee@north.example", false);
    g_assert_true(pd_ctl_append_object_text(out, &fixture->context, object));
    g_assert_cmpstr(out->str, ==,
                    "name                 ann\n"
                    "class                mailbox\n"
                    "origin               local\n"
                    "address              SMTP:ann@north.example\n"
                    "address              smtp:a.lee@north.example\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, func) g_test_add(path, Fixture, NULL, set_up, func, tear_down)
    ADD("/ctl-show/mailbox", test_mailbox);
    ADD("/ctl-show/list", test_list);
    ADD("/ctl-show/other", test_other);
    ADD("/ctl-show/failure", test_failure);
    ADD("/ctl-show/text", test_text);
#undef ADD
    return g_test_run();
}
