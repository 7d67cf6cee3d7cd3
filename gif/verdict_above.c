#include "gif/verdict_above.h"

#include "gif/diagnostic.h"
#include "tables/above.h"
#include "tables/fate.h"
#include "tables/fate_path.h"
#include "tables/referrer.h"

/* Somebody who refers to a changed object. */
typedef struct {
    bool changed;   /* by the run itself, so it is judged as such */
    GArray *causes; /* guint64, one by each way up; NULL when it is changed */
} Parent;

struct GifAbove {
    TblDraft *draft;
    const TblContext *context; /* as it will be */
    TblView *base_view;
    TblContext base; /* as it was */
    TblAboveScope scope;
    GHashTable *parents; /* guint64 -> Parent */
    GArray *queue;       /* guint64: unchanged parents, in the order they were met */
};

static void
parent_free(gpointer data)
{
    Parent *parent = data;
    if (parent->causes) {
        g_array_unref(parent->causes);
    }
    g_free(parent);
}

GifAbove *
gif_above_new(TblDraft *draft, const TblContext *context)
{
    GifAbove *above = g_new0(GifAbove, 1);
    above->draft = draft;
    above->context = context;
    above->base = *context;
    above->base.view = tbl_draft_snapshot(draft);
    above->parents = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, parent_free);
    above->queue = g_array_new(FALSE, FALSE, sizeof(guint64));
    if (tbl_above_scope(context, &above->scope) == TBL_FOUND) {
        return above;
    }
    gif_above_free(above);
    return NULL;
}

void
gif_above_free(GifAbove *above)
{
    if (above) {
        g_hash_table_unref(above->parents);
        g_array_unref(above->queue);
        g_free(above);
    }
}

static guint64 *
id_copy(guint64 id)
{
    guint64 *copy = g_new(guint64, 1);
    *copy = id;
    return copy;
}

/* NULL: the store failed. */
static Parent *
parent_find(GifAbove *above, guint64 id)
{
    Parent *parent = g_hash_table_lookup(above->parents, &id);
    if (parent) {
        return parent;
    }
    g_autoptr(TblObject) before = NULL, after = NULL;
    if (above->context->view->object(above->context->view, id, &after) == TBL_FAILED ||
        above->base.view->object(above->base.view, id, &before) == TBL_FAILED) {
        return NULL;
    }
    parent = g_new0(Parent, 1);
    parent->changed = !before || !after || !tbl_object_equal(before, after);
    if (!parent->changed) {
        parent->causes = g_array_new(FALSE, FALSE, sizeof(guint64));
        g_array_append_val(above->queue, id);
    }
    g_hash_table_insert(above->parents, id_copy(id), parent);
    return parent;
}

/* `causes` reach whoever refers to the object in a context. */
static bool
causes_add(GifAbove *above, const TblContext *context, TblAbove which, const TblObject *object,
           const GArray *causes)
{
    g_autoptr(TblIdSet) found = tbl_id_set_new();
    if (tbl_above_object(context, which, &above->scope, object, found) != TBL_FOUND) {
        return false;
    }
    g_autoptr(GArray) ids = tbl_id_set_sorted(found);
    for (guint i = 0; i < ids->len; i++) {
        Parent *parent = parent_find(above, g_array_index(ids, guint64, i));
        if (!parent) {
            return false;
        }
        if (parent->causes && parent->causes != causes) {
            g_array_append_vals(parent->causes, causes->data, causes->len);
        }
    }
    return true;
}

bool
gif_above_is_idle(const GifAbove *above)
{
    return !above->scope.any;
}

static bool
has_smtp(const TblObject *object, const char *address)
{
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        if (g_str_equal(proxy->type, "SMTP") && g_str_equal(proxy->value, address)) {
            return true;
        }
    }
    return g_ptr_array_find_with_equal_func(object->refs[TBL_REFS_GENERATED], address, g_str_equal,
                                            NULL);
}

/* Whether references may have led to an object that lead there no longer. */
static bool
loses_references(const TblObject *before, const TblObject *after)
{
    const GPtrArray *generated = before->refs[TBL_REFS_GENERATED];
    bool lost = !after || after->disabled != before->disabled;
    for (guint i = 0; !lost && i < before->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(before->addresses, i);
        lost = g_str_equal(proxy->type, "SMTP") && !has_smtp(after, proxy->value);
    }
    for (guint i = 0; !lost && i < generated->len; i++) {
        lost = !has_smtp(after, g_ptr_array_index(generated, i));
    }
    return lost;
}

bool
gif_above_note(GifAbove *above, const TblObject *before, const TblObject *after)
{
    bool lost = before && loses_references(before, after);
    if (!above->scope.any && !(lost && above->scope.targets)) {
        return true;
    }
    bool far = (after && tbl_fate_leads_on(after)) || (before && tbl_fate_leads_on(before));
    TblAbove which = far ? TBL_ABOVE_ALL : TBL_ABOVE_REFERENCES;
    g_autoptr(GArray) cause = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_array_append_val(cause, (after ? after : before)->id);
    return (!after || causes_add(above, above->context, which, after, cause)) &&
           (!lost || causes_add(above, &above->base, TBL_ABOVE_ALL, before, cause));
}

