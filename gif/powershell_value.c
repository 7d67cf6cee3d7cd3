#include "gif/powershell_value.h"

#include "gif/powershell.h"
#include "gif/split.h"

/* What joins addresses; blanks and line ends do so as well. */
#define ADDRESS_SEPARATORS ";,|+"
/* Digits that are looked at: a size of more is no size. */
#define DIGITS_MAX 18

static bool
starts_with(TblSlice text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.len >= length && g_ascii_strncasecmp(text.ptr, prefix, length) == 0;
}

static bool
ends_with(TblSlice text, const char *suffix)
{
    size_t length = strlen(suffix);
    return text.len >= length &&
           g_ascii_strncasecmp(text.ptr + text.len - length, suffix, length) == 0;
}

static bool
slice_is(TblSlice text, const char *word)
{
    return text.len == strlen(word) && starts_with(text, word);
}

bool
gif_powershell_is_type_name(TblSlice text)
{
    static const char *const prefixes[] = {"System.", "Microsoft.Exchange.", "Microsoft.Graph.",
                                           "Deserialized."};
    for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (starts_with(text, prefixes[i]) && !memchr(text.ptr, '@', text.len) &&
            !memchr(text.ptr, ' ', text.len)) {
            return true;
        }
    }
    return false;
}

bool
gif_powershell_is_cut(TblSlice text)
{
    text = gif_split_trim(text);
    if (text.len > 0 && text.ptr[text.len - 1] == '}') {
        text.len--;
        text = gif_split_trim(text);
    }
    return ends_with(text, "...") || ends_with(text, "\xe2\x80\xa6");
}

bool
gif_powershell_is_unlimited(TblSlice text)
{
    return slice_is(text, "Unlimited");
}

/* ---- Lists ---- */

GifPowershellList
gif_powershell_list(TblSlice text)
{
    text = gif_split_trim(text);
    bool braces = text.len >= 2 && *text.ptr == '{' && text.ptr[text.len - 1] == '}';
    return (GifPowershellList){braces ? (TblSlice){text.ptr + 1, text.len - 2} : text, braces};
}

bool
gif_powershell_next_address(GifPowershellList *list, TblSlice *value)
{
    list->rest = gif_split_skip(list->rest, ADDRESS_SEPARATORS);
    if (list->rest.len == 0) {
        return false;
    }
    size_t length = gif_split_typed(list->rest, ADDRESS_SEPARATORS);
    *value = (TblSlice){list->rest.ptr, length};
    list->rest = (TblSlice){list->rest.ptr + length, list->rest.len - length};
    return true;
}

static bool
reference_ends(const GifPowershellList *list, size_t at)
{
    char c = list->rest.ptr[at];
    bool comma =
        list->braces && c == ',' && at + 1 < list->rest.len && list->rest.ptr[at + 1] == ' ';
    return c == ';' || c == '|' || c == '\n' || c == '\r' || comma;
}

bool
gif_powershell_next_reference(GifPowershellList *list, TblSlice *value)
{
    do {
        size_t at = 0;
        while (at < list->rest.len && !reference_ends(list, at)) {
            at++;
        }
        *value = gif_split_trim((TblSlice){list->rest.ptr, at});
        at = MIN(at + 1, list->rest.len);
        list->rest = (TblSlice){list->rest.ptr + at, list->rest.len - at};
    } while (value->len == 0 && list->rest.len > 0);
    return value->len > 0;
}

TblSlice
gif_powershell_reference(TblSlice text)
{
    static const char type[] = "smtp:";
    text = gif_split_trim(text);
    if (starts_with(text, type)) {
        return (TblSlice){text.ptr + strlen(type), text.len - strlen(type)};
    }
    const char *slash = memrchr(text.ptr, '/', text.len);
    bool plain = !memchr(text.ptr, '@', text.len) && !memchr(text.ptr, '=', text.len);
    size_t taken = slash && plain ? (size_t)(slash - text.ptr) + 1 : 0;
    return (TblSlice){text.ptr + taken, text.len - taken};
}

