#include "tables/address.h"

#include <gio/gio.h>

static TblSlice
bytes(const char *text, size_t length)
{
    return (TblSlice){text, length};
}

static void
test_canonical(void)
{
    static const struct {
        const char *key, *canonical, *typed;
    } cases[] = {
        {"ann@north.example", "ann@north.example", "ann"},
        {"ANN@North.EXAMPLE", "ann@north.example", "ANN"},
        {"ann@north.example.", "ann@north.example", "ann"},
        {"\"ann\"@north.example", "ann@north.example", "ann"},
        {"\"john smith\"@d.example", "john smith@d.example", "john smith"},
        {"john smith@d.example", "john smith@d.example", "john smith"},
        {"\"a\\\"b\\\\c\"@d.example", "a\"b\\c@d.example", "a\"b\\c"},
        {"\"a@b\"@d.example", "a@b@d.example", "a@b"},
        {"a@b@d.example", "a@b@d.example", "a@b"},
        {"JÖRG@d.example", "jörg@d.example", "JÖRG"},
        {"jo\xcc\x88rg@d.example", "jörg@d.example",
         "jo\xcc\x88rg"}, /* o and a combining diaeresis */
        {"Straße@d.example", "strasse@d.example", "Straße"},
        {"a@MÜNCHEN.example", "a@xn--mnchen-3ya.example", "a"},
        {"a@mu\xcc\x88nchen.example", "a@xn--mnchen-3ya.example", "a"},
        {"a@XN--MNCHEN-3YA.example", "a@xn--mnchen-3ya.example", "a"},
        {"a@straße.example", "a@xn--strae-oqa.example", "a"},
        {"a@strasse.example", "a@strasse.example", "a"},
        {"a@münchen。example。", "a@xn--mnchen-3ya.example", "a"}, /* ideographic full stops */
        {"a@ab--cd.münchen.example", "a@ab--cd.xn--mnchen-3ya.example", "a"},
        {"a@under_score.example", "a@under_score.example", "a"},
        {"a@localhost", "a@localhost", "a"},
        {"+@d.example", "+@d.example", "+"},
        {"Ꭰꭰ@d.example", "ᎠᎠ@d.example", "Ꭰꭰ"}, /* Cherokee folds to capitals */
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        TblAddress address;

        g_test_message("case %u", i);
        g_assert_true(tbl_address_parse(&address, tbl_slice(cases[i].key)));
        g_assert_cmpstr(address.text, ==, cases[i].canonical);
        g_assert_cmpstr(address.typed, ==, cases[i].typed);
        g_assert_cmpuint(address.len, ==, strlen(cases[i].canonical));
        g_assert_cmpuint(address.typed_len, ==, strlen(cases[i].typed));
        g_assert_cmpint(address.text[address.local_len], ==, '@');
        g_assert_cmpstr(tbl_address_domain(&address), ==, strrchr(cases[i].canonical, '@') + 1);
    }
}

static void
test_no_address(void)
{
    static const char *const keys[] = {
        "",
        "@",
        "a@",
        "@d.example",
        "ann",
        "*",
        "\"\"",
        "\"\"@d.ex",
        "\"a@d.ex",
        "\"a\"b\"@d",
        "\"a\\\"@d.ex",
        "a@[127.0.0.1]",
        "a@.",
        "a@..",
        "a@d..ex",
        "a@.d.ex",
        "a@d.ex..",
        "a@-d.ex",
        "a@d-.ex",
        "a@d e.ex",
        "a@d.ex ",
        "a@d!.ex",
        "a@d.ex\n",
        "a\r@d.ex",
        "a\t@d.ex",
        "a\x7f@d.ex",
        "\xff@d.ex",
        "a@\xff.ex",
        "a\xc2\x85@d.ex",
        "a@i❤.example",
        "a@-ü.example",
        "a@\xc2\xad",
        "a@ü..example",
    };
    TblAddress address;

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_test_message("key %u", i);
        g_assert_false(tbl_address_parse(&address, tbl_slice(keys[i])));
    }
    g_assert_false(tbl_address_parse(&address, bytes("a\0@d.ex", 7)));
    g_assert_false(tbl_address_parse(&address, bytes("a@d\0.ex", 7)));
    g_assert_false(tbl_address_parse(&address, bytes(NULL, 0)));
}

