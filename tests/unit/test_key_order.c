/* Keys come out in the order that memcmp says, whatever they begin with. */
#include "tables/key_order.h"

#define ROUNDS 400
#define KEYS_MAX 600

static int
compare(TblSlice a, TblSlice b)
{
    gsize both = MIN(a.len, b.len);
    int order = both ? memcmp(a.ptr, b.ptr, both) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Few letters, zeros among them, behind a beginning that many have. */
static TblSlice
key_make(GRand *rand, guint letters, guint longest, char bytes[64])
{
    gsize length = (gsize)g_rand_int_range(rand, 0, (gint32)longest);
    guint begin = g_rand_int_range(rand, 0, 4) ? 20 : 0;
    memset(bytes, 'c', begin);
    for (gsize i = 0; i < length; i++)
        bytes[begin + i] = (char)(g_rand_int_range(rand, 0, (gint32)letters) * 255 / (int)letters);
    return (TblSlice){bytes, begin + length};
}

static void
expect_sorted(const TblKeys *keys)
{
    for (guint i = 1; i < keys->items->len; i++) {
        int order = compare(tbl_keys_at(keys, i - 1), tbl_keys_at(keys, i));
        g_assert_cmpint(order, <=, 0);
        if (order == 0)
            g_assert_cmpuint(g_array_index(keys->items, TblKeyItem, i - 1).number, <,
                             g_array_index(keys->items, TblKeyItem, i).number);
    }
}

static void
test_sort(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)g_test_rand_int());
    TblKeys keys;
    tbl_keys_init(&keys);
    tbl_keys_sort(&keys);
    tbl_keys_clear(&keys);
    for (guint round = 0; round < ROUNDS; round++) {
        guint count = (guint)g_rand_int_range(rand, 1, KEYS_MAX);
        guint letters = (guint)g_rand_int_range(rand, 1, 256);
        guint longest = (guint)g_rand_int_range(rand, 1, 40);
        char bytes[64];
        tbl_keys_init(&keys);
        for (guint i = 0; i < count; i++)
            tbl_keys_add(&keys, key_make(rand, letters, longest, bytes), i);
        tbl_keys_sort(&keys);
        g_assert_cmpuint(keys.items->len, ==, count);
        expect_sorted(&keys);
        tbl_keys_clear(&keys);
    }
}

/* A key's part is the number of splitters that are not behind it: checked against what the parts
 * say of sorted keys, which must not go back, and equal keys are in one part. */
static void
test_splitters(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)g_test_rand_int());
    for (guint round = 0; round < ROUNDS; round++) {
        guint letters = (guint)g_rand_int_range(rand, 1, 256);
        guint longest = (guint)g_rand_int_range(rand, 1, 40);
        guint wanted = (guint)g_rand_int_range(rand, 1, 50), last = 0;
        char bytes[64];
        TblKeys sample, keys;
        tbl_keys_init(&sample);
        tbl_keys_init(&keys);
        for (guint i = 0; i < KEYS_MAX; i++)
            tbl_keys_add(i % 4 ? &keys : &sample, key_make(rand, letters, longest, bytes), i);
        g_autoptr(TblSplitters) splitters = tbl_splitters_new(&sample, wanted);
        g_assert_cmpuint(tbl_splitters_parts(splitters), ==, wanted);
        tbl_keys_sort(&keys);
        for (guint i = 0; i < keys.items->len; i++) {
            guint part = tbl_splitters_find(splitters, tbl_keys_at(&keys, i));
            g_assert_cmpuint(part, >=, last);
            g_assert_cmpuint(part, <, wanted);
            if (i > 0 && compare(tbl_keys_at(&keys, i - 1), tbl_keys_at(&keys, i)) == 0)
                g_assert_cmpuint(part, ==, last);
            last = part;
        }
        /* The sampled keys are where they were cut. */
        for (guint i = 1; i < wanted; i++) {
            guint at = KEYS_MAX / 4 * i / wanted;
            g_assert_cmpuint(tbl_splitters_find(splitters, tbl_keys_at(&sample, at)), >=, i);
        }
        tbl_keys_clear(&sample);
        tbl_keys_clear(&keys);
    }
}

static void
test_few(void)
{
    TblKeys sample;
    tbl_keys_init(&sample);
    g_autoptr(TblSplitters) none = tbl_splitters_new(&sample, 9);
    g_assert_cmpuint(tbl_splitters_parts(none), ==, 1);
    g_assert_cmpuint(tbl_splitters_find(none, tbl_slice("a")), ==, 0);
    tbl_keys_add(&sample, tbl_slice("b"), 0);
    tbl_keys_add(&sample, tbl_slice("a"), 1);
    g_autoptr(TblSplitters) one = tbl_splitters_new(&sample, 9);
    g_assert_cmpuint(tbl_splitters_parts(one), ==, 2);
    g_assert_cmpuint(tbl_splitters_find(one, tbl_slice("azz")), ==, 0);
    g_assert_cmpuint(tbl_splitters_find(one, tbl_slice("b")), ==, 1);
    g_assert_cmpuint(tbl_splitters_find(one, tbl_slice("")), ==, 0);
    tbl_keys_clear(&sample);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/key-order/sort", test_sort);
    g_test_add_func("/key-order/splitters", test_splitters);
    g_test_add_func("/key-order/few", test_few);
    return g_test_run();
}
