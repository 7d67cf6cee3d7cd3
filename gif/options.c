#include "gif/options.h"

#include "gif/charset.h"
#include "tables/log.h"

#define SHOWN_MAX 60
/* The code page number of UTF-16 and the word for it. */
#define UNICODE_NUMBER "1200"
#define UNICODE_WORD "unicode"
/* Ctrl-Z, which DOS editors leave at the end. */
#define END_OF_FILE '\x1a'

typedef struct {
    GifOptionsFile *options;
    const char *name;
    guint64 line;
    bool found; /* a section [Import] */
    enum { SECTION_NONE, SECTION_IMPORT, SECTION_EXPORT, SECTION_OTHER } section;
    GHashTable *seen; /* keys, in lower case */
    GError **error;
} Parse;

typedef struct {
    const char *key; /* in lower case */
    bool (*set)(Parse *parse, const char *value);
    const char *ignored; /* why, for keys that are known and do nothing here */
} Key;

static void
note_clear(gpointer data)
{
    g_free(((GifOptionsNote *)data)->message);
}

G_GNUC_PRINTF(3, 4)
static void
note(Parse *parse, GifSeverity severity, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    GifOptionsNote item = {parse->line, severity, g_strdup_vprintf(format, arguments)};
    va_end(arguments);
    g_array_append_val(parse->options->notes, item);
}

/* A value that means nothing: `wanted` says what would. */
static bool
refuse(Parse *parse, const char *key, const char *value, const char *wanted)
{
    g_autofree char *shown = tbl_log_escape(tbl_slice(value), SHOWN_MAX);
    g_set_error(parse->error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "%s:%" G_GUINT64_FORMAT ": %s=%s: %s", parse->name, parse->line, key, shown,
                wanted);
    return false;
}

/* ---- Values ---- */

bool
gif_options_is_separator(char c, const char *forbidden)
{
    return c == '\t' || (g_ascii_isprint(c) && !g_ascii_isalnum(c) && !strchr(forbidden, c));
}

/* A character as its decimal number; 0 is the default, as an empty value is. */
static bool
separator_set(Parse *parse, const char *key, const char *value, const char *forbidden, char *out)
{
    guint64 number = 0;
    if (*value == '\0') {
        return true;
    }
    if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT8, &number, NULL)) {
        return refuse(parse, key, value,
                      "is no decimal number from 0 to 255; write the ASCII code, 44 for a comma, 9 "
                      "for a tab");
    }
    if (number != 0 && (number > G_MAXINT8 || !gif_options_is_separator((char)number, forbidden))) {
        g_autofree char *wanted =
            g_strdup_printf("this character cannot separate; take a printable ASCII character "
                            "that is no letter, no digit and none of %s, or 9 for a tab",
                            forbidden);
        return refuse(parse, key, value, wanted);
    }
    *out = (char)number;
    return true;
}

static bool
column_set(Parse *parse, const char *value)
{
    return separator_set(parse, "ColumnSeparator", value, GIF_NOT_COLUMN, &parse->options->column);
}

static bool
quote_set(Parse *parse, const char *value)
{
    char quote = parse->options->quote;
    if (!separator_set(parse, "QuoteCharacter", value, GIF_NOT_QUOTE, &parse->options->quote)) {
        return false;
    }
    if (quote && quote != parse->options->quote) { /* two names for one thing */
        note(parse, GIF_WARNING,
             "QuoteCharacter and QuoteSeparator are the same thing and differ: the first counts");
        parse->options->quote = quote;
    }
    return true;
}

static bool
mv_set(Parse *parse, const char *value)
{
    return separator_set(parse, "MVSeparator", value, GIF_NOT_MV, &parse->options->mv);
}

static bool
codepage_set(Parse *parse, const char *value)
{
    guint64 number = 0;
    bool is_number = g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT16, &number, NULL);
    g_clear_pointer(&parse->options->codepage, g_free);
    /* Unicode files are recognised whatever is said here. */
    if (*value == '\0' || (is_number && number == 0) || strcmp(value, UNICODE_NUMBER) == 0 ||
        g_ascii_strcasecmp(value, UNICODE_WORD) == 0) {
        return true;
    }
    g_autofree char *plain =
        is_number ? g_strdup_printf("%" G_GUINT64_FORMAT, number) : g_strdup(value);
    g_autofree char *known = gif_codepage_name(plain);
    if (!known) {
        return refuse(parse, "CodePage", value,
                      "this code page is not known here; write 0 to detect it, a number such as "
                      "1252 or 850, or Unicode");
    }
    parse->options->codepage = g_steal_pointer(&known);
    return true;
}

