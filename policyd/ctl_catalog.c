#include "policyd/ctl_catalog.h"

#include "policyd/ctl_guard.h"

#include "tables/address.h"

#include <string.h>

typedef struct {
    const char *folded; /* in the chunk */
    guint64 id;
    guint8 object_class, origin;
} Entry;

typedef struct {
    const char *domain;
    GArray *entries;
    GStringChunk *names;
    bool broken;
} Catalog;

/* Bytes of names that are allocated at a time. */
#define CHUNK_SIZE (256 * 1024)

static bool
lies_in(const char *address, const char *domain)
{
    const char *at = strrchr(address, '@');
    return at && pd_ctl_covers(domain, tbl_slice(at + 1));
}

static bool
object_lies_in(const TblObject *object, const char *domain)
{
    const GPtrArray *generated = object->refs[TBL_REFS_GENERATED];
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        if (strcmp(proxy->type, "SMTP") == 0 && lies_in(proxy->value, domain))
            return true;
    }
    for (guint i = 0; i < generated->len; i++)
        if (lies_in(g_ptr_array_index(generated, i), domain))
            return true;
    return false;
}

static bool
collect(TblSlice key, TblSlice value, gpointer data)
{
    Catalog *catalog = data;
    guint64 id = key.len == sizeof id ? tbl_store_number_of_key(key) : 0;
    g_autoptr(TblObject) object = id ? tbl_object_decode(value, id) : NULL;
    g_autofree char *folded = object ? tbl_text_fold(tbl_slice(object->name)) : NULL;
    if (!folded) {
        catalog->broken = true;
        return false;
    }
    if (catalog->domain && !object_lies_in(object, catalog->domain))
        return true;
    Entry entry = {.folded = g_string_chunk_insert(catalog->names, folded),
                   .id = id,
                   .object_class = (guint8)object->object_class,
                   .origin = (guint8)object->origin};
    g_array_append_val(catalog->entries, entry);
    return true;
}

static gint
compare_entries(gconstpointer a, gconstpointer b)
{
    const Entry *x = a, *y = b;
    if (x->object_class != y->object_class)
        return strcmp(tbl_class_name((TblClass)x->object_class),
                      tbl_class_name((TblClass)y->object_class));
    int by_name = strcmp(x->folded, y->folded);
    return by_name ? by_name : (int)x->origin - (int)y->origin;
}

static bool
emit(const PdCtlSnapshot *snapshot, const GArray *entries, PdCtlObjectFunc each, gpointer data)
{
    for (guint i = 0; i < entries->len; i++) {
        g_autoptr(TblObject) object = NULL;
        guint64 id = g_array_index(entries, Entry, i).id;
        if (snapshot->view->object(snapshot->view, id, &object) != TBL_FOUND)
            return false;
        if (!each(object, data))
            return true;
    }
    return true;
}

bool
pd_ctl_each_object(const PdCtlSnapshot *snapshot, const char *domain, PdCtlObjectFunc each,
                   gpointer data, GError **error)
{
    if (!snapshot->reader)
        return true;
    Catalog catalog = {.domain = domain,
                       .entries = g_array_new(FALSE, FALSE, sizeof(Entry)),
                       .names = g_string_chunk_new(CHUNK_SIZE)};
    TblResult result =
        tbl_reader_each(snapshot->reader, TBL_DB_OBJECTS, (TblSlice){0}, collect, &catalog);
    bool readable = result == TBL_FOUND && !catalog.broken;
    if (readable) {
        g_array_sort(catalog.entries, compare_entries);
        readable = emit(snapshot, catalog.entries, each, data);
    }
    g_array_unref(catalog.entries);
    g_string_chunk_free(catalog.names);
    if (!readable)
        pd_ctl_set_store_failed(snapshot->config, error);
    return readable;
}
