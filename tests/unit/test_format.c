#include "gif/format.h"

static void
test_sniff(void)
{
    static const struct {
        const char *text;
        GifFormat format;
    } cases[] = {
        {"", GIF_FORMAT_AUTO},
        {"\n \nversion: 1\n", GIF_FORMAT_LDIF},
        {"dn:: Y249Sg==\n", GIF_FORMAT_LDIF},
        {"# a\n# b\n  c\n\ndn: x\n", GIF_FORMAT_LDIF},
        {"# a\n", GIF_FORMAT_AUTO},
        {"DN,objectClass\n", GIF_FORMAT_CSVDE},
        {"\"DN\";\"mail\"\n", GIF_FORMAT_CSVDE},
        {"dn", GIF_FORMAT_CSVDE},
        {"DNS,x\n", GIF_FORMAT_AUTO},
        {"Obj-Class,Mode,EmailAddresses\n", GIF_FORMAT_GIF},
        {"\"obj_class\"\t\n", GIF_FORMAT_GIF},
        {"DIRECTORY\r\nObj-Class\r\n", GIF_FORMAT_GIF},
        {"#TYPE Selected.X\n\"Name\"\n", GIF_FORMAT_POWERSHELL},
        {"\"DisplayName\",\"PrimarySmtpAddress\"\n", GIF_FORMAT_POWERSHELL},
        {"Name;emailaddresses\n", GIF_FORMAT_POWERSHELL},
        {"User principal name,Proxy addresses\n", GIF_FORMAT_POWERSHELL},
        {"Directory Name,E-mail Addresses\n", GIF_FORMAT_AUTO},
        {"Name,Proxy-Addresses\nx,EmailAddresses\n", GIF_FORMAT_AUTO},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(gif_format_sniff(tbl_slice(cases[i].text)), ==, cases[i].format);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/format/sniff", test_sniff);
    return g_test_run();
}
