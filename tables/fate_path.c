#include "tables/fate_path.h"

#include "tables/fate_walk.h"

#define ARROW " -> "

/* The names from the start to what was met at `index`. */
static GString *
path_to(const TblFateWalk *walk, guint index)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new(); /* the last first */
    g_ptr_array_add(names, tbl_fate_walk_object(walk, index)->name);
    while (index > 0) {
        index = g_array_index(walk->met, TblFateStep, index).from;
        g_ptr_array_add(names, tbl_fate_walk_object(walk, index)->name);
    }
    GString *path = g_string_new(NULL);
    for (guint i = names->len; i > 0; i--)
        g_string_append_printf(path, "%s%s", path->len > 0 ? ARROW : "",
                               (const char *)names->pdata[i - 1]);
    return path;
}

char *
tbl_fate_path_back(const TblContext *context, const TblObject *object)
{
    g_autoptr(TblFateWalk) walk = tbl_fate_walk_new(context, object);
    while (!tbl_fate_walk_is_back(walk) && tbl_fate_walk_step(walk))
        ;
    if (!tbl_fate_walk_is_back(walk))
        return g_strdup(object->name);
    GString *path = path_to(walk, (guint)walk->back);
    g_string_append(path, ARROW);
    g_string_append(path, object->name);
    return g_string_free(path, FALSE);
}

char *
tbl_fate_path_largest(const TblContext *context, const TblObject *list)
{
    g_autoptr(TblFateWalk) walk = tbl_fate_walk_new(context, list);
    while (tbl_fate_walk_step(walk))
        ;
    guint largest = 0;
    for (guint i = 1; i < walk->met->len; i++) {
        if (tbl_fate_walk_object(walk, i)->refs[TBL_REFS_MEMBERS]->len >
            tbl_fate_walk_object(walk, largest)->refs[TBL_REFS_MEMBERS]->len)
            largest = i;
    }
    GString *path = path_to(walk, largest);
    g_string_append_printf(path, " (%u members)",
                           tbl_fate_walk_object(walk, largest)->refs[TBL_REFS_MEMBERS]->len);
    return g_string_free(path, FALSE);
}
