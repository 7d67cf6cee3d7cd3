#include "tables/rule.h"

#include "tables/address.h"

#include <gio/gio.h>

#define COUNT_MAX 99
/* Room for a number behind a local part. */
#define NUMBER_MAX 6

struct TblRule {
    char *format;
    char *domain;
};

G_GNUC_PRINTF(3, 4)
static bool
refuse(GError **error, const char *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "rule \"%s\": %s", text, why);
    return false;
}

/* Passes one token behind '%'; NULL when it is none. */
static const char *
token_end(const char *at)
{
    const char *digits = at;
    while (g_ascii_isdigit(*at))
        at++;
    if (at > digits)
        return at - digits <= 2 && strtoul(digits, NULL, 10) > 0 && *at && strchr("mgsid", *at)
                   ? at + 1
                   : NULL;
    if (*at == 'r') {
        const char *from = at + 1, *to = *from ? g_utf8_next_char(from) : from;
        return *from && *to ? g_utf8_next_char(to) : NULL;
    }
    return *at && strchr("mgsid%", *at) ? at + 1 : NULL;
}

static bool
check_format(const char *text, const char *format, GError **error)
{
    for (const char *at = format; *at;) {
        const char *here = at;
        if (*at == '%') {
            if (!(at = token_end(at + 1)))
                return refuse(error, text,
                              "\"%s\" begins with no token; there are %%m %%g %%s %%i %%d, with a "
                              "count from 1 to %d as in %%1g, "
                              "%%rXY and %%%%",
                              here, COUNT_MAX);
            continue;
        }
        bool allowed = g_ascii_isalnum(*at) || strchr("!#$&'*+-./=?^_`{|}~", *at);
        if (!allowed)
            return refuse(error, text,
                          "\"%s\" begins with a character that no local part holds without quotes",
                          here);
        at++;
    }
    return true;
}

/* Also those of two bytes, which no address holds. */
static bool
has_control(const char *text)
{
    for (const char *at = text; *at; at = g_utf8_next_char(at))
        if (g_unichar_iscntrl(g_utf8_get_char(at)))
            return true;
    return false;
}

TblRule *
tbl_rule_parse(const char *text, const char *domain, GError **error)
{
    char canonical[256];
    const char *format = g_ascii_strncasecmp(text, "SMTP:", 5) == 0 ? text + 5 : text;
    const char *at = strrchr(format, '@');
    if (!g_utf8_validate(text, -1, NULL)) {
        refuse(error, "?", "it is not UTF-8");
        return NULL;
    }
    if (has_control(text)) {
        refuse(error, "?", "it has a control character");
        return NULL;
    }
    if (!at && !domain) {
        refuse(error, text, "it needs a domain: FORMAT@DOMAIN");
        return NULL;
    }
    if (at && !tbl_domain_canonical(tbl_slice(at + 1), false, canonical)) {
        refuse(error, text, "\"%s\" is no domain", at + 1);
        return NULL;
    }
    if (at && domain && strcmp(domain, canonical) != 0) {
        refuse(error, text, "its domain is not %s", domain);
        return NULL;
    }
    g_autofree char *local = at ? g_strndup(format, (gsize)(at - format)) : g_strdup(format);
    if (!check_format(text, local, error))
        return NULL;
    TblRule *rule = g_new0(TblRule, 1);
    rule->format = *local ? g_steal_pointer(&local) : g_strdup("%m");
    rule->domain = g_strdup(at ? canonical : domain);
    return rule;
}

void
tbl_rule_free(TblRule *rule)
{
    if (!rule)
        return;
    g_free(rule->format);
    g_free(rule->domain);
    g_free(rule);
}

bool
tbl_rule_same(const char *a, const char *b, const char *domain)
{
    g_autoptr(TblRule) x = a ? tbl_rule_parse(a, domain, NULL) : NULL;
    g_autoptr(TblRule) y = b ? tbl_rule_parse(b, domain, NULL) : NULL;
    return x && y ? strcmp(x->format, y->format) == 0 : g_strcmp0(a, b) == 0;
}

const char *
tbl_rule_domain(const TblRule *rule)
{
    return rule->domain;
}

/* ---- Letters ---- */

TblRuleLetters
tbl_rule_letters(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    static const char *const nordic[] = {"da", "fo", "fi", "is", "nb", "nn", "no", "sv"};
    for (guint i = 0; i < G_N_ELEMENTS(variables); i++) {
        const char *locale = g_getenv(variables[i]);
        if (!locale || !*locale)
            continue;
        for (guint j = 0; j < G_N_ELEMENTS(nordic); j++)
            if (strncmp(locale, nordic[j], 2) == 0 && !g_ascii_isalpha(locale[2]))
                return TBL_RULE_NORDIC;
        return TBL_RULE_GERMAN;
    }
    return TBL_RULE_GERMAN;
}

/* What KB Q151700 and Q249250 name, and letters that have no decomposition. Capitals keep their
 * case. */
static const struct {
    gunichar letter;
    const char *german, *nordic;
} letter_table[] = {
    {0xe4, "ae", "a"},    {0xf6, "oe", "o"}, {0xfc, "ue", "ue"}, {0xdf, "ss", "ss"},
    {0xe5, "a", "a"},     {0xf8, "o", "o"},  {0xe6, "ae", "ae"}, {0x153, "oe", "oe"},
    {0x142, "l", "l"},    {0x111, "d", "d"}, {0xf0, "d", "d"},   {0xfe, "th", "th"},
    {0x1e9e, "ss", "ss"}, {0x131, "i", "i"},
};

