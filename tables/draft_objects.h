/* The changed objects of a draft, encoded. Part of the inside of tables/draft.h. */
#pragma once

#include "tables/arena.h"
#include "tables/key_index.h"

/* One state of an object. Its rows in the overlay of addresses lead here. */
typedef struct {
    guint64 id;
    guint32 length; /* of the encoding; 0: the object is removed */
    guint32 file;   /* source of the rows that were put with it */
    guint32 line;
    guint8 alone;    /* it has memory of its own */
    guint8 replaced; /* there is a later state */
    char bytes[];
} TblDraftObject;

#define TBL_DRAFT_OBJECT_NONE G_MAXUINT32
/* A large state, such as a list that each row makes longer, must not stay when it is replaced;
 * millions of small ones lie side by side. */
#define TBL_DRAFT_OBJECT_SMALL 4096

typedef struct {
    GPtrArray *all;    /* in the order in which they came; NULL: replaced and given back */
    GHashTable *alone; /* those with memory of their own */
    guint64 first_new;
    GArray *created;   /* guint32: the last state of the ids from `first_new` on */
    TblKeyIndex index; /* of all other ids */
    TblArena arena;
} TblDraftObjects;

/* `first_new`: new objects get the ids from here on, one after the other. */
void tbl_draft_objects_init(TblDraftObjects *objects, guint64 first_new);
void tbl_draft_objects_clear(TblDraftObjects *objects);
/* The number of an object's last state, TBL_DRAFT_OBJECT_NONE when it was not changed. */
guint32 tbl_draft_objects_find(const TblDraftObjects *objects, guint64 id);

static inline const TblDraftObject *
tbl_draft_objects_at(const TblDraftObjects *objects, guint32 number)
{
    return g_ptr_array_index(objects->all, number);
}

/* The same; NULL when it is not the last state of its object. */
static inline const TblDraftObject *
tbl_draft_objects_last(const TblDraftObjects *objects, guint32 number)
{
    const TblDraftObject *object = tbl_draft_objects_at(objects, number);
    return object && !object->replaced ? object : NULL;
}

static inline TblSlice
tbl_draft_object_bytes(const TblDraftObject *object)
{
    return (TblSlice){object->bytes, object->length};
}

/* Adds a state, empty for a removal. `before` is the number of the last one; it stays, for the rows
 * that lead to it, until it is dropped. */
guint32 tbl_draft_objects_add(TblDraftObjects *objects, guint64 id, TblSlice bytes, guint32 before);
void tbl_draft_objects_set_source(TblDraftObjects *objects, guint32 number, guint32 file,
                                  guint32 line);
/* No row leads there any more. */
void tbl_draft_objects_drop(TblDraftObjects *objects, guint32 number);
/* The last states, by id; borrowed elements. */
GPtrArray *tbl_draft_objects_sorted(const TblDraftObjects *objects);
