#include "gif/pending.h"

#include "tables/resolve.h"

typedef struct {
    const char *file, *column;
    guint64 line;
    char *object;
    char *reference;
    bool join;
} Item;

struct GifPending {
    TblStore *store;
    TblDraft *draft;
    GifLists *lists;
    const TblConfig *config;
    GifDiagnostics *diagnostics;
    GArray *references, *memberships; /* Item; a membership without a reference leaves all lists */
    GArray *created;                  /* guint64: lists of this run */
    bool all_held;                    /* every list is held */
};

static void
item_clear(gpointer data)
{
    g_free(((Item *)data)->object);
    g_free(((Item *)data)->reference);
}

GifPending *
gif_pending_new(TblStore *store, TblDraft *draft, GifLists *lists, const TblConfig *config,
                GifDiagnostics *diagnostics)
{
    GifPending *pending = g_new0(GifPending, 1);
    pending->store = store;
    pending->draft = draft;
    pending->created = g_array_new(FALSE, FALSE, sizeof(guint64));
    pending->lists = lists;
    pending->config = config;
    pending->diagnostics = diagnostics;
    pending->references = g_array_new(FALSE, FALSE, sizeof(Item));
    pending->memberships = g_array_new(FALSE, FALSE, sizeof(Item));
    g_array_set_clear_func(pending->references, item_clear);
    g_array_set_clear_func(pending->memberships, item_clear);
    return pending;
}

void
gif_pending_free(GifPending *pending)
{
    if (pending) {
        g_array_unref(pending->references);
        g_array_unref(pending->memberships);
        g_array_unref(pending->created);
        g_free(pending);
    }
}

static Item
item_at(const GifPlace *place, const char *reference, bool join)
{
    return (Item){.file = place->file,
                  .column = place->column,
                  .line = place->line,
                  .object = g_strdup(place->object),
                  .reference = g_strdup(reference),
                  .join = join};
}

/* A reference with an `@` that nobody has stands for itself outside declared domains. */
static bool
stands_for_itself(TblView *view, const char *reference)
{
    TblAddress address;
    return tbl_address_parse_reference(&address, reference) &&
           !tbl_domains_find_mail(view->domains(view), tbl_address_domain(&address));
}

static TblResult
reference_find(GifPending *pending, const char *reference)
{
    TblView *view = tbl_draft_view(pending->draft);
    guint64 id;
    g_autofree char *folded = tbl_text_fold(tbl_slice(reference));
    TblResult result = folded ? view->name(view, TBL_ORIGIN_LOCAL, folded, &id) : TBL_NOTFOUND;
    if (result != TBL_NOTFOUND) {
        return result;
    }
    TblContext context = {view, pending->config, g_get_real_time() / G_USEC_PER_SEC};
    g_autoptr(TblObject) object = NULL;
    result = tbl_resolve_reference(&context, TBL_ORIGIN_LOCAL, reference, &object);
    return result == TBL_NOTFOUND && stands_for_itself(view, reference) ? TBL_FOUND : result;
}

bool
gif_pending_add_reference(GifPending *pending, const GifPlace *place, const char *reference)
{
    TblResult result = reference_find(pending, reference);
    if (result == TBL_NOTFOUND) {
        Item item = item_at(place, reference, true);
        g_array_append_val(pending->references, item);
    }
    return result != TBL_FAILED;
}

void
gif_pending_add_membership(GifPending *pending, const GifPlace *place, const char *list, bool join)
{
    Item item = item_at(place, list, join);
    g_array_append_val(pending->memberships, item);
}

void
gif_pending_add_departure(GifPending *pending, const GifPlace *place)
{
    Item item = item_at(place, NULL, false);
    g_array_append_val(pending->memberships, item);
}

void
gif_pending_note_list(GifPending *pending, guint64 id)
{
    g_array_append_val(pending->created, id);
}

static void
item_tell(GifPending *pending, const Item *item, GifSeverity severity, int code, const char *format)
{
    g_autoptr(GString) message = g_string_new(format);
    if (item->reference) {
        g_string_append_printf(message, ": %s", item->reference);
    }
    gif_diagnostics_set_file(pending->diagnostics, item->file);
    gif_diagnostics_add(pending->diagnostics, severity, code, item->line, item->column,
                        item->object, message->str);
}

