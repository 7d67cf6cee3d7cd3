/* The unique keys of addresses and the form in which they are stored. Part of tables/address.h. */
#include "tables/address.h"

#define SMTP_PREFIX "smtp:"
#define SMTP_PREFIX_LEN (sizeof SMTP_PREFIX - 1)

/* ---- Plain addresses ---- */

/* What a character of a word becomes in the canonical form; 0: it is of none. */
typedef char Letters[256];

#define SAME(c) [c] = (c)
#define BOTH(lower) [lower] = (lower), [(lower) - ('a' - 'A')] = (lower)
#define LETTERS_AND_DIGITS                                                                         \
    BOTH('a'), BOTH('b'), BOTH('c'), BOTH('d'), BOTH('e'), BOTH('f'), BOTH('g'), BOTH('h'),        \
        BOTH('i'), BOTH('j'), BOTH('k'), BOTH('l'), BOTH('m'), BOTH('n'), BOTH('o'), BOTH('p'),    \
        BOTH('q'), BOTH('r'), BOTH('s'), BOTH('t'), BOTH('u'), BOTH('v'), BOTH('w'), BOTH('x'),    \
        BOTH('y'), BOTH('z'), SAME('0'), SAME('1'), SAME('2'), SAME('3'), SAME('4'), SAME('5'),    \
        SAME('6'), SAME('7'), SAME('8'), SAME('9')

/* atext of RFC 5322 section 3.2.3. */
static const Letters local_letters = {
    LETTERS_AND_DIGITS, SAME('!'), SAME('#'), SAME('$'), SAME('%'), SAME('&'), SAME('\''),
    SAME('*'),          SAME('+'), SAME('-'), SAME('/'), SAME('='), SAME('?'), SAME('^'),
    SAME('_'),          SAME('`'), SAME('{'), SAME('|'), SAME('}'), SAME('~')};
/* What labels of domains are made of. */
static const Letters domain_letters = {LETTERS_AND_DIGITS, SAME('-'), SAME('_')};

static bool
label_is_good(const char *label, const char *end)
{
    return end - label <= TBL_LABEL_MAX && *label != '-' && end[-1] != '-';
}

/* Copies the letters of one word, and returns their number. Several at a time, since every address
 * of a file comes by here. */
static inline size_t
word_copy(TblSlice text, const Letters letters, char *out)
{
    size_t at = 0;
    for (; at + 4 <= text.len; at += 4) {
        if (!(out[at] = letters[(unsigned char)text.ptr[at]]))
            return at;
        if (!(out[at + 1] = letters[(unsigned char)text.ptr[at + 1]]))
            return at + 1;
        if (!(out[at + 2] = letters[(unsigned char)text.ptr[at + 2]]))
            return at + 2;
        if (!(out[at + 3] = letters[(unsigned char)text.ptr[at + 3]]))
            return at + 3;
    }
    while (at < text.len && (out[at] = letters[(unsigned char)text.ptr[at]]))
        at++;
    return at;
}

/* Copies words that single dots join, in small letters, up to `end` or the first other byte, which
 * is returned; NULL when there is an empty word, or one that is no label where they must be. */
static const char *
words_copy(const char *at, const char *end, const Letters letters, bool labels, char *out)
{
    for (;;) {
        size_t length = word_copy((TblSlice){at, (size_t)(end - at)}, letters, out);
        at += length;
        if (length == 0 || (labels && !label_is_good(out, out + length)))
            return NULL;
        if (at == end || *at != '.')
            return at;
        out[length] = '.';
        out += length + 1;
        at++;
    }
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
    const char *at = words_copy(value.ptr, end, local_letters, false, out);
    if (!at || at == end || *at != '@' || at - value.ptr > TBL_LOCAL_STORED_MAX)
        return 0;
    *local = (size_t)(at - value.ptr);
    out[*local] = '@';
    bool good = words_copy(at + 1, end, domain_letters, true, out + *local + 1) == end;
    return good ? value.len : 0;
}

/* ---- Stored addresses ---- */

static bool
store_plain(TblSlice value, TblArena *memory, TblStoredAddress *stored)
{
    size_t local;
    if (value.len > TBL_ADDRESS_STORED_MAX)
        return false;
    /* Both are as long as the address; the key has its prefix. */
    char *key = tbl_arena_take(memory, SMTP_PREFIX_LEN + 2 * (value.len + 1));
    char *spelling = key + SMTP_PREFIX_LEN + value.len + 1;
    char *canonical = key + SMTP_PREFIX_LEN;
    if (plain_canonical(value, canonical, &local) == 0)
        return false;
    memcpy(key, SMTP_PREFIX, SMTP_PREFIX_LEN);
    memcpy(spelling, value.ptr, local);
    memcpy(spelling + local, canonical + local, value.len - local);
    canonical[value.len] = spelling[value.len] = '\0';
    *stored = (TblStoredAddress){{spelling, value.len}, {key, SMTP_PREFIX_LEN + value.len}, true};
    return true;
}

