/* The canonical form is a fixed point; the external form and the stored spelling mean the same
 * address. */
#include "tables/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_means(const char *text, size_t length, const TblAddress *address)
{
    TblAddress again;

    /* Quoting may lengthen an address over what a key can be. */
    if (length > TBL_ADDRESS_MAX)
        return;
    g_assert_true(tbl_address_parse(&again, (TblSlice){text, length}));
    g_assert_cmpstr(again.text, ==, address->text);
}

static void
check_address(const TblAddress *address)
{
    g_autoptr(GString) external = g_string_new(NULL);
    g_autoptr(GString) spelling = g_string_new(NULL);
    const char *domain = tbl_address_domain(address);
    char canonical_domain[256];

    g_assert_cmpuint(strlen(address->text), ==, address->len);
    g_assert_cmpuint(strlen(address->typed), ==, address->typed_len);
    g_assert_true(g_utf8_validate(address->text, -1, NULL));
    g_assert_true(tbl_domain_canonical(tbl_slice(domain), false, canonical_domain));
    g_assert_cmpstr(canonical_domain, ==, domain);
    tbl_address_append_external(external, (TblSlice){address->text, address->local_len},
                                tbl_slice(domain));
    check_means(external->str, external->len, address);
    tbl_address_append_spelling(spelling, address);
    check_means(spelling->str, spelling->len, address);
    /* The internal form can begin with a quote, and is then no key of its own. */
    if (address->text[0] != '"')
        check_means(address->text, address->len, address);
}

static void
check_strict(TblSlice text, const TblAddress *lenient)
{
    g_autoptr(GString) spelling = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    TblAddress strict, again;

    if (!tbl_address_parse_strict(&strict, text, &error)) {
        g_assert_nonnull(error);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        return;
    }
    g_assert_nonnull(lenient);
    g_assert_cmpstr(strict.text, ==, lenient->text);
    /* What is stored can be stored again. */
    tbl_address_append_spelling(spelling, &strict);
    g_assert_true(tbl_address_parse_strict(&again, (TblSlice){spelling->str, spelling->len}, NULL));
    g_assert_cmpstr(again.text, ==, strict.text);
}

/* The short way of plain addresses leads where the long way does. */
static void
check_store(TblSlice text, const TblAddress *lenient)
{
    g_autoptr(GString) spelling = g_string_new(NULL);
    g_autofree char *key = tbl_proxy_key(tbl_slice("SMTP"), text);
    g_auto(TblArena) memory = {0};
    TblStoredAddress stored;
    TblAddress strict;
    bool good = tbl_address_parse_strict(&strict, text, NULL);

    g_assert_cmpint(tbl_address_store(text, &memory, &stored, NULL), ==, good);
    g_assert_cmpint(key != NULL, ==, lenient != NULL);
    if (lenient)
        g_assert_cmpstr(key + strlen("smtp:"), ==, lenient->text);
    if (!good)
        return;
    tbl_address_append_spelling(spelling, &strict);
    g_assert_cmpmem(stored.value.ptr, stored.value.len, spelling->str, spelling->len);
    g_assert_cmpmem(stored.key.ptr, stored.key.len, key, strlen(key));
}

static void
check_proxy(TblSlice text)
{
    g_autofree char *key = NULL;
    g_autofree char *again = NULL;
    TblSlice type, value, key_type, key_value;

    if (tbl_proxy_split(text, &type, &value) != 0)
        return;
    key = tbl_proxy_key(type, value);
    if (!key)
        return;
    g_assert_cmpint(tbl_proxy_split(tbl_slice(key), &key_type, &key_value), ==, 0);
    if (key_value.ptr[0] == '"')
        return;
    again = tbl_proxy_key(key_type, key_value);
    g_assert_true(again == NULL || strcmp(again, key) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    TblSlice text = {(const char *)data, size};
    TblAddress address;
    bool good = tbl_address_parse(&address, text);

    if (good) {
        size_t offset = tbl_address_extension((TblSlice){address.typed, address.typed_len}, "+-");

        g_assert_true(offset == 0 || strchr("+-", address.typed[offset]));
        check_address(&address);
    }
    check_strict(text, good ? &address : NULL);
    check_store(text, good ? &address : NULL);
    check_proxy(text);
    return 0;
}