/* The list of a membership, held; NULL without error when there is none. */
static GifList *
list_open(GifPending *pending, const char *name, GError **error)
{
    g_autofree char *folded = tbl_text_fold(tbl_slice(name));
    GifList *list = folded ? gif_lists_find(pending->lists, folded) : NULL;
    if (list || !folded) {
        return list;
    }
    TblObject *object = tbl_draft_find(pending->draft, TBL_ORIGIN_LOCAL, name, error);
    if (!object || object->object_class != TBL_CLASS_DL) {
        tbl_object_free(object);
        return NULL;
    }
    return gif_lists_hold(pending->lists, folded, object);
}

/* Collects the lists of the store. */
static bool
list_collect(TblSlice key, TblSlice value, gpointer data)
{
    g_autoptr(TblObject) object = tbl_object_decode(value, tbl_store_number_of_key(key));
    if (object && object->object_class == TBL_CLASS_DL && object->origin == TBL_ORIGIN_LOCAL) {
        g_array_append_val((GArray *)data, object->id);
    }
    return true;
}

static bool
list_hold(GifPending *pending, guint64 id, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(TblObject) object = tbl_draft_object(pending->draft, id, &local);
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    g_autofree char *folded = object ? tbl_text_fold(tbl_slice(object->name)) : NULL;
    if (folded && object->object_class == TBL_CLASS_DL && !gif_lists_find(pending->lists, folded)) {
        (void)gif_lists_hold(pending->lists, folded, g_steal_pointer(&object));
    }
    return true;
}

/* Holds every list there is; once a run, and only when somebody leaves all of them. */
static bool
lists_hold_all(GifPending *pending, GError **error)
{
    if (pending->all_held) {
        return true;
    }
    TblReader *reader = tbl_reader_new(pending->store, error);
    if (!reader) {
        return false;
    }
    bool good =
        tbl_reader_begin(reader) && tbl_reader_each(reader, TBL_DB_OBJECTS, tbl_slice(""),
                                                    list_collect, pending->created) == TBL_FOUND;
    tbl_reader_end(reader);
    tbl_reader_free(reader);
    if (!good) {
        return tbl_store_set_unreadable(error);
    }
    for (guint i = 0; i < pending->created->len; i++) {
        if (!list_hold(pending, g_array_index(pending->created, guint64, i), error)) {
            return false;
        }
    }
    pending->all_held = true;
    return true;
}

static bool
departure_finish(GifPending *pending, const Item *item, GError **error)
{
    if (!lists_hold_all(pending, error)) {
        return false;
    }
    if (gif_lists_remove_member(pending->lists, item->object) == 0) {
        item_tell(pending, item, GIF_WARNING, 150, "the object was no member of a list");
    }
    return true;
}

static bool
membership_finish(GifPending *pending, const Item *item, GError **error)
{
    g_autoptr(GError) local = NULL;
    if (!item->reference) {
        return departure_finish(pending, item, error);
    }
    GifList *list = list_open(pending, item->reference, &local);
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    if (!list) {
        item_tell(pending, item, GIF_WARNING, 284, "there is no such distribution list");
    } else if (item->join) {
        list->changed = gif_references_add(list->members, item->object) || list->changed;
    } else if (gif_references_remove(list->members, item->object)) {
        list->changed = true;
    } else {
        item_tell(pending, item, GIF_WARNING, 150, "the object was no member of the list");
    }
    return true;
}

bool
gif_pending_finish(GifPending *pending, GError **error)
{
    for (guint i = 0; i < pending->memberships->len; i++) {
        if (!membership_finish(pending, &g_array_index(pending->memberships, Item, i), error)) {
            return false;
        }
    }
    for (guint i = 0; i < pending->references->len; i++) {
        const Item *item = &g_array_index(pending->references, Item, i);
        TblResult result = reference_find(pending, item->reference);
        if (result == TBL_FAILED) {
            return tbl_store_set_unreadable(error);
        }
        if (result == TBL_NOTFOUND) {
            item_tell(pending, item, GIF_INFO, GIF_CODE_REFERENCE_UNKNOWN,
                      "nobody has this name or address yet; the reference is kept");
        }
    }
    return gif_lists_flush(pending->lists, error);
}
