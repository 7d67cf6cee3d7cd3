#include "policyd/daemon.h"

#include "policyd/control.h"
#include "policyd/keeper.h"
#include "policyd/notify.h"
#include "policyd/pidlock.h"
#include "policyd/postmaster.h"
#include "tables/command.h"
#include "tables/log.h"

#include <glib-unix.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* Seconds between two looks whether the store's lock is ours still. */
#define LOCK_RETRY_INTERVAL 1

struct PdDaemon {
    TblConfig *first;  /* what was started with: listeners, store and workers stay so */
    TblConfig *config; /* in force */
    char *path;
    gint64 started; /* microseconds of the monotonic clock */
    GMainLoop *loop;
    PdPidlock *lock;
    guint64 rival;                 /* another daemon of this store that was told of, 0 for none */
    GPtrArray *socketmap, *policy; /* PdListener */
    PdPlane *plane;
    PdKeeper *keeper;
    PdControl *control;
    guint sources[5];
    guint n_sources;
};

static void
add_source(PdDaemon *daemon, guint source)
{
    daemon->sources[daemon->n_sources++] = source;
}

/* Other folders than the store's own may be missing at the start, and any may be made anew: then
 * the lock is taken when it can be. */
static gboolean
lock_retry(gpointer data)
{
    PdDaemon *daemon = data;
    const char *path = daemon->first->store.path;
    guint64 other = 0;

    if (daemon->lock && !pd_pidlock_current(daemon->lock, path))
        g_clear_pointer(&daemon->lock, pd_pidlock_free);
    bool taken =
        !daemon->lock && pd_pidlock_new(path, &daemon->lock, &other, NULL) == PD_PIDLOCK_TAKEN;
    if (taken && other != daemon->rival)
        tbl_log_error("%s: also served by process %" G_GUINT64_FORMAT, path, other);
    daemon->rival = other;
    return G_SOURCE_CONTINUE;
}

static bool
take_lock(PdDaemon *daemon, GError **error)
{
    g_autoptr(GError) why = NULL;
    const char *path = daemon->first->store.path;
    guint64 other = 0;

    add_source(daemon, g_timeout_add_seconds(LOCK_RETRY_INTERVAL, lock_retry, daemon));
    switch (pd_pidlock_new(path, &daemon->lock, &other, &why)) {
    case PD_PIDLOCK_OURS:
        return true;
    case PD_PIDLOCK_TAKEN:
        return tbl_config_refuse_key(daemon->first, "store", "path", error,
                                     "%s: process %" G_GUINT64_FORMAT " serves this store already",
                                     path, other);
    case PD_PIDLOCK_IMPOSSIBLE:
        break;
    }
    tbl_log_warning("cannot make sure that no other daemon serves this store: %s", why->message);
    return true;
}

/* The group of the sockets, (gid_t)-1 for none. */
static gid_t
socket_group(const TblConfig *config)
{
    const char *name = config->sockets.group;
    const struct group *group = name && *name ? getgrnam(name) : NULL;

    return group ? group->gr_gid : (gid_t)-1;
}

bool
pd_daemon_check(const TblConfig *config, GError **error)
{
    const char *name = config->sockets.group;

    /* The default may be missing: not every host has Postfix. */
    if (!config->sockets.group_set || !name || !*name || socket_group(config) != (gid_t)-1)
        return true;
    return tbl_config_refuse_key(config, "sockets", "group", error,
                                 "there is no group '%s'; make it, or name another", name);
}

/* The sockets of one service: from the service manager if it has some of that name, else as
 * configured. */
static GPtrArray *
listen_all(const TblConfig *config, const char *service, char *const *endpoints, bool allow_remote,
           GError **error)
{
    g_autoptr(GPtrArray) listeners = pd_listener_activated(service);
    PdListenOptions options = {.mode = config->sockets.mode,
                               .group = socket_group(config),
                               .backlog = config->sockets.backlog,
                               .allow_remote = allow_remote};

    if (listeners->len > 0)
        return g_steal_pointer(&listeners);
    for (char *const *endpoint = endpoints; *endpoint; endpoint++) {
        g_autoptr(GError) why = NULL;
        PdListener *listener = pd_listener_new(*endpoint, &options, &why);
        if (!listener) {
            g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "[%s] listen: %s", service,
                        why->message);
            return NULL;
        }
        g_ptr_array_add(listeners, listener);
    }
    return g_steal_pointer(&listeners);
}

