#include "gif/proxy.h"

static TblSlice
blanks_trim(TblSlice text)
{
    while (text.len > 0 && (*text.ptr == ' ' || *text.ptr == '\t')) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t')) {
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
texts_keep(GifProxy *proxy, GStringChunk *memory, TblSlice value, TblSlice key)
{
    proxy->value = g_string_chunk_insert_len(memory, value.ptr, (gssize)value.len);
    proxy->key = g_string_chunk_insert_len(memory, key.ptr, (gssize)key.len);
    proxy->value_len = (guint32)value.len;
    proxy->key_len = (guint32)key.len;
}

static int
smtp_parse(GifProxy *proxy, GStringChunk *memory, TblSlice value, char **reason)
{
    TblStoredAddress stored;
    g_autoptr(GError) error = NULL;
    if (!tbl_address_store(value, &stored, &error)) {
        *reason = g_strdup(error->message);
        return 237;
    }
    texts_keep(proxy, memory, (TblSlice){stored.value, stored.value_len},
               (TblSlice){stored.key, stored.key_len});
    return 0;
}

static int
other_parse(GifProxy *proxy, GStringChunk *memory, TblSlice value, char **reason)
{
    if (strlen(proxy->type) + 1 + value.len > TBL_PROXY_MAX) {
        *reason = g_strdup_printf("the address is longer than %d bytes", TBL_PROXY_MAX);
        return 237;
    }
    for (size_t i = 0; i < value.len; i++) {
        if ((unsigned char)value.ptr[i] < 0x20 || value.ptr[i] == 0x7f) {
            *reason = g_strdup("the address holds a control character");
            return 237;
        }
    }
    g_autofree char *key = tbl_proxy_key(tbl_slice(proxy->type), value);
    if (!key) {
        *reason = g_strdup("the address is not valid text");
        return 237;
    }
    texts_keep(proxy, memory, value, tbl_slice(key));
    return 0;
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
gif_proxy_parse(GifProxy *proxy, GStringChunk *memory, TblSlice text, bool allow_bare,
                char **reason)
{
    *proxy = (GifProxy){0};
    TblSlice trimmed = blanks_trim(text), type, value;
    int fault = tbl_proxy_split(trimmed, &type, &value);
    if (fault == 230 && allow_bare && memchr(trimmed.ptr, '@', trimmed.len)) {
        g_autofree char *why = NULL;
        if (smtp_parse(proxy, memory, trimmed, &why) == 0) {
            memcpy(proxy->type, "SMTP", sizeof("SMTP"));
            proxy->bare = true;
            return 0;
        }
    }
    if (fault != 0) {
        return split_fault(fault, trimmed, reason);
    }
    TblSlice bare = blanks_trim(value);
    proxy->trimmed = bare.len != value.len || trimmed.len != text.len;
    proxy->lower = true;
    for (size_t i = 0; i < type.len; i++) {
        proxy->type[i] = g_ascii_toupper(type.ptr[i]);
        proxy->lower = proxy->lower && !g_ascii_isupper(type.ptr[i]);
    }
    if (bare.len == 0) {
        *reason = g_strdup_printf("%s: has no address behind its colon", proxy->type);
        return 237;
    }
    return g_str_equal(proxy->type, "SMTP") ? smtp_parse(proxy, memory, bare, reason)
                                            : other_parse(proxy, memory, bare, reason);
}