/* `times` times `unit` before "@d.example". */
static char *
long_key(const char *unit, guint times)
{
    GString *key = g_string_new(NULL);

    for (guint i = 0; i < times; i++)
        g_string_append(key, unit);
    g_string_append(key, "@d.example");
    return g_string_free(key, FALSE);
}

static void
test_lengths(void)
{
    const guint room = TBL_ADDRESS_MAX - strlen("@d.example");
    g_autofree char *fits = long_key("a", room);
    g_autofree char *over = long_key("a", room + 1);
    /* U+0149 (n after an apostrophe) grows from two bytes to three when it is folded. */
    g_autofree char *grows = long_key("\xc5\x89", room / 2);
    g_autofree char *label = g_strdup_printf("a@%.63s.example", fits);
    g_autofree char *long_label = g_strdup_printf("a@%.64s.example", fits);
    TblAddress address;

    g_assert_true(tbl_address_parse(&address, tbl_slice(fits)));
    g_assert_cmpuint(address.len, ==, TBL_ADDRESS_MAX);
    g_assert_false(tbl_address_parse(&address, tbl_slice(over)));
    g_assert_false(tbl_address_parse(&address, tbl_slice(grows)));
    g_assert_true(tbl_address_parse(&address, tbl_slice(label)));
    g_assert_false(tbl_address_parse(&address, tbl_slice(long_label)));
}

static void
test_strict(void)
{
    static const struct {
        const char *value;
        const char *spelling; /* or NULL: refused */
        const char *hint;
    } cases[] = {
        {"Ann.Lee@North.EXAMPLE.", "Ann.Lee@north.example", NULL},
        {"\"ann\"@d.example", "ann@d.example", NULL},
        {"\"John Smith\"@d.example", "\"John Smith\"@d.example", NULL},
        {"\"a\\b\"@d.example", "ab@d.example", NULL},
        {"\"a..b\"@d.example", "\"a..b\"@d.example", NULL},
        {"o'neil+x=y@d.example", "o'neil+x=y@d.example", NULL},
        {"jörg@münchen.example", "jörg@xn--mnchen-3ya.example", NULL},
        {"a@localhost", "a@localhost", NULL},
        {"john smith@d.example", NULL, "write \"john smith\"@d.example"},
        {"a..b@d.example", NULL, "quotes"},
        {".a@d.example", NULL, "quotes"},
        {"a.@d.example", NULL, "quotes"},
        {"a@b@d.example", NULL, "quotes"},
        {"ann(boss)@d.example", NULL, "comments"},
        {"<ann@d.example>", NULL, "domain"},
        {"\"a\".b@d.example", NULL, "quoted string"},
        {"ann@[192.0.2.1]", NULL, "domain literal"},
        {"ann", NULL, "write local@domain"},
        {"", NULL, "write local@domain"},
        {"@d.example", NULL, "before the '@'"},
        {"ann@", NULL, "after the '@'"},
        {"a\x01@d.example", NULL, "control"},
        {"a\xff@d.example", NULL, "UTF-8"},
        {"a@d..example", NULL, "label"},
        {"a@-d.example", NULL, "'-'"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) spelling = g_string_new(NULL);
        TblAddress address;
        bool good = tbl_address_parse_strict(&address, tbl_slice(cases[i].value), &error);

        g_test_message("case %u", i);
        if (!cases[i].spelling) {
            g_assert_false(good);
            g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
            g_assert_true(g_utf8_validate(error->message, -1, NULL));
            g_assert_nonnull(strstr(error->message, cases[i].hint));
            continue;
        }
        g_assert_no_error(error);
        g_assert_true(good);
        tbl_address_append_spelling(spelling, &address);
        g_assert_cmpstr(spelling->str, ==, cases[i].spelling);
    }
}