/* Says what a reload cannot change. Returns the names, NULL when there is none; caller frees. */
static char *
fixed_differences(const TblConfig *a, const TblConfig *b)
{
    const struct {
        const char *name;
        bool same;
    } keys[] = {
        {"[store] path", g_strcmp0(a->store.path, b->store.path) == 0},
        {"[store] map-size", a->store.map_size == b->store.map_size},
        {"[socketmap] listen", g_strv_equal((const char *const *)a->socketmap.listen,
                                            (const char *const *)b->socketmap.listen)},
        {"[policy] listen", g_strv_equal((const char *const *)a->policy.listen,
                                         (const char *const *)b->policy.listen)},
        {"[metrics] listen", g_strv_equal((const char *const *)a->metrics.listen,
                                          (const char *const *)b->metrics.listen)},
        {"[sockets] mode", a->sockets.mode == b->sockets.mode},
        {"[sockets] group", g_strcmp0(a->sockets.group, b->sockets.group) == 0},
        {"[sockets] backlog", a->sockets.backlog == b->sockets.backlog},
        {"[limits] workers", a->limits.workers == b->limits.workers},
    };
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (!keys[i].same)
            g_string_append_printf(names, "%s%s", names->len ? ", " : "", keys[i].name);
    }
    if (names->len == 0)
        return NULL;
    g_string_append(names, ": changed, but needs a restart");
    return g_string_free(g_steal_pointer(&names), FALSE);
}

/* The daemon has the store open, which a process must not open twice. */
static bool
check_postmaster(PdDaemon *daemon, const TblConfig *config, GError **error)
{
    TblView *view = pd_keeper_view(daemon->keeper);
    bool good = !view || pd_postmaster_check(config, view, error);

    tbl_view_free(view);
    return good;
}

/* Takes over the configuration file; on failure the old one stays in force. */
static bool
daemon_reload(PdDaemon *daemon, char **warning, GError **error)
{
    g_autoptr(GError) why = NULL;

    pd_notify_reloading();
    g_autoptr(TblConfig) config = tbl_config_load(daemon->path, &why);
    if (!config || !pd_daemon_check(config, &why) || !check_postmaster(daemon, config, &why)) {
        tbl_log_warning("reload refused, the old configuration stays: %s", why->message);
        pd_notify("READY=1\nSTATUS=Serving; the new configuration was refused");
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    *warning = fixed_differences(daemon->first, config);
    if (*warning)
        tbl_log_warning("%s", *warning);
    pd_plane_set_config(daemon->plane, config);
    tbl_config_unref(daemon->config);
    daemon->config = g_steal_pointer(&config);
    tbl_log_notice("configuration reloaded");
    pd_notify("READY=1\nSTATUS=Serving");
    return true;
}

static bool
run_reload(TblJson *reply, gpointer data, GError **error)
{
    g_autofree char *warning = NULL;

    if (!daemon_reload(data, &warning, error))
        return false;
    tbl_json_bool(reply, "ok", true);
    if (warning)
        tbl_json_text(reply, "warning", warning);
    return true;
}

static bool
run_status(TblJson *reply, gpointer data, GError **error)
{
    PdDaemon *daemon = data;

    tbl_json_number(reply, "pid", getpid());
    tbl_json_number(reply, "uptime", (g_get_monotonic_time() - daemon->started) / G_USEC_PER_SEC);
    tbl_json_number(reply, "requests", (gint64)pd_plane_stat(daemon->plane, PD_STAT_REQUESTS));
    tbl_json_number(reply, "connections", pd_plane_connections(daemon->plane));
    return true;
}

static bool
run_sync(TblJson *reply, gpointer data, GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "no directory is configured");
    return false;
}

