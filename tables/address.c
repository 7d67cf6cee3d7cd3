#include "tables/address.h"

#include <gio/gio.h>
#include <idn2.h>

/* Longest domain name in text, without the trailing dot (RFC 1035 section 2.3.4: 255 octets on the
 * wire). */
#define DOMAIN_MAX 253
/* A buffer for one name, its leading dot and NUL, as the header promises. */
#define DOMAIN_SIZE 256

/* Faults are static sentences; NULL is none. Only strict parsing shows them. */
typedef const char *Fault;

#define FAULT_UTF8 "is not UTF-8"
#define FAULT_CONTROL "holds a control character"
#define FAULT_LONG "is too long"
#define FAULT_NO_AT "has no '@'; write local@domain"
#define FAULT_NO_LOCAL "has nothing before the '@'; write local@domain"
#define FAULT_NO_DOMAIN "has nothing after the '@'; write local@domain"
#define FAULT_QUOTES                                                                               \
    "has a broken quoted string; write \"...\"@domain, with \\ before each \" and \\ inside"
#define FAULT_LITERAL "has a domain literal; write the name of a domain"
#define FAULT_LABEL "has an empty label or one over 63 characters in its domain"
#define FAULT_HYPHEN "has a label that begins or ends with '-' in its domain"
#define FAULT_CHARACTER "has a character in its domain that no domain name may hold"
#define FAULT_DOMAIN_LONG "has a domain of more than 253 characters"

/* What the bytes of a domain become: letters in lower case, digits, '-', '_' (not for hosts, but
 * domains have it) and '.' themselves, all else nothing. Every lookup asks for its key and for its
 * answer. */
