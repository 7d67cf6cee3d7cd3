#include "tables/trace.h"
#include "tests/unit/fixture.h"

/* What is looked up is remembered as it was found, and the answers are those of the view below. */
static void
test_resolution(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    fixture_commit(fixture);
    tbl_view_begin(fixture->view);
    g_autoptr(TblTrace) trace = tbl_trace_new(fixture->view);
    TblView *view = tbl_trace_view(trace);
    const TblContext context = {view, fixture->config, 0};
    TblAddress address;
    g_assert_true(tbl_address_parse(&address, tbl_slice("Ann+x@relay.example")));
    TblLocation location;
    const TblDomain *domain = tbl_domains_find(view->domains(view), "relay.example");
    tbl_resolve_locate(&context, &address, domain, &location);
    g_assert_cmpint(location.result, ==, TBL_FOUND);
    g_assert_cmpuint(tbl_trace_count(trace), ==, 2);
    const TblTraceLook *exact = tbl_trace_look(trace, 0), *bare = tbl_trace_look(trace, 1);
    g_assert_cmpstr(exact->key, ==, "smtp:ann+x@relay.example");
    g_assert_cmpint(exact->result, ==, TBL_NOTFOUND);
    g_assert_cmpuint(exact->rows.count, ==, 0);
    g_assert_cmpstr(bare->key, ==, "smtp:ann@relay.example");
    g_assert_cmpuint(bare->rows.count, ==, 1);
    g_assert_cmpuint(bare->rows.row[0].object, ==, location.row.object);
    /* The rows outlive the view's own bytes. */
    TblRows other;
    (void)view->rows(view, tbl_slice("smtp:nobody@relay.example"), &other);
    g_assert_true(tbl_slice_equal(bare->rows.row[0].spelling, location.row.spelling));
    tbl_view_end(fixture->view);
}

static void
test_objects_and_failures(void)
{
    g_autoptr(Fixture) fixture = fixture_world("");
    fixture_commit(fixture);
    tbl_view_begin(fixture->view);
    g_autoptr(TblTrace) trace = tbl_trace_new(fixture->view);
    TblView *view = tbl_trace_view(trace);
    guint64 id = 0;
    g_autoptr(TblObject) ann = NULL;
    g_autoptr(TblObject) nobody = NULL;
    g_assert_cmpint(view->name(view, TBL_ORIGIN_LOCAL, "ann", &id), ==, TBL_FOUND);
    g_assert_cmpint(view->object(view, id, &ann), ==, TBL_FOUND);
    g_assert_cmpint(view->object(view, id + 100, &nobody), ==, TBL_NOTFOUND);
    g_assert_true(view->usable(view) && view->populated(view));
    tbl_view_end(fixture->view);
    TblRows rows;
    g_assert_false(view->usable(view));
    g_assert_cmpint(view->rows(view, tbl_slice("smtp:ann@relay.example"), &rows), ==, TBL_FAILED);
    g_assert_cmpuint(tbl_trace_count(trace), ==, 4);
    g_assert_cmpint(tbl_trace_look(trace, 0)->kind, ==, TBL_TRACE_NAME);
    g_assert_cmpuint(tbl_trace_look(trace, 0)->id, ==, id);
    g_assert_cmpint(tbl_trace_look(trace, 1)->kind, ==, TBL_TRACE_OBJECT);
    g_assert_cmpint(tbl_trace_look(trace, 2)->result, ==, TBL_NOTFOUND);
    g_assert_cmpint(tbl_trace_look(trace, 3)->result, ==, TBL_FAILED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace/resolution", test_resolution);
    g_test_add_func("/trace/objects-failures", test_objects_and_failures);
    return g_test_run();
}
