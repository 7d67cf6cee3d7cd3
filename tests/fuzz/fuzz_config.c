/* Any text is a configuration or an error that names the file. */
#include "tables/config.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TblConfig) config = tbl_config_parse((const char *)data, size, "fuzz.conf", &error);

    if (config) {
        g_assert_no_error(error);
        g_assert_cmpint(config->store.path[0], ==, '/');
        g_assert_cmpuint(config->limits.connections, >, 0);
        return 0;
    }
    g_assert_true(error && error->domain == TBL_CONFIG_ERROR);
    g_assert_true(g_utf8_validate(error->message, -1, NULL));
    g_assert_true(g_str_has_prefix(error->message, "fuzz.conf:"));
    return 0;
}
