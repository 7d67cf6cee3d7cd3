/* smtpd_sender_login_maps: who may send as an address. */
#include "tables/lookup.h"

bool
tbl_maps_login_usable(const char *login)
{
    for (const char *at = login; *at; at++)
        if (*at == ',' || g_ascii_isspace(*at) || g_ascii_iscntrl(*at))
            return false;
    return *login != '\0';
}

static void
add_login(GPtrArray *seen, GString *value, const char *login)
{
    g_autofree char *folded =
        login && tbl_maps_login_usable(login) ? tbl_text_fold(tbl_slice(login)) : NULL;
    if (!folded || g_ptr_array_find_with_equal_func(seen, folded, g_str_equal, NULL))
        return;
    g_string_append_printf(value, "%s%s", seen->len > 0 ? "," : "", login);
    g_ptr_array_add(seen, g_steal_pointer(&folded));
}

TblResult
tbl_lookup_login(TblLookup *lookup)
{
    TblResult result = tbl_lookup_locate(lookup);
    if (result == TBL_NOTFOUND && lookup->domain && !lookup->location->tombstone &&
        !lookup->location->hidden)
        return tbl_lookup_absent(lookup->context, lookup->value);
    if (result != TBL_FOUND || (result = tbl_lookup_check_recipients(lookup)) != TBL_FOUND)
        return result;
    g_autoptr(TblObject) object = NULL;
    if (tbl_lookup_owner(lookup, &object) != TBL_FOUND)
        return TBL_FAILED;
    static const char *const order[] = {"primary", "alias", "account"};
    const TblProxy *primary = tbl_object_primary(object, "SMTP");
    const char *const logins[] = {primary ? primary->value : NULL, object->text[TBL_TEXT_ALIAS],
                                  object->text[TBL_TEXT_ACCOUNT]};
    g_autoptr(GPtrArray) seen = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < G_N_ELEMENTS(order); i++)
        if (g_strv_contains((const char *const *)lookup->context->config->addresses.login,
                            order[i]))
            add_login(seen, lookup->value, logins[i]);
    return seen->len > 0 ? TBL_FOUND : TBL_NOTFOUND;
}
