/* What postconf prints, however odd: read whole, split without loss of brackets, never past the
 * end. The parts of the input are separated by lines of a dash. */
#include "policyd/compare_value.h"
#include "policyd/postfix_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look(const PdPostfixConfig *postfix, const char *name)
{
    char *listen[] = {(char *)"unix:/q/policyd/socketmap", (char *)"inet:127.0.0.1:1", NULL};
    const char *value = pd_postfix_config_value(postfix, name);
    g_autoptr(GPtrArray) tokens = pd_postfix_split(value);
    size_t total = 0;
    for (guint i = 0; i < tokens->len; i++) {
        const char *token = g_ptr_array_index(tokens, i);
        g_autofree char *endpoint = NULL;
        g_autofree char *map = NULL;
        g_autofree char *server = pd_postfix_policy_server(token);
        g_autofree char *action = pd_postfix_policy_attribute(token, "default_action");
        g_assert_cmpuint(strlen(token), >, 0);
        g_assert_true(!server || strlen(server) <= strlen(token));
        g_assert_true(!action || strlen(action) <= strlen(token));
        total += strlen(token);
        if (pd_postfix_socketmap(token, &endpoint, &map))
            pd_postfix_endpoint_is(postfix, endpoint, listen);
    }
    g_assert_cmpuint(total, <=, strlen(value));
    g_assert_true(pd_compare_equal(TBL_MAP_VIRTUAL_ALIAS_MAPS, "a@b", value, value));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) parts = g_strsplit(text, "\n-\n", 3);
    guint count = g_strv_length(parts);
    const char *services = count > 1 ? parts[1] : "", *options = count > 2 ? parts[2] : "";
    const char *main_cf = count > 0 ? parts[0] : "";
    g_autoptr(PdPostfixConfig) postfix =
        pd_postfix_config_parse(main_cf, main_cf, main_cf, services, options);
    const PdPostfixService *service;
    look(postfix, "virtual_alias_maps");
    look(postfix, "smtpd_recipient_restrictions");
    pd_postfix_delivers_virtual(postfix, NULL, &service);
    return 0;
}
