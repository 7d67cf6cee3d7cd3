#include "policyd/action.h"

static void
assert_clean(const char *action, const char *expected)
{
    g_autoptr(GString) text = g_string_new("kept");

    g_string_append(text, action);
    pd_action_clean(text, 4);
    g_assert_true(g_str_has_prefix(text->str, "kept"));
    g_assert_cmpstr(text->str + 4, ==, expected);
}

static void
test_clean(void)
{
    assert_clean("DUNNO", "DUNNO");
    assert_clean("550 5.1.6 Recipient has moved to j\xc3\xb6rg@x.example",
                 "550 5.1.6 Recipient has moved to j\xc3\xb6rg@x.example");
    assert_clean("550 5.1.6 a\r\nb\tc\x7f", "550 5.1.6 a??b?c?");
    assert_clean("550 5.1.6 bad \xff\xfe\xc3 bytes", "550 5.1.6 bad ??? bytes");
    assert_clean("450 4.1.1 a\xc2\x85"
                 "b\xe2\x80\xa8"
                 "c",
                 "450 4.1.1 a??b???c");
    /* What Postfix would take for a permit. */
    assert_clean("", PD_ACTION_FAILED);
    assert_clean("550", PD_ACTION_FAILED);
    assert_clean("550 ", PD_ACTION_FAILED);
    assert_clean("550 5.1.6", PD_ACTION_FAILED);
    assert_clean("550 5.1.6  ", PD_ACTION_FAILED);
    assert_clean("DEFER_IF_PERMIT", PD_ACTION_FAILED);
    assert_clean("DEFER_IF_PERMIT 4.3.0 ", PD_ACTION_FAILED);
    assert_clean("OK", PD_ACTION_FAILED);
    assert_clean("250 2.0.0 fine", PD_ACTION_FAILED);
    assert_clean("12345", PD_ACTION_FAILED);
    /* What it would take for a restriction or a table. */
    assert_clean("hash:/etc/passwd", PD_ACTION_FAILED);
    assert_clean("DUNNO x", PD_ACTION_FAILED);
    assert_clean("dunno", PD_ACTION_FAILED);
    assert_clean("REJECT 5.7.1 no", PD_ACTION_FAILED);
    /* Codes of two classes, or that end the session. */
    assert_clean("550 4.1.1 text", PD_ACTION_FAILED);
    assert_clean("450 5.1.1 text", PD_ACTION_FAILED);
    assert_clean("DEFER_IF_PERMIT 5.3.0 text", PD_ACTION_FAILED);
    assert_clean("421 4.3.0 text", PD_ACTION_FAILED);
    assert_clean("521 5.3.0 text", PD_ACTION_FAILED);
    assert_clean("5500 5.1.1 text", PD_ACTION_FAILED);
    assert_clean("550 5.1111.1 text", PD_ACTION_FAILED);
    assert_clean("550 5.1.1text", PD_ACTION_FAILED);
    assert_clean("550  5.1.1 text", PD_ACTION_FAILED);
    assert_clean(" 550 5.1.1 text", PD_ACTION_FAILED);
}

static void
test_clean_length(void)
{
    /* Characters of three bytes, begun at each place: the cut must not fall into one. */
    for (guint shift = 0; shift < 3; shift++) {
        g_autoptr(GString) action = g_string_new("550 5.1.6 ");
        g_string_append_len(action, "xx", shift);
        while (action->len < 2 * PD_ACTION_MAX)
            g_string_append(action, "\xe2\x82\xac");
        pd_action_clean(action, 0);
        g_assert_cmpuint(action->len, <=, PD_ACTION_MAX);
        g_assert_cmpuint(action->len, >, PD_ACTION_MAX - 3);
        g_assert_true(g_utf8_validate(action->str, -1, NULL));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/action/clean", test_clean);
    g_test_add_func("/action/clean-length", test_clean_length);
    return g_test_run();
}
