#include "gif/ledger.h"

static void
test_rows(void)
{
    g_autoptr(GifLedger) ledger = gif_ledger_new(100);
    GifLedgerRow row;
    g_assert_false(gif_ledger_get(ledger, 7, &row));
    g_assert_false(gif_ledger_get(ledger, 100, &row));
    gif_ledger_set(ledger, 7, (GifLedgerRow){0, 2, 10, 20});
    gif_ledger_set(ledger, 7, (GifLedgerRow){1, 3, 30, 40});
    gif_ledger_set(ledger, 102, (GifLedgerRow){0, 5, 50, 60});
    g_assert_true(gif_ledger_get(ledger, 7, &row));
    g_assert_cmpuint(row.source, ==, 1);
    g_assert_cmpuint(row.line, ==, 3);
    g_assert_true(gif_ledger_get(ledger, 102, &row));
    g_assert_cmpuint(row.start, ==, 50);
    g_assert_cmpuint(row.end, ==, 60);
    g_assert_false(gif_ledger_get(ledger, 101, &row));
    g_assert_false(gif_ledger_get(ledger, 103, &row));
}

/* Further along, longer and of more files than what is kept small. */
static void
test_large(void)
{
    static const GifLedgerRow rows[] = {
        {3, 9, ((gsize)1 << 40) - 1, ((gsize)1 << 40) + 5},
        {3, 9, (gsize)1 << 40, ((gsize)1 << 40) + 5},
        {3, (guint64)G_MAXUINT32 + 1, 70, 80},
        {1u << 24, 9, 70, 80},
        {3, 9, 70, 71 + (gsize)G_MAXUINT32},
        {(1u << 24) - 1, G_MAXUINT32, 70, 70 + (gsize)G_MAXUINT32},
    };
    g_autoptr(GifLedger) ledger = gif_ledger_new(100);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        GifLedgerRow row;
        gif_ledger_set(ledger, 100, rows[i]);
        g_assert_true(gif_ledger_get(ledger, 100, &row));
        g_assert_cmpuint(row.source, ==, rows[i].source);
        g_assert_cmpuint(row.line, ==, rows[i].line);
        g_assert_cmpuint(row.start, ==, rows[i].start);
        g_assert_cmpuint(row.end, ==, rows[i].end);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ledger/rows", test_rows);
    g_test_add_func("/ledger/large", test_large);
    return g_test_run();
}
