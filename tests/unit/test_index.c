#include "gif/index.h"

/* The same answers as a list and as a table. */
static void
test_sizes(void)
{
    static const guint sizes[] = {1, 15, 16, 17, 1000};
    g_autoptr(GifIndex) index = gif_index_new();
    for (gsize s = 0; s < G_N_ELEMENTS(sizes); s++) {
        g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
        guint number = 0;
        gif_index_clear(index);
        for (guint i = 0; i < sizes[s]; i++) {
            char *key = g_strdup_printf("key %u", i);
            g_ptr_array_add(keys, key);
            g_assert_false(gif_index_get(index, key, &number));
            gif_index_set(index, key, i);
            gif_index_set(index, key, i + 1);
        }
        for (guint i = 0; i < sizes[s]; i++) {
            g_assert_true(gif_index_get(index, g_ptr_array_index(keys, i), &number));
            g_assert_cmpuint(number, ==, i + 1);
        }
        gif_index_remove(index, "key 0");
        gif_index_remove(index, "key 0");
        g_assert_false(gif_index_get(index, "key 0", &number));
        g_assert_cmpint(gif_index_get(index, "key 1", &number), ==, sizes[s] > 1);
        gif_index_set(index, "key 0", 7);
        g_assert_true(gif_index_get(index, "key 0", &number));
        g_assert_cmpuint(number, ==, 7);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/index/sizes", test_sizes);
    return g_test_run();
}
