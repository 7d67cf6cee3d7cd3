#include "tables/config.h"

#include "tables/address.h"
#include "tables/config_keys.h"

#include <stdatomic.h>
#include <string.h>

G_DEFINE_QUARK(tbl - config - error - quark, tbl_config_error)

/* What a TblConfig is allocated as. */
typedef struct {
    TblConfig config; /* first: a TblConfig * points here */
    atomic_int references;
    char *file;         /* the first that was read */
    GHashTable *places; /* "group", "group\nkey" -> "FILE:LINE" of what is in force */
} Shared;

/* One file while it is read. */
typedef struct {
    TblConfig *config;
    const char *name;
    GHashTable *lines; /* "group\nkey" -> line where it stands in this file */
    char *group;       /* NULL before the first */
    guint line;
} Scan;

bool
tbl_config_refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error)
        *error = g_error_new_valist(TBL_CONFIG_ERROR, 0, format, arguments);
    va_end(arguments);
    return false;
}

bool
tbl_config_refuse_key(const TblConfig *config, const char *group, const char *key, GError **error,
                      const char *format, ...)
{
    const Shared *shared = (const Shared *)config;
    g_autofree char *identity = g_strconcat(group, "\n", key, NULL);
    const char *place = g_hash_table_lookup(shared->places, identity);
    g_autofree char *what = NULL;
    va_list arguments;

    if (!place)
        place = g_hash_table_lookup(shared->places, group);
    va_start(arguments, format);
    what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return tbl_config_refuse(error, "%s: [%s] %s: %s", place ? place : shared->file, group, key,
                             what);
}

static TblConfig *
config_new(const char *file)
{
    Shared *shared = g_new0(Shared, 1);
    TblConfig *config = &shared->config;

    atomic_init(&shared->references, 1);
    shared->file = g_strdup(file);
    shared->places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    config->routes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    config->directory.raw = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    tbl_config_set_defaults(config);
    return config;
}

const char *
tbl_config_file(const TblConfig *config)
{
    return ((const Shared *)config)->file;
}

TblConfig *
tbl_config_ref(TblConfig *config)
{
    atomic_fetch_add_explicit(&((Shared *)config)->references, 1, memory_order_relaxed);
    return config;
}

void
tbl_config_unref(TblConfig *config)
{
    Shared *shared = (Shared *)config;

    if (!config || atomic_fetch_sub_explicit(&shared->references, 1, memory_order_acq_rel) != 1)
        return;
    g_free(config->store.path);
    g_strfreev(config->socketmap.listen);
    g_strfreev(config->policy.listen);
    g_ptr_array_unref(config->policy.trusted_networks);
    g_free(config->sockets.group);
    g_strfreev(config->metrics.listen);
    g_free(config->addresses.recipient_delimiter);
    g_strfreev(config->addresses.login);
    g_free(config->addresses.postmaster);
    g_hash_table_unref(config->routes);
    g_free(config->import.max_delete);
    g_strfreev(config->import.must_keep);
    g_free(config->import.tombstone);
    g_free(config->import.signature_trust);
    g_hash_table_unref(config->directory.raw);
    g_hash_table_unref(shared->places);
    g_free(shared->file);
    g_free(shared);
}

/* Remembers where something is set; `identity` is taken. */
static void
scan_note(const Scan *scan, char *identity)
{
    g_hash_table_replace(((Shared *)scan->config)->places, identity,
                         g_strdup_printf("%s:%u", scan->name, scan->line));
}

/* The name under which a key may stand once; those of [routes] are compared without case. */
static char *
key_identity(const char *group, const char *key)
{
    g_autofree char *folded =
        strcmp(group, "routes") == 0 ? tbl_text_fold(tbl_slice(key)) : g_strdup(key);

    return folded ? g_strconcat(group, "\n", folded, NULL) : NULL;
}

static bool
scan_key(Scan *scan, char *line, GError **error)
{
    char *equals = strchr(line, '=');
    g_autoptr(GError) fault = NULL;
    g_autofree char *identity = NULL;
    const char *key, *value;
    guint before;

    if (!equals)
        return tbl_config_refuse(error, "%s:%u: '%s' is neither [group], key=value nor a comment",
                                 scan->name, scan->line, line);
    if (!scan->group)
        return tbl_config_refuse(
            error, "%s:%u: '%s' stands before the first group; write [store] or another above it",
            scan->name, scan->line, line);
    *equals = '\0';
    key = g_strchomp(line);
    value = g_strchug(equals + 1);
    identity = key_identity(scan->group, key);
    if (!identity || !*key)
        return tbl_config_refuse(error, "%s:%u: [%s]: the key is empty or not UTF-8", scan->name,
                                 scan->line, scan->group);
    before = GPOINTER_TO_UINT(g_hash_table_lookup(scan->lines, identity));
    if (before != 0)
        return tbl_config_refuse(error,
                                 "%s:%u: [%s] %s: is there twice, first in line %u; keep one",
                                 scan->name, scan->line, scan->group, key, before);
    g_hash_table_insert(scan->lines, g_steal_pointer(&identity), GUINT_TO_POINTER(scan->line));
    if (!tbl_config_set(scan->config, scan->group, key, value, &fault))
        return tbl_config_refuse(error, "%s:%u: [%s] %s: %s", scan->name, scan->line, scan->group,
                                 key, fault->message);
    scan_note(scan, g_strconcat(scan->group, "\n", key, NULL));
    return true;
}

