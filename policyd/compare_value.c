#include "policyd/compare_value.h"

#include "tables/address.h"

#include <string.h>

/* The next element of a list that blanks and commas separate, but not inside quotes (RFC 822
 * 3.4.1). Moves `*at`; NULL at the end; caller frees. */
static char *
next_element(const char **at)
{
    *at += strspn(*at, ", \t\r\n");
    const char *begin = *at;
    bool quoted = false;
    for (; **at && (quoted || !strchr(", \t\r\n", **at)); (*at)++) {
        if (**at == '\\' && (*at)[1])
            (*at)++;
        else if (**at == '"')
            quoted = !quoted;
    }
    return *at > begin ? g_strndup(begin, (gsize)(*at - begin)) : NULL;
}

static char *
canonical_address(const char *key, const char *element)
{
    TblAddress address;
    const char *at = strrchr(key, '@');
    g_autofree char *full = *element == '@' && at
                                ? g_strdup_printf("%.*s%s", (int)(at - key), key, element)
                                : g_strdup(element);
    if (tbl_address_parse(&address, tbl_slice(full)))
        return g_strdup(address.text);
    char *folded = tbl_text_fold(tbl_slice(full));
    return folded ? folded : g_strdup(full);
}

static GHashTable *
set_of(const char *key, const char *value, bool addresses)
{
    GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    char *element;
    while ((element = next_element(&value))) {
        char *folded =
            addresses ? canonical_address(key, element) : tbl_text_fold(tbl_slice(element));
        g_hash_table_add(set, folded ? folded : g_strdup(element));
        g_free(element);
    }
    return set;
}

static bool
same_sets(GHashTable *a, GHashTable *b)
{
    GHashTableIter iter;
    gpointer element;
    if (g_hash_table_size(a) != g_hash_table_size(b))
        return false;
    g_hash_table_iter_init(&iter, a);
    while (g_hash_table_iter_next(&iter, &element, NULL))
        if (!g_hash_table_contains(b, element))
            return false;
    return true;
}

bool
pd_compare_equal(TblMap map, const char *key, const char *ours, const char *theirs)
{
    if (!ours || !theirs)
        return ours == theirs;
    switch (map) {
    case TBL_MAP_VIRTUAL_ALIAS_DOMAINS:
    case TBL_MAP_VIRTUAL_MAILBOX_DOMAINS:
    case TBL_MAP_RELAY_DOMAINS:
    case TBL_MAP_VIRTUAL_MAILBOX_MAPS:
    case TBL_MAP_RELAY_RECIPIENT_MAPS:
        return true;
    case TBL_MAP_TRANSPORT_MAPS: {
        g_autofree char *a = g_strstrip(g_strdup(ours));
        g_autofree char *b = g_strstrip(g_strdup(theirs));
        return strcmp(a, b) == 0;
    }
    default: {
        bool addresses = map != TBL_MAP_SENDER_LOGIN_MAPS;
        g_autoptr(GHashTable) a = set_of(key, ours, addresses);
        g_autoptr(GHashTable) b = set_of(key, theirs, addresses);
        return same_sets(a, b);
    }
    }
}
