#include "tables/duration.h"

static void
test_durations(void)
{
    static const struct {
        const char *text;
        guint64 seconds; /* 0: refused */
    } cases[] = {
        {"90d", 90 * 86400},
        {"12h", 12 * 3600},
        {"30m", 1800},
        {"45s", 45},
        {"1d", 86400},
        {"36600d", (guint64)36600 * 86400},
        {"36601d", 0},
        {"0d", 0},
        {"", 0},
        {"d", 0},
        {"90", 0},
        {"-1d", 0},
        {"1.5d", 0},
        {" 1d", 0},
        {"1 d", 0},
        {"1D", 0},
        {"1w", 0},
        {"99999999999999999999s", 0},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint64 seconds = 0;
        bool good = tbl_duration_parse(cases[i].text, &seconds);

        g_test_message("case %u", i);
        g_assert_true(good == (cases[i].seconds != 0));
        g_assert_cmpuint(seconds, ==, cases[i].seconds);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/duration/durations", test_durations);
    return g_test_run();
}
