#include "policyd/keeper.h"

#include "tables/log.h"

/* Seconds between two looks at the store's file. */
#define LOOK_INTERVAL 1
/* Seconds between two searches for readers of dead processes. */
#define READER_CHECK_INTERVAL 60
/* Milliseconds between two looks whether the workers let go of a store. */
#define RELEASE_INTERVAL 5

struct PdKeeper {
    char *path;
    guint64 map_size;
    PdPlane *plane;
    PdStoreShare *share; /* NULL: closed */
    TblReader *probe;    /* NULL while the workers are to let go */
    guint64 domains_generation;
    char *complaint; /* what was logged last; NULL when all is well */
    guint looks, look_source, release_source;
};

/* Once for each thing that is wrong. */
static void
complain(PdKeeper *keeper, const char *what)
{
    if (g_strcmp0(keeper->complaint, what) == 0)
        return;
    g_free(keeper->complaint);
    keeper->complaint = g_strdup(what);
    tbl_log_warning("%s; answering TEMP until it can be read", what);
}

static void
keeper_close(PdKeeper *keeper)
{
    tbl_store_close(keeper->share->store);
    g_clear_pointer(&keeper->share, g_free);
}

static bool
keeper_try(PdKeeper *keeper, GError **error)
{
    TblStore *store = tbl_store_open(keeper->path, keeper->map_size, TBL_STORE_READ, error);

    if (!store)
        return false;
    TblReader *probe = tbl_reader_new(store, error);
    keeper->share = g_new0(PdStoreShare, 1);
    keeper->share->store = store;
    bool readable = probe && tbl_reader_begin(probe);
    if (probe && !readable)
        g_set_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_CORRUPT, "%s: cannot be read",
                    keeper->path);
    if (readable) {
        keeper->domains_generation = tbl_reader_meta(probe)->domains_generation;
        tbl_reader_end(probe);
    }
    if (readable && pd_plane_set_store(keeper->plane, keeper->share, error)) {
        keeper->probe = probe;
        return true;
    }
    if (probe)
        tbl_reader_free(probe);
    keeper_close(keeper);
    return false;
}

static void
keeper_open(PdKeeper *keeper)
{
    g_autoptr(GError) error = NULL;

    if (!keeper_try(keeper, &error)) {
        complain(keeper, error ? error->message : keeper->path);
        return;
    }
    g_clear_pointer(&keeper->complaint, g_free);
    const TblMeta *meta = tbl_reader_meta(keeper->probe);
    tbl_log_notice("%s: open, generation %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT
                   " objects, %" G_GUINT64_FORMAT " addresses, %" G_GUINT64_FORMAT " domains",
                   keeper->path, meta->generation, meta->objects, meta->addresses, meta->domains);
}

/* A process must not have the same store open twice (LMDB, Caveats), so the next open waits for the
 * last close. */
static gboolean
keeper_released(gpointer data)
{
    PdKeeper *keeper = data;

    if (atomic_load(&keeper->share->holders) > 0)
        return G_SOURCE_CONTINUE;
    keeper->release_source = 0;
    keeper_close(keeper);
    keeper_open(keeper);
    return G_SOURCE_REMOVE;
}

static void
keeper_release(PdKeeper *keeper)
{
    g_clear_pointer(&keeper->probe, tbl_reader_free);
    pd_plane_set_store(keeper->plane, NULL, NULL);
    keeper->release_source = g_timeout_add(RELEASE_INTERVAL, keeper_released, keeper);
}

/* The file that is open: is it still the store, and can it be read? */
static void
keeper_check(PdKeeper *keeper)
{
    if (!tbl_store_current(keeper->share->store)) {
        tbl_log_notice("%s: was replaced or removed", keeper->path);
        keeper_release(keeper);
        return;
    }
    if (!tbl_reader_begin(keeper->probe)) {
        g_autofree char *what = g_strdup_printf("%s: cannot be read any more", keeper->path);
        complain(keeper, what);
        keeper_release(keeper);
        return;
    }
    guint64 generation = tbl_reader_meta(keeper->probe)->domains_generation;
    tbl_reader_end(keeper->probe);
    if (generation != keeper->domains_generation)
        pd_plane_refresh(keeper->plane);
    keeper->domains_generation = generation;
    if (keeper->looks % READER_CHECK_INTERVAL == 0)
        tbl_store_check_readers(keeper->share->store);
}

static gboolean
keeper_look(gpointer data)
{
    PdKeeper *keeper = data;

    keeper->looks++;
    if (!keeper->share)
        keeper_open(keeper);
    else if (keeper->probe)
        keeper_check(keeper);
    return G_SOURCE_CONTINUE;
}

PdKeeper *
pd_keeper_new(const TblConfig *config, PdPlane *plane)
{
    PdKeeper *keeper = g_new0(PdKeeper, 1);

    keeper->path = g_strdup(config->store.path);
    keeper->map_size = config->store.map_size;
    keeper->plane = plane;
    keeper_open(keeper);
    keeper->look_source = g_timeout_add_seconds(LOOK_INTERVAL, keeper_look, keeper);
    return keeper;
}

TblView *
pd_keeper_view(PdKeeper *keeper)
{
    TblReader *reader = keeper->probe ? tbl_reader_new(keeper->share->store, NULL) : NULL;

    if (!reader)
        return NULL;
    TblView *view = tbl_view_new();
    tbl_view_set_reader(view, reader);
    return view;
}

void
pd_keeper_free(PdKeeper *keeper)
{
    if (!keeper)
        return;
    g_source_remove(keeper->look_source);
    if (keeper->release_source)
        g_source_remove(keeper->release_source);
    g_clear_pointer(&keeper->probe, tbl_reader_free);
    if (keeper->share)
        keeper_close(keeper);
    g_free(keeper->complaint);
    g_free(keeper->path);
    g_free(keeper);
}