static bool
scan_group(Scan *scan, char *line, GError **error)
{
    gsize length = strlen(line);
    g_autoptr(GError) fault = NULL;

    if (line[length - 1] != ']')
        return tbl_config_refuse(error, "%s:%u: '%s' lacks its ']'", scan->name, scan->line, line);
    line[length - 1] = '\0';
    g_free(scan->group);
    scan->group = g_strdup(line + 1);
    if (tbl_config_open_group(scan->config, scan->group, &fault)) {
        scan_note(scan, g_strdup(scan->group));
        return true;
    }
    return tbl_config_refuse(error, "%s:%u: [%s]: %s", scan->name, scan->line, scan->group,
                             fault->message);
}

static bool
scan_line(Scan *scan, const char *begin, gsize length, GError **error)
{
    g_autofree char *line = g_strndup(begin, length);

    g_strstrip(line);
    if (!*line || *line == '#')
        return true;
    if (!g_utf8_validate(line, -1, NULL))
        return tbl_config_refuse(error, "%s:%u: the line is not UTF-8", scan->name, scan->line);
    return *line == '[' ? scan_group(scan, line, error) : scan_key(scan, line, error);
}

/* GKeyFile's syntax, read here: GKeyFile itself merges a key that stands twice, takes backslashes
 * away and knows no line numbers. */
static bool
scan_text(TblConfig *config, const char *text, gsize length, const char *name, GError **error)
{
    g_autoptr(GHashTable) lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Scan scan = {.config = config, .name = name, .lines = lines};
    const char *at = text, *end = text + length;
    bool good = true;

    if (length > 0 && memchr(text, '\0', length))
        return tbl_config_refuse(error, "%s: holds a NUL byte; this is no configuration file",
                                 name);
    while (good && at < end) {
        const char *newline = memchr(at, '\n', (gsize)(end - at));
        const char *stop = newline ? newline : end;

        scan.line++;
        good = scan_line(&scan, at, (gsize)(stop - at), error);
        at = newline ? newline + 1 : end;
    }
    g_free(scan.group);
    return good;
}

/* The group's listeners, checked when every file is read: endpoints may come from one file,
 * allow-remote from another. */
static bool
check_listeners(const TblConfig *config, const char *group, char **listen, bool allow_remote,
                GHashTable *used, GError **error)
{
    for (guint i = 0; listen[i]; i++) {
        if (!allow_remote && tbl_config_endpoint_is_remote(listen[i]))
            return tbl_config_refuse_key(
                config, group, "listen", error,
                "'%s' can be reached from other hosts; use 127.0.0.1 or set allow-remote=yes in "
                "[%s]",
                listen[i], group);
        if (!g_hash_table_add(used, listen[i]))
            return tbl_config_refuse_key(config, group, "listen", error,
                                         "'%s' is used twice; give each service its own",
                                         listen[i]);
    }
    return true;
}

static bool
check_whole(const TblConfig *config, GError **error)
{
    g_autoptr(GHashTable) used = g_hash_table_new(g_str_hash, g_str_equal);

    return check_listeners(config, "socketmap", config->socketmap.listen,
                           config->socketmap.allow_remote, used, error) &&
           check_listeners(config, "policy", config->policy.listen, config->policy.allow_remote,
                           used, error) &&
           check_listeners(config, "metrics", config->metrics.listen, config->metrics.allow_remote,
                           used, error) &&
           tbl_config_check_directory(config, error);
}

TblConfig *
tbl_config_parse(const char *text, gsize length, const char *name, GError **error)
{
    g_autoptr(TblConfig) config = config_new(name);

    if (!scan_text(config, text, length, name, error) || !check_whole(config, error))
        return NULL;
    return g_steal_pointer(&config);
}

static bool
scan_file(TblConfig *config, const char *path, bool may_be_missing, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autofree char *text = NULL;
    gsize length;

    if (g_file_get_contents(path, &text, &length, &fault))
        return scan_text(config, text, length, path, error);
    if (may_be_missing && g_error_matches(fault, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true;
    return tbl_config_refuse(error, "%s: cannot be read: %s", path, fault->message);
}

static int
name_compare_in_array(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* PATH.d/X.conf in bytewise order of their names; hidden files (those of editors and package
 * managers) do not count. */
static bool
scan_drop_ins(TblConfig *config, const char *path, GError **error)
{
    g_autofree char *folder = g_strconcat(path, ".d", NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) fault = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &fault);

    if (!dir && g_error_matches(fault, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true;
    if (!dir)
        return tbl_config_refuse(error, "%s: cannot be read: %s", folder, fault->message);
    for (const char *name = g_dir_read_name(dir); name; name = g_dir_read_name(dir)) {
        if (*name != '.' && g_str_has_suffix(name, ".conf"))
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, name_compare_in_array);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *file = g_build_filename(folder, names->pdata[i], NULL);

        if (!scan_file(config, file, false, error))
            return false;
    }
    return true;
}

TblConfig *
tbl_config_load(const char *path, GError **error)
{
    const char *file = path ? path : TBL_CONFIG_DEFAULT;
    g_autoptr(TblConfig) config = config_new(file);

    if (!scan_file(config, file, path == NULL, error) || !scan_drop_ins(config, file, error) ||
        !check_whole(config, error))
        return NULL;
    return g_steal_pointer(&config);
}