/* ---- Sizes ---- */

/* Digits with separators of thousands between them, up to something else. */
static size_t
number_read(TblSlice text, bool separated, gint64 *number)
{
    size_t at = 0;
    guint digits = 0;
    *number = 0;
    for (; at < text.len; at++) {
        char c = text.ptr[at];
        if (g_ascii_isdigit(c) && digits < DIGITS_MAX) {
            *number = *number * 10 + (c - '0');
            digits++;
        } else if (!separated || digits == 0 || !strchr(",.' \xc2\xa0\xe2\x80\xaf", c)) {
            break;
        }
    }
    return digits > 0 ? at : 0;
}

bool
gif_powershell_size(TblSlice text, gint64 *kilobytes)
{
    static const struct {
        const char *name;
        gint64 bytes;
    } units[] = {{"", 1},           {"B", 1},          {"bytes", 1},     {"KB", 1LL << 10},
                 {"MB", 1LL << 20}, {"GB", 1LL << 30}, {"TB", 1LL << 40}};
    gint64 number;
    text = gif_split_trim(text);
    const char *open = memchr(text.ptr, '(', text.len);
    if (open) {
        TblSlice exact = {open + 1, text.len - (size_t)(open + 1 - text.ptr)};
        size_t taken = number_read(exact, true, &number);
        *kilobytes = number / 1024;
        return taken > 0 && ends_with(exact, "bytes)");
    }
    size_t taken = number_read(text, false, &number);
    TblSlice unit = gif_split_trim((TblSlice){text.ptr + taken, text.len - taken});
    for (guint i = 0; taken > 0 && i < G_N_ELEMENTS(units); i++) {
        if (slice_is(unit, units[i].name) && number < G_MAXINT64 / units[i].bytes) {
            *kilobytes = number * units[i].bytes / 1024;
            return true;
        }
    }
    return false;
}

/* ---- Classes ---- */

GifPowershellType
gif_powershell_class(TblSlice type, TblClass *object_class)
{
    static const struct {
        const char *name;
        TblClass object_class;
    } names[] = {
        {"GroupMailbox", TBL_CLASS_DL},
        {"RoomList", TBL_CLASS_DL},
        {"MailUser", TBL_CLASS_REMOTE},
        {"MailContact", TBL_CLASS_REMOTE},
        {"MailForestContact", TBL_CLASS_REMOTE},
        {"GuestMailUser", TBL_CLASS_REMOTE},
        {"PublicFolder", TBL_CLASS_PUBLIC_FOLDER},
        {"MailEnabledPublicFolder", TBL_CLASS_PUBLIC_FOLDER},
    };
    static const char *const strangers[] = {"User",
                                            "Contact",
                                            "Group",
                                            "DisabledUser",
                                            "LinkedUser",
                                            "UniversalDistributionGroup",
                                            "UniversalSecurityGroup",
                                            "NonUniversalGroup",
                                            "SystemAttendantMailbox",
                                            "Computer"};
    for (guint i = 0; i < G_N_ELEMENTS(strangers); i++) {
        if (slice_is(type, strangers[i])) {
            return GIF_POWERSHELL_STRANGER;
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (slice_is(type, names[i].name)) {
            *object_class = names[i].object_class;
            return GIF_POWERSHELL_CLASS;
        }
    }
    if (slice_is(type, "DynamicDistributionGroup")) {
        *object_class = TBL_CLASS_DL;
        return GIF_POWERSHELL_DYNAMIC;
    }
    if (starts_with(type, "Mail") && ends_with(type, "Group")) {
        *object_class = TBL_CLASS_DL;
        return GIF_POWERSHELL_CLASS;
    }
    if (ends_with(type, "Mailbox")) {
        /* Mailboxes that are in the cloud, as the site on the premises sees them. */
        *object_class = starts_with(type, "Remote") ? TBL_CLASS_REMOTE : TBL_CLASS_MAILBOX;
        return GIF_POWERSHELL_CLASS;
    }
    return GIF_POWERSHELL_UNKNOWN;
}
