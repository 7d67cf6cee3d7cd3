#include "tables/json_reader.h"

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <string.h>

/* json-glib reads nested values by recursion; a control line has next to none. */
#define OPENERS_MAX 256

static bool
too_deep(const char *text, gsize length)
{
    guint openers = 0;

    for (gsize i = 0; i < length; i++)
        openers += text[i] == '{' || text[i] == '[';
    return openers > OPENERS_MAX;
}

static void
add_member(JsonObject *object, const gchar *name, JsonNode *node, gpointer data)
{
    GHashTable *members = data;
    bool text = JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING;

    g_hash_table_replace(members, g_strdup(name),
                         text ? g_strdup(json_node_get_string(node)) : json_to_string(node, FALSE));
}

GHashTable *
tbl_json_read(const char *text, gsize length, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    GHashTable *members;
    JsonNode *root;

    if (length > G_MAXSSIZE || too_deep(text, length) || memchr(text, '\0', length)) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                            "is nested too deeply or holds a NUL byte; write one JSON object");
        return NULL;
    }
    if (!json_parser_load_from_data(parser, text, (gssize)length, error))
        return NULL;
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                            "is no JSON object; write {\"command\": ...}");
        return NULL;
    }
    members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    json_object_foreach_member(json_node_get_object(root), add_member, members);
    return members;
}
