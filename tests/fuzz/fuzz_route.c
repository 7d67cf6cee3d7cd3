/* A route that is stored is accepted again and stays the same. */
#include "tables/domain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GError) error = NULL;
    g_autofree char *route = tbl_route_complete(text, TBL_DOMAIN_RELAY, &error);
    g_autofree char *again = NULL;

    g_assert_true((route == NULL) == (error != NULL));
    if (!route)
        return 0;
    again = tbl_route_complete(route, TBL_DOMAIN_ROUTE, NULL);
    g_assert_cmpstr(again, ==, route);
    g_assert_nonnull(strchr(route, ':'));
    return 0;
}