static const char domain_byte[256] = {
    ['-'] = '-', ['.'] = '.', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4',
    ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', ['_'] = '_', ['A'] = 'a',
    ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h',
    ['I'] = 'i', ['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o',
    ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v',
    ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c',
    ['d'] = 'd', ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j',
    ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q',
    ['r'] = 'r', ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x',
    ['y'] = 'y', ['z'] = 'z'};

/* Of the label that ends before `end`. */
static Fault
label_fault(const char *label, const char *end)
{
    if (label == end || end - label > TBL_LABEL_MAX)
        return FAULT_LABEL;
    return *label == '-' || end[-1] == '-' ? FAULT_HYPHEN : NULL;
}

/* ASCII labels, lower-cased into `out`; one trailing dot is dropped. `*length` is 0 when there is a
 * fault. An A-label is taken as it stands. */
static Fault
ascii_domain(TblSlice name, char *out, size_t *length)
{
    const char *label = out;
    Fault fault = NULL;

    *length = 0;
    if (name.len > 0 && name.ptr[name.len - 1] == '.')
        name.len--;
    if (name.len == 0)
        return FAULT_NO_DOMAIN;
    if (name.len > DOMAIN_MAX)
        return FAULT_DOMAIN_LONG;
    for (size_t i = 0; i < name.len && !fault; i++) {
        char c = domain_byte[(unsigned char)name.ptr[i]];

        out[i] = c;
        if (c == '.') {
            fault = label_fault(label, out + i);
            label = out + i + 1;
        } else if (c == '\0') {
            fault = name.ptr[i] == '[' ? FAULT_LITERAL : FAULT_CHARACTER;
        }
    }
    if (!fault)
        fault = label_fault(label, out + name.len);
    if (fault)
        return fault;
    out[name.len] = '\0';
    *length = name.len;
    return NULL;
}

/* Appends the A-label of one label; `label` may hold dots of other scripts. */
static bool
append_a_label(GString *out, TblSlice label)
{
    g_autofree char *copy = NULL;
    uint8_t *ascii = NULL;

    if (tbl_slice_is_ascii(label)) {
        g_string_append_len(out, label.ptr, (gssize)label.len);
        return true;
    }
    copy = g_strndup(label.ptr, label.len);
    if (idn2_lookup_u8((const uint8_t *)copy, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
        IDN2_OK)
        return false;
    g_string_append(out, (const char *)ascii);
    idn2_free(ascii);
    return true;
}

/* `out` of at least DOMAIN_SIZE. `name` is valid UTF-8 without NUL. */
static Fault
any_domain(TblSlice name, char *out, size_t *length)
{
    g_autoptr(GString) ascii = NULL;
    const char *at = name.ptr, *end = name.ptr + name.len;

    if (tbl_slice_is_ascii(name))
        return ascii_domain(name, out, length);
    *length = 0;
    ascii = g_string_sized_new(DOMAIN_SIZE);
    /* Label by label: libidn2 refuses ASCII labels that DNS allows, and they need no mapping. */
    for (;;) {
        const char *dot = memchr(at, '.', (size_t)(end - at));
        TblSlice label = {at, (size_t)((dot ? dot : end) - at)};

        if (!append_a_label(ascii, label))
            return FAULT_CHARACTER;
        if (!dot)
            break;
        g_string_append_c(ascii, '.');
        at = dot + 1;
    }
    return ascii_domain((TblSlice){ascii->str, ascii->len}, out, length);
}

bool
tbl_domain_canonical(TblSlice name, bool allow_dot, char out[256])
{
    bool dot = allow_dot && name.len > 0 && name.ptr[0] == '.';
    size_t length;

    /* Bounds what libidn2 gets to see; no name of that length is one. */
    if (name.len == 0 || name.len > TBL_ADDRESS_MAX)
        return false;
    if (dot)
        name = (TblSlice){name.ptr + 1, name.len - 1};
    if (!g_utf8_validate_len(name.ptr, name.len, NULL))
        return false;
    out[0] = '.';
    return any_domain(name, out + dot, &length) == NULL;
}

/* Full case folding sends Cherokee letters to their capitals. GLib sends the capitals to the small
 * letters as well, so that folding twice would differ from folding once: bring both to the capitals
 * (CaseFolding.txt). */
static void
fold_cherokee(char *text)
{
    for (char *at = text; *at; at = g_utf8_next_char(at)) {
        gunichar c;

        /* Both ranges begin with these bytes. */
        if ((unsigned char)*at != 0xe1 && (unsigned char)*at != 0xea)
            continue;
        c = g_utf8_get_char(at);
        if (c >= 0xab70 && c <= 0xabbf)
            g_unichar_to_utf8(c - 0xab70 + 0x13a0, at);
        else if (c >= 0x13f8 && c <= 0x13fd)
            g_unichar_to_utf8(c - 0x13f8 + 0x13f0, at);
    }
}

char *
tbl_text_fold(TblSlice text)
{
    g_autofree char *composed = NULL;
    g_autofree char *folded = NULL;

    if (text.len == 0)
        return g_strdup("");
    if (!g_utf8_validate_len(text.ptr, text.len, NULL))
        return NULL;
    if (tbl_slice_is_ascii(text))
        return g_ascii_strdown(text.ptr, (gssize)text.len);
    composed = g_utf8_normalize(text.ptr, (gssize)text.len, G_NORMALIZE_NFC);
    folded = g_utf8_casefold(composed, -1);
    fold_cherokee(folded);
    return g_utf8_normalize(folded, -1, G_NORMALIZE_NFC);
}

#define EACH_BYTE(byte) (0x0101010101010101u * (byte))

/* Only bytes from blank to tilde. Eight at a time, since every lookup asks: a subtraction sets the
 * highest bit of a byte that is smaller, and only delete (0x7f) becomes zero by the flip. */
static bool
is_printable_ascii(TblSlice key)
{
    guint64 word, bad = 0;
    size_t at = 0;

    for (; at + sizeof word <= key.len; at += sizeof word) {
        memcpy(&word, key.ptr + at, sizeof word);
        guint64 flipped = word ^ EACH_BYTE(0x7f);
        bad |= word | (word - EACH_BYTE(0x20)) | (flipped - EACH_BYTE(0x01));
    }
    for (; at < key.len; at++)
        bad |= g_ascii_isprint(key.ptr[at]) ? 0 : EACH_BYTE(0x80);
    return (bad & EACH_BYTE(0x80)) == 0;
}

/* The key holds no NUL, no other control character and is UTF-8. */
static Fault
check_bytes(TblSlice key)
{
    if (is_printable_ascii(key))
        return NULL;
    for (size_t i = 0; i < key.len; i++) {
        unsigned char c = (unsigned char)key.ptr[i];

        if (c < 0x20 || c == 0x7f)
            return FAULT_CONTROL;
    }
    if (!g_utf8_validate_len(key.ptr, key.len, NULL))
        return FAULT_UTF8;
    for (const char *at = key.ptr; at < key.ptr + key.len; at = g_utf8_next_char(at)) {
        if (g_unichar_iscntrl(g_utf8_get_char(at)))
            return FAULT_CONTROL;
    }
    return NULL;
}

/* Takes the quotes off into `typed`. A local part that does not begin with a quote is taken as it
 * is: Postfix asks for the internal form too (mail_addr_find.c). */
static Fault
unquote_local(TblSlice local, TblAddress *address)
{
    size_t length = 0;

    if (local.len == 0)
        return FAULT_NO_LOCAL;
    if (local.ptr[0] != '"') {
        memcpy(address->typed, local.ptr, local.len);
        length = local.len;
    } else {
        size_t last = local.len - 1;

        if (last == 0 || local.ptr[last] != '"')
            return FAULT_QUOTES;
        for (size_t i = 1; i < last; i++) {
            if (local.ptr[i] == '"' || (local.ptr[i] == '\\' && ++i == last))
                return FAULT_QUOTES;
            address->typed[length++] = local.ptr[i];
        }
        if (length == 0)
            return FAULT_NO_LOCAL;
    }
    address->typed[length] = '\0';
    address->typed_len = (uint16_t)length;
    return NULL;
}

/* The canonical local part from the typed one. */
static Fault
fold_local(TblAddress *address)
{
    TblSlice typed = {address->typed, address->typed_len};
    g_autofree char *folded = NULL;
    size_t length;

    if (tbl_slice_is_ascii(typed)) {
        for (size_t i = 0; i < typed.len; i++)
            address->text[i] = tbl_ascii_lower(typed.ptr[i]);
        address->local_len = address->typed_len;
        return NULL;
    }
    folded = tbl_text_fold(typed);
    length = strlen(folded);
    /* Folding can lengthen a text. */
    if (length > TBL_ADDRESS_MAX)
        return FAULT_LONG;
    memcpy(address->text, folded, length);
    address->local_len = (uint16_t)length;
    return NULL;
}

static Fault
parse(TblAddress *address, TblSlice key)
{
    char domain[DOMAIN_SIZE];
    size_t domain_length;
    const char *at;
    Fault fault;

    if (key.len > TBL_ADDRESS_MAX)
        return FAULT_LONG;
    fault = check_bytes(key);
    if (fault)
        return fault;
    at = key.len > 0 ? memrchr(key.ptr, '@', key.len) : NULL;
    if (!at)
        return FAULT_NO_AT;
    fault = unquote_local((TblSlice){key.ptr, (size_t)(at - key.ptr)}, address);
    if (!fault)
        fault = any_domain((TblSlice){at + 1, key.len - 1 - (size_t)(at - key.ptr)}, domain,
                           &domain_length);
    if (!fault)
        fault = fold_local(address);
    if (fault)
        return fault;
    if (address->local_len + 1 + domain_length > TBL_ADDRESS_MAX)
        return FAULT_LONG;
    address->text[address->local_len] = '@';
    memcpy(address->text + address->local_len + 1, domain, domain_length + 1);
    address->len = (uint16_t)(address->local_len + 1 + domain_length);
    return NULL;
}

bool
tbl_address_parse(TblAddress *address, TblSlice key)
{
    return parse(address, key) == NULL;
}

const char *
tbl_address_domain(const TblAddress *address)
{
    return address->text + address->local_len + 1;
}

/* atext of RFC 5322 section 3.2.3 beyond letters and digits; RFC 6531 section 3.3 adds all of
 * UTF-8. */
static bool
is_atext(char c)
{
    return g_ascii_isalnum(c) || (unsigned char)c >= 0x80 ||
           (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* Dot-string of RFC 5321 section 4.1.2. */
static bool
is_dot_string(TblSlice local)
{
    bool after_dot = true;

    for (size_t i = 0; i < local.len; i++) {
        bool dot = local.ptr[i] == '.';

        if (dot ? after_dot : !is_atext(local.ptr[i]))
            return false;
        after_dot = dot;
    }
    return !after_dot;
}

static void
append_local(GString *out, TblSlice local)
{
    if (is_dot_string(local)) {
        g_string_append_len(out, local.ptr, (gssize)local.len);
        return;
    }
    g_string_append_c(out, '"');
    for (size_t i = 0; i < local.len; i++) {
        if (local.ptr[i] == '"' || local.ptr[i] == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, local.ptr[i]);
    }
    g_string_append_c(out, '"');
}

void
tbl_address_append_external(GString *out, TblSlice local, TblSlice domain)
{
    append_local(out, local);
    g_string_append_c(out, '@');
    g_string_append_len(out, domain.ptr, (gssize)domain.len);
}

void
tbl_address_append_spelling(GString *out, const TblAddress *address)
{
    tbl_address_append_external(out, (TblSlice){address->typed, address->typed_len},
                                tbl_slice(tbl_address_domain(address)));
}

/* Untrusted bytes for a message: UTF-8, printable, not endless. */
static char *
shown(TblSlice value)
{
    g_autofree char *valid =
        g_utf8_make_valid(value.ptr ? value.ptr : "", (gssize)MIN(value.len, 128));

    return g_strescape(valid, NULL);
}

G_GNUC_PRINTF(3, 4)
static bool
refuse(GError **error, TblSlice value, const char *format, ...)
{
    g_autofree char *text = NULL;
    g_autofree char *address = shown(value);
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "'%s' %s", address, text);
    return false;
}

bool
tbl_address_parse_strict(TblAddress *address, TblSlice value, GError **error)
{
    g_autoptr(GString) local = g_string_new(NULL);
    Fault fault = parse(address, value);
    size_t length;

    if (fault)
        return refuse(error, value, "%s", fault);
    append_local(local, (TblSlice){address->typed, address->typed_len});
    if (value.ptr[0] != '"' && local->str[0] == '"')
        return refuse(
            error, value,
            "has a local part that needs quotes (no comments, no obsolete forms); write %s@%s",
            local->str, tbl_address_domain(address));
    if (local->len > TBL_LOCAL_STORED_MAX)
        return refuse(error, value,
                      "has a local part of %" G_GSIZE_FORMAT " octets; at most %d are allowed",
                      local->len, TBL_LOCAL_STORED_MAX);
    length = local->len + 1 + strlen(tbl_address_domain(address));
    if (length > TBL_ADDRESS_STORED_MAX)
        return refuse(error, value, "has %" G_GSIZE_FORMAT " octets; at most %d are allowed",
                      length, TBL_ADDRESS_STORED_MAX);
    return true;
}

static bool
equals_folded(TblSlice text, const char *word)
{
    return text.len == strlen(word) && g_ascii_strncasecmp(text.ptr, word, text.len) == 0;
}

/* owner-LIST and LIST-request belong to the list (owner_request_special of postconf(5)). */
static bool
is_list_role(TblSlice local)
{
    static const char owner[] = "owner-", request[] = "-request";
    const size_t owner_length = sizeof owner - 1, request_length = sizeof request - 1;

    if (local.len >= owner_length && g_ascii_strncasecmp(local.ptr, owner, owner_length) == 0)
        return true;
    return local.len > request_length && g_ascii_strncasecmp(local.ptr + local.len - request_length,
                                                             request, request_length) == 0;
}

size_t
tbl_address_extension(TblSlice local, const char *delimiters)
{
    size_t first = local.len;

    if (equals_folded(local, "postmaster") || equals_folded(local, "mailer-daemon") ||
        equals_folded(local, "double-bounce"))
        return 0;
    if (strchr(delimiters, '-') && is_list_role(local))
        return 0;
    for (const char *delimiter = delimiters; *delimiter && first > 0; delimiter++) {
        const char *found = memchr(local.ptr, *delimiter, first);

        if (found)
            first = (size_t)(found - local.ptr);
    }
    return first < local.len ? first : 0;
}
