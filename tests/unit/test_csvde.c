#include "gif/csvde.h"

#include "tests/unit/entry_fixture.h"
#include "tests/unit/gif_fixture.h"

static char *
describe(const char *text, GifReading reading)
{
    g_autoptr(GifNotes) notes = gif_notes_new();
    GifReader *reader = gif_csvde_new(tbl_slice(text), reading, notes);
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

static void
test_header(void)
{
    check("", "1:E226");
    check("objectClass,mail\nuser,a@b\n", "1:E225");
    check("DN,\"ma\nil\nx\n", "1:E227");
    check("dn,MAIL\n", "");
    check("\"DN\"\t\"mail\"\ncn=x\ta@b\n", "2 [update mailbox?? cn=x] mail+SMTP:a@b\n");
    check("mail,DN\na@b,cn=x\n", "2 [update mailbox?? cn=x] mail+SMTP:a@b\n");
}

static void
test_values(void)
{
    check("DN,proxyAddresses\ncn=x,\"X400:c=US\\;a= \\;;smtp:a\\\\b@c;;\"\n",
          "2 [update mailbox?? cn=x] proxyAddresses+X400:c=US;a= ; proxyAddresses+smtp:a\\b@c\n");
    /* Names keep their backslashes, so that they equal those of the column DN. */
    check("DN,objectClass,member\n\"CN=Lee\\, Ann\",group,\"CN=Lee\\, Ben,O=x;CN=a\\;b\"\n",
          "2 [update dl CN=Lee\\, Ann] member+CN=Lee\\, Ben,O=x member+CN=a\\;b\n");
    /* An attribute of one value is not split. */
    check("DN,displayName\ncn=x,\"Lee; Ann \"\"A\"\"\"\n",
          "2 [update mailbox?? cn=x] displayName+Lee; Ann \"A\"\n");
    check("DN,displayName\ncn=x,\"two\nlines\"\ncn=y,z\n",
          "2 [update mailbox?? cn=x] displayName+two\nlines\n4 [update mailbox?? cn=y] "
          "displayName+z\n");
    check("DN,member;range=0-1499\ncn=x,cn=y\ncn=z,\n",
          "2 [cn=x] {1:E911}\n3 [cn=z]settled {1:I916}\n");
}

static void
test_binary(void)
{
    check("DN,objectGUID,displayName\ncn=x,X'00ff',X'4ac3b6'\n",
          "2 [update mailbox?? cn=x] displayName+J\303\266\n");
    check("DN,objectGUID\ncn=x,X'0g'\ncn=y,X'012'\ncn=z,X'01';X'2'\n",
          "2 [cn=x] {1:E270}\n3 [cn=y] {1:E270}\n4 [cn=z] {1:E270}\n");
    check("DN,displayName\ncn=x,X'00'\ncn=y,X'ff'\n", "2 [cn=x] {1:E901}\n3 [cn=y] {1:E900}\n");
    check("DN,displayName\ncn=x,X'\n", "2 [update mailbox?? cn=x] displayName+X'\n");
}

static void
test_faults(void)
{
    check("DN,mail\ncn=x\ncn=y,a@b,\ncn=z,a@b\n",
          "2 [] {1:E291}\n3 [update mailbox?? cn=y] mail+SMTP:a@b {1:W291}\n4 [update mailbox?? "
          "cn=z] mail+SMTP:a@b\n");
    check("DN,mail\n\"cn=x\"y,a@b\n,c@d\n", "2 [] {1:E220}\n3 [update mailbox?? ] mail+SMTP:c@d\n");
    check("DN,mail\ncn=x,\"a@b\n", "2 ![] {1:E220}\n");
}

/* Files with a row for each address: rows of a name add up. */
static void
test_repeated(void)
{
    static const char text[] = "DN;proxyAddress\n\"cn=A,dc=x\";SMTP:a@x\n\"cn=a,dc=x\";\"X400:c=US;"
                               "a= ;s=B;\"\ncn=b;\"smtp:b@x;SMTP:c@x\"\n";
    check(text, "2 [update mailbox?? cn=A,dc=x] proxyAddress+SMTP:a@x\n"
                "3 [update mailbox?? cn=a,dc=x] proxyAddress+X400:c=US;a= ;s=B;\n"
                "4 [update mailbox?? cn=b] proxyAddress+SMTP:c@x proxyAddress+smtp:b@x\n");
    g_autofree char *replaced =
        describe(text, (GifReading){.mode = GIF_MODE_CREATE, .overwrite = true});
    g_assert_cmpstr(replaced, ==,
                    "2 [create mailbox?? cn=A,dc=x] proxyAddress+SMTP:a@x only\n"
                    "3 [update mailbox?? cn=a,dc=x] proxyAddress+X400:c=US;a= ;s=B;\n"
                    "4 [create mailbox?? cn=b] proxyAddress+SMTP:c@x proxyAddress+smtp:b@x only\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/csvde/header", test_header);
    g_test_add_func("/csvde/values", test_values);
    g_test_add_func("/csvde/binary", test_binary);
    g_test_add_func("/csvde/faults", test_faults);
    g_test_add_func("/csvde/repeated", test_repeated);
    return g_test_run();
}
