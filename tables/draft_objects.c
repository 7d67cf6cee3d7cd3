#include "tables/draft_objects.h"

static guint32
id_hash(guint64 id)
{
    return tbl_key_index_hash((TblSlice){(const char *)&id, sizeof id});
}

void
tbl_draft_objects_init(TblDraftObjects *objects, guint64 first_new)
{
    *objects = (TblDraftObjects){
        .all = g_ptr_array_new(),
        .alone = g_hash_table_new_full(NULL, NULL, g_free, NULL),
        .first_new = first_new,
        .created = g_array_new(FALSE, FALSE, sizeof(guint32)),
    };
}

void
tbl_draft_objects_clear(TblDraftObjects *objects)
{
    g_ptr_array_unref(objects->all);
    g_hash_table_unref(objects->alone);
    g_array_unref(objects->created);
    tbl_key_index_clear(&objects->index);
    tbl_arena_clear(&objects->arena);
}

static bool
is_in_order(const TblDraftObjects *objects, guint64 id)
{
    return id >= objects->first_new && id - objects->first_new < objects->created->len;
}

guint32
tbl_draft_objects_find(const TblDraftObjects *objects, guint64 id)
{
    guint32 step = 0, number;
    if (is_in_order(objects, id))
        return g_array_index(objects->created, guint32, id - objects->first_new);
    while (tbl_key_index_next(&objects->index, id_hash(id), &step, &number))
        if (tbl_draft_objects_at(objects, number)->id == id)
            return number;
    return TBL_DRAFT_OBJECT_NONE;
}

/* The number is that of the id's last state from now on; `before` as in tbl_draft_objects_add. */
static void
index_set(TblDraftObjects *objects, guint64 id, guint32 before, guint32 number)
{
    if (is_in_order(objects, id))
        g_array_index(objects->created, guint32, id - objects->first_new) = number;
    else if (before != TBL_DRAFT_OBJECT_NONE)
        tbl_key_index_replace(&objects->index, id_hash(id), before, number);
    else if (id == objects->first_new + objects->created->len)
        g_array_append_val(objects->created, number);
    else
        tbl_key_index_add(&objects->index, id_hash(id), number);
}

guint32
tbl_draft_objects_add(TblDraftObjects *objects, guint64 id, TblSlice bytes, guint32 before)
{
    gsize size = sizeof(TblDraftObject) + bytes.len;
    bool alone = size > TBL_DRAFT_OBJECT_SMALL;
    TblDraftObject *object = alone ? g_malloc(size) : tbl_arena_take(&objects->arena, size);
    *object = (TblDraftObject){.id = id, .length = (guint32)bytes.len, .alone = alone};
    if (bytes.len)
        memcpy(object->bytes, bytes.ptr, bytes.len);
    guint32 number = objects->all->len;
    g_ptr_array_add(objects->all, object);
    if (alone)
        g_hash_table_add(objects->alone, object);
    if (before != TBL_DRAFT_OBJECT_NONE)
        ((TblDraftObject *)g_ptr_array_index(objects->all, before))->replaced = true;
    index_set(objects, id, before, number);
    return number;
}

void
tbl_draft_objects_set_source(TblDraftObjects *objects, guint32 number, guint32 file, guint32 line)
{
    TblDraftObject *object = g_ptr_array_index(objects->all, number);
    object->file = file;
    object->line = line;
}

void
tbl_draft_objects_drop(TblDraftObjects *objects, guint32 number)
{
    TblDraftObject *object = g_ptr_array_index(objects->all, number);
    if (!object->alone)
        return;
    g_hash_table_remove(objects->alone, object);
    objects->all->pdata[number] = NULL;
}

static int
compare_by_id(gconstpointer a, gconstpointer b)
{
    const TblDraftObject *x = *(TblDraftObject *const *)a, *y = *(TblDraftObject *const *)b;
    return (x->id > y->id) - (x->id < y->id);
}

GPtrArray *
tbl_draft_objects_sorted(const TblDraftObjects *objects)
{
    GPtrArray *sorted = g_ptr_array_sized_new(objects->all->len);
    bool ascending = true;
    guint64 last = 0;
    for (guint i = 0; i < objects->all->len; i++) {
        const TblDraftObject *object = tbl_draft_objects_last(objects, i);
        if (!object)
            continue;
        ascending = ascending && object->id >= last;
        last = object->id;
        g_ptr_array_add(sorted, (gpointer)object);
    }
    if (!ascending) /* created ones come in order already */
        g_ptr_array_sort(sorted, compare_by_id);
    return sorted;
}
