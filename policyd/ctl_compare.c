/* policyctl compare: the same keys to one of our maps and to the table that a site uses today. */
#include "policyd/compare_value.h"
#include "policyd/ctl.h"
#include "policyd/ctl_plain.h"
#include "policyd/ctl_postmap.h"
#include "policyd/postfix_list.h"
#include "policyd/postfix_tool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* So many keys that fail are named. */
#define NAMED_MAX 10

typedef struct {
    const PdCtlSnapshot *snapshot;
    TblMap map;
    const char *table;
    FILE *answers;         /* ours: key, tab, value ("" for none), a line each */
    GHashTable *fallbacks; /* key for a whole domain -> value in the table */
    GHashTable *different; /* set of keys (canonical) that were shown */
    guint64 compared;
    guint64 failed;
} Comparison;

/* ---- Our answers ---- */

static FILE *
scratch_file(GError **error)
{
    int descriptor = pd_postfix_tool_scratch(error);
    return descriptor >= 0 ? fdopen(descriptor, "w+") : NULL;
}

static bool
set_unwritable(GError **error)
{
    g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "cannot use a temporary file: %s",
                g_strerror(errno));
    return false;
}

static void
answer_key(Comparison *comparison, const TblContext *context, const char *key, GString *value)
{
    g_string_truncate(value, 0);
    TblResult result = pd_ctl_key_lookup(context, comparison->map, key, value);
    if (result == TBL_FAILED) {
        if (comparison->failed++ < NAMED_MAX)
            pd_ctl_note("%s: %s", key, value->str);
        return;
    }
    fprintf(comparison->answers, "%s\t%s\n", key, result == TBL_FOUND ? value->str : "");
}

/* One key a line; empty lines are none. */
static bool
answer_file(Comparison *comparison, const char *name, GError **error)
{
    FILE *file = pd_ctl_open(name, error);
    g_autoptr(GString) value = g_string_new(NULL);
    TblContext context = pd_ctl_snapshot_context(comparison->snapshot);
    char *line = NULL;
    size_t capacity = 0;
    guint64 number = 0;
    ssize_t length;
    if (!file)
        return false;
    while (!*error && (length = getline(&line, &capacity, file)) >= 0) {
        number++;
        line[strcspn(line, "\r\n")] = '\0';
        if (strlen(line) + 2 < (size_t)length || strchr(line, '\t'))
            g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED,
                        "%s:%" G_GUINT64_FORMAT ": expected one key, without tab or NUL", name,
                        number);
        else if (*line)
            answer_key(comparison, &context, line, value);
    }
    if (ferror(file) && !*error)
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "%s: %s", name, g_strerror(errno));
    free(line);
    fclose(file);
    return !*error;
}

/* ---- The table's answers ---- */

typedef bool (*AnswerFunc)(Comparison *comparison, const char *key, const char *value,
                           gpointer data, GError **error);

static bool
is_pattern_table(const char *table)
{
    static const char *const types[] = {"regexp:", "pcre:", "cidr:", "socketmap:", "tcp:"};
    table = pd_postfix_unproxied(table);
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
        if (g_str_has_prefix(table, types[i]))
            return true;
    return false;
}

/* Postfix asks for `.example.com` in transport_maps only, and no pattern table then. */
static bool
is_asked(const Comparison *comparison, const char *key)
{
    return !pd_ctl_key_is_subdomains(key) ||
           (comparison->map == TBL_MAP_TRANSPORT_MAPS && !is_pattern_table(comparison->table));
}

static bool
each_answer(Comparison *comparison, AnswerFunc each, gpointer data, GError **error)
{
    char *line = NULL;
    size_t capacity = 0;
    bool going = true;
    rewind(comparison->answers);
    while (going && getline(&line, &capacity, comparison->answers) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        char *tab = strchr(line, '\t');
        if (!tab)
            continue;
        *tab = '\0';
        if (is_asked(comparison, line))
            going = each(comparison, line, tab[1] ? tab + 1 : NULL, data, error);
    }
    free(line);
    return going && (!ferror(comparison->answers) || set_unwritable(error));
}

static bool
write_key(G_GNUC_UNUSED Comparison *comparison, const char *key, G_GNUC_UNUSED const char *value,
          gpointer data, GError **error)
{
    FILE *file = data;
    return fprintf(file, "%s\n", key) > 0 || set_unwritable(error);
}

static void
show_difference(Comparison *comparison, const char *key, const char *ours, const char *theirs)
{
    TblAddress address;
    printf("%s\t%s\t%s\n", key, ours ? ours : "-", theirs ? theirs : "-");
    g_hash_table_add(comparison->different,
                     g_strdup(tbl_address_parse(&address, tbl_slice(key)) ? address.text : key));
}

/* The next key that Postfix asks where a table has neither the address nor the key before: once
 * `@domain` (mail_addr_find.c), in transport_maps `domain`, `.parent` ... and `*` (transport.c).
 * NULL at the end. */
