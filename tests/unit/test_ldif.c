#include "gif/ldif.h"

#include "gif/charset.h"
#include "tests/unit/entry_fixture.h"
#include "tests/unit/gif_fixture.h"

static char *
describe(const char *text, GifReading reading)
{
    g_autoptr(GifNotes) notes = gif_notes_new();
    GifReader *reader = gif_ldif_new(tbl_slice(text), reading, notes);
    if (!reader)
        return gif_fixture_codes(notes);
    return entry_fixture_describe(reader, strlen(text), true);
}

static void
check(const char *text, const char *expected)
{
    g_autofree char *rows = describe(text, (GifReading){0});
    g_assert_cmpstr(rows, ==, expected);
}

#define JO "dn: cn=Jo\nobjectClass: user\n"
#define MODIFY "dn: cn=Jo\nchangetype: modify\n"

static void
test_lines(void)
{
    check("version: 1\n\n# a comment\n  that goes on\n\n# another\ndn: cn=Jo\nobjectClass: "
          "user\nmail: j@n\n o\n",
          "7 [update mailbox? cn=Jo] mail+SMTP:j@no\n");
    check("version: 1\r\ndn: cn=Jo\r\nobjectClass: us\r\n er\r\nmail:j@no\r\n\r\n\r\ndn: "
          "cn=Al\r\nobjectClass: user\r\nMAIL:   a@no\x1a",
          "2 [update mailbox? cn=Jo] mail+SMTP:j@no\n8 [update mailbox? cn=Al] mail+SMTP:a@no\n");
    check("version: 2\n", "1:E918");
    check("", "");
    check("dn:: Y249SsO2cmc=\nobjectClass: user\nmail:: YUBu\n",
          "1 [update mailbox? cn=J\303\266rg] mail+SMTP:a@n\n");
    check("dn: cn=Jo\nmail:: Y249Sg\n", "1 [cn=Jo] {1:E918}\n");
    check("dn: cn=Jo\nmail:: Y=Jo\n", "1 [cn=Jo] {1:E918}\n");
    check("dn: cn=Jo\nmail\n\ndn: cn=Al\n: x\n", "1 [cn=Jo] {1:E918}\n4 [cn=Al] {1:E918}\n");
    check("\n dn: cn=Jo\n", "2 [] {1:E918}\n");
    check("mail: a@b\ndn: cn=Jo\n", "1 [] {1:E918}\n");
    check("dn: cn=Jo\nmail: \377\n", "1 [cn=Jo] {1:E900}\n");
    check(JO "displayName:: AGE=\n", "1 [cn=Jo] {1:E901}\n");
    check(JO "displayName:: /w==\n", "1 [cn=Jo] {1:E900}\n");
    check(JO "objectGUID:: AP8=\nmail: a@b\n", "1 [update mailbox? cn=Jo] mail+SMTP:a@b\n");
}

/* A fold within a character: the bytes are no UTF-8 until the lines are unfolded. */
static void
test_split_character(void)
{
    static const char bytes[] = "dn: cn=J\303\r\n \266rg\r\nobjectClass: user\r\nmail: j@no\r\n";
    GifTextFault fault = {0};
    g_autoptr(GifText) text =
        gif_text_new(g_strdup(bytes), strlen(bytes), GIF_CODEPAGE_DEFAULT, &fault);
    g_assert_nonnull(text);
    g_assert_cmpstr(gif_text_encoding(text), ==, "UTF-8");
    g_autofree char *copy = g_strndup(gif_text_slice(text).ptr, gif_text_slice(text).len);
    check(copy, "1 [update mailbox? cn=J\303\266rg] mail+SMTP:j@no\n");
    /* Other text with such bytes stays what it was. */
    static const char other[] = "Obj-Class\n\303\r\n \266\n";
    g_autoptr(GifText) plain =
        gif_text_new(g_strdup(other), strlen(other), GIF_CODEPAGE_DEFAULT, &fault);
    g_assert_cmpstr(gif_text_encoding(plain), ==, "CP1252");
}

