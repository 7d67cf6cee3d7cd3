#include "gif/target_store.h"

#include "gif/interrupt.h"

#include <glib/gstdio.h>

struct GifTarget {
    TblStore *store;
    bool locked;
    char *folder; /* temporary */
};

/* Removes the files of a temporary store and their folder. */
static void
folder_remove(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        (void)g_unlink(path);
    }
    (void)g_rmdir(folder);
}

/* In a folder that goes with the run, however it ends. */
static TblStore *
empty_open(GifTarget *target, guint64 map_size, GError **error)
{
    target->folder = g_dir_make_tmp("gif-import-XXXXXX", error);
    if (!target->folder) {
        return NULL;
    }
    g_autofree char *path = g_build_filename(target->folder, "store.mdb", NULL);
    /* The store, its readers' table, its writers' lock. */
    static const char *const endings[] = {"", "-lock", ".write"};
    for (guint i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *file = g_strconcat(path, endings[i], NULL);
        gif_interrupt_add_file(file);
    }
    gif_interrupt_add_file(target->folder);
    return tbl_store_open(path, map_size, TBL_STORE_WRITE, error);
}

static bool
dry_run_open(GifTarget *target, const TblConfig *config, GError **error)
{
    g_autoptr(GError) missing = NULL;
    target->store =
        tbl_store_open(config->store.path, config->store.map_size, TBL_STORE_READ, &missing);
    if (target->store) {
        return true;
    }
    /* Only where there is no file is there nothing to compare with. */
    if (g_file_test(config->store.path, G_FILE_TEST_EXISTS)) {
        g_propagate_error(error, g_steal_pointer(&missing));
        return false;
    }
    gif_interrupt_hold();
    target->store = empty_open(target, config->store.map_size, error);
    gif_interrupt_release();
    return target->store != NULL;
}

GifTarget *
gif_target_open(const TblConfig *config, bool dry_run, GError **error)
{
    GifTarget *target = g_new0(GifTarget, 1);
    bool good;
    if (dry_run) {
        good = dry_run_open(target, config, error);
    } else {
        target->store =
            tbl_store_open(config->store.path, config->store.map_size, TBL_STORE_WRITE, error);
        target->locked = target->store && tbl_store_lock(target->store, error);
        good = target->locked;
    }
    if (!good) {
        gif_target_close(target);
        return NULL;
    }
    return target;
}

void
gif_target_close(GifTarget *target)
{
    if (!target) {
        return;
    }
    if (target->locked) {
        tbl_store_unlock(target->store);
    }
    if (target->store) {
        tbl_store_close(target->store);
    }
    if (target->folder) {
        folder_remove(target->folder);
    }
    g_free(target->folder);
    g_free(target);
}

TblStore *
gif_target_store(const GifTarget *target)
{
    return target->store;
}
