#include "gif/powershell.h"

#include "gif/powershell_value.h"
#include "tests/unit/entry_fixture.h"
#include "tests/unit/gif_fixture.h"

static void
check(const char *text, const char *expected)
{
    g_autoptr(GifNotes) notes = gif_notes_new();
    GifReader *reader = gif_powershell_new(tbl_slice(text), (GifReading){0}, notes);
    g_autofree char *rows =
        reader ? entry_fixture_describe(reader, strlen(text), true) : gif_fixture_codes(notes);
    g_assert_cmpstr(rows, ==, expected);
}

static void
test_header(void)
{
    check("", "1:E226");
    check("#TYPE x\n", "1:E226");
    check("DisplayName,Office\n", "1:E225");
    check("\"Name\"x,\n", "1:E227");
    check("#TYPE System.Collections.Generic.List`1[[System.String, "
          "mscorlib]]\r\n\"Name\"\r\n\"a\"\r\n",
          "3 [update mailbox?? a]\n");
    check("Name;Alias\na;b\n", "2 [update mailbox?? a] Alias+b\n");
}

static void
test_names(void)
{
    check("PrimarySmtpAddress,Alias,Name,DistinguishedName\np@x,a,n,cn=d\np@x,a,n,\np@x,a,,\np@x,,,"
          "\n",
          "2 [update mailbox?? cn=d] Alias+a PrimarySmtpAddress+SMTP:p@x\n"
          "3 [update mailbox?? n] Alias+a PrimarySmtpAddress+SMTP:p@x\n"
          "4 [update mailbox?? a] Alias+a PrimarySmtpAddress+SMTP:p@x\n"
          "5 [update mailbox?? p@x] PrimarySmtpAddress+SMTP:p@x\n");
    check("Display name,Proxy addresses\nAnn,smtp:b@x+SMTP:a@x\nBen,\n",
          "2 [update mailbox?? a@x] Display name+Ann Proxy addresses+SMTP:a@x "
          "Proxy addresses+smtp:b@x\n"
          "3 [update mailbox?? ] Display name+Ben\n");
}

static char *
addresses(const char *text)
{
    GString *out = g_string_new(NULL);
    GifPowershellList list = gif_powershell_list(tbl_slice(text));
    TblSlice value;
    while (gif_powershell_next_address(&list, &value))
        g_string_append_printf(out, "<%.*s>", (int)value.len, value.ptr);
    return g_string_free(out, FALSE);
}

static void
test_lists(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {"SMTP:a@x", "<SMTP:a@x>"},
        {"SMTP:a@x;smtp:b@x;", "<SMTP:a@x><smtp:b@x>"},
        {"SMTP:a@x\r\nsmtp:b@x\r\n", "<SMTP:a@x><smtp:b@x>"},
        {" SMTP:a@x | smtp:b@x ", "<SMTP:a@x><smtp:b@x>"},
        {"{SMTP:a@x, smtp:b@x}", "<SMTP:a@x><smtp:b@x>"},
        {"SMTP:a@x smtp:b@x,SIP:c@x", "<SMTP:a@x><smtp:b@x><SIP:c@x>"},
        {"SMTP:a@x+smtp:a+b@x", "<SMTP:a@x><smtp:a+b@x>"},
        {"CCMAIL:Doe, Ann at X;X400:c=US;a= ;DDA:T=v;;smtp:a@x",
         "<CCMAIL:Doe, Ann at X><X400:c=US;a= ;DDA:T=v;><smtp:a@x>"},
        {"X500:/o=A B/ou=C (D)/cn=e, smtp:a@x", "<X500:/o=A B/ou=C (D)/cn=e><smtp:a@x>"},
        {"X400:c=US;s=A;smtp:a@x", "<X400:c=US;s=A><smtp:a@x>"},
        {"X400:c=US;s=A; smtp:a@x;", "<X400:c=US;s=A;><smtp:a@x>"},
        {"smtp:a@x;X400:c=US;s=A;", "<smtp:a@x><X400:c=US;s=A;>"},
        {"a@x;b@x", "<a@x;b@x>"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *found = addresses(cases[i].text);
        g_assert_cmpstr(found, ==, cases[i].expected);
    }
    check("Name,Members,AcceptMessagesOnlyFrom\ng,\"{a b, c}\",\"x/y/Lee, Ann;cn=a,dc=b | z@x\"\n",
          "2 [update mailbox?? g] Members+a b Members+c AcceptMessagesOnlyFrom+Lee, Ann "
          "AcceptMessagesOnlyFrom+cn=a,dc=b AcceptMessagesOnlyFrom+z@x\n");
}

