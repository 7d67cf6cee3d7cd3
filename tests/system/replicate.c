/*
 * replicate STORE: writes objects of origin directory as a replica of a directory would, for tests
 * of what they change, and (origin=local) local ones that a program would refuse. One object for
 * each line of standard input, as fields KEY=VALUE between tabs; the first field is `name`, a line
 * "delete=NAME" deletes, "synced=SECONDS" says when the lines after it were read from the
 * directory. All lines are one commit, which is no batch. Exit 0; 1 with the reason.
 */
#include "tables/address.h"
#include "tables/draft.h"

#include <stdio.h>

#define MAP_SIZE (1ull << 30)

static const char *const TEXT_KEYS[] = {[TBL_TEXT_DISPLAY] = "display",
                                        [TBL_TEXT_ALIAS] = "alias",
                                        [TBL_TEXT_FIRST] = "first",
                                        [TBL_TEXT_LAST] = "last",
                                        [TBL_TEXT_INITIALS] = "initials",
                                        [TBL_TEXT_ACCOUNT] = "account",
                                        [TBL_TEXT_HOME_SERVER] = "home_server",
                                        [TBL_TEXT_FORWARD] = "forward",
                                        [TBL_TEXT_CONTAINER] = "container"};
static const char *const REFS_KEYS[] = {[TBL_REFS_MEMBERS] = "member",
                                        [TBL_REFS_ACCEPT_FROM] = "accept_from",
                                        [TBL_REFS_REJECT_FROM] = "reject_from",
                                        [TBL_REFS_ACCEPT_FROM_DL] = "accept_from_dl",
                                        [TBL_REFS_REJECT_FROM_DL] = "reject_from_dl",
                                        [TBL_REFS_GENERATED] = "generated"};

static bool
set_address(TblObject *object, const char *text, bool target)
{
    TblSlice type, value;
    if (tbl_proxy_split(tbl_slice(text), &type, &value) != 0)
        return false;
    g_autoptr(GString) spelling = g_string_new_len(value.ptr, (gssize)value.len);
    TblAddress address;
    if (g_ascii_strncasecmp(text, "smtp:", strlen("smtp:")) == 0) {
        if (!tbl_address_parse(&address, value))
            return false;
        g_string_truncate(spelling, 0);
        tbl_address_append_spelling(spelling, &address);
    }
    TblProxy *proxy = tbl_proxy_new(type, (TblSlice){spelling->str, spelling->len},
                                    target || g_ascii_isupper(text[0]));
    if (target)
        object->target = proxy;
    else
        g_ptr_array_add(object->addresses, proxy);
    return true;
}

static bool
set_number(TblObject *object, const char *key, const char *value)
{
    guint64 number;
    if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT64, &number, NULL))
        return false;
    if (strcmp(key, "limit_in") == 0)
        object->limit_in = (gint64)number;
    else if (strcmp(key, "limit_out") == 0)
        object->limit_out = (gint64)number;
    else if (strcmp(key, "created") == 0)
        object->created = number;
    else if (strcmp(key, "deliver_and_redirect") == 0)
        object->deliver_and_redirect = number != 0;
    else if (strcmp(key, "authenticated_only") == 0)
        object->authenticated_only = number != 0;
    else if (strcmp(key, "disabled") == 0)
        object->disabled = number != 0;
    else if (strcmp(key, "hidden") == 0)
        object->hidden = number != 0;
    else
        return false;
    return true;
}

static bool
set_field(TblObject *object, const char *key, const char *value)
{
    if (strcmp(key, "address") == 0 || strcmp(key, "target") == 0)
        return set_address(object, value, key[0] == 't');
    if (strcmp(key, "dn") == 0) {
        object->dn = g_strdup(value);
        return true;
    }
    if (strcmp(key, "origin") == 0) {
        object->origin = strcmp(value, "local") == 0 ? TBL_ORIGIN_LOCAL : TBL_ORIGIN_DIRECTORY;
        return true;
    }
    if (strcmp(key, "class") == 0)
        return (object->object_class = tbl_class_from_name(value)) != 0;
    for (guint i = 0; i < TBL_TEXT_COUNT; i++) {
        if (strcmp(key, TEXT_KEYS[i]) == 0) {
            tbl_object_set_text(object, (TblText)i, value);
            return true;
        }
    }
    for (guint i = 0; i < TBL_REFS_COUNT; i++) {
        if (strcmp(key, REFS_KEYS[i]) == 0) {
            g_ptr_array_add(object->refs[i], g_strdup(value));
            return true;
        }
    }
    return set_number(object, key, value);
}

/* The object that a line says, with the id of the one that it replaces. */
static TblObject *
read_object(TblDraft *draft, char **fields, GError **error)
{
    const char *name = fields[0] + strlen("name=");
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_DIRECTORY, TBL_CLASS_MAILBOX, name);
    for (char **field = fields + 1; *field; field++) {
        char *equals = strchr(*field, '=');
        if (equals)
            *equals = '\0';
        if (!equals || !set_field(object, *field, equals + 1)) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "object %s: bad field %s", name,
                        *field);
            return NULL;
        }
    }
    g_autoptr(TblObject) old = tbl_draft_find(draft, object->origin, name, error);
    if (old)
        object->id = old->id;
    return g_steal_pointer(&object);
}

static bool
apply_line(TblDraft *draft, char *line, GError **error)
{
    g_auto(GStrv) fields = g_strsplit(g_strchomp(line), "\t", -1);
    if (fields[0] && g_str_has_prefix(fields[0], "synced=")) {
        tbl_draft_set_synced(draft, g_ascii_strtoll(fields[0] + strlen("synced="), NULL, 10));
        return true;
    }
    if (fields[0] && g_str_has_prefix(fields[0], "delete=")) {
        g_autoptr(TblObject) old =
            tbl_draft_find(draft, TBL_ORIGIN_DIRECTORY, fields[0] + strlen("delete="), error);
        return old && tbl_draft_delete(draft, old->id, error);
    }
    if (!fields[0] || !g_str_has_prefix(fields[0], "name=")) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "a line does not begin with name=");
        return false;
    }
    g_autoptr(TblObject) object = read_object(draft, fields, error);
    return object && tbl_draft_put(draft, object, error);
}

static bool
replicate(const char *path, GError **error)
{
    TblStore *store = tbl_store_open(path, MAP_SIZE, TBL_STORE_WRITE, error);
    if (!store)
        return false;
    bool locked = tbl_store_lock(store, error);
    g_autoptr(TblDraft) draft = locked ? tbl_draft_new(store, error) : NULL;
    char *line = NULL;
    size_t size = 0;
    bool done = draft != NULL;
    while (done && getline(&line, &size, stdin) > 0)
        done = apply_line(draft, line, error);
    guint64 number, generation;
    done = done && tbl_draft_commit(draft, NULL, &number, &generation, error);
    free(line);
    g_clear_pointer(&draft, tbl_draft_free);
    if (locked)
        tbl_store_unlock(store);
    tbl_store_close(store);
    return done;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (argc != 2) {
        fprintf(stderr, "usage: replicate STORE <OBJECTS\n");
        return 2;
    }
    if (replicate(argv[1], &error))
        return 0;
    fprintf(stderr, "replicate: %s\n", error ? error->message : "no such object");
    return 1;
}
