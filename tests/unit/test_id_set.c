#include "tables/id_set.h"

#define MANY 10000u

static void
test_members(void)
{
    g_autoptr(TblIdSet) set = tbl_id_set_new();
    g_assert_false(tbl_id_set_has(set, 7));
    g_assert_true(tbl_id_set_add(set, 7));
    g_assert_false(tbl_id_set_add(set, 7));
    g_assert_true(tbl_id_set_add(set, G_MAXUINT64));
    g_assert_true(tbl_id_set_has(set, 7));
    g_assert_true(tbl_id_set_has(set, G_MAXUINT64));
    g_assert_false(tbl_id_set_has(set, 8));
    g_assert_false(tbl_id_set_has(set, 0));
    g_assert_cmpuint(tbl_id_set_count(set), ==, 2);
    tbl_id_set_clear(set);
    g_assert_cmpuint(tbl_id_set_count(set), ==, 0);
    g_assert_false(tbl_id_set_has(set, 7));
    g_assert_true(tbl_id_set_add(set, 7));
}

/* Ids that a hash could bring together: one after the other, and multiples of a power of two. */
static void
test_many(void)
{
    const guint64 steps[] = {1, 4096, G_GUINT64_CONSTANT(1) << 40};
    for (guint s = 0; s < G_N_ELEMENTS(steps); s++) {
        g_autoptr(TblIdSet) set = tbl_id_set_new();
        for (guint i = MANY; i > 0; i--)
            g_assert_true(tbl_id_set_add(set, i * steps[s]));
        g_assert_cmpuint(tbl_id_set_count(set), ==, MANY);
        for (guint i = 1; i <= MANY; i++)
            g_assert_true(tbl_id_set_has(set, i * steps[s]));
        g_assert_false(tbl_id_set_has(set, (MANY + 1) * steps[s]));
        g_autoptr(GArray) sorted = tbl_id_set_sorted(set);
        g_assert_cmpuint(sorted->len, ==, MANY);
        for (guint i = 0; i < MANY; i++)
            g_assert_cmpuint(g_array_index(sorted, guint64, i), ==, (i + 1) * steps[s]);
    }
}

static void
test_empty(void)
{
    g_autoptr(TblIdSet) set = tbl_id_set_new();
    g_autoptr(GArray) sorted = tbl_id_set_sorted(set);
    g_assert_cmpuint(sorted->len, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/id_set/members", test_members);
    g_test_add_func("/id_set/many", test_many);
    g_test_add_func("/id_set/empty", test_empty);
    return g_test_run();
}
