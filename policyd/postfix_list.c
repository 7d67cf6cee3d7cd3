#include "policyd/postfix_list.h"
#include "policyd/postfix_tool.h"

#include "tables/command.h"

#include <string.h>
#include <unistd.h>

/* Files may name files; Postfix has no limit, but no sane list needs more. */
#define DEPTH_MAX 10

/* ---- Lists ---- */

static bool add_elements(PdPostfixList *list, const PdPostfixConfig *postfix,
                         const TblConfig *config, const char *value, guint depth, GError **error);

/* A file of elements: blanks and commas separate, a line that begins with # is a comment. */
static bool
add_file(PdPostfixList *list, const PdPostfixConfig *postfix, const TblConfig *config,
         const char *path, guint depth, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GString) plain = g_string_new(NULL);
    if (depth >= DEPTH_MAX) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "%s: too many files in files", path);
        return false;
    }
    if (!g_file_get_contents(path, &text, NULL, error))
        return false;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        if (**line != '#')
            g_string_append_printf(plain, "%s ", *line);
    return add_elements(list, postfix, config, plain->str, depth + 1, error);
}

static bool
add_element(PdPostfixList *list, const PdPostfixConfig *postfix, const TblConfig *config,
            const char *token, guint depth, GError **error)
{
    bool negated = *token == '!';
    token += strspn(token, "!");
    g_autofree char *ours = pd_postfix_our_map(postfix, config, token);
    if (ours)
        return true;
    if (*token == '/')
        return add_file(list, postfix, config, token, depth, error);
    if (*token != '[' && strchr(token, ':')) {
        g_ptr_array_add(list->tables, g_strdup(pd_postfix_unproxied(token)));
        return true;
    }
    char *name = g_ascii_strdown(token, -1);
    if (negated)
        g_hash_table_add(list->negated, name);
    else
        g_ptr_array_add(list->names, name);
    return true;
}

static bool
add_elements(PdPostfixList *list, const PdPostfixConfig *postfix, const TblConfig *config,
             const char *value, guint depth, GError **error)
{
    g_autoptr(GPtrArray) tokens = pd_postfix_split(value);
    for (guint i = 0; i < tokens->len; i++)
        if (!add_element(list, postfix, config, g_ptr_array_index(tokens, i), depth, error))
            return false;
    return true;
}

PdPostfixList *
pd_postfix_list_new(const PdPostfixConfig *postfix, const TblConfig *config, const char *value,
                    GError **error)
{
    PdPostfixList *list = g_new0(PdPostfixList, 1);
    list->names = g_ptr_array_new_with_free_func(g_free);
    list->tables = g_ptr_array_new_with_free_func(g_free);
    list->negated = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (add_elements(list, postfix, config, value, 0, error))
        return list;
    pd_postfix_list_free(list);
    return NULL;
}

void
pd_postfix_list_free(PdPostfixList *list)
{
    if (!list)
        return;
    g_ptr_array_unref(list->names);
    g_ptr_array_unref(list->tables);
    g_hash_table_unref(list->negated);
    g_free(list);
}

/* ---- Tables ---- */

bool
pd_postfix_table_keys(const char *table, guint max, GPtrArray *keys, GError **error)
{
    g_autoptr(GError) cause = NULL;
    const char *const argv[] = {"postmap", "-s", table, NULL};
    g_autoptr(PdPostfixTool) tool = pd_postfix_tool_new(argv, -1, error);
    if (!tool)
        return false;
    const char *line;
    guint count = 0;
    while ((line = pd_postfix_tool_line(tool, &cause)) && count++ < max)
        g_ptr_array_add(keys, g_strndup(line, strcspn(line, "\t")));
    if (!cause && line) {
        g_set_error(&cause, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "%s has more than %u keys", table,
                    max);
    } else if (!cause) {
        g_autofree char *complaint = NULL;
        if (pd_postfix_tool_finish(tool, &complaint) != 0)
            g_set_error(&cause, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "%s", complaint);
    }
    if (!cause)
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

bool
pd_postfix_table_ask(const char *table, const GPtrArray *asked, GPtrArray *found, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    int file = pd_postfix_tool_scratch(error);
    if (file < 0)
        return false;
    for (guint i = 0; i < asked->len; i++)
        g_string_append_printf(text, "%s\n", (const char *)g_ptr_array_index(asked, i));
    /* A short write is a full disk: then postmap would be asked for less. */
    if (write(file, text->str, text->len) != (ssize_t)text->len) {
        close(file);
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "cannot write a temporary file");
        return false;
    }
    g_autoptr(PdPostfixQuery) query = pd_postfix_query_new(table, file, error);
    if (!query)
        return false;
    for (guint i = 0; i < asked->len && !cause; i++)
        if (pd_postfix_query_next(query, g_ptr_array_index(asked, i), &cause))
            g_ptr_array_add(found, g_ptr_array_index(asked, i));
    if (!cause)
        return pd_postfix_query_finish(query, error);
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

/* ---- Queries in order ---- */

struct PdPostfixQuery {
    PdPostfixTool *tool;
    char *table;
    char *pending; /* the next line, its tab a NUL; NULL: none was read */
    const char *pending_value;
    char *current;
    bool ended;
};

PdPostfixQuery *
pd_postfix_query_new(const char *table, int file, GError **error)
{
    const char *const argv[] = {"postmap", "-q", "-", table, NULL};
    lseek(file, 0, SEEK_SET);
    g_autoptr(PdPostfixTool) tool = pd_postfix_tool_new(argv, file, error);
    if (!tool)
        return NULL;
    PdPostfixQuery *query = g_new0(PdPostfixQuery, 1);
    query->tool = g_steal_pointer(&tool);
    query->table = g_strdup(table);
    return query;
}

void
pd_postfix_query_free(PdPostfixQuery *query)
{
    if (!query)
        return;
    pd_postfix_tool_free(query->tool);
    g_free(query->table);
    g_free(query->pending);
    g_free(query->current);
    g_free(query);
}

static void
read_pending(PdPostfixQuery *query, GError **error)
{
    g_autoptr(GError) cause = NULL;
    const char *line = pd_postfix_tool_line(query->tool, &cause);
    query->ended = !line;
    if (cause)
        g_propagate_error(error, g_steal_pointer(&cause));
    if (!line)
        return;
    query->pending = g_strdup(line);
    char *tab = strchr(query->pending, '\t');
    if (tab)
        *tab = '\0';
    query->pending_value = tab ? tab + 1 : "";
}

/* postmap answers in the order in which it was asked and leaves out what is not there. */
const char *
pd_postfix_query_next(PdPostfixQuery *query, const char *key, GError **error)
{
    if (!query->pending && !query->ended)
        read_pending(query, error);
    if (!query->pending || strcmp(query->pending, key) != 0)
        return NULL;
    g_free(query->current);
    query->current = g_steal_pointer(&query->pending);
    return query->pending_value;
}

bool
pd_postfix_query_finish(PdPostfixQuery *query, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (!query->pending && !query->ended)
        read_pending(query, &cause);
    if (cause) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    if (query->pending) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED,
                    "%s answered \"%s\", which was not asked", query->table, query->pending);
        return false;
    }
    g_autofree char *complaint = NULL;
    int status = pd_postfix_tool_finish(query->tool, &complaint);
    /* Exit status 1 is also "none of the keys is there"; a failure says why. */
    if (status == 0 ||
        (status == 1 && !strstr(complaint, "fatal:") && !strstr(complaint, "error:")))
        return true;
    g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_TEMPORARY, "%s: %s", query->table,
                *complaint ? complaint : "postmap failed");
    return false;
}