static void
test_lost_lists(void)
{
    check("Name,EmailAddresses\na,System.Collections.ArrayList\n", "2 ![a] {1:E915}\n");
    check("Name,EmailAddresses\na,System.String[]\n", "2 ![a] {1:E915}\n");
    check("Name,Members\na,Microsoft.Exchange.Data.MultiValuedProperty`1[x]\n",
          "2 ![a] {1:E915}\n");
    check("Name,EmailAddresses\na,\"{SMTP:a@x, smtp:b@x...}\"\n", "2 [a] {1:E911}\n");
    check("Name,EmailAddresses\na,SMTP:a@x;smtp:b@x...\n", "2 [a] {1:E911}\n");
    check("Name,EmailAddresses\na,\"{SMTP:a@x, smtp:b\xe2\x80\xa6}\"\n", "2 [a] {1:E911}\n");
    check("Name,DisplayName\na,System.Administration ...\n",
          "2 [update mailbox?? a] DisplayName+System.Administration ...\n");
}

static void
test_sizes(void)
{
    static const struct {
        const char *text;
        gint64 kilobytes; /* -1: none */
    } cases[] = {
        {"36 MB (37,748,736 bytes)", 36864},
        {"36 MB (37.748.736 bytes)", 36864},
        {"36 MB (37\xc2\xa0"
         "748\xc2\xa0"
         "736 bytes)",
         36864},
        {"10240KB", 10240},
        {"2 GB", 2 << 20},
        {"1024", 1},
        {"0 B (0 bytes)", 0},
        {"", -1},
        {"(", -1},
        {"36 MB (37,748,736", -1},
        {"5 furlongs", -1},
        {"-1 MB", -1},
        {"99999999999999999999999999 TB", -1},
        {"999999999999999999 TB", -1},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 size = 0;
        bool good = gif_powershell_size(tbl_slice(cases[i].text), &size);
        g_assert_cmpint(good ? size : -1, ==, cases[i].kilobytes);
    }
    check("Name,MaxReceiveSize,MaxSendSize\na,Unlimited,10 MB\nb,lots,\n",
          "2 [update mailbox?? a] MaxReceiveSize~~ MaxSendSize+10240\n3 [b] {1:E271}\n");
}

static void
test_classes(void)
{
    static const struct {
        const char *details, *expected;
    } cases[] = {
        {"SharedMailbox", "2 [update mailbox a]\n"},
        {"RemoteUserMailbox", "2 [update remote a]\n"},
        {"GuestMailUser", "2 [update remote a]\n"},
        {"MailUniversalSecurityGroup", "2 [update dl a]\n"},
        {"GroupMailbox", "2 [update dl a]\n"},
        {"DynamicDistributionGroup", "2 [update dl a] {1:W925}\n"},
        {"PublicFolder", "2 [update public-folder a]\n"},
        {"User", "2 [a]settled {1:I916}\n"},
        {"Teapot", "2 [a] {1:E228}\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strconcat("Name,RecipientTypeDetails\na,", cases[i].details, "\n", NULL);
        check(text, cases[i].expected);
    }
    check("Name,RecipientType\na,MailContact\n", "2 [update remote a]\n");
    check("Name,ExternalEmailAddress\na,SMTP:a@x\n",
          "2 [update remote?? a] ExternalEmailAddress+SMTP:a@x\n");
}

static void
test_forwards(void)
{
    check("Name,ForwardingSmtpAddress,ForwardingAddress,DeliverToMailboxAndForward\na,smtp:b@x,,"
          "True\nb,,x.example/Users/Ann,False\n",
          "2 [update mailbox?? a] ForwardingAddress+b@x DeliverToMailboxAndForward+True\n"
          "3 [update mailbox?? b] ForwardingAddress+Ann DeliverToMailboxAndForward+False\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/powershell/header", test_header);
    g_test_add_func("/powershell/names", test_names);
    g_test_add_func("/powershell/lists", test_lists);
    g_test_add_func("/powershell/lost-lists", test_lost_lists);
    g_test_add_func("/powershell/sizes", test_sizes);
    g_test_add_func("/powershell/classes", test_classes);
    g_test_add_func("/powershell/forwards", test_forwards);
    return g_test_run();
}