/* tbl_address_store has a short way for plain addresses; it must lead where the long way does. */
static void
check_store(TblSlice value)
{
    g_autoptr(GString) spelling = g_string_new(NULL), key = g_string_new("smtp:");
    g_auto(TblArena) memory = {0};
    TblStoredAddress stored;
    TblAddress address;
    bool good = tbl_address_parse_strict(&address, value, NULL);

    g_assert_cmpint(tbl_address_store(value, &memory, &stored, NULL), ==, good);
    if (!good)
        return;
    tbl_address_append_spelling(spelling, &address);
    g_string_append(key, address.text);
    g_assert_cmpmem(stored.value.ptr, stored.value.len, spelling->str, spelling->len);
    g_assert_cmpmem(stored.key.ptr, stored.key.len, key->str, key->len);
    g_assert_cmpint(stored.value.ptr[stored.value.len], ==, '\0');
    g_assert_cmpint(stored.key.ptr[stored.key.len], ==, '\0');
    g_autofree char *proxy_key = tbl_proxy_key(tbl_slice("SMTP"), value);
    g_assert_cmpstr(proxy_key, ==, key->str);
}

static void
test_store(void)
{
    static const char *const pieces[] = {"a", "Z",  "0", "-", "_",        ".", "..",   "@", "\"",
                                         " ", "\\", "+", "'", "\xc3\xbc", "~", "xn--", "("};
    guint good = 0;
    for (guint i = 0; i < 100000; i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        TblAddress address;
        guint count = (guint)g_test_rand_int_range(0, 12);
        for (guint piece = 0; piece < count; piece++)
            g_string_append(text, pieces[g_test_rand_int_range(0, (gint32)G_N_ELEMENTS(pieces))]);
        g_string_insert(text, g_test_rand_int_range(0, 2) ? 0 : -1, "a@b");
        check_store((TblSlice){text->str, text->len});
        good += tbl_address_parse_strict(&address, (TblSlice){text->str, text->len}, NULL);
    }
    g_assert_cmpuint(good, >, 100);
    for (gsize local = 63; local <= 66; local++) {
        for (gsize label = 60; label <= 65; label++) {
            g_autofree char *name = g_strnfill(local, 'a'), *part = g_strnfill(label, 'b');
            g_autofree char *value = g_strconcat(name, "@", part, ".", part, ".", part, NULL);
            check_store(tbl_slice(value));
        }
    }
}

static void
test_strict_lengths(void)
{
    g_autofree char *local64 = long_key("a", 64);
    g_autofree char *local65 = long_key("a", 65);
    g_autofree char *local = g_strnfill(60, 'a');
    g_autofree char *label = g_strnfill(63, 'b');
    /* 60 + 1 + 63 + 1 + 63 + 1 + 63 + 1 = 253, and one more label. */
    g_autofree char *fits = g_strdup_printf("%s@%s.%s.%s.c", local, label, label, label);
    g_autofree char *over = g_strdup_printf("%s@%s.%s.%s.cc", local, label, label, label);
    TblAddress address;

    g_assert_true(tbl_address_parse_strict(&address, tbl_slice(local64), NULL));
    g_assert_false(tbl_address_parse_strict(&address, tbl_slice(local65), NULL));
    g_assert_cmpuint(strlen(fits), ==, TBL_ADDRESS_STORED_MAX);
    g_assert_true(tbl_address_parse_strict(&address, tbl_slice(fits), NULL));
    g_assert_false(tbl_address_parse_strict(&address, tbl_slice(over), NULL));
    g_assert_true(tbl_address_parse(&address, tbl_slice(over)));
}

