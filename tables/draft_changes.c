/* The net changes of a draft. Part of tables/draft.h. */
#include "tables/draft_overlay.h"

#include "tables/address.h"
#include "tables/key_order.h"

/* Objects are fetched from memory so many before they are looked at, since each is somewhere else.
 */
#define AHEAD 8

/* The snapshot cannot have it. */
static bool
is_new(const TblDraft *draft, const TblDraftObject *object)
{
    return object->id >= draft->base.next_id;
}

bool
tbl_draft_is_created(const TblDraft *draft, const TblDraftObject *object)
{
    return object->length > 0 && is_new(draft, object);
}

/* The encoding of an object in the snapshot; empty when it is not there. */
static bool
bytes_before(TblDraft *draft, const TblDraftObject *object, TblSlice *bytes)
{
    char key[8];
    *bytes = (TblSlice){NULL, 0};
    if (is_new(draft, object))
        return true;
    tbl_store_key_number(object->id, key);
    return tbl_reader_get(tbl_view_reader(draft->snapshot), TBL_DB_OBJECTS,
                          (TblSlice){key, sizeof key}, bytes) != TBL_FAILED;
}

bool
tbl_draft_load_change(TblDraft *draft, const TblDraftObject *object, TblObject **before,
                      TblObject **after)
{
    TblSlice old, new = tbl_draft_object_bytes(object);
    *before = *after = NULL;
    if (!bytes_before(draft, object, &old))
        return false;
    if (tbl_slice_equal(old, new))
        return true;
    *before = old.len ? tbl_object_decode(old, object->id) : NULL;
    *after = new.len ? tbl_object_decode(new, object->id) : NULL;
    if ((old.len && !*before) || (new.len && !*after))
        return false;
    if (*before && *after && tbl_object_equal(*before, *after)) {
        g_clear_pointer(before, tbl_object_free);
        g_clear_pointer(after, tbl_object_free);
    }
    return true;
}

guint32
tbl_draft_places(const TblDraft *draft)
{
    return draft->objects.all->len;
}

TblSlice
tbl_draft_created_at(const TblDraft *draft, guint32 place)
{
    const TblDraftObject *object = tbl_draft_objects_last(&draft->objects, place);
    if (place + AHEAD < draft->objects.all->len)
        __builtin_prefetch(tbl_draft_objects_at(&draft->objects, place + AHEAD));
    return object && !object->alone && tbl_draft_is_created(draft, object)
               ? tbl_draft_object_bytes(object)
               : (TblSlice){NULL, 0};
}

bool
tbl_draft_change_at(TblDraft *draft, guint32 place, TblObject **before, TblObject **after)
{
    const TblDraftObject *object = tbl_draft_objects_last(&draft->objects, place);
    *before = *after = NULL;
    return !object || tbl_draft_load_change(draft, object, before, after);
}

/* What a change is sorted by: a class name, NUL, the name folded. A name that is no text keeps its
 * bytes. */
static void
order_key_make(const TblObject *object, GString *key)
{
    g_autofree char *folded = tbl_text_fold(tbl_slice(object->name));
    g_string_assign(key, tbl_class_name(object->object_class));
    g_string_append_c(key, '\0');
    g_string_append(key, folded ? folded : object->name);
}

/* The places of all net changes, in the order of their keys. False: the store failed. */
static bool
changes_sort(TblDraft *draft, TblKeys *keys)
{
    g_autoptr(GString) key = g_string_new(NULL);
    for (guint32 i = 0; i < tbl_draft_places(draft); i++) {
        g_autoptr(TblObject) before = NULL, after = NULL;
        if (!tbl_draft_change_at(draft, i, &before, &after))
            return false;
        if (!before && !after)
            continue;
        order_key_make(after ? after : before, key);
        tbl_keys_add(keys, (TblSlice){key->str, key->len}, i);
    }
    tbl_keys_sort(keys);
    return true;
}

bool
tbl_draft_foreach_change(TblDraft *draft, TblChangeFunc each, gpointer data, GError **error)
{
    TblKeys keys;
    tbl_keys_init(&keys);
    bool good = changes_sort(draft, &keys), ended = false;
    for (guint i = 0; i < keys.items->len && good && !ended; i++) {
        g_autoptr(TblObject) before = NULL, after = NULL;
        good = tbl_draft_change_at(draft, g_array_index(keys.items, TblKeyItem, i).number, &before,
                                   &after);
        ended = good && !each(before, after, data);
    }
    tbl_keys_clear(&keys);
    return good || tbl_store_set_unreadable(error);
}

