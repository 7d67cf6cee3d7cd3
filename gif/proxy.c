#include "gif/proxy.h"

#define SMTP "SMTP"

static inline bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static inline TblSlice
blanks_trim(TblSlice text)
{
    while (text.len > 0 && is_blank(*text.ptr)) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* Untrusted text in a message: cut, the rest is escaped where it is shown. */
static char *
shown(TblSlice text)
{
    return g_strndup(text.ptr, MIN(text.len, 128));
}

static void
stored_take(GifProxy *proxy, const TblStoredAddress *stored)
{
    proxy->value = stored->value.ptr;
    proxy->key = stored->key.ptr;
    proxy->value_len = (guint32)stored->value.len;
    proxy->key_len = (guint32)stored->key.len;
    proxy->plain = stored->plain;
}

static int
smtp_parse(GifProxy *proxy, TblArena *memory, TblSlice value, char **reason)
{
    TblStoredAddress stored;
    g_autoptr(GError) error = NULL;
    if (!tbl_address_store(value, memory, &stored, &error)) {
        *reason = g_strdup(error->message);
        return 237;
    }
    stored_take(proxy, &stored);
    return 0;
}

static int
other_parse(GifProxy *proxy, TblArena *memory, TblSlice type, TblSlice value, char **reason)
{
    TblStoredAddress stored;
    if (type.len + 1 + value.len > TBL_PROXY_MAX) {
        *reason = g_strdup_printf("the address is longer than %d bytes", TBL_PROXY_MAX);
        return 237;
    }
    for (size_t i = 0; i < value.len; i++) {
        if ((unsigned char)value.ptr[i] < 0x20 || value.ptr[i] == 0x7f) {
            *reason = g_strdup("the address holds a control character");
            return 237;
        }
    }
    if (!tbl_proxy_store(type, value, memory, &stored)) {
        *reason = g_strdup("the address is not valid text");
        return 237;
    }
    stored_take(proxy, &stored);
    return 0;
}

/* The type in capitals; true when it is SMTP. */
static bool
type_read(GifProxy *proxy, TblSlice type)
{
    bool upper = false;
    for (size_t i = 0; i < type.len; i++) {
        char c = type.ptr[i];
        upper = upper || (c >= 'A' && c <= 'Z');
        proxy->type[i] = c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
    }
    proxy->lower = !upper;
    return type.len == strlen(SMTP) && memcmp(proxy->type, SMTP, strlen(SMTP)) == 0;
}

/* `smtp:` or `SMTP:`, as nearly all values begin, and something behind it. */
static bool
smtp_split(GifProxy *proxy, TblSlice text, TblSlice *value)
{
    if (text.len <= strlen(SMTP) + 1 || text.ptr[strlen(SMTP)] != ':') {
        return false;
    }
    proxy->lower = memcmp(text.ptr, "smtp", strlen(SMTP)) == 0;
    if (!proxy->lower && memcmp(text.ptr, SMTP, strlen(SMTP)) != 0) {
        return false;
    }
    memcpy(proxy->type, SMTP, sizeof(SMTP));
    *value = (TblSlice){text.ptr + strlen(SMTP) + 1, text.len - strlen(SMTP) - 1};
    return true;
}

static int
split_fault(int fault, TblSlice text, char **reason)
{
    g_autofree char *what = shown(text);
    switch (fault) {
    case 230:
        *reason =
            g_strdup_printf("\"%s\" has no type; write TYPE:address, as SMTP:user@domain", what);
        break;
    case 231:
        *reason = g_strdup_printf("\"%s\" has no type before its colon", what);
        break;
    case 232:
        *reason = g_strdup_printf("the type of \"%s\" is longer than %d characters", what,
                                  TBL_PROXY_TYPE_MAX);
        break;
    default:
        *reason = g_strdup_printf(
            "the type of \"%s\" holds other characters than letters and digits", what);
        break;
    }
    return fault;
}

int
gif_proxy_parse(GifProxy *proxy, TblArena *memory, TblSlice text, bool allow_bare, char **reason)
{
    *proxy = (GifProxy){0};
    TblSlice trimmed = blanks_trim(text), type = {0}, value;
    bool smtp = smtp_split(proxy, trimmed, &value);
    int fault = smtp ? 0 : tbl_proxy_split(trimmed, &type, &value);
    if (fault == 230 && allow_bare && memchr(trimmed.ptr, '@', trimmed.len)) {
        g_autofree char *why = NULL;
        if (smtp_parse(proxy, memory, trimmed, &why) == 0) {
            memcpy(proxy->type, SMTP, sizeof(SMTP));
            proxy->bare = true;
            return 0;
        }
    }
    if (fault != 0) {
        return split_fault(fault, trimmed, reason);
    }
    smtp = smtp || type_read(proxy, type);
    TblSlice bare = blanks_trim(value);
    proxy->trimmed = bare.len != value.len || trimmed.len != text.len;
    if (bare.len == 0) {
        *reason = g_strdup_printf("%s: has no address behind its colon", proxy->type);
        return 237;
    }
    return smtp ? smtp_parse(proxy, memory, bare, reason)
                : other_parse(proxy, memory, type, bare, reason);
}

const char *
gif_proxy_domain(const GifProxy *proxy)
{
    const char *at =
        g_str_equal(proxy->type, "SMTP") ? memrchr(proxy->key, '@', proxy->key_len) : NULL;
    return at ? at + 1 : NULL;
}