static void
test_domain(void)
{
    static const struct {
        const char *name;
        bool allow_dot;
        const char *canonical; /* or NULL */
    } cases[] = {
        {"Example.COM.", false, "example.com"},
        {"example", false, "example"},
        {"münchen.example", false, "xn--mnchen-3ya.example"},
        {".Example.com", true, ".example.com"},
        {".münchen.example", true, ".xn--mnchen-3ya.example"},
        {".example.com", false, NULL},
        {".", true, NULL},
        {"", true, NULL},
        {"..a", true, NULL},
        {"a..b", false, NULL},
        {"a b", false, NULL},
        {"[10.0.0.1]", false, NULL},
        {"*", false, NULL},
        {"a@b", false, NULL},
        {"a\xff", false, NULL},
        {"a/b", false, NULL},
    };
    g_autofree char *label = g_strnfill(63, 'b');
    g_autofree char *longest = g_strdup_printf("%.61s.%s.%s.%s", label, label, label, label);
    g_autofree char *dotted = g_strdup_printf(".%s", longest);
    g_autofree char *over = g_strdup_printf("%.62s.%s.%s.%s", label, label, label, label);
    char out[256];

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool good = tbl_domain_canonical(tbl_slice(cases[i].name), cases[i].allow_dot, out);

        g_test_message("case %u", i);
        g_assert_true(good == (cases[i].canonical != NULL));
        if (good)
            g_assert_cmpstr(out, ==, cases[i].canonical);
    }
    g_assert_cmpuint(strlen(longest), ==, 253);
    g_assert_true(tbl_domain_canonical(tbl_slice(longest), false, out));
    g_assert_true(tbl_domain_canonical(tbl_slice(dotted), true, out));
    g_assert_cmpstr(out, ==, dotted);
    g_assert_false(tbl_domain_canonical(tbl_slice(over), true, out));
    g_assert_false(tbl_domain_canonical(bytes("a\0b", 3), true, out));
}

static void
test_external(void)
{
    static const struct {
        const char *local, *external;
    } cases[] = {
        {"ann", "ann@d.example"},
        {"a.b", "a.b@d.example"},
        {"john smith", "\"john smith\"@d.example"},
        {"a\"b\\c", "\"a\\\"b\\\\c\"@d.example"},
        {"a@b", "\"a@b\"@d.example"},
        {"a,b", "\"a,b\"@d.example"},
        {".a", "\".a\"@d.example"},
        {"a.", "\"a.\"@d.example"},
        {"a..b", "\"a..b\"@d.example"},
        {"jörg", "jörg@d.example"},
        {"", "\"\"@d.example"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new(NULL);

        tbl_address_append_external(out, tbl_slice(cases[i].local), tbl_slice("d.example"));
        g_assert_cmpstr(out->str, ==, cases[i].external);
    }
}

static void
test_extension(void)
{
    static const struct {
        const char *local, *delimiters;
        size_t offset;
    } cases[] = {
        {"user+tag", "+", 4},
        {"user+", "+", 4},
        {"user+a+b", "+", 4},
        {"+tag", "+", 0},
        {"+a+b", "+", 0},
        {"user", "+", 0},
        {"user+tag", "", 0},
        {"user-tag", "+-", 4},
        {"a-b+c", "+-", 1},
        {"postmaster", "+", 0},
        {"PostMaster", "s", 0},
        {"postmaster+x", "+", 10},
        {"mailer-daemon", "-", 0},
        {"double-bounce", "-", 0},
        {"Mailer-Daemon", "+-", 0},
        {"mailer-daemon+x", "+", 13},
        {"owner-list", "-", 0},
        {"OWNER-list+x", "-+", 0},
        {"owner-list+x", "+", 10},
        {"list-request", "-", 0},
        {"list-Request", "+-", 0},
        {"-request", "-", 0},
        {"list-request", "+", 0},
        {"list-requests", "-", 4},
        {"", "+", 0},
        {"owner", "-", 0},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("case %u", i);
        g_assert_cmpuint(tbl_address_extension(tbl_slice(cases[i].local), cases[i].delimiters), ==,
                         cases[i].offset);
    }
    /* A NUL is no delimiter, though strchr finds it in every set. */
    g_assert_cmpuint(tbl_address_extension(bytes("a\0b", 3), "+"), ==, 0);
}

static void
test_proxy_split(void)
{
    static const struct {
        const char *text;
        int fault;
    } cases[] = {
        {"SMTP:a@d.example", 0},
        {"X400:c=US;a= ;", 0},
        {"MIGRATE:PROFS:NODE(USER)", 0},
        {"smtp:", 0},
        {"a@d.example", 230},
        {"", 230},
        {":x", 231},
        {"LONGTYPES:x", 232},
        {"LONGTYPE:x", 0},
        {"~SMTP:x", 245},
        {"SM TP:x", 245},
        {"SMTPÜ:x", 245},
    };
    TblSlice type, value;

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("case %u", i);
        g_assert_cmpint(tbl_proxy_split(tbl_slice(cases[i].text), &type, &value), ==,
                        cases[i].fault);
    }
    g_assert_cmpint(tbl_proxy_split(tbl_slice("MIGRATE:PROFS:N"), &type, &value), ==, 0);
    g_assert_true(tbl_slice_equal(type, tbl_slice("MIGRATE")));
    g_assert_true(tbl_slice_equal(value, tbl_slice("PROFS:N")));
}