bool
tbl_address_store(TblSlice value, TblArena *memory, TblStoredAddress *stored, GError **error)
{
    TblAddress address;
    if (store_plain(value, memory, stored))
        return true;
    if (!tbl_address_parse_strict(&address, value, error))
        return false;
    g_autoptr(GString) text = g_string_sized_new(address.len + 2);
    tbl_address_append_spelling(text, &address);
    g_return_val_if_fail(text->len <= TBL_ADDRESS_STORED_MAX, false);
    stored->value = (TblSlice){tbl_arena_copy(memory, (TblSlice){text->str, text->len}), text->len};
    g_string_printf(text, SMTP_PREFIX "%s", address.text);
    stored->key = (TblSlice){tbl_arena_copy(memory, (TblSlice){text->str, text->len}), text->len};
    stored->plain = false;
    return true;
}

/* ---- Proxy addresses ---- */

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
    size_t length = 0;

    /* Nearly all have a short type of letters and digits. */
    while (length < text.len && length <= TBL_PROXY_TYPE_MAX && g_ascii_isalnum(text.ptr[length]))
        length++;
    bool plain = length < text.len && text.ptr[length] == ':';
    const char *colon = plain           ? text.ptr + length
                        : text.len == 0 ? NULL
                                        : memchr(text.ptr, ':', text.len);
    if (!colon)
        return PROXY_NO_COLON;
    length = (size_t)(colon - text.ptr);
    *type = (TblSlice){text.ptr, length};
    *value = (TblSlice){colon + 1, text.len - length - 1};
    if (length == 0)
        return PROXY_NO_TYPE;
    if (length > TBL_PROXY_TYPE_MAX)
        return PROXY_TYPE_LONG;
    if (!plain)
        return PROXY_TYPE_SYNTAX;
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

static bool
is_smtp(TblSlice type)
{
    return type.len == SMTP_PREFIX_LEN - 1 &&
           g_ascii_strncasecmp(type.ptr, SMTP_PREFIX, type.len) == 0;
}

char *
tbl_proxy_key(TblSlice type, TblSlice value)
{
    if (value.len == 0)
        return NULL;
    if (is_smtp(type))
        return smtp_key(value);
    g_autofree char *lower = g_ascii_strdown(type.ptr, (gssize)type.len);
    g_autofree char *folded = tbl_text_fold(value);
    return folded ? g_strconcat(lower, ":", folded, NULL) : NULL;
}

/* Of a type other than SMTP, where both are ASCII. */
static bool
key_plain(TblSlice type, TblSlice value, char *out)
{
    if (!tbl_slice_is_ascii(type) || !tbl_slice_is_ascii(value))
        return false;
    for (size_t i = 0; i < type.len; i++)
        *out++ = tbl_ascii_lower(type.ptr[i]);
    *out++ = ':';
    for (size_t i = 0; i < value.len; i++)
        *out++ = tbl_ascii_lower(value.ptr[i]);
    *out = '\0';
    return true;
}

bool
tbl_proxy_store(TblSlice type, TblSlice value, TblArena *memory, TblStoredAddress *stored)
{
    stored->value = (TblSlice){tbl_arena_copy(memory, value), value.len};
    stored->key.len = type.len + 1 + value.len;
    char *plain = tbl_arena_take(memory, stored->key.len + 1);
    stored->key.ptr = plain;
    stored->plain = key_plain(type, value, plain);
    if (stored->plain)
        return true;
    g_autofree char *key = tbl_proxy_key(type, value);
    if (!key)
        return false;
    stored->key = (TblSlice){tbl_arena_copy(memory, tbl_slice(key)), strlen(key)};
    return true;
}

/* ---- References ---- */

bool
tbl_address_parse_reference(TblAddress *address, const char *reference)
{
    TblSlice type, value;
    if (tbl_proxy_split(tbl_slice(reference), &type, &value) != PROXY_OK)
        return tbl_address_parse(address, tbl_slice(reference));
    return is_smtp(type) && tbl_address_parse(address, value);
}

char *
tbl_address_reference_key(const char *reference)
{
    TblSlice type, value;
    bool typed = tbl_proxy_split(tbl_slice(reference), &type, &value) == PROXY_OK;
    return typed && !is_smtp(type) ? tbl_proxy_key(type, value) : NULL;
}
