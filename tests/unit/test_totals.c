#include "gif/conflict.h"
#include "gif/totals.h"

#include "tests/unit/fixture.h"

static void
add(GifTotals *totals, TblObject *before, TblObject *after)
{
    g_autoptr(TblChange) change = tbl_change_new(before, after);
    gif_totals_add(totals, change);
    tbl_object_free(before);
    tbl_object_free(after);
}

static TblDomains *
declared(void)
{
    TblDomains *domains = tbl_domains_new();
    tbl_domains_add(domains, tbl_domain_new("relay.example", TBL_DOMAIN_RELAY));
    tbl_domains_add(domains, tbl_domain_new(".sub.example", TBL_DOMAIN_VIRTUAL_ALIAS));
    return domains;
}

/* "relay.example/relay+1-2^3 ..." in the order of the list. */
static char *
dump(const GifTotals *totals)
{
    GString *out = g_string_new(NULL);
    g_autoptr(GPtrArray) list = gif_totals_list(totals);
    for (guint i = 0; i < list->len; i++) {
        const GifTotal *total = g_ptr_array_index(list, i);
        g_string_append_printf(out, "%s%s/%s+%d-%d^%d", i ? " " : "",
                               total->domain ? total->domain : "*", gif_total_standing(total),
                               (int)total->added, (int)total->removed, (int)total->promoted);
    }
    return g_string_free(out, FALSE);
}

static void
test_counts(void)
{
    g_autoptr(TblDomains) domains = declared();
    g_autoptr(GifTotals) totals = gif_totals_new(domains);
    add(totals, NULL,
        fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@relay.example", "smtp:a@Relay.Example",
                       "smtp:a@b.sub.example", "X400:c=US;a= ;", NULL));
    add(totals,
        fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:bob@relay.example", "smtp:b@relay.example",
                       "smtp:b@other.example", NULL),
        fixture_object(TBL_CLASS_MAILBOX, "bob", "smtp:bob@relay.example", "SMTP:b@relay.example",
                       NULL));
    g_autofree char *got = dump(totals);
    g_assert_cmpstr(got, ==,
                    "relay.example/relay+2-0^1 X400:/no mail domain+1-0^0 "
                    "b.sub.example/virtual-alias+1-0^0 other.example/not declared+0-1^0");
    g_assert_cmpint(gif_totals_promoted(totals), ==, 1);
}

static void
add_created(GifTotals *totals, TblObject *object)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    tbl_object_encode(object, bytes);
    TblSlice encoded = {(const char *)bytes->data, bytes->len};
    g_assert_true(gif_totals_add_created(totals, encoded));
    tbl_object_free(object);
}

static void
test_broken(void)
{
    g_autoptr(GifTotals) totals = gif_totals_new(NULL);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(TblObject) object =
        fixture_object(TBL_CLASS_DL, "x", "SMTP:a@b.example", "X400:c=US;a= ;", NULL);
    tbl_object_encode(object, bytes);
    for (guint length = 0; length < bytes->len; length++) {
        TblSlice cut = {(const char *)bytes->data, length};
        g_assert_false(gif_totals_add_created(totals, cut));
    }
}

static void
test_created(void)
{
    g_autoptr(TblDomains) domains = declared();
    g_autoptr(GifTotals) by_change = gif_totals_new(domains);
    g_autoptr(GifTotals) by_bytes = gif_totals_new(domains);
    for (guint i = 0; i < 2 * GIF_TOTALS_DOMAINS_KEPT; i++) {
        g_autofree char *own = g_strdup_printf("SMTP:a%u@d%u.example", i, i % 700);
        g_autofree char *odd = g_strdup_printf("smtp:\"a@%u\"@b%u.sub.example", i, i % 3);
        for (guint way = 0; way < 2; way++) {
            TblObject *object = fixture_object(TBL_CLASS_DL, "x", own, odd, "smtp:a@Relay.Example",
                                               "smtp:b@h\303\266.de", "X400:c=US;a= ;",
                                               "CCMAIL:a@b", "smtp:nobody", NULL);
            if (way == 0) {
                add(by_change, NULL, object);
            } else {
                add_created(by_bytes, object);
            }
        }
    }
    g_autofree char *expected = dump(by_change), *got = dump(by_bytes);
    g_assert_nonnull(strstr(expected, "relay.example/relay+20000-0^0"));
    g_assert_nonnull(strstr(expected, "SMTP:/no mail domain+20000-0^0"));
    g_assert_cmpstr(got, ==, expected);
}