static void
test_proxy_key(void)
{
    static const struct {
        const char *type, *value, *key; /* NULL: none */
    } cases[] = {
        {"SMTP", "Ann@North.EXAMPLE", "smtp:ann@north.example"},
        {"smtp", "\"john smith\"@d.example", "smtp:john smith@d.example"},
        {"X400", "C=US;A= ;P=North", "x400:c=us;a= ;p=north"},
        {"MS", "NORTH/JÖRG", "ms:north/jörg"},
        {"SMTP", "ann", NULL},
        {"SMTP", "", NULL},
        {"X400", "", NULL},
        {"X400", "\xff", NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *key = tbl_proxy_key(tbl_slice(cases[i].type), tbl_slice(cases[i].value));

        g_assert_cmpstr(key, ==, cases[i].key);
    }
}

/* Folding is a fixed point for every character of Unicode, alone and before a combining mark. */
static void
test_fold_is_idempotent(void)
{
    for (gunichar c = 1; c <= 0x10ffff; c++) {
        g_autofree char *once = NULL;
        g_autofree char *twice = NULL;
        char text[16];
        int length;

        if (!g_unichar_validate(c))
            continue;
        length = g_unichar_to_utf8(c, text);
        length += g_unichar_to_utf8(0x0301, text + length);
        once = tbl_text_fold(bytes(text, (size_t)length));
        twice = tbl_text_fold(tbl_slice(once));
        g_assert_cmpstr(once, ==, twice);
    }
    g_assert_null(tbl_text_fold(bytes("a\0b", 3)));
    g_assert_null(tbl_text_fold(tbl_slice("\xc3")));
}

static void
test_speed(void)
{
    const guint rounds = 1000000;
    gint64 start = g_get_monotonic_time();
    guint total = 0;

    for (guint i = 0; i < rounds; i++) {
        TblAddress address;

        tbl_address_parse(&address, tbl_slice("Firstname.Lastname12345@domain2.example"));
        total += address.len;
    }
    g_test_message("%.0f ns an address (%u)",
                   (double)(g_get_monotonic_time() - start) * 1000.0 / rounds, total);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/address/canonical", test_canonical);
    g_test_add_func("/address/no-address", test_no_address);
    g_test_add_func("/address/lengths", test_lengths);
    g_test_add_func("/address/store", test_store);
    g_test_add_func("/address/strict", test_strict);
    g_test_add_func("/address/strict-lengths", test_strict_lengths);
    g_test_add_func("/address/domain", test_domain);
    g_test_add_func("/address/external", test_external);
    g_test_add_func("/address/extension", test_extension);
    g_test_add_func("/address/proxy-split", test_proxy_split);
    g_test_add_func("/address/proxy-key", test_proxy_key);
    g_test_add_func("/address/fold-is-idempotent", test_fold_is_idempotent);
    if (g_test_perf())
        g_test_add_func("/address/speed", test_speed);
    return g_test_run();
}