/* Whether who visits is done with a created object by what is known of it at once. */
static bool
is_passed_over(TblDraft *draft, const TblDraftObject *changed, TblCreatedFunc created,
               gpointer data)
{
    TblObjectBrief brief;
    return created && tbl_draft_is_created(draft, changed) &&
           tbl_object_brief(tbl_draft_object_bytes(changed), &brief) && created(&brief, data);
}

bool
tbl_draft_visit_changes(TblDraft *draft, TblCreatedFunc created, TblChangeFunc each, gpointer data,
                        GError **error)
{
    for (guint32 i = 0; i < tbl_draft_places(draft); i++) {
        const TblDraftObject *changed = tbl_draft_objects_last(&draft->objects, i);
        g_autoptr(TblObject) before = NULL, after = NULL;
        if (!changed || is_passed_over(draft, changed, created, data))
            continue;
        if (!tbl_draft_load_change(draft, changed, &before, &after))
            return tbl_store_set_unreadable(error);
        if ((before || after) && !each(before, after, data))
            break;
    }
    return true;
}

bool
tbl_draft_domain_changed(TblDraft *draft, const char *name)
{
    const TblDomain *before = tbl_domains_get(draft->snapshot->domains(draft->snapshot), name);
    const TblDomain *after = tbl_domains_get(draft->domains, name);
    return before && after ? !tbl_domain_equal(before, after) : before != after;
}

GList *
tbl_draft_changed_domains(TblDraft *draft)
{
    return g_list_sort(g_hash_table_get_keys(draft->changed_domains), (GCompareFunc)strcmp);
}

void
tbl_draft_foreach_domain_change(TblDraft *draft, TblDomainChangeFunc each, gpointer data)
{
    g_autoptr(GList) names = tbl_draft_changed_domains(draft);
    const TblDomains *old = draft->snapshot->domains(draft->snapshot);
    for (GList *at = names; at; at = at->next)
        if (tbl_draft_domain_changed(draft, at->data))
            each(tbl_domains_get(old, at->data), tbl_domains_get(draft->domains, at->data), data);
}

bool
tbl_draft_load_tombstone(TblDraft *draft, const char *key, GByteArray *before, bool *changed)
{
    g_autoptr(GByteArray) after = g_byte_array_new();
    TblView *views[] = {draft->snapshot, &draft->view.base};
    GByteArray *bytes[] = {before, after};
    for (guint i = 0; i < G_N_ELEMENTS(views); i++) {
        TblRows rows;
        if (views[i]->rows(views[i], tbl_slice(key), &rows) == TBL_FAILED)
            return false;
        (void)tbl_rows_encode_tombstone(&rows, tbl_slice(key), bytes[i]);
    }
    *changed = !tbl_slice_equal((TblSlice){(const char *)before->data, before->len},
                                (TblSlice){(const char *)after->data, after->len});
    return true;
}

static bool
tombstones_changed(TblDraft *draft)
{
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, draft->changed_tombstones);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        g_autoptr(GByteArray) before = g_byte_array_new();
        bool changed;
        if (!tbl_draft_load_tombstone(draft, key, before, &changed) || changed)
            return true;
    }
    return false;
}

static bool
is_change(const TblObject *before, const TblObject *after, gpointer data)
{
    *(bool *)data = true;
    return false;
}

static bool
is_created(const TblObjectBrief *brief, gpointer data)
{
    *(bool *)data = true;
    return true;
}

bool
tbl_draft_is_empty(TblDraft *draft)
{
    GHashTableIter iter;
    gpointer item;
    bool found = false;
    g_hash_table_iter_init(&iter, draft->changed_domains);
    while (g_hash_table_iter_next(&iter, &item, NULL))
        if (tbl_draft_domain_changed(draft, item))
            return false;
    /* What cannot be read is not nothing. */
    if (!tbl_draft_visit_changes(draft, is_created, is_change, &found, NULL) || found)
        return false;
    return !tombstones_changed(draft);
}
