#include "gif/conflict.h"

#include "tables/log.h"

/* Longest name, address or place that is shown as text. */
#define SHOWN_MAX 500

struct GifConflicts {
    GArray *kept; /* GifConflict; its strings are owned */
    guint64 count;
};

static void
side_clear(GifConflictSide *side)
{
    g_free((char *)side->name);
    g_free((char *)side->place);
}

static void
conflict_clear(gpointer data)
{
    GifConflict *conflict = data;
    g_free((char *)conflict->subject);
    side_clear(&conflict->wanted);
    side_clear(&conflict->owner);
}

GifConflicts *
gif_conflicts_new(void)
{
    GifConflicts *conflicts = g_new0(GifConflicts, 1);
    conflicts->kept = g_array_new(FALSE, FALSE, sizeof(GifConflict));
    g_array_set_clear_func(conflicts->kept, conflict_clear);
    return conflicts;
}

void
gif_conflicts_free(GifConflicts *conflicts)
{
    if (conflicts) {
        g_array_unref(conflicts->kept);
        g_free(conflicts);
    }
}

static GifConflictSide
side_copy(const GifConflictSide *side)
{
    return (GifConflictSide){side->object_class, g_strdup(side->name), g_strdup(side->place)};
}

void
gif_conflicts_add(GifConflicts *conflicts, const GifConflict *conflict)
{
    if (!conflicts) {
        return;
    }
    conflicts->count++;
    if (conflicts->kept->len < GIF_CONFLICTS_KEPT) {
        GifConflict copy = {conflict->code, g_strdup(conflict->subject), conflict->relation,
                            side_copy(&conflict->wanted), side_copy(&conflict->owner)};
        g_array_append_val(conflicts->kept, copy);
    }
}

guint64
gif_conflicts_count(const GifConflicts *conflicts)
{
    return conflicts->count;
}

guint
gif_conflicts_kept(const GifConflicts *conflicts)
{
    return conflicts->kept->len;
}

const GifConflict *
gif_conflicts_get(const GifConflicts *conflicts, guint index)
{
    return &g_array_index(conflicts->kept, GifConflict, index);
}

static void
side_write(GString *out, const char *what, const GifConflictSide *side)
{
    g_autofree char *name = tbl_log_escape(tbl_slice(side->name), SHOWN_MAX);
    g_autofree char *place = tbl_log_escape(tbl_slice(side->place), SHOWN_MAX);
    g_string_append_printf(out, "    %s %s %s (%s)\n", what, tbl_class_name(side->object_class),
                           name, place);
}

void
gif_conflicts_write_text(const GifConflicts *conflicts, GString *out)
{
    if (conflicts->count == 0) {
        return;
    }
    g_string_append_printf(out, "conflicts: %" G_GUINT64_FORMAT "\n", conflicts->count);
    for (guint i = 0; i < conflicts->kept->len; i++) {
        const GifConflict *conflict = gif_conflicts_get(conflicts, i);
        g_autofree char *subject = tbl_log_escape(tbl_slice(conflict->subject), SHOWN_MAX);
        g_autofree char *owned = g_strdup_printf("%s of", conflict->relation);
        g_string_append_printf(out, "  %s (GIF%04d)\n", subject, conflict->code);
        side_write(out, "wanted by", &conflict->wanted);
        side_write(out, owned, &conflict->owner);
    }
    if (conflicts->count > conflicts->kept->len) {
        g_string_append_printf(out, "  and %" G_GUINT64_FORMAT " more\n",
                               conflicts->count - conflicts->kept->len);
    }
}
