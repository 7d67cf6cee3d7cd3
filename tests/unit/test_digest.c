#include "tables/digest.h"

static void
test_sha256(void)
{
    guint8 sum[TBL_SHA256_SIZE];
    g_autofree char *hex = NULL;
    TblDigest *digest = tbl_digest_new();

    /* FIPS 180-2, appendix B.1 */
    tbl_digest_update(digest, "a", 1);
    tbl_digest_update(digest, NULL, 0);
    tbl_digest_update(digest, "bc", 2);
    tbl_digest_finish(digest, sum);
    tbl_digest_free(tbl_digest_new()); /* sanitizers see what it leaves */
    tbl_digest_free(NULL);
    hex = tbl_digest_hex(sum);
    g_assert_cmpstr(hex, ==, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    g_free(hex);
    tbl_digest_bytes(tbl_slice(""), sum);
    hex = tbl_digest_hex(sum);
    g_assert_cmpstr(hex, ==, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* The check sum is on disk: these numbers never change. */
static void
test_checksum_is_stable(void)
{
    g_assert_cmphex(tbl_checksum(tbl_slice(""), tbl_slice("")), ==, 0x4f6fca54);
    g_assert_cmphex(tbl_checksum(tbl_slice("smtp:ann@north.example"), tbl_slice("ann")), ==,
                    0x98e53bfb);
    g_assert_cmphex(tbl_checksum(tbl_slice("k"), tbl_slice("0123456789abcdef0123456789abcdef0")),
                    ==, 0x013715fe);
}

static void
test_checksum_finds_each_bit(void)
{
    char value[77];
    guint32 sum;

    for (guint i = 0; i < sizeof value; i++)
        value[i] = (char)(i * 7);
    sum = tbl_checksum(tbl_slice("key"), (TblSlice){value, sizeof value});
    for (guint bit = 0; bit < sizeof value * 8; bit++) {
        value[bit / 8] = (char)(value[bit / 8] ^ (1 << bit % 8));
        g_assert_cmphex(tbl_checksum(tbl_slice("key"), (TblSlice){value, sizeof value}), !=, sum);
        value[bit / 8] = (char)(value[bit / 8] ^ (1 << bit % 8));
    }
    g_assert_cmphex(tbl_checksum(tbl_slice("key"), (TblSlice){value, sizeof value}), ==, sum);
}

static void
test_checksum_lengths(void)
{
    static const char zeros[40];
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);

    /* Runs of zeros of every length, as key and as value, and a moved border between the two. */
    for (guint i = 0; i <= sizeof zeros; i++) {
        guint32 sum = tbl_checksum((TblSlice){zeros, i}, (TblSlice){zeros, sizeof zeros - i});

        g_assert_true(g_hash_table_add(seen, GUINT_TO_POINTER(sum)));
        sum = tbl_checksum(tbl_slice(""), (TblSlice){zeros, i});
        g_assert_true(i == sizeof zeros || g_hash_table_add(seen, GUINT_TO_POINTER(sum)));
    }
    g_assert_cmphex(tbl_checksum(tbl_slice("ab"), tbl_slice("c")), !=,
                    tbl_checksum(tbl_slice("a"), tbl_slice("bc")));
}

static void
test_checksum_speed(void)
{
    char value[100] = "smtp:ann@north.example";
    guint32 sum = 0;
    gint64 start = g_get_monotonic_time();

    for (guint i = 0; i < 1000000; i++) {
        value[0] = (char)sum;
        sum ^= tbl_checksum(tbl_slice("smtp:ann"), (TblSlice){value, sizeof value});
    }
    g_test_message("%.1f ns a sum (%08x)", (double)(g_get_monotonic_time() - start) / 1000.0, sum);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/digest/sha256", test_sha256);
    g_test_add_func("/digest/checksum-is-stable", test_checksum_is_stable);
    g_test_add_func("/digest/checksum-finds-each-bit", test_checksum_finds_each_bit);
    g_test_add_func("/digest/checksum-lengths", test_checksum_lengths);
    if (g_test_perf())
        g_test_add_func("/digest/checksum-speed", test_checksum_speed);
    return g_test_run();
}
