#include "tables/config_value.h"

#include "tables/address.h"
#include "tables/config_keys.h"
#include "tables/domain.h"
#include "tables/duration.h"

#define MODE_MAX 0777
#define IPV6_BITS 128 /* the longest prefix that an address has */

static bool
set_text(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    char **text = field;

    if (!g_utf8_validate(value, -1, NULL))
        return tbl_config_refuse(error, "is not UTF-8");
    g_free(*text);
    *text = g_strdup(value);
    return true;
}

bool
tbl_config_set_path(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    if (*value != '/')
        return tbl_config_refuse(error, "'%s' is no absolute path; write /path/of/file", value);
    return set_text(known, field, value, error);
}

bool
tbl_config_set_path_or_nothing(const TblConfigKey *known, void *field, const char *value,
                               GError **error)
{
    return *value ? tbl_config_set_path(known, field, value, error)
                  : set_text(known, field, value, error);
}

static bool
parse_number(const TblConfigKey *known, const char *value, guint64 *number, GError **error)
{
    if (g_ascii_string_to_unsigned(value, 10, known->min, known->max, number, NULL))
        return true;
    return tbl_config_refuse(error,
                             "'%s' is no number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                             value, known->min, known->max);
}

bool
tbl_config_set_uint(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    guint64 number;

    if (!parse_number(known, value, &number, error))
        return false;
    *(guint *)field = (guint)number;
    return true;
}

bool
tbl_config_set_int(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    guint64 number;

    if (!parse_number(known, value, &number, error))
        return false;
    *(int *)field = (int)number;
    return true;
}

bool
tbl_config_set_bytes(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    guint64 number;

    if (!parse_number(known, value, &number, error))
        return false;
    *(gsize *)field = (gsize)number;
    return true;
}

bool
tbl_config_set_seconds(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    return parse_number(known, value, field, error);
}

bool
tbl_config_set_size(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    static const char units[] = "KMGT";
    g_autofree char *digits = g_strdup(value);
    gsize length = strlen(digits);
    const char *unit = length > 0 ? strchr(units, g_ascii_toupper(digits[length - 1])) : NULL;
    guint shift = unit ? (guint)(unit - units + 1) * 10 : 0;
    guint64 number;

    if (unit)
        digits[length - 1] = '\0';
    if (!g_ascii_string_to_unsigned(digits, 10, 1, known->max >> shift, &number, NULL))
        return tbl_config_refuse(
            error, "'%s' is no size from 1 to 64T; write bytes, or a number with K, M, G or T",
            value);
    *(guint64 *)field = number << shift;
    return true;
}

bool
tbl_config_set_yes_no(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    bool yes = strcmp(value, "yes") == 0;

    if (!yes && strcmp(value, "no") != 0)
        return tbl_config_refuse(error, "'%s' is neither yes nor no", value);
    *(bool *)field = yes;
    return true;
}

/* The index of `value` among the words of `choices`, or -1 with `error` set. */
static int
choice_index(const char *choices, const char *value, GError **error)
{
    g_auto(GStrv) words = g_strsplit(choices, " ", -1);
    g_autofree char *list = NULL;

    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], value) == 0)
            return i;
    }
    list = g_strjoinv(", ", words);
    tbl_config_refuse(error, "'%s' is none of: %s", value, list);
    return -1;
}

bool
tbl_config_set_unknown(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    static const TblUnknown values[] = {TBL_UNKNOWN_REJECT, TBL_UNKNOWN_DEFER, TBL_UNKNOWN_ACCEPT};
    int index = choice_index(known->choices, value, error);

    if (index < 0)
        return false;
    *(int *)field = (int)values[index];
    return true;
}

/* A bool that has names: the second choice is true. */
bool
tbl_config_set_choice(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    int index = choice_index(known->choices, value, error);

    if (index < 0)
        return false;
    *(bool *)field = index == 1;
    return true;
}

bool
tbl_config_set_mode(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    guint64 mode;

    if (!g_ascii_string_to_unsigned(value, 8, 0, MODE_MAX, &mode, NULL))
        return tbl_config_refuse(error, "'%s' is no octal mode from 0 to 0777; write 0660", value);
    *(guint *)field = (guint)mode;
    return true;
}

/* The non-empty elements of a list, stripped. As in GKeyFile's lists, `\;` is a semicolon that
 * belongs to the element; any other backslash is a backslash, as in all values. */
static char **
split_list(const char *value)
{
    GPtrArray *list = g_ptr_array_new();
    g_autoptr(GString) element = g_string_new(NULL);

    for (const char *at = value;; at++) {
        if (*at == '\\' && at[1] == ';') {
            g_string_append_c(element, *++at);
            continue;
        }
        if (*at && *at != ';') {
            g_string_append_c(element, *at);
            continue;
        }
        g_strstrip(element->str);
        if (*element->str)
            g_ptr_array_add(list, g_strdup(element->str));
        if (!*at)
            break;
        g_string_truncate(element, 0);
    }
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(list, FALSE);
}

static void
take_list(void *field, GStrv *list)
{
    g_strfreev(*(char ***)field);
    *(char ***)field = g_steal_pointer(list);
}

bool
tbl_config_set_endpoints(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    g_auto(GStrv) list = split_list(value);

    for (guint i = 0; list[i]; i++) {
        if (!tbl_config_check_endpoint(list[i], error))
            return false;
    }
    take_list(field, &list);
    return true;
}

bool
tbl_config_set_words(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    g_auto(GStrv) list = split_list(value);

    if (!list[0])
        return tbl_config_refuse(error, "is empty; write one or more of: %s, separated by ';'",
                                 known->choices);
    for (guint i = 0; list[i]; i++) {
        if (choice_index(known->choices, list[i], error) < 0)
            return false;
    }
    take_list(field, &list);
    return true;
}