static const char *
next_fallback(const Comparison *comparison, const char *key)
{
    const char *at = strrchr(key, '@');
    if (comparison->map != TBL_MAP_TRANSPORT_MAPS)
        return at != key ? at : NULL;
    if (at)
        return at + 1;
    const char *dot = strchr(*key == '.' ? key + 1 : key, '.');
    return dot ? dot : strcmp(key, "*") == 0 ? NULL : "*";
}

/* What Postfix finds for the whole domain. */
static const char *
fallback(const Comparison *comparison, const char *key)
{
    const char *value = NULL;
    while (!value && (key = next_fallback(comparison, key)))
        value = g_hash_table_lookup(comparison->fallbacks, key);
    return value;
}

static bool
compare_answer(Comparison *comparison, const char *key, const char *ours, gpointer data,
               GError **error)
{
    g_autoptr(GError) cause = NULL;
    const char *theirs = pd_postfix_query_next(data, key, &cause);
    if (cause) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    if (!theirs)
        theirs = fallback(comparison, key);
    comparison->compared++;
    if (!pd_compare_equal(comparison->map, key, ours, theirs))
        show_difference(comparison, key, ours, theirs);
    return true;
}

/* Starts postmap on keys that `write` puts into a file. */
static PdPostfixQuery *
start_query(Comparison *comparison, AnswerFunc write, GHashTable *keys, GError **error)
{
    FILE *file = scratch_file(error);
    if (!file)
        return NULL;
    bool written = !write || each_answer(comparison, write, file, error);
    GHashTableIter iter;
    gpointer key;
    if (keys) {
        g_hash_table_iter_init(&iter, keys);
        while (g_hash_table_iter_next(&iter, &key, NULL))
            fprintf(file, "%s\n", (const char *)key);
    }
    if (fflush(file) != 0)
        written = set_unwritable(error);
    int descriptor = written ? dup(fileno(file)) : -1;
    fclose(file);
    return written ? pd_postfix_query_new(comparison->table, descriptor, error) : NULL;
}

static bool
compare_answers(Comparison *comparison, GError **error)
{
    g_autoptr(PdPostfixQuery) query = start_query(comparison, write_key, NULL, error);
    return query && each_answer(comparison, compare_answer, query, error) &&
           pd_postfix_query_finish(query, error);
}

/* ---- Whole domains ---- */

static bool
collect_domain(Comparison *comparison, const char *key, G_GNUC_UNUSED const char *value,
               gpointer data, G_GNUC_UNUSED GError **error)
{
    while ((key = next_fallback(comparison, key)) && !g_hash_table_contains(data, key))
        g_hash_table_add(data, g_strdup(key));
    return true;
}

static bool
ask_fallbacks(Comparison *comparison, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GHashTable) domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    /* A pattern table is never asked so. */
    if (tbl_map_is_domains(comparison->map) || is_pattern_table(comparison->table))
        return true;
    if (!each_answer(comparison, collect_domain, domains, error))
        return false;
    g_autoptr(PdPostfixQuery) query = start_query(comparison, NULL, domains, error);
    if (!query)
        return false;
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, domains);
    while (!cause && g_hash_table_iter_next(&iter, &key, NULL)) {
        const char *value = pd_postfix_query_next(query, key, &cause);
        if (value)
            g_hash_table_insert(comparison->fallbacks, g_strdup(key), g_strdup(value));
    }
    if (!cause)
        return pd_postfix_query_finish(query, error);
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

/* ---- Keys that only the table has ---- */

/* What we have for a whole domain: the catch-all, or all of another domain. Caller frees. */
static char *
domain_answer(const Comparison *comparison, const char *name)
{
    char canonical[256];
    const TblDomains *domains = comparison->snapshot->view->domains(comparison->snapshot->view);
    const TblDomain *domain = tbl_domain_canonical(tbl_slice(name), false, canonical)
                                  ? tbl_domains_find_mail(domains, canonical)
                                  : NULL;
    if (!domain)
        return NULL;
    return domain->mirror ? g_strconcat("@", domain->mirror, NULL) : g_strdup(domain->catch_all);
}

/* The daemon's answer; where a domain defers unknown recipients, they are absent. */
static TblResult
look_up(const Comparison *comparison, const TblContext *plain, const char *key, GString *value)
{
    TblContext context = pd_ctl_snapshot_context(comparison->snapshot);
    TblResult result = pd_ctl_key_lookup(&context, comparison->map, key, value);
    if (result != TBL_FAILED)
        return result;
    g_string_truncate(value, 0);
    return pd_ctl_key_lookup(plain, comparison->map, key, value);
}