static void
append_ascii(GString *out, gunichar letter, TblRuleLetters letters)
{
    gunichar small = g_unichar_tolower(letter);
    for (guint i = 0; i < G_N_ELEMENTS(letter_table); i++) {
        if (small != letter_table[i].letter)
            continue;
        const char *text =
            letters == TBL_RULE_NORDIC ? letter_table[i].nordic : letter_table[i].german;
        gsize start = out->len;
        g_string_append(out, text);
        if (small != letter)
            out->str[start] = g_ascii_toupper(out->str[start]);
        return;
    }
    char bytes[7] = {0};
    g_unichar_to_utf8(letter, bytes);
    g_autofree char *ascii = g_str_to_ascii(bytes, "C");
    if (strcmp(ascii, "?") != 0)
        g_string_append(out, ascii);
}

/* ---- Expanding ---- */

typedef struct {
    gunichar from, to; /* equal: the character goes */
} Replacement;

typedef struct {
    const TblObject *object;
    TblRuleLetters letters;
    GArray *replacements;
    GString *out;
} Expansion;

static const char *
token_value(const TblObject *object, char token)
{
    switch (token) {
    case 'g':
        return object->text[TBL_TEXT_FIRST];
    case 's':
        return object->text[TBL_TEXT_LAST];
    case 'i':
        return object->text[TBL_TEXT_INITIALS];
    case 'd':
        return object->text[TBL_TEXT_DISPLAY];
    default:
        return object->text[TBL_TEXT_ALIAS] ? object->text[TBL_TEXT_ALIAS] : object->name;
    }
}

/* The replacement of a character, NULL for none; the last one given counts. */
static const Replacement *
find_replacement(const Expansion *expansion, gunichar character)
{
    for (guint i = expansion->replacements->len; i > 0; i--) {
        const Replacement *replacement =
            &g_array_index(expansion->replacements, Replacement, i - 1);
        if (replacement->from == character)
            return replacement;
    }
    return NULL;
}

/* Specials of RFC 5322 section 3.2.3, the dot and blanks. */
static bool
is_stripped(gunichar character)
{
    return character <= ' ' || character == 0x7f ||
           (character < 0x80 && strchr("()<>[]:;@\\,.\"%", (int)character));
}

static void
expand_value(Expansion *expansion, const char *value, gulong count)
{
    g_autofree char *composed = value ? g_utf8_normalize(value, -1, G_NORMALIZE_NFC) : NULL;
    for (const char *at = composed; at && *at && count > 0; at = g_utf8_next_char(at), count--) {
        gunichar character = g_utf8_get_char(at);
        const Replacement *replacement = find_replacement(expansion, character);
        if (replacement && replacement->from == replacement->to)
            continue;
        if (!replacement && is_stripped(character))
            continue;
        if (replacement)
            character = replacement->to;
        if (character < 0x80)
            g_string_append_c(expansion->out, (char)character);
        else
            append_ascii(expansion->out, character, expansion->letters);
    }
}

static const char *
expand_token(Expansion *expansion, const char *at)
{
    const char *end = token_end(at);
    if (*at == '%') {
        g_string_append_c(expansion->out, '%');
    } else if (*at == 'r') {
        const char *from = at + 1;
        Replacement replacement = {g_utf8_get_char(from), g_utf8_get_char(g_utf8_next_char(from))};
        g_array_append_val(expansion->replacements, replacement);
    } else {
        gulong count = g_ascii_isdigit(*at) ? strtoul(at, NULL, 10) : G_MAXULONG;
        expand_value(expansion, token_value(expansion->object, end[-1]), count);
    }
    return end;
}

/* An expansion that was empty leaves no doubled dot and none at an end (KB Q230331, Q258704). */
static void
tidy_dots(GString *text)
{
    gsize kept = 0;
    for (gsize i = 0; i < text->len; i++)
        if (text->str[i] != '.' || (kept > 0 && text->str[kept - 1] != '.'))
            text->str[kept++] = text->str[i];
    while (kept > 0 && text->str[kept - 1] == '.')
        kept--;
    g_string_truncate(text, kept);
}

/* Cuts a local part to what an address holds with its quotes and a number (RFC 5321 4.5.3.1). */
static void
cut_to_room(GString *local, const char *domain)
{
    gsize taken = strlen(domain) + 1 + NUMBER_MAX;
    gsize room = taken < TBL_ADDRESS_STORED_MAX ? TBL_ADDRESS_STORED_MAX - taken : 0;
    room = MIN(room, TBL_LOCAL_STORED_MAX - NUMBER_MAX);
    g_autoptr(GString) external = g_string_new(NULL);
    if (local->len > room)
        g_string_truncate(local, room);
    for (;; g_string_truncate(local, local->len - 1)) {
        tidy_dots(local);
        g_string_truncate(external, 0);
        tbl_address_append_external(external, (TblSlice){local->str, local->len},
                                    tbl_slice(domain));
        if (local->len == 0 || external->len - strlen(domain) - 1 <= room)
            return;
    }
}

static char *
expand_format(const TblRule *rule, const char *format, const TblObject *object,
              TblRuleLetters letters)
{
    g_autoptr(GArray) replacements = g_array_new(FALSE, FALSE, sizeof(Replacement));
    g_autoptr(GString) out = g_string_new(NULL);
    Expansion expansion = {object, letters, replacements, out};
    for (const char *at = format; *at;) {
        if (*at == '%')
            at = expand_token(&expansion, at + 1);
        else
            g_string_append_c(out, *at++);
    }
    cut_to_room(out, rule->domain);
    return out->len > 0 ? g_strdup(out->str) : NULL;
}

char *
tbl_rule_expand(const TblRule *rule, const TblObject *object, TblRuleLetters letters)
{
    char *local = expand_format(rule, rule->format, object, letters);
    return local ? local : expand_format(rule, "%m", object, letters);
}