static bool
switch_read(Parse *parse, const char *key, const char *value, bool *on)
{
    *on = g_ascii_strcasecmp(value, "yes") == 0;
    bool off = *value == '\0' || g_ascii_strcasecmp(value, "no") == 0;
    return *on || off || refuse(parse, key, value, "is neither Yes nor No");
}

static bool
overwrite_set(Parse *parse, const char *value)
{
    return switch_read(parse, "OverwriteProperties", value, &parse->options->overwrite);
}

static bool
raw_mode_set(Parse *parse, const char *value)
{
    bool on = false;
    if (!switch_read(parse, "RawMode", value, &on)) {
        return false;
    }
    if (on) {
        note(parse, GIF_WARNING,
             "RawMode=Yes is not known here: display names are accepted beside schema names, and "
             "values are read as always");
    }
    return true;
}

static bool
container_set(Parse *parse, const char *value)
{
    for (const char *c = value; *c != '\0'; c++) {
        if (g_ascii_iscntrl(*c)) {
            return refuse(parse, "Container", value, "has a control character in it");
        }
    }
    g_free(parse->options->container);
    parse->options->container = *value != '\0' ? g_strdup(value) : NULL;
    return true;
}

static bool
information_set(Parse *parse, const char *value)
{
    static const char *const levels[] = {"", "none", "minimal", "full"};
    for (gsize i = 0; i < G_N_ELEMENTS(levels); i++) {
        if (g_ascii_strcasecmp(value, levels[i]) == 0) {
            note(parse, GIF_INFO, "InformationLevel is ignored: everything is told");
            return true;
        }
    }
    return refuse(parse, "InformationLevel", value, "is none of None, Minimal, Full");
}

/* ---- Lines ---- */

#define NO_ACCOUNTS "accounts of Windows NT are not managed here"
#define NO_SERVER "there is one store and no server to choose"
#define OF_EXPORT "it belongs to section [Export]"

static const Key KEYS[] = {
    {"columnseparator", column_set, NULL},
    {"quotecharacter", quote_set, NULL},
    {"quoteseparator", quote_set, NULL},
    {"mvseparator", mv_set, NULL},
    {"codepage", codepage_set, NULL},
    {"overwriteproperties", overwrite_set, NULL},
    {"rawmode", raw_mode_set, NULL},
    {"container", container_set, NULL},
    {"informationlevel", information_set, NULL},
    {"directoryservice", NULL, NO_SERVER},
    {"basepoint", NULL, NO_SERVER},
    {"recipienttemplate", NULL, "new objects have no template here"},
    {"ntdomain", NULL, NO_ACCOUNTS},
    {"createntaccounts", NULL, NO_ACCOUNTS},
    {"deletentaccounts", NULL, NO_ACCOUNTS},
    {"generatepassword", NULL, NO_ACCOUNTS},
    {"applyntsecurity", NULL, NO_ACCOUNTS},
    {"exportobject", NULL, OF_EXPORT},
    {"homeserver", NULL, OF_EXPORT},
    {"hiddenobjects", NULL, OF_EXPORT},
    {"subcontainers", NULL, OF_EXPORT},
    {"basepointonly", NULL, OF_EXPORT},
};

/* False: the value means nothing. */
static bool
key_take(Parse *parse, const char *key, const char *value)
{
    g_autofree char *lower = g_ascii_strdown(key, -1);
    g_autofree char *shown = tbl_log_escape(tbl_slice(key), SHOWN_MAX);
    const Key *known = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(KEYS) && !known; i++) {
        known = strcmp(lower, KEYS[i].key) == 0 ? &KEYS[i] : NULL;
    }
    if (!known) {
        note(parse, GIF_WARNING, "there is no option %s; it is ignored", shown);
        return true;
    }
    if (g_hash_table_contains(parse->seen, known->key)) {
        note(parse, GIF_WARNING, "%s is given again; the first counts", shown);
        return true;
    }
    g_hash_table_add(parse->seen, (gpointer)known->key);
    if (known->ignored) {
        note(parse, GIF_INFO, "%s is ignored: %s", shown, known->ignored);
        return true;
    }
    return known->set(parse, value);
}

