/* The unique keys of addresses and the form in which they are stored. Part of tables/address.h. */
#include "tables/address.h"

#define SMTP_PREFIX "smtp:"
#define SMTP_PREFIX_LEN (sizeof SMTP_PREFIX - 1)

/* ---- Plain addresses ---- */

/* Sets of ASCII characters, a bit for each. */
typedef guint64 CharSet[2];
/* atext of RFC 5322 section 3.2.3. */
static const CharSet atext = {0xa3ffacfa00000000u, 0x7fffffffc7fffffeu};
/* What labels of domains are made of: letters, digits, `-` and `_`. */
static const CharSet label_text = {0x3ff200000000000u, 0x7fffffe87fffffeu};

static inline bool
is_in(const CharSet set, char c)
{
    unsigned char byte = (unsigned char)c;
    return byte < 0x80 && (set[byte / 64] >> byte % 64 & 1) != 0;
}

/* Copies words of `set` that single dots join, in small letters, up to `end` or the first other
 * byte, which is returned; NULL when there is an empty word. */
static const char *
words_copy(const char *at, const char *end, const CharSet set, char *out)
{
    bool empty = true;
    for (; at < end; at++) {
        bool dot = *at == '.';
        if (dot ? empty : !is_in(set, *at))
            break;
        empty = dot;
        *out++ = tbl_ascii_lower(*at);
    }
    return empty ? NULL : at;
}

static bool
labels_are_good(const char *domain, const char *end)
{
    while (domain < end) {
        const char *dot = memchr(domain, '.', (size_t)(end - domain));
        const char *last = dot ? dot : end;
        if (last - domain > TBL_LABEL_MAX || *domain == '-' || last[-1] == '-')
            return false;
        domain = last + 1;
    }
    return true;
}

/* Nearly all addresses are ASCII, without quotes, and can be stored: their canonical form is made
 * in one pass. Its length into `out` (as many bytes as `value` has), the local part's into
 * `*local`; 0 for any other, good or bad, which takes the long way. */
static size_t
plain_canonical(TblSlice value, char *out, size_t *local)
{
    const char *end = value.ptr + value.len;
    if (value.len > TBL_ADDRESS_STORED_MAX)
        return 0;
    const char *at = words_copy(value.ptr, end, atext, out);
    if (!at || at == end || *at != '@' || at - value.ptr > TBL_LOCAL_STORED_MAX)
        return 0;
    *local = (size_t)(at - value.ptr);
    out[*local] = '@';
    if (words_copy(at + 1, end, label_text, out + *local + 1) != end ||
        !labels_are_good(out + *local + 1, out + value.len))
        return 0;
    return value.len;
}

/* ---- Stored addresses ---- */

bool
tbl_address_store(TblSlice value, TblStoredAddress *stored, GError **error)
{
    TblAddress address;
    size_t local;
    memcpy(stored->key, SMTP_PREFIX, SMTP_PREFIX_LEN);
    size_t length = plain_canonical(value, stored->key + SMTP_PREFIX_LEN, &local);
    if (length > 0) {
        memcpy(stored->value, value.ptr, local);
        memcpy(stored->value + local, stored->key + SMTP_PREFIX_LEN + local, length - local);
        stored->value_len = length;
        stored->key_len = SMTP_PREFIX_LEN + length;
        return true;
    }
    if (!tbl_address_parse_strict(&address, value, error))
        return false;
    g_autoptr(GString) spelling = g_string_sized_new(address.len + 2);
    tbl_address_append_spelling(spelling, &address);
    g_return_val_if_fail(spelling->len <= TBL_ADDRESS_STORED_MAX, false);
    memcpy(stored->value, spelling->str, spelling->len);
    stored->value_len = spelling->len;
    memcpy(stored->key + SMTP_PREFIX_LEN, address.text, address.len);
    stored->key_len = SMTP_PREFIX_LEN + address.len;
    return true;
}

/* ---- Proxy addresses ---- */

bool
tbl_address_parse_reference(TblAddress *address, const char *reference)
{
    bool typed = g_ascii_strncasecmp(reference, SMTP_PREFIX, SMTP_PREFIX_LEN) == 0;
    return tbl_address_parse(address, tbl_slice(typed ? reference + SMTP_PREFIX_LEN : reference));
}

/* Exchange's events about the form of a proxy address. */
enum {
    PROXY_OK = 0,
    PROXY_NO_COLON = 230,
    PROXY_NO_TYPE = 231,
    PROXY_TYPE_LONG = 232,
    PROXY_TYPE_SYNTAX = 245,
};

int
tbl_proxy_split(TblSlice text, TblSlice *type, TblSlice *value)
{
    const char *colon = text.len > 0 ? memchr(text.ptr, ':', text.len) : NULL;
    size_t length;

    if (!colon)
        return PROXY_NO_COLON;
    length = (size_t)(colon - text.ptr);
    *type = (TblSlice){text.ptr, length};
    *value = (TblSlice){colon + 1, text.len - length - 1};
    if (length == 0)
        return PROXY_NO_TYPE;
    if (length > TBL_PROXY_TYPE_MAX)
        return PROXY_TYPE_LONG;
    for (size_t i = 0; i < length; i++) {
        if (!g_ascii_isalnum(text.ptr[i]))
            return PROXY_TYPE_SYNTAX;
    }
    return PROXY_OK;
}

static char *
smtp_key(TblSlice value)
{
    char plain[SMTP_PREFIX_LEN + TBL_ADDRESS_STORED_MAX];
    memcpy(plain, SMTP_PREFIX, SMTP_PREFIX_LEN);
    size_t local, length = plain_canonical(value, plain + SMTP_PREFIX_LEN, &local);
    if (length > 0)
        return g_strndup(plain, SMTP_PREFIX_LEN + length);
    TblAddress address;
    return tbl_address_parse(&address, value) ? g_strconcat(SMTP_PREFIX, address.text, NULL) : NULL;
}

char *
tbl_proxy_key(TblSlice type, TblSlice value)
{
    if (value.len == 0)
        return NULL;
    if (type.len == 4 && g_ascii_strncasecmp(type.ptr, "smtp", 4) == 0)
        return smtp_key(value);
    g_autofree char *lower = g_ascii_strdown(type.ptr, (gssize)type.len);
    g_autofree char *folded = tbl_text_fold(value);
    return folded ? g_strconcat(lower, ":", folded, NULL) : NULL;
}
