#include "policyd/worker.h"

#include "tables/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Ready connections in one batch, which sees one snapshot. */
#define BATCH_MAX 256
/* Connections accepted in one turn, so that a storm of them delays nobody who is connected. */
#define ACCEPT_MAX 64
/* Milliseconds without accepting after the system ran out of descriptors or memory. */
#define ACCEPT_PAUSE 500
/* Milliseconds between two lines about that. */
#define ACCEPT_LOG_INTERVAL 60000
/* Milliseconds that peers get to read their last replies; the daemon ends within 5 s. */
#define DRAIN_TIME 3000
/* Milliseconds between two looks at that time. */
#define DRAIN_STEP 50

typedef struct {
    const PdListener *listener;
    PdProtocol protocol;
    bool watched; /* it is in epoll */
} Endpoint;

struct PdWorker {
    PdShare *share;
    int epoll;
    PdMailbox *mailbox;
    pthread_t thread;
    bool started;
    PdTools *tools;
    PdStats stats;
    PdStoreShare *store_share; /* of the reader in use */
    Endpoint *endpoints;
    guint n_endpoints;
    gint64 accept_after;  /* milliseconds: not before */
    gint64 accept_logged; /* milliseconds: when it was last said that accepting failed */
    gint64 drain_until;   /* 0: not ending */

    _Atomic guint open;   /* connections of this worker */
    pthread_mutex_t lock; /* of `connections`: taken when one comes or goes, never for a request */
    GQueue connections;
};

static gint64
now_milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (gint64)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool
watch(int epoll, int operation, int fd, uint32_t events, void *data)
{
    struct epoll_event event = {.events = events, .data.ptr = data};

    return epoll_ctl(epoll, operation, fd, &event) == 0;
}

PdWorker *
pd_worker_new(PdShare *share, TblConfig *config, GError **error)
{
    PdMailbox *mailbox = pd_mailbox_new(error);

    if (!mailbox)
        return NULL;
    PdWorker *worker = g_new0(PdWorker, 1);
    worker->share = share;
    worker->mailbox = mailbox;
    worker->tools = pd_tools_new(config, &worker->stats);
    pthread_mutex_init(&worker->lock, NULL);
    g_queue_init(&worker->connections);
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (worker->epoll >= 0 &&
        watch(worker->epoll, EPOLL_CTL_ADD, pd_mailbox_fd(mailbox), EPOLLIN, worker))
        return worker;
    g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "epoll: %s",
                g_strerror(errno));
    pd_worker_free(worker);
    return NULL;
}

void
pd_worker_watch(PdWorker *worker, const PdListener *listener, PdProtocol protocol)
{
    worker->endpoints = g_renew(Endpoint, worker->endpoints, worker->n_endpoints + 1);
    worker->endpoints[worker->n_endpoints++] = (Endpoint){listener, protocol, false};
}

/* Puts the listeners back that were taken out. */
static void
worker_listen(PdWorker *worker)
{
    for (guint i = 0; i < worker->n_endpoints; i++) {
        Endpoint *endpoint = &worker->endpoints[i];
        if (!endpoint->watched)
            endpoint->watched = watch(worker->epoll, EPOLL_CTL_ADD,
                                      pd_listener_fd(endpoint->listener), EPOLLIN, endpoint);
    }
}

/* The kernel's backlog is the queue until there is room again. */
static void
worker_stop_listening(PdWorker *worker)
{
    for (guint i = 0; i < worker->n_endpoints; i++) {
        Endpoint *endpoint = &worker->endpoints[i];
        if (endpoint->watched)
            watch(worker->epoll, EPOLL_CTL_DEL, pd_listener_fd(endpoint->listener), 0, NULL);
        endpoint->watched = false;
    }
}

static void
worker_close(PdWorker *worker, PdConnection *connection)
{
    pthread_mutex_lock(&worker->lock);
    g_queue_unlink(&worker->connections, &connection->link);
    pthread_mutex_unlock(&worker->lock);
    pd_connection_free(connection, worker->tools);
    atomic_fetch_sub(&worker->open, 1);
    pd_share_release(worker->share);
}

static void
worker_close_all(PdWorker *worker)
{
    for (;;) {
        pthread_mutex_lock(&worker->lock);
        const GList *head = worker->connections.head;
        pthread_mutex_unlock(&worker->lock);
        if (!head)
            return;
        worker_close(worker, head->data);
    }
}

void
pd_worker_free(PdWorker *worker)
{
    if (!worker)
        return;
    /* Accepted by another worker when this one had ended already. */
    worker_close_all(worker);
    pd_tools_free(worker->tools);
    if (worker->store_share)
        atomic_fetch_sub(&worker->store_share->holders, 1);
    pd_mailbox_free(worker->mailbox);
    if (worker->epoll >= 0)
        close(worker->epoll);
    pthread_mutex_destroy(&worker->lock);
    g_free(worker->endpoints);
    g_free(worker);
}