/* Two that counted parts come to what one counts, unless there are too many domains. */
static void
test_merge(void)
{
    g_autoptr(TblDomains) domains = declared();
    g_autoptr(GifTotals) one = gif_totals_new(domains);
    g_autoptr(GifTotals) left = gif_totals_new(domains), right = gif_totals_new(domains);
    for (guint i = 0; i < GIF_TOTALS_DOMAINS_KEPT; i++) {
        g_autofree char *from = g_strdup_printf("SMTP:a@d%u.example", i);
        g_autofree char *to = g_strdup_printf("SMTP:a@d%u.example", (i + 9) % 100);
        GifTotals *half = i % 3 ? left : right;
        for (guint way = 0; way < 2; way++)
            add(way ? half : one, fixture_object(TBL_CLASS_DL, "x", from, NULL),
                fixture_object(TBL_CLASS_DL, "x", to, NULL));
    }
    g_assert_true(gif_totals_merge(left, right));
    g_autofree char *expected = dump(one), *got = dump(left);
    g_assert_cmpstr(got, ==, expected);
    g_assert_cmpint(gif_totals_promoted(left), ==, gif_totals_promoted(one));
    g_autoptr(GifTotals) last = gif_totals_new(domains);
    add(last, NULL, fixture_object(TBL_CLASS_DL, "x", "SMTP:a@last.example", NULL));
    g_assert_false(gif_totals_merge(left, last));
}

/* Domains beyond what is kept are counted together, a declared one is always kept. */
static void
test_bound(void)
{
    g_autoptr(TblDomains) domains = declared();
    g_autoptr(GifTotals) totals = gif_totals_new(domains);
    guint surplus = 7;
    for (guint i = 0; i < GIF_TOTALS_DOMAINS_KEPT + surplus; i++) {
        g_autofree char *address = g_strdup_printf("SMTP:a@d%u.example", i);
        add(totals, NULL, fixture_object(TBL_CLASS_MAILBOX, "x", address, NULL));
    }
    add(totals, NULL,
        fixture_object(TBL_CLASS_MAILBOX, "y", "SMTP:y@relay.example", "smtp:z@relay.example",
                       "smtp:w@c.sub.example", NULL));
    g_autoptr(GPtrArray) list = gif_totals_list(totals);
    const GifTotal *first = g_ptr_array_index(list, 0);
    const GifTotal *last = g_ptr_array_index(list, list->len - 1);
    g_assert_cmpint(list->len, ==, GIF_TOTALS_DOMAINS_KEPT + 2);
    g_assert_cmpstr(first->domain, ==, "relay.example");
    g_assert_null(last->domain);
    g_assert_cmpint(last->added, ==, surplus + 1);
}

static void
test_text(void)
{
    g_autoptr(GifTotals) totals = gif_totals_new(NULL);
    g_autoptr(GString) out = g_string_new(NULL);
    gif_totals_write_text(totals, out);
    g_assert_cmpstr(out->str, ==, "");
    add(totals, NULL, fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@a.example", NULL));
    gif_totals_write_text(totals, out);
    g_assert_cmpstr(out->str, ==,
                    "addresses of each domain (+ added, - removed, ^ promoted):\n"
                    "  a.example  not declared     +1 -0 ^0\n");
}

static void
test_conflicts(void)
{
    g_autoptr(GifConflicts) conflicts = gif_conflicts_new();
    g_autoptr(GString) out = g_string_new(NULL);
    GifConflict conflict = {238,
                            "SMTP:ann@a.example",
                            "address",
                            {TBL_CLASS_DL, "staff\n", "b.csv line 3"},
                            {TBL_CLASS_MAILBOX, "ann", "batch 1, a.csv line 2"}};
    gif_conflicts_write_text(conflicts, out);
    g_assert_cmpstr(out->str, ==, "");
    gif_conflicts_add(NULL, &conflict);
    gif_conflicts_add(conflicts, &conflict);
    gif_conflicts_write_text(conflicts, out);
    g_assert_cmpstr(out->str, ==,
                    "conflicts: 1\n"
                    "  SMTP:ann@a.example (GIF0238)\n"
                    "    wanted by dl staff\\x0a (b.csv line 3)\n"
                    "    address of mailbox ann (batch 1, a.csv line 2)\n");
    for (guint i = 0; i < GIF_CONFLICTS_KEPT + 4; i++)
        gif_conflicts_add(conflicts, &conflict);
    g_assert_cmpint(gif_conflicts_count(conflicts), ==, GIF_CONFLICTS_KEPT + 5);
    g_assert_cmpint(gif_conflicts_kept(conflicts), ==, GIF_CONFLICTS_KEPT);
    gif_conflicts_write_text(conflicts, out);
    g_assert_true(g_str_has_suffix(out->str, "  and 5 more\n"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/totals/counts", test_counts);
    g_test_add_func("/totals/created", test_created);
    g_test_add_func("/totals/broken", test_broken);
    g_test_add_func("/totals/merge", test_merge);
    g_test_add_func("/totals/bound", test_bound);
    g_test_add_func("/totals/text", test_text);
    g_test_add_func("/conflicts/text", test_conflicts);
    return g_test_run();
}
