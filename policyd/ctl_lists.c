#include "policyd/ctl_lists.h"
#include "policyd/ctl_fate.h"
#include "policyd/ctl_guard.h"

#include <string.h>

#define SMTP_PREFIX "smtp:"

typedef struct {
    PdCtlChange *change;
    GHashTable *ids;     /* guint64 *: lists that have an address */
    GHashTable *parents; /* what a member may be called -> GArray of the ids of its lists */
    GQueue *names;       /* char *: of lists whose parents are still to be looked at */
    GHashTable *visited; /* guint64 * */
    bool broken;
} Above;

static bool
add_id(GHashTable *set, guint64 id)
{
    return g_hash_table_add(set, g_memdup(&id, sizeof id));
}

static bool
collect_list(TblSlice key, TblSlice domain, TblSlice bytes, gpointer data)
{
    Above *above = data;
    TblRows rows;
    if (!tbl_rows_decode(&rows, key, bytes)) {
        above->broken = true;
        return false;
    }
    const TblRow *row = tbl_rows_get(&rows, TBL_ROW_LOCAL);
    if (row && row->object_class == TBL_CLASS_DL)
        add_id(above->ids, row->object);
    return true;
}

/* One spelling for what a reference and a name or address have in common. Caller frees; NULL when
 * it has none. */
static char *
common_name(const char *text)
{
    TblAddress address;
    size_t prefix = strlen(SMTP_PREFIX);
    const char *bare = g_ascii_strncasecmp(text, SMTP_PREFIX, prefix) == 0 ? text + prefix : text;
    if (tbl_address_parse(&address, tbl_slice(bare)))
        return g_strdup(address.text);
    return tbl_text_fold(tbl_slice(text));
}

static void
add_parent(Above *above, const char *reference, guint64 id)
{
    g_autofree char *name = common_name(reference);
    GArray *parents = name ? g_hash_table_lookup(above->parents, name) : NULL;
    if (name && !parents) {
        parents = g_array_new(FALSE, FALSE, sizeof id);
        g_hash_table_insert(above->parents, g_steal_pointer(&name), parents);
    }
    if (parents)
        g_array_append_val(parents, id);
}

static bool
index_members(Above *above)
{
    GHashTableIter iter;
    gpointer id;
    g_hash_table_iter_init(&iter, above->ids);
    while (g_hash_table_iter_next(&iter, &id, NULL)) {
        g_autoptr(TblObject) object =
            tbl_draft_object(above->change->draft, *(const guint64 *)id, NULL);
        if (!object)
            return false;
        const GPtrArray *members = object->refs[TBL_REFS_MEMBERS];
        for (guint i = 0; i < members->len; i++)
            add_parent(above, g_ptr_array_index(members, i), object->id);
    }
    return true;
}

static void
push_names(Above *above, const TblObject *object)
{
    char *name = common_name(object->name);
    if (name)
        g_queue_push_tail(above->names, name);
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        if (strcmp(proxy->type, "SMTP") == 0 && (name = common_name(proxy->value)))
            g_queue_push_tail(above->names, name);
    }
}

static bool
judge_list(Above *above, const TblObject *list, GError **error)
{
    for (guint i = 0; i < list->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(list->addresses, i);
        TblFate fate = strcmp(proxy->type, "SMTP") == 0
                           ? pd_ctl_new_fate(above->change, proxy->value)
                           : TBL_FATE_FINE;
        if (fate == TBL_FATE_FAILED)
            return pd_ctl_guard_failed(above->change, error);
        if (fate == TBL_FATE_OVER)
            return pd_ctl_refuse_over(above->change, list, proxy->value, error);
    }
    return true;
}

static bool
climb(Above *above, const TblObject *list, GError **error)
{
    push_names(above, list);
    while (!g_queue_is_empty(above->names)) {
        g_autofree char *name = g_queue_pop_head(above->names);
        const GArray *parents = g_hash_table_lookup(above->parents, name);
        for (guint i = 0; parents && i < parents->len; i++) {
            guint64 id = g_array_index(parents, guint64, i);
            if (!add_id(above->visited, id))
                continue;
            g_autoptr(TblObject) parent = tbl_draft_object(above->change->draft, id, NULL);
            if (!parent)
                return pd_ctl_guard_failed(above->change, error);
            if (!judge_list(above, parent, error))
                return false;
            push_names(above, parent);
        }
    }
    return true;
}

bool
pd_ctl_guard_lists_above(PdCtlChange *change, const TblObject *list, GError **error)
{
    g_autoptr(GHashTable) ids = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_autoptr(GHashTable) visited =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_autoptr(GHashTable) parents =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
    Above above = {.change = change, .ids = ids, .parents = parents, .visited = visited};
    if (!pd_ctl_each_address(change->reader, collect_list, &above) || above.broken ||
        !index_members(&above))
        return pd_ctl_guard_failed(change, error);
    above.names = g_queue_new();
    bool fine = climb(&above, list, error);
    g_queue_free_full(above.names, g_free);
    return fine;
}
