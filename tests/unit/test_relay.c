/* Parts that several threads make are used in their order, each once, by the caller. */
#include "gif/relay.h"

#include <pthread.h>
#include <string.h>

#define PARTS 500
#define SLOTS 3

typedef struct {
    pthread_t caller;
    guint slots[SLOTS]; /* part + 1; 0: free */
    guint used, end;
    guint made[PARTS]; /* by which thread, + 1 */
} World;

static void
make(guint part, guint slot, guint thread, gpointer data)
{
    World *world = data;
    g_assert_cmpuint(world->slots[slot], ==, 0);
    g_assert_cmpuint(world->made[part], ==, 0);
    g_assert_true(thread > 0 || pthread_equal(pthread_self(), world->caller));
    if (part % 7 == 0)
        g_usleep(200);
    world->made[part] = thread + 1;
    world->slots[slot] = part + 1;
}

static bool
use(guint part, guint slot, gpointer data)
{
    World *world = data;
    g_assert_true(pthread_equal(pthread_self(), world->caller));
    g_assert_cmpuint(part, ==, world->used);
    g_assert_cmpuint(world->slots[slot], ==, part + 1);
    world->slots[slot] = 0;
    world->used++;
    return world->used < world->end;
}

static guint
run(guint parts, guint threads, guint end)
{
    World world = {.caller = pthread_self(), .end = end};
    GifRelay relay = {parts, threads, SLOTS, make, use, &world};
    bool whole = gif_relay_run(&relay);
    g_assert_cmpint(whole, ==, world.used < end);
    return world.used;
}

static void
test_order(void)
{
    for (guint threads = 1; threads <= 4; threads++) {
        g_assert_cmpuint(run(PARTS, threads, PARTS + 1), ==, PARTS);
        g_assert_cmpuint(run(PARTS, threads, PARTS / 3), ==, PARTS / 3);
        g_assert_cmpuint(run(1, threads, 2), ==, 1);
        g_assert_cmpuint(run(0, threads, 2), ==, 0);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/relay/order", test_order);
    return g_test_run();
}