static void
section_begin(Parse *parse, char *line)
{
    char *close = strchr(line, ']');
    if (close) {
        *close = '\0';
    }
    const char *name = g_strstrip(line + 1);
    bool import = close && g_ascii_strcasecmp(name, "import") == 0;
    bool export = close && g_ascii_strcasecmp(name, "export") == 0;
    parse->section = import ? SECTION_IMPORT : export ? SECTION_EXPORT : SECTION_OTHER;
    parse->found = parse->found || import;
    if (parse->section == SECTION_OTHER) {
        g_autofree char *shown = tbl_log_escape(tbl_slice(name), SHOWN_MAX);
        note(parse, GIF_WARNING,
             "section [%s] is neither [Import] nor [Export]: what it says is ignored", shown);
    }
}

/* KEY=VALUE of section [Import]. */
static bool
option_take(Parse *parse, char *line)
{
    char *equals = strchr(line, '=');
    if (!equals) {
        g_autofree char *shown = tbl_log_escape(tbl_slice(line), SHOWN_MAX);
        note(parse, GIF_WARNING, "%s: is no KEY=VALUE; it is ignored", shown);
        return true;
    }
    *equals = '\0';
    char *value = equals + 1;
    gsize key_length = strlen(line), value_length = strlen(value);
    g_strchomp(line);
    g_strstrip(value);
    if (strlen(line) != key_length || strlen(value) != value_length) {
        note(parse, GIF_WARNING, "blanks around = are left out; Exchange does not know %s so",
             line);
    }
    gsize length = strlen(value);
    if (length >= 2 && value[0] == '"' && value[length - 1] == '"') { /* as Windows reads them */
        value[length - 1] = '\0';
        value++;
    }
    return key_take(parse, line, value);
}

static bool
line_take(Parse *parse, char *line)
{
    g_strstrip(line);
    if (*line == '\0' || *line == ';' || *line == '#') {
        return true;
    }
    if (*line == '[') {
        section_begin(parse, line);
        return true;
    }
    if (parse->section == SECTION_NONE) {
        note(parse, GIF_WARNING, "stands before section [Import] and is ignored");
        return true;
    }
    return parse->section != SECTION_IMPORT || option_take(parse, line);
}

static bool
lines_take(Parse *parse, TblSlice text)
{
    const char *at = text.ptr, *end = text.ptr + text.len;
    if (text.len > 0 && end[-1] == END_OF_FILE) {
        end--;
    }
    while (at < end) {
        const char *stop = at;
        while (stop < end && *stop != '\r' && *stop != '\n') {
            stop++;
        }
        parse->line++;
        if (memchr(at, '\0', (size_t)(stop - at))) {
            return refuse(parse, "a NUL byte", "", "this is no text");
        }
        g_autofree char *line = g_strndup(at, (gsize)(stop - at));
        if (!line_take(parse, line)) {
            return false;
        }
        at = stop + (stop < end) + (end - stop > 1 && stop[0] == '\r' && stop[1] == '\n');
    }
    return true;
}

GifOptionsFile *
gif_options_parse(TblSlice text, const char *name, GError **error)
{
    g_autoptr(GifOptionsFile) options = g_new0(GifOptionsFile, 1);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    Parse parse = {.options = options, .name = name, .seen = seen, .error = error};
    options->notes = g_array_new(FALSE, FALSE, sizeof(GifOptionsNote));
    g_array_set_clear_func(options->notes, note_clear);
    if (!lines_take(&parse, text)) {
        return NULL;
    }
    if (!parse.found) {
        parse.line = 1;
        note(&parse, GIF_WARNING, "there is no section [Import], so the file says nothing");
    }
    return g_steal_pointer(&options);
}

void
gif_options_free(GifOptionsFile *options)
{
    if (options) {
        g_free(options->codepage);
        g_free(options->container);
        g_array_unref(options->notes);
        g_free(options);
    }
}