static void
test_refused(void)
{
    check("dn: cn=Jo\nproxyAddresses:< file:///etc/passwd\n", "1 [cn=Jo] {1:E295}\n");
    check("dn: cn=Jo\njpegPhoto:< file:///x\n", "1 [cn=Jo] {1:E295}\n");
    check("dn:< file:///x\nmail: a@b\n", "1 [file:///x] {1:E295}\n");
    check(MODIFY "add: mail\nmail:< file:///x\n", "1 [cn=Jo] {1:E295}\n");
    check("dn: cn=Jo\ncontrol: 1.2.3 true\nchangetype: delete\n", "1 [cn=Jo] {1:E917}\n");
    check("dn: cn=Jo\nchangetype: modrdn\nnewrdn: cn=x\n", "1 [cn=Jo] {1:E221}\n");
    check("dn: cn=Jo\nchangetype: moddn\nnewrdn: cn=x\n", "1 [cn=Jo] {1:E221}\n");
    check("dn: cn=Jo\nchangetype: rename\n", "1 [cn=Jo] {1:E221}\n");
    check(JO "\ndn: cn=Al\nchangetype: delete\n",
          "1 [update mailbox? cn=Jo]\n4 [cn=Al] {1:E919}\n");
    check("dn: cn=Al\nchangetype: delete\n\ndn: cn=bare\n\n" JO,
          "1 [delete mailbox?? cn=Al]\n4 [cn=bare]settled {1:I916}\n6 [cn=Jo] {1:E919}\n");
    check("dn: cn=G\nobjectClass: group\nmember;range=0-1499: cn=Jo\n", "1 [cn=G] {1:E911}\n");
    check("dn: cn=G\nobjectClass: group\nmember;range=0-*: cn=Jo\n",
          "1 [update dl cn=G] member+cn=Jo\n");
    check("dn: cn=G\nobjectClass: group\nmember;range=1500-*: cn=Jo\n", "1 [cn=G] {1:E911}\n");
    check("dn: cn=G\nobjectClass: group\nmember;x-new: cn=Jo\n",
          "1 [update dl cn=G] member+cn=Jo\n");
}

