#include "policyd/attrs.h"

#define LIMIT 65536
#define HEAD "request=smtpd_access_policy\n"

static ssize_t
decode(PdAttrs *attrs, const char *input, size_t limit)
{
    *attrs = (PdAttrs){0};
    return pd_attrs_decode(attrs, tbl_slice(input), limit);
}

static void
assert_value(const PdAttrs *attrs, const char *input, PdAttr attr, const char *expected)
{
    TblSlice value = pd_attrs_get(attrs, input, attr);
    g_autofree char *text = g_strndup(value.ptr, value.len);

    g_assert_cmpstr(text, ==, expected);
}

static const char postfix_request[] = HEAD
    "protocol_state=RCPT\nprotocol_name=ESMTP\nclient_address=127.0.0.1\nclient_name=localhost\n"
    "sender=a=b@c.example\nrecipient=\"john "
    "smith\"@d.example\nrecipient_count=0\nqueue_id=\nsize=12345\n"
    "sasl_username=ann\nccert_subject=\nencryption_keysize=0\npolicy_context=\ntls_sni=x\n\n";

static void
test_postfix(void)
{
    PdAttrs attrs;

    g_assert_cmpint(decode(&attrs, postfix_request, LIMIT), ==, (gint64)strlen(postfix_request));
    assert_value(&attrs, postfix_request, PD_ATTR_PROTOCOL_STATE, "RCPT");
    assert_value(&attrs, postfix_request, PD_ATTR_CLIENT_ADDRESS, "127.0.0.1");
    assert_value(&attrs, postfix_request, PD_ATTR_SENDER, "a=b@c.example");
    assert_value(&attrs, postfix_request, PD_ATTR_RECIPIENT, "\"john smith\"@d.example");
    assert_value(&attrs, postfix_request, PD_ATTR_SIZE, "12345");
    assert_value(&attrs, postfix_request, PD_ATTR_SASL_USERNAME, "ann");
    assert_value(&attrs, postfix_request, PD_ATTR_CCERT_SUBJECT, "");
}

/* What Postfix sends is not moved by where the reads end. */
static void
test_every_split(void)
{
    TblSlice whole = tbl_slice(postfix_request);
    PdAttrs once;

    g_assert_cmpint(decode(&once, postfix_request, LIMIT), ==, (gint64)whole.len);
    for (size_t cut = 0; cut < whole.len; cut++) {
        PdAttrs attrs = {0};
        g_assert_cmpint(pd_attrs_decode(&attrs, (TblSlice){whole.ptr, cut}, LIMIT), ==, PD_PARTIAL);
        g_assert_cmpint(pd_attrs_decode(&attrs, whole, LIMIT), ==, (gint64)whole.len);
        g_assert_cmpmem(&attrs, sizeof attrs, &once, sizeof once);
    }
}

static void
test_order_and_duplicates(void)
{
    static const char input[] =
        "recipient=first@d\nx=1\nrecipient=second@d\nsender=\n" HEAD "sender=late\n\nnext";
    PdAttrs attrs;

    g_assert_cmpint(decode(&attrs, input, LIMIT), ==, (gint64)strlen(input) - 4);
    assert_value(&attrs, input, PD_ATTR_RECIPIENT, "first@d");
    assert_value(&attrs, input, PD_ATTR_SENDER, "");
    assert_value(&attrs, input, PD_ATTR_SASL_USERNAME, "");
}

static void
test_broken(void)
{
    static const char *const broken[] = {
        "\n",
        "recipient=a@b\n\n",
        "request=something_else\n\n",
        "request=smtpd_access_policy \n\n",
        HEAD "no equals sign\n",
        HEAD "=value\n\n",
        HEAD "recipient=a@b\n\r\n",
        "request=smtpd_access_policy\r\nrecipient=a@b\r\n\r\n",
        "request=other\n" HEAD "\n",
    };

    for (guint i = 0; i < G_N_ELEMENTS(broken); i++) {
        PdAttrs attrs;
        g_test_message("%s", broken[i]);
        g_assert_cmpint(decode(&attrs, broken[i], LIMIT), ==, PD_BROKEN);
    }
    PdAttrs attrs = {0};
    static const char nul[] = HEAD "sender=a\0b\n\n";
    g_assert_cmpint(pd_attrs_decode(&attrs, (TblSlice){nul, sizeof nul - 1}, LIMIT), ==, PD_BROKEN);
}

static void
test_limits(void)
{
    g_autoptr(GString) request = g_string_new(HEAD);
    PdAttrs attrs;

    for (guint i = 1; i < PD_ATTRS_MAX; i++)
        g_string_append(request, "x=y\n");
    g_string_append_c(request, '\n');
    g_assert_cmpint(decode(&attrs, request->str, LIMIT), ==, (gint64)request->len);
    g_string_prepend(request, "x=y\n");
    g_assert_cmpint(decode(&attrs, request->str, LIMIT), ==, PD_BROKEN);

    g_string_assign(request, HEAD "x=");
    g_autofree char *filler = g_strnfill(1000 - request->len - 2, 'v');
    g_string_append_printf(request, "%s\n\n", filler);
    g_assert_cmpuint(request->len, ==, 1000);
    g_assert_cmpint(decode(&attrs, request->str, 1000), ==, 1000);
    g_assert_cmpint(decode(&attrs, request->str, 999), ==, PD_BROKEN);
    /* Over the limit is known before the end comes, and the same in pieces. */
    g_string_truncate(request, 999);
    g_assert_cmpint(decode(&attrs, request->str, 1000), ==, PD_PARTIAL);
    g_assert_cmpint(decode(&attrs, request->str, 999), ==, PD_BROKEN);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/attrs/postfix", test_postfix);
    g_test_add_func("/attrs/every-split", test_every_split);
    g_test_add_func("/attrs/order-and-duplicates", test_order_and_duplicates);
    g_test_add_func("/attrs/broken", test_broken);
    g_test_add_func("/attrs/limits", test_limits);
    return g_test_run();
}
