#include "tables/fate_walk.h"

/* Objects that a walk visits at most; a list has at most a thousand recipients by default. */
#define WALK_MAX 100000

static void
step_clear(gpointer step)
{
    tbl_object_free(((TblFateStep *)step)->object);
}

/* Takes the object. */
static void
walk_add(TblFateWalk *walk, TblObject *object, guint from)
{
    TblFateStep step = {object, from};
    (void)tbl_id_set_add(walk->seen, object->id);
    g_array_append_val(walk->met, step);
}

TblFateWalk *
tbl_fate_walk_new(const TblContext *context, const TblObject *start)
{
    TblFateWalk *walk = g_new0(TblFateWalk, 1);
    walk->context = context;
    walk->seen = tbl_id_set_new();
    walk->met = g_array_new(FALSE, FALSE, sizeof(TblFateStep));
    g_array_set_clear_func(walk->met, step_clear);
    walk->back = -1;
    walk_add(walk, tbl_object_copy(start), 0);
    return walk;
}

void
tbl_fate_walk_free(TblFateWalk *walk)
{
    tbl_id_set_free(walk->seen);
    g_array_unref(walk->met);
    g_free(walk);
}

const TblObject *
tbl_fate_walk_object(const TblFateWalk *walk, guint index)
{
    return g_array_index(walk->met, TblFateStep, index).object;
}

bool
tbl_fate_walk_is_back(const TblFateWalk *walk)
{
    return walk->back >= 0;
}

static void
follow(TblFateWalk *walk, guint from, const char *reference)
{
    TblView *view = walk->context->view;
    TblObject *object = NULL;
    guint64 id;
    TblResult result = tbl_resolve_reference_id(
        walk->context, tbl_fate_walk_object(walk, from)->origin, reference, &id);
    if (result == TBL_FAILED)
        walk->failed = true;
    if (result != TBL_FOUND)
        return;
    if (walk->back < 0 && id == tbl_fate_walk_object(walk, 0)->id)
        walk->back = (gint)from;
    if (walk->met->len >= WALK_MAX || tbl_id_set_has(walk->seen, id))
        return;
    if (view->object(view, id, &object) == TBL_FOUND)
        walk_add(walk, object, from);
    else
        walk->failed = true;
}

bool
tbl_fate_walk_step(TblFateWalk *walk)
{
    if (walk->failed || walk->next >= walk->met->len)
        return false;
    guint at = walk->next++;
    const TblObject *object = tbl_fate_walk_object(walk, at);
    const GPtrArray *members = object->refs[TBL_REFS_MEMBERS];
    for (guint i = 0; object->object_class == TBL_CLASS_DL && i < members->len; i++)
        follow(walk, at, g_ptr_array_index(members, i));
    if (object->object_class == TBL_CLASS_REMOTE && object->target)
        follow(walk, at, object->target->value);
    if (object->text[TBL_TEXT_FORWARD])
        follow(walk, at, object->text[TBL_TEXT_FORWARD]);
    return !walk->failed;
}