static const PdControlCommand control_commands[] = {
    {"status", run_status},
    {"reload", run_reload},
    {"sync", run_sync},
    {NULL, NULL},
};

static gboolean
on_hangup(gpointer data)
{
    g_autofree char *warning = NULL;

    daemon_reload(data, &warning, NULL);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_end(gpointer data)
{
    PdDaemon *daemon = data;

    g_main_loop_quit(daemon->loop);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_watchdog(gpointer data)
{
    pd_notify("WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

/* From here on it ends anyway: another signal must not cut off the answers. */
static void
hold_signals(void)
{
    sigset_t ends;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
}

static bool
start(PdDaemon *daemon, GError **error)
{
    static const char *const services[] = {"socketmap", "policy", NULL};
    TblConfig *config = daemon->first;

    pd_listener_warn_unserved(services);
    /* Before the sockets: a second daemon must not get as far as looking at the first one's. */
    if (!take_lock(daemon, error))
        return false;
    daemon->socketmap = listen_all(config, "socketmap", config->socketmap.listen,
                                   config->socketmap.allow_remote, error);
    if (!daemon->socketmap)
        return false;
    daemon->policy =
        listen_all(config, "policy", config->policy.listen, config->policy.allow_remote, error);
    if (!daemon->policy)
        return false;
    daemon->plane = pd_plane_new(config, daemon->socketmap, daemon->policy, error);
    if (!daemon->plane)
        return false;
    /* Before the first client: it must not be told that there is no store. */
    daemon->keeper = pd_keeper_new(config, daemon->plane);
    daemon->control = pd_control_new(config->store.path, control_commands, daemon);
    return pd_plane_start(daemon->plane, error);
}

PdDaemon *
pd_daemon_new(TblConfig *config, const char *path, GError **error)
{
    PdDaemon *daemon = g_new0(PdDaemon, 1);

    daemon->first = tbl_config_ref(config);
    daemon->config = tbl_config_ref(config);
    daemon->path = g_strdup(path);
    daemon->started = g_get_monotonic_time();
    daemon->loop = g_main_loop_new(NULL, FALSE);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    add_source(daemon, g_unix_signal_add(SIGHUP, on_hangup, daemon));
    add_source(daemon, g_unix_signal_add(SIGTERM, on_end, daemon));
    add_source(daemon, g_unix_signal_add(SIGINT, on_end, daemon));
    if (start(daemon, error))
        return daemon;
    pd_daemon_free(daemon);
    return NULL;
}

void
pd_daemon_note_peers(PdDaemon *daemon)
{
    pd_plane_note_peers(daemon->plane);
}

void
pd_daemon_run(PdDaemon *daemon)
{
    unsigned interval = pd_notify_watchdog_interval();

    if (interval > 0)
        add_source(daemon, g_timeout_add(interval, on_watchdog, daemon));
    pd_notify("READY=1\nSTATUS=Serving");
    tbl_log_notice("policyd %s is ready", POLICYD_GIF_VERSION);
    g_main_loop_run(daemon->loop);
    hold_signals();
    pd_notify("STOPPING=1\nSTATUS=Answering what was asked");
    pd_plane_stop(daemon->plane);
    tbl_log_notice("policyd ends");
}

void
pd_daemon_free(PdDaemon *daemon)
{
    if (!daemon)
        return;
    for (guint i = 0; i < daemon->n_sources; i++)
        g_source_remove(daemon->sources[i]);
    pd_control_free(daemon->control);
    /* The workers let go of the store before it is closed. */
    pd_plane_free(daemon->plane);
    pd_keeper_free(daemon->keeper);
    if (daemon->socketmap)
        g_ptr_array_unref(daemon->socketmap);
    if (daemon->policy)
        g_ptr_array_unref(daemon->policy);
    pd_pidlock_free(daemon->lock);
    g_main_loop_unref(daemon->loop);
    tbl_config_unref(daemon->config);
    tbl_config_unref(daemon->first);
    g_free(daemon->path);
    g_free(daemon);
}