static void
compare_key(Comparison *comparison, const TblContext *context, const char *key, const char *theirs)
{
    TblAddress address;
    g_autofree char *whole = NULL;
    g_autoptr(GString) value = g_string_new(NULL);
    const char *ours = NULL;
    const char *known = tbl_address_parse(&address, tbl_slice(key)) ? address.text : key;
    if (g_hash_table_contains(comparison->different, known))
        return;
    if (*key == '@') {
        ours = whole = domain_answer(comparison, key + 1);
    } else if (!strchr(key, '@') && !tbl_map_is_domains(comparison->map) &&
               comparison->map != TBL_MAP_TRANSPORT_MAPS) {
        /* virtual(5): the domain itself as a key only declares it. */
        const TblDomains *domains = context->view->domains(context->view);
        if (tbl_domains_find(domains, key))
            return;
    } else {
        TblResult result = look_up(comparison, context, key, value);
        if (result == TBL_FAILED && comparison->failed++ < NAMED_MAX)
            pd_ctl_note("%s: %s", key, value->str);
        if (result == TBL_FAILED)
            return;
        ours = result == TBL_FOUND ? value->str : NULL;
    }
    comparison->compared += !ours; /* what both have was among our keys */
    if (!pd_compare_equal(comparison->map, key, ours, theirs))
        show_difference(comparison, key, ours, theirs);
}

static bool
compare_rest(Comparison *comparison, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *complaint = NULL;
    const char *const argv[] = {"postmap", "-s", comparison->table, NULL};
    g_autoptr(PdPostfixTool) tool = pd_postfix_tool_new(argv, -1, error);
    g_autoptr(PdCtlPlain) plain = pd_ctl_plain_new(comparison->snapshot->view);
    TblContext context = pd_ctl_snapshot_context(comparison->snapshot);
    context.view = pd_ctl_plain_view(plain);
    const char *line;
    if (!tool)
        return false;
    while ((line = pd_postfix_tool_line(tool, &cause))) {
        g_autofree char *key = g_strndup(line, strcspn(line, "\t"));
        const char *value = line + strlen(key);
        compare_key(comparison, &context, key, *value ? value + 1 : value);
    }
    if (cause) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    if (pd_postfix_tool_finish(tool, &complaint) != 0)
        pd_ctl_note("%s cannot be listed, so keys that only it has are not shown (%s)",
                    comparison->table, complaint);
    return true;
}

/* ---- The verb ---- */

static bool
compare(Comparison *comparison, const char *keys, GError **error)
{
    comparison->answers = scratch_file(error);
    if (!comparison->answers)
        return false;
    bool answered =
        keys ? answer_file(comparison, keys, error)
             : pd_ctl_export_map(comparison->snapshot, comparison->map, comparison->answers, error);
    if (answered && fflush(comparison->answers) != 0)
        answered = set_unwritable(error);
    bool done = answered && ask_fallbacks(comparison, error) &&
                compare_answers(comparison, error) && (keys || compare_rest(comparison, error));
    fclose(comparison->answers);
    if (done && comparison->failed > 0) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_TEMPORARY,
                    "%" G_GUINT64_FORMAT " keys answer TEMP", comparison->failed);
        return false;
    }
    return done;
}

static int
run_comparison(const TblConfig *config, TblMap map, const char *table, const char *keys)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PdCtlSnapshot) snapshot = pd_ctl_snapshot_new(config, &error);
    g_autoptr(GHashTable) fallbacks =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GHashTable) different = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Comparison comparison = {.snapshot = snapshot,
                             .map = map,
                             .table = table,
                             .fallbacks = fallbacks,
                             .different = different};
    bool done = snapshot && compare(&comparison, keys, &error);
    int code = pd_ctl_finish();
    if (!done)
        return pd_ctl_error(error);
    guint count = g_hash_table_size(different);
    pd_ctl_note("%" G_GUINT64_FORMAT " keys compared, %u different", comparison.compared, count);
    return code == 0 && count > 0 ? TBL_EXIT_FAILED : code;
}

int
pd_ctl_compare(TblConfig *config, int argc, char **argv)
{
    g_autofree char *table = NULL;
    g_autofree char *keys = NULL;
    const GOptionEntry entries[] = {{"with", 0, 0, G_OPTION_ARG_FILENAME, &table,
                                     "The table that is asked today", "TYPE:TABLE"},
                                    {"keys", 0, 0, G_OPTION_ARG_FILENAME, &keys,
                                     "Ask for these keys, one a line (-: standard input)", "FILE"},
                                    {0}};
    int code = pd_ctl_options(entries, "MAP --with=TYPE:TABLE [--keys=FILE]", 1, 1, &argc, argv);
    if (code != 0)
        return code;
    TblMap map = tbl_map_from_name(tbl_slice(argv[1]));
    if (map == TBL_MAP_COUNT)
        return pd_ctl_fail(TBL_EXIT_USAGE, "\"%s\" is no name of a map", argv[1]);
    if (!table || *table == '-' || !strchr(table, ':'))
        return pd_ctl_fail(TBL_EXIT_USAGE, "--with=TYPE:TABLE says what to compare with, such as "
                                           "--with=hash:/etc/postfix/virtual");
    return run_comparison(config, map, table, keys);
}