/* Worse than it was, or nothing; FINE else. */
static TblFate
bad_fate(const GifAbove *above, const TblObject *object, const char *address)
{
    TblFate fate = tbl_fate_of(above->context, address);
    TblResult worse = TBL_FOUND;
    if (fate == TBL_FATE_FINE || fate == TBL_FATE_FAILED) {
        return fate;
    }
    if (tbl_fate_is_hidden(&above->base, object, address)) {
        worse = TBL_NOTFOUND;
    } else if (fate == TBL_FATE_OVER) {
        worse = tbl_fate_of(&above->base, address) == fate ? TBL_NOTFOUND : TBL_FOUND;
    } else if (fate == TBL_FATE_NOWHERE) {
        worse = tbl_fate_is_stranded(above->context, &above->base, object, address);
    }
    return worse == TBL_FOUND ? fate : worse == TBL_FAILED ? TBL_FATE_FAILED : TBL_FATE_FINE;
}

/* The object is in a cycle that it was not in, or that yielded something: FOUND, and told. */
static TblResult
cycle_judge(const GifAbove *above, const TblObject *object, const char *what, const GArray *causes,
            GifBlameFunc blame, gpointer data)
{
    TblResult cycle = tbl_fate_new_idle_cycle(above->context, &above->base, object);
    if (cycle == TBL_FOUND) {
        g_autofree char *path = tbl_fate_path_back(above->context, object);
        g_autofree char *reason =
            g_strdup_printf("mail for %s would go in a circle that reaches nobody: %s", what, path);
        blame(GIF_CODE_CYCLE, reason, causes, data);
    }
    return cycle;
}

static bool
parent_judge(const GifAbove *above, const TblObject *object, const GArray *causes,
             GifBlameFunc blame, gpointer data)
{
    TblResult lost = tbl_fate_loses_target(above->context, &above->base, object);
    if (lost == TBL_FOUND) {
        g_autofree char *reason = g_strdup_printf(
            "remote \"%s\" would lose its target: %s lies in a declared domain, and "
            "would be no address of another object",
            object->name, object->target->value);
        blame(GIF_CODE_REFERRED, reason, causes, data);
    }
    if (lost != TBL_NOTFOUND) {
        return lost != TBL_FAILED;
    }
    g_autoptr(GPtrArray) addresses = tbl_fate_addresses(above->context, object);
    if (addresses->len == 0) {
        return cycle_judge(above, object, object->name, causes, blame, data) != TBL_FAILED;
    }
    for (guint i = 0; i < addresses->len; i++) {
        const char *address = g_ptr_array_index(addresses, i);
        TblFate fate = bad_fate(above, object, address);
        if (fate == TBL_FATE_FAILED) {
            return false;
        }
        if (fate == TBL_FATE_OVER) {
            g_autofree char *path = tbl_fate_path_largest(above->context, object);
            g_autofree char *reason = g_strdup_printf(
                "%s, which leads here, would expand to more recipients than [limits] "
                "list-recipients or reply allows: %s",
                address, path);
            blame(GIF_CODE_LIST_OVER, reason, causes, data);
            return true;
        }
        if (fate == TBL_FATE_NOWHERE) {
            g_autofree char *reason =
                g_strdup_printf("mail for %s, which leads here, would have nowhere to go: a "
                                "virtual-alias domain delivers nothing itself",
                                address);
            blame(GIF_CODE_NOWHERE, reason, causes, data);
            return true;
        }
        TblResult cycle = fate == TBL_FATE_EMPTY
                              ? cycle_judge(above, object, address, causes, blame, data)
                              : TBL_NOTFOUND;
        if (cycle != TBL_NOTFOUND) {
            return cycle != TBL_FAILED;
        }
    }
    return true;
}

/* Leaves one of each. There can be twice as many ways up with each level of lists. */
static void
causes_unite(GArray *causes)
{
    guint kept = 0;
    g_array_sort(causes, tbl_referrer_compare_ids);
    for (guint i = 0; i < causes->len; i++) {
        guint64 id = g_array_index(causes, guint64, i);
        if (kept == 0 || g_array_index(causes, guint64, kept - 1) != id) {
            g_array_index(causes, guint64, kept++) = id;
        }
    }
    g_array_set_size(causes, kept);
}

bool
gif_above_judge(GifAbove *above, GifBlameFunc blame, gpointer data)
{
    for (guint i = 0; i < above->queue->len; i++) {
        guint64 id = g_array_index(above->queue, guint64, i);
        const Parent *parent = g_hash_table_lookup(above->parents, &id);
        g_autoptr(GError) error = NULL;
        g_autoptr(TblObject) object = tbl_draft_object(above->draft, id, &error);
        causes_unite(parent->causes);
        if (!object || !parent_judge(above, object, parent->causes, blame, data) ||
            !causes_add(above, above->context, TBL_ABOVE_ALL, object, parent->causes)) {
            return false;
        }
    }
    return true;
}
