#include "policyd/plane.h"

#include "tables/log.h"

#include <sys/resource.h>
#include <unistd.h>

/* Most workers by default: more than this Postfix never keeps busy. */
#define WORKERS_DEFAULT_MAX 4
/* Descriptors that are not connections: listeners, store, log, epoll, control. */
#define DESCRIPTORS_RESERVED 64

struct PdPlane {
    PdShare share;
};

static PdMailbox *
plane_mailbox(PdPlane *plane, guint number)
{
    return pd_worker_mailbox(plane->share.workers[number]);
}

static guint
worker_count(const TblConfig *config)
{
    if (config->limits.workers > 0)
        return config->limits.workers;
    return CLAMP(g_get_num_processors(), 1, WORKERS_DEFAULT_MAX);
}

/* As many connections as are configured, if the system lets us have the descriptors. */
static guint
connection_cap(const TblConfig *config)
{
    rlim_t wanted = (rlim_t)config->limits.connections + DESCRIPTORS_RESERVED;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return config->limits.connections;
    limit.rlim_cur = MIN(wanted, limit.rlim_max);
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted)
        return config->limits.connections;
    guint cap = limit.rlim_cur > 2 * DESCRIPTORS_RESERVED
                    ? (guint)(limit.rlim_cur - DESCRIPTORS_RESERVED)
                    : (guint)(limit.rlim_cur / 2);
    tbl_log_warning("[limits] connections: the limit of open files (%llu) allows only %u",
                    (unsigned long long)limit.rlim_cur, cap);
    return MAX(cap, 1);
}

/* The listeners are spread over the workers. */
static void
watch_all(PdPlane *plane, const GPtrArray *listeners, PdProtocol protocol, guint *next)
{
    for (guint i = 0; i < listeners->len; i++, (*next)++) {
        PdWorker *worker = plane->share.workers[*next % plane->share.n_workers];
        pd_worker_watch(worker, g_ptr_array_index(listeners, i), protocol);
    }
}

PdPlane *
pd_plane_new(TblConfig *config, const GPtrArray *socketmap, const GPtrArray *policy, GError **error)
{
    g_autoptr(GPtrArray) made = g_ptr_array_new();
    PdPlane *plane = g_new0(PdPlane, 1);
    guint next = 0;

    plane->share.cap = connection_cap(config);
    for (guint i = 0; i < worker_count(config); i++) {
        PdWorker *worker = pd_worker_new(&plane->share, config, error);
        if (!worker)
            break;
        g_ptr_array_add(made, worker);
    }
    plane->share.n_workers = made->len;
    plane->share.workers = g_new0(PdWorker *, made->len + 1);
    for (guint i = 0; i < made->len; i++)
        plane->share.workers[i] = g_ptr_array_index(made, i);
    if (made->len < worker_count(config)) {
        pd_plane_free(plane);
        return NULL;
    }
    watch_all(plane, socketmap, PD_PROTOCOL_SOCKETMAP, &next);
    watch_all(plane, policy, PD_PROTOCOL_POLICY, &next);
    return plane;
}

bool
pd_plane_start(PdPlane *plane, GError **error)
{
    for (guint i = 0; i < plane->share.n_workers; i++) {
        if (!pd_worker_start(plane->share.workers[i], error))
            return false;
    }
    return true;
}

void
pd_plane_stop(PdPlane *plane)
{
    for (guint i = 0; i < plane->share.n_workers; i++)
        pd_mailbox_post_stop(plane_mailbox(plane, i));
    for (guint i = 0; i < plane->share.n_workers; i++)
        pd_worker_join(plane->share.workers[i]);
}

void
pd_plane_free(PdPlane *plane)
{
    if (!plane)
        return;
    pd_plane_stop(plane);
    guint count = plane->share.n_workers;
    /* Nobody is left to be woken. */
    plane->share.n_workers = 0;
    for (guint i = 0; i < count; i++)
        pd_worker_free(plane->share.workers[i]);
    g_free(plane->share.workers);
    g_free(plane);
}

void
pd_plane_note_peers(PdPlane *plane)
{
    plane->share.note_peers = true;
}

void
pd_plane_set_config(PdPlane *plane, TblConfig *config)
{
    atomic_store(&plane->share.cap, connection_cap(config));
    for (guint i = 0; i < plane->share.n_workers; i++)
        pd_mailbox_post_config(plane_mailbox(plane, i), config);
}

bool
pd_plane_set_store(PdPlane *plane, PdStoreShare *share, GError **error)
{
    guint count = plane->share.n_workers;
    g_autofree TblReader **readers = g_new0(TblReader *, count);

    for (guint i = 0; share && i < count; i++) {
        readers[i] = tbl_reader_new(share->store, error);
        if (readers[i])
            continue;
        while (i-- > 0)
            tbl_reader_free(readers[i]);
        return false;
    }
    for (guint i = 0; i < count; i++) {
        if (share)
            atomic_fetch_add(&share->holders, 1);
        pd_mailbox_post_store(plane_mailbox(plane, i), readers[i], share);
    }
    return true;
}

void
pd_plane_refresh(PdPlane *plane)
{
    for (guint i = 0; i < plane->share.n_workers; i++)
        pd_mailbox_post_refresh(plane_mailbox(plane, i));
}

guint64
pd_plane_stat(PdPlane *plane, PdStat stat)
{
    guint64 sum = 0;

    for (guint i = 0; i < plane->share.n_workers; i++)
        sum += pd_stats_get(pd_worker_stats(plane->share.workers[i]), stat);
    return sum;
}

guint
pd_plane_connections(PdPlane *plane)
{
    return atomic_load(&plane->share.open);
}