static void
test_classes(void)
{
    static const struct {
        const char *attributes, *expected;
    } cases[] = {
        {"", "1 [cn=X]settled {1:I916}\n"},
        {"objectClass: organizationalUnit\n", "1 [cn=X]settled {1:I916}\n"},
        {"objectClass: top\nobjectClass: person\nobjectClass: user\nobjectClass: computer\nmail: "
         "a@b\n",
         "1 [cn=X]settled {1:I916}\n"},
        {"description: x\n", "1 [cn=X]settled {1:I916}\n"},
        {"displayName: x\n", "1 [update mailbox?? cn=X] displayName+x\n"},
        {"objectClass: inetOrgPerson\nhomeMDB: x\ntargetAddress: smtp:a@b\n",
         "1 [update mailbox cn=X] targetAddress+smtp:a@b\n"},
        {"objectClass: user\ntargetAddress: smtp:a@b\n",
         "1 [update remote cn=X] targetAddress+smtp:a@b\n"},
        {"objectClass: contact\ntargetAddress: smtp:a@b\n",
         "1 [update remote cn=X] targetAddress+smtp:a@b\n"},
        {"objectClass: groupOfNames\nmember: cn=y\n", "1 [update dl cn=X] member+cn=y\n"},
        {"objectClass: publicFolder\n", "1 [update public-folder cn=X]\n"},
        {"targetAddress: smtp:a@b\n", "1 [update remote?? cn=X] targetAddress+smtp:a@b\n"},
        {"policydName: x y\nobjectClass: user\n", "1 [update mailbox? x y]\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strconcat("dn: cn=X\n", cases[i].attributes, NULL);
        check(text, cases[i].expected);
    }
    check("dn:\nobjectClass: top\n", "1 []settled {1:I916}\n");
}

static void
test_addresses(void)
{
    check(JO "proxyAddresses: SMTP:a@b\nproxyAddresses: smtp:c@b\nproxyAddresses: "
             "X400:c=US;\nmail: A@B\n",
          "1 [update mailbox? cn=Jo] proxyAddresses+SMTP:a@b proxyAddresses+X400:c=US; "
          "proxyAddresses+smtp:c@b\n");
    check(JO "proxyAddresses: SMTP:a@b\nmail: c@b\n",
          "1 [update mailbox? cn=Jo] proxyAddresses+SMTP:a@b {1:W905}\n");
    check(JO "proxyAddresses: smtp:a@b\nmail: c@b\n",
          "1 [update mailbox? cn=Jo] proxyAddresses+smtp:a@b mail+SMTP:c@b\n");
    check(JO "mail: a@b\nmail: c@b\n", "1 [update mailbox? cn=Jo] mail+SMTP:a@b mail+smtp:c@b\n");
    check(JO "proxyAddresses: SMTP:a@b\nproxyAddresses: SMTP:c@b\n",
          "1 [update mailbox? cn=Jo] proxyAddresses+SMTP:a@b proxyAddresses+SMTP:c@b {1:W233}\n");
}

static void
test_modify(void)
{
    static const struct {
        const char *blocks, *expected;
    } cases[] = {
        {"delete: proxyAddresses\nproxyAddresses: smtp:a@b\n-\nadd: "
         "proxyAddresses\nproxyAddresses: smtp:c@b\n-\n",
         "[modify mailbox?? cn=Jo] proxyAddresses-smtp:a@b proxyAddresses+smtp:c@b\n"},
        {"replace: proxyAddresses\n-\n", "[cn=Jo] {1:E266}\n"},
        {"delete: proxyAddresses\n", "[cn=Jo] {1:E266}\n"},
        {"replace: proxyAddresses\nproxyAddresses: SMTP:a@b\n-\n",
         "[modify mailbox?? cn=Jo] proxyAddresses+SMTP:a@b only\n"},
        {"delete: proxyAddresses\n-\nadd: proxyAddresses\nproxyAddresses: smtp:a@b\n-\n",
         "[modify mailbox?? cn=Jo] proxyAddresses+smtp:a@b only\n"},
        {"add: member\nmember: cn=a\n-\ndelete: member\nmember: CN=A\nmember: cn=b\n-\n",
         "[modify mailbox?? cn=Jo] member-CN=A member-cn=b\n"},
        {"replace: member\nmember: cn=a\n-\n", "[modify mailbox?? cn=Jo] member=cn=a\n"},
        {"replace: member\n-\n", "[modify mailbox?? cn=Jo] member~~\n"},
        {"delete: member\n-\n", "[modify mailbox?? cn=Jo] member~\n"},
        {"replace: displayName\ndisplayName: Jo\n", "[modify mailbox?? cn=Jo] displayName+Jo\n"},
        {"replace: displayName\n", "[modify mailbox?? cn=Jo] displayName~~\n"},
        {"delete: displayName\ndisplayName: Jo\n", "[modify mailbox?? cn=Jo] displayName-Jo\n"},
        {"replace: mail\nmail: a@b\n", "[modify mailbox?? cn=Jo] mail+SMTP:a@b\n"},
        {"delete: mail\nmail: a@b\n", "[modify mailbox?? cn=Jo] mail-SMTP:a@b\n"},
        {"delete: mail\n", "[modify mailbox?? cn=Jo] mail-SMTP:\n"},
        {"replace: description\ndescription: x\n-\n", "[cn=Jo]settled {1:I916}\n"},
        {"", "[cn=Jo]settled {1:I916}\n"},
        {"increment: x\nx: 1\n-\n", "[cn=Jo] {1:E918}\n"},
        {"add: mail\n-\n", "[cn=Jo] {1:E918}\n"},
        {"add: mail\nmember: x\n-\n", "[cn=Jo] {1:E918}\n"},
        {"-\n", "[cn=Jo] {1:E918}\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strconcat(MODIFY, cases[i].blocks, NULL);
        g_autofree char *expected = g_strconcat("1 ", cases[i].expected, NULL);
        check(text, expected);
    }
}

static void
test_changes(void)
{
    check("dn: cn=Jo\nchangetype: add\nobjectClass: user\nmail: a@b\n",
          "1 [create mailbox? cn=Jo] mail+SMTP:a@b\n");
    check("dn: cn=Jo\nchangetype: delete\nmail: x\n", "1 [cn=Jo] {1:E918}\n");
    check(JO "-\n", "1 [cn=Jo] {1:E918}\n");
    g_autofree char *whole =
        describe(JO "proxyAddresses: smtp:a@b\nauthOrig: cn=x\n", (GifReading){.overwrite = true});
    g_assert_cmpstr(whole, ==,
                    "1 [update mailbox? cn=Jo] authOrig=cn=x proxyAddresses+smtp:a@b only\n");
    g_autofree char *compat = describe(JO "proxyAddresses: SMTP:a@b\nproxyAddresses: SMTP:c@b\n",
                                       (GifReading){.mode = GIF_MODE_MODIFY, .compat = true});
    g_assert_cmpstr(compat, ==,
                    "1 [modify mailbox? cn=Jo] proxyAddresses+SMTP:a@b proxyAddresses+SMTP:c@b\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ldif/lines", test_lines);
    g_test_add_func("/ldif/split-character", test_split_character);
    g_test_add_func("/ldif/refused", test_refused);
    g_test_add_func("/ldif/classes", test_classes);
    g_test_add_func("/ldif/addresses", test_addresses);
    g_test_add_func("/ldif/modify", test_modify);
    g_test_add_func("/ldif/changes", test_changes);
    return g_test_run();
}