static PdWorker *
least_loaded(PdWorker *self)
{
    PdWorker *best = self;

    for (guint i = 0; i < self->share->n_workers; i++) {
        PdWorker *other = self->share->workers[i];
        if (atomic_load(&other->open) < atomic_load(&best->open))
            best = other;
    }
    return best;
}

/* Gives an accepted connection to a worker. From epoll_ctl on it belongs to that thread. */
static void
worker_adopt(PdWorker *worker, int fd, PdProtocol protocol)
{
    PdConnection *connection = pd_connection_new(fd, protocol);
    int on = 1;

    /* Fails on unix sockets, which need it not. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    atomic_fetch_add(&worker->open, 1);
    pthread_mutex_lock(&worker->lock);
    g_queue_push_tail_link(&worker->connections, &connection->link);
    bool added = watch(worker->epoll, EPOLL_CTL_ADD, fd, EPOLLIN, connection);
    if (!added)
        g_queue_unlink(&worker->connections, &connection->link);
    pthread_mutex_unlock(&worker->lock);
    if (added)
        return;
    close(fd);
    g_free(connection);
    atomic_fetch_sub(&worker->open, 1);
    pd_share_release(worker->share);
}

/* No place for another connection. */
static void
worker_park(PdWorker *worker)
{
    worker_stop_listening(worker);
    /* One may have left since we looked; then nobody else would wake us. */
    if (pd_share_park(worker->share))
        pd_mailbox_wake(worker->mailbox);
}

static void
worker_accept_failed(PdWorker *worker, int why)
{
    if (why == EAGAIN || why == EINTR || why == ECONNABORTED)
        return;
    worker_stop_listening(worker);
    gint64 now = now_milliseconds();
    worker->accept_after = now + ACCEPT_PAUSE;
    if (worker->accept_logged > 0 && now < worker->accept_logged + ACCEPT_LOG_INTERVAL)
        return;
    worker->accept_logged = now;
    tbl_log_warning("cannot accept connections: %s", g_strerror(why));
}

static void
worker_accept(PdWorker *worker, const Endpoint *endpoint)
{
    for (guint i = 0; i < ACCEPT_MAX; i++) {
        if (!pd_share_reserve(worker->share)) {
            worker_park(worker);
            return;
        }
        int fd =
            accept4(pd_listener_fd(endpoint->listener), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            int why = errno;
            pd_share_release(worker->share);
            worker_accept_failed(worker, why);
            return;
        }
        pd_stats_count(&worker->stats, PD_STAT_CONNECTIONS);
        if (worker->share->note_peers)
            pd_listener_note_peer(endpoint->listener, fd);
        worker_adopt(least_loaded(worker), fd, endpoint->protocol);
    }
}

/* Tells epoll what a connection waits for. */
static void
worker_settle(PdWorker *worker, PdConnection *connection, PdWait before)
{
    PdWait wait = (PdWait)connection->wait;

    if (wait == PD_WAIT_CLOSED || (worker->drain_until && wait == PD_WAIT_INPUT)) {
        worker_close(worker, connection);
        return;
    }
    /* One whose turn comes anyway is not reported for input meanwhile. */
    uint32_t events = wait == PD_WAIT_INPUT ? EPOLLIN : wait == PD_WAIT_OUTPUT ? EPOLLOUT : 0;
    if (wait != before && !watch(worker->epoll, EPOLL_CTL_MOD, connection->fd, events, connection))
        worker_close(worker, connection);
}

static void
worker_send(PdWorker *worker, gint64 now)
{
    PdConnection *connection;
    PdWait before;

    while ((connection = pd_tools_send(worker->tools, now, &before)))
        worker_settle(worker, connection, before);
}

/* Serves a connection once. Its replies are sent with those of others of the batch. */
static void
worker_serve(PdWorker *worker, PdConnection *connection, gint64 now)
{
    PdWait before = (PdWait)connection->wait;

    if (pd_connection_serve(connection, worker->tools, now) != PD_WAIT_SEND)
        worker_settle(worker, connection, before);
    else if (pd_tools_full(worker->tools))
        worker_send(worker, now);
}

static void
worker_read_mail(PdWorker *worker)
{
    PdAnswerer *answerer = worker->tools->answerer;
    TblConfig *config = pd_mailbox_take_config(worker->mailbox);
    PdStoreLetter *letter = pd_mailbox_take_store(worker->mailbox);

    if (config) {
        pd_answerer_set_config(answerer, config);
        tbl_config_unref(config);
    }
    if (letter) {
        PdStoreShare *before = worker->store_share;
        /* The reader before is freed here: only then its store may be closed. */
        pd_answerer_set_reader(answerer, g_steal_pointer(&letter->reader));
        worker->store_share = letter->share;
        letter->share = before;
        pd_store_letter_free(letter);
    }
    if (pd_mailbox_take_refresh(worker->mailbox))
        pd_answerer_refresh(answerer);
    if (pd_mailbox_stopped(worker->mailbox) && !worker->drain_until) {
        worker_stop_listening(worker);
        worker->drain_until = now_milliseconds() + DRAIN_TIME;
    }
}

static void
worker_woken(PdWorker *worker)
{
    pd_mailbox_clear(worker->mailbox);
    if (!worker->drain_until && now_milliseconds() >= worker->accept_after)
        worker_listen(worker);
}

static void
worker_event(PdWorker *worker, void *data, gint64 now)
{
    if (data == worker) {
        worker_woken(worker);
        return;
    }
    for (guint i = 0; i < worker->n_endpoints; i++) {
        if (data == &worker->endpoints[i]) {
            if (worker->endpoints[i].watched)
                worker_accept(worker, &worker->endpoints[i]);
            return;
        }
    }
    PdConnection *connection = data;
    /* In this state only an error is reported; its turn will meet it. */
    if (connection->wait != PD_WAIT_TURN)
        worker_serve(worker, connection, now);
}

static gint64
request_timeout(const PdWorker *worker)
{
    return (gint64)pd_answerer_config(worker->tools->answerer)->limits.request_timeout * 1000;
}

/* Closes those who take too long over a request or a reply, and accepts again after a pause. */
static void
worker_check_time(PdWorker *worker, gint64 now)
{
    PdConnection *connection;

    while ((connection = pd_tools_overdue(worker->tools, now - request_timeout(worker)))) {
        pd_stats_count(&worker->stats, PD_STAT_TIMEOUTS);
        worker_close(worker, connection);
    }
    if (worker->accept_after > 0 && now >= worker->accept_after && !worker->drain_until) {
        worker->accept_after = 0;
        worker_listen(worker);
    }
}

/* Milliseconds until worker_check_time has something to do; -1: for ever. */
static int
worker_patience(const PdWorker *worker)
{
    gint64 since = pd_tools_waiting_since(worker->tools);
    gint64 until = G_MAXINT64;

    if (!g_queue_is_empty(&worker->tools->turns))
        return 0;
    if (since >= 0)
        until = since + request_timeout(worker) + 1;
    if (worker->accept_after > 0)
        until = MIN(until, worker->accept_after);
    return until == G_MAXINT64 ? -1 : (int)CLAMP(until - now_milliseconds(), 0, G_MAXINT);
}

static int
worker_batch(PdWorker *worker, int timeout)
{
    struct epoll_event events[BATCH_MAX];
    int count = epoll_wait(worker->epoll, events, BATCH_MAX, timeout);

    if (pd_mailbox_check(worker->mailbox))
        worker_read_mail(worker);
    gint64 now = now_milliseconds();
    for (int i = 0; i < count; i++)
        worker_event(worker, events[i].data.ptr, now);
    worker_send(worker, now);
    for (guint turns = worker->tools->turns.length; turns > 0; turns--) {
        PdConnection *connection = pd_tools_next_turn(worker->tools);
        if (connection)
            worker_serve(worker, connection, now);
    }
    worker_send(worker, now);
    pd_answerer_rest(worker->tools->answerer);
    worker_check_time(worker, now);
    return count;
}

/* Is a reply on its way that its peer has not read? */
static bool
worker_owes(PdWorker *worker)
{
    for (const GList *link = worker->tools->waiting.head; link; link = link->next) {
        const PdConnection *connection = link->data;
        if (connection->wait != PD_WAIT_INPUT)
            return true;
    }
    return false;
}

/* What was sent before the end is answered; then everybody who has their replies is let go. */
static void
worker_drain(PdWorker *worker)
{
    int ready = 1;

    while ((ready > 0 || worker_owes(worker)) && now_milliseconds() < worker->drain_until) {
        bool turns = !g_queue_is_empty(&worker->tools->turns);
        ready = worker_batch(worker, turns || !worker_owes(worker) ? 0 : DRAIN_STEP);
    }
    worker_close_all(worker);
}

static void *
worker_run(void *data)
{
    PdWorker *worker = data;

    worker_listen(worker);
    while (!worker->drain_until)
        worker_batch(worker, worker_patience(worker));
    worker_drain(worker);
    return NULL;
}

bool
pd_worker_start(PdWorker *worker, GError **error)
{
    const int faults[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGABRT};
    sigset_t blocked, before;

    /* Signals are the main thread's; faults of mapped memory stay ours. */
    sigfillset(&blocked);
    for (guint i = 0; i < G_N_ELEMENTS(faults); i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int result = pthread_create(&worker->thread, NULL, worker_run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    worker->started = result == 0;
    if (result != 0)
        g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(result),
                    "cannot start a worker: %s", g_strerror(result));
    return worker->started;
}

PdMailbox *
pd_worker_mailbox(PdWorker *worker)
{
    return worker->mailbox;
}

void
pd_worker_join(PdWorker *worker)
{
    if (worker->started)
        pthread_join(worker->thread, NULL);
    worker->started = false;
}

PdStats *
pd_worker_stats(PdWorker *worker)
{
    return &worker->stats;
}