static bool
check_address(const char *value, GError **error)
{
    g_autoptr(GError) fault = NULL;
    TblAddress address;

    return tbl_address_parse_strict(&address, tbl_slice(value), &fault) ||
           tbl_config_refuse(error, "%s", fault->message);
}

/* Addresses of any type; one without a type is SMTP. */
bool
tbl_config_set_addresses(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    g_auto(GStrv) list = split_list(value);

    for (guint i = 0; list[i]; i++) {
        TblSlice type, rest;
        bool typed = tbl_proxy_split(tbl_slice(list[i]), &type, &rest) == 0;
        bool smtp = !typed || (type.len == strlen("smtp") &&
                               g_ascii_strncasecmp(type.ptr, "smtp", type.len) == 0);

        if (smtp && !check_address(typed ? rest.ptr : list[i], error))
            return false;
        if (!smtp && rest.len == 0)
            return tbl_config_refuse(error, "'%s' has no value after its type", list[i]);
    }
    take_list(field, &list);
    return true;
}

bool
tbl_config_set_address_or_nothing(const TblConfigKey *known, void *field, const char *value,
                                  GError **error)
{
    g_autoptr(GString) spelling = g_string_new(NULL);
    TblAddress address;

    if (*value && !check_address(value, error))
        return false;
    /* As addresses are stored, so that its domain is found among the declared ones. */
    if (*value && tbl_address_parse(&address, tbl_slice(value)))
        tbl_address_append_spelling(spelling, &address);
    return set_text(known, field, spelling->str, error);
}

/* GLib only warns of a prefix length beyond any address's, and takes it for 0: everybody. */
static bool
has_prefix_length(const char *network)
{
    const char *slash = strchr(network, '/');
    guint64 length;

    return !slash || g_ascii_string_to_unsigned(slash + 1, 10, 0, IPV6_BITS, &length, NULL);
}

bool
tbl_config_set_networks(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    g_auto(GStrv) list = split_list(value);
    g_autoptr(GPtrArray) networks = g_ptr_array_new_with_free_func(g_object_unref);
    GPtrArray **place = field;

    for (guint i = 0; list[i]; i++) {
        g_autoptr(GError) fault = NULL;
        /* Postfix writes [::1]/128, others ::1/128. */
        g_auto(GStrv) pieces = g_strsplit_set(list[i], "[]", -1);
        g_autofree char *plain = g_strjoinv("", pieces);
        GInetAddressMask *mask =
            has_prefix_length(plain) ? g_inet_address_mask_new_from_string(plain, &fault) : NULL;

        if (!mask)
            return tbl_config_refuse(error,
                                     "'%s' is no network (%s); write 192.0.2.0/24 or 2001:db8::/32",
                                     list[i], fault ? fault->message : "its prefix length");
        g_ptr_array_add(networks, mask);
    }
    g_clear_pointer(place, g_ptr_array_unref);
    *place = g_steal_pointer(&networks);
    return true;
}

bool
tbl_config_set_delimiters(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    for (const char *at = value; *at; at++) {
        if (!g_ascii_ispunct(*at) || *at == '@' || *at == '"')
            return tbl_config_refuse(
                error, "'%s' must hold only punctuation other than @ and \"; write + or +-", value);
    }
    return set_text(known, field, value, error);
}

bool
tbl_config_set_propagation(const TblConfigKey *known, void *field, const char *value,
                           GError **error)
{
    TblConfig *config = field;
    g_auto(GStrv) list = split_list(value);
    bool propagate[2] = {false, false};

    for (guint i = 0; list[i]; i++) {
        int index = choice_index(known->choices, list[i], error);

        if (index < 0)
            return false;
        propagate[index] = true;
    }
    config->addresses.propagate_virtual = propagate[0];
    config->addresses.propagate_canonical = propagate[1];
    return true;
}

bool
tbl_config_set_group(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    TblConfig *config = field;

    if (!set_text(known, &config->sockets.group, value, error))
        return false;
    config->sockets.group_set = *value != '\0';
    return true;
}

/* "N" or "N%". */
bool
tbl_config_set_share(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    g_autofree char *digits = g_strdup(value);
    gsize length = strlen(digits);
    bool percent = length > 0 && digits[length - 1] == '%';
    guint64 number;

    if (percent)
        digits[length - 1] = '\0';
    if (!g_ascii_string_to_unsigned(digits, 10, 0, percent ? 100 : G_MAXUINT, &number, NULL))
        return tbl_config_refuse(
            error, "'%s' is neither a number nor a percentage; write 100 or 10%%", value);
    return set_text(known, field, value, error);
}

bool
tbl_config_set_tombstone(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    guint64 seconds;

    if (strcmp(value, "0") == 0 || !*value)
        return set_text(known, field, "", error);
    if (!tbl_duration_parse(value, &seconds))
        return tbl_config_refuse(error, "'%s' is no duration; write 90d, 12h or 30m, or 0 for none",
                                 value);
    return set_text(known, field, value, error);
}

/* Keys of [directory] that only the replica reads are checked as far as they have a form, and kept
 * raw. */
bool
tbl_config_check_choice(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    return choice_index(known->choices, value, error) >= 0;
}

bool
tbl_config_check_seconds(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    guint64 seconds;

    return parse_number(known, value, &seconds, error);
}

bool
tbl_config_check_share(const TblConfigKey *known, void *field, const char *value, GError **error)
{
    g_autofree char *ignored = NULL;

    return tbl_config_set_share(known, &ignored, value, error);
}
