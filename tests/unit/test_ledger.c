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

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ledger/rows", test_rows);
    return g_test_run();
}
