/*
 * floor: the least that a server with an LMDB table can do, the bound that policyd is compared
 * with.  One thread, level-triggered epoll, one recv and one send for each wake-up, one lookup
 * of the literal key for each request, one snapshot for each batch of ready connections.  No
 * limits, no timers, no canonical form, no second record: a bound, not a product.
 *
 *   floor --db=FILE --load=TABLE          loads "key value" lines and ends
 *   floor --db=FILE --listen=ENDPOINT     serves them until a signal ends it
 */
#include "tests/bench/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define IN_MAX 16384                 /* several requests; one that is longer ends its connection */
#define OUT_MAX (4 * IN_MAX)         /* replies to all of them, values being short */
#define EVENTS_MAX 256               /* as many as load has in one turn */
#define BACKLOG 4096                 /* the kernel's own limit on many systems */
#define MAP_BYTES ((size_t)16 << 30) /* address space only */

typedef struct {
    int fd;
    size_t used;
    char in[IN_MAX];
} Connection;

typedef struct {
    gboolean policy;
    BenchEndpoint endpoint;
    int listener, epoll;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    char out[OUT_MAX];
    size_t out_used;
} Floor;

typedef struct {
    char *key, *value; /* key owns both */
} Row;

static void
need(int status, const char *what)
{
    if (status == 0)
        return;
    g_printerr("floor: %s: %s\n", what, mdb_strerror(status));
    exit(EXIT_FAILURE);
}

static void
need_call(int result, const char *what)
{
    need(result < 0 ? errno : 0, what);
}

static void
out_add(Floor *f, const void *bytes, size_t n)
{
    if (n > OUT_MAX - f->out_used)
        need(ENOBUFS, "replies");
    memcpy(f->out + f->out_used, bytes, n);
    f->out_used += n;
}

static gboolean
find(Floor *f, const char *key, size_t n, MDB_val *value)
{
    MDB_val wanted = {n, (void *)key};
    int status = mdb_get(f->txn, f->table, &wanted, value);

    if (status != MDB_NOTFOUND)
        need(status, "lookup");
    return status == 0;
}

/* Both answer the first request of in and return its length, 0: partial, -1: malformed. */
static ssize_t
answer_socketmap(Floor *f, const char *in, size_t n)
{
    const char *key, *end;
    char head[32];
    size_t length = 0, i;
    MDB_val value;

    for (i = 0; i < n && g_ascii_isdigit(in[i]) && length < IN_MAX; i++)
        length = length * 10 + (size_t)(in[i] - '0');
    if (i == n || n - i < length + 2)
        return length < IN_MAX ? 0 : -1;
    end = in + i + 1 + length;
    key = memchr(in + i + 1, ' ', length);
    if (in[i] != ':' || *end != ',' || !key)
        return -1;
    key++;
    if (find(f, key, (size_t)(end - key), &value)) {
        out_add(f, head, (size_t)g_snprintf(head, sizeof head, "%zu:OK ", value.mv_size + 3));
        out_add(f, value.mv_data, value.mv_size);
        out_add(f, ",", 1);
    } else {
        out_add(f, "9:NOTFOUND ,", strlen("9:NOTFOUND ,"));
    }
    return end + 1 - in;
}

static ssize_t
answer_policy(Floor *f, const char *in, size_t n)
{
    static const char label[] = "\nrecipient=", found[] = "action=DUNNO\n\n",
                      absent[] = "action=550 5.1.1 User unknown\n\n";
    const char *end = memmem(in, n, "\n\n", 2), *key, *stop;
    MDB_val value;

    if (!end)
        return 0;
    key = memmem(in, (size_t)(end - in), label, strlen(label));
    if (!key)
        return -1;
    key += strlen(label);
    stop = memchr(key, '\n', (size_t)(end + 1 - key));
    if (find(f, key, (size_t)(stop - key), &value))
        out_add(f, found, strlen(found));
    else
        out_add(f, absent, strlen(absent));
    return end + 2 - in;
}

static void
connection_free(Connection *c)
{
    close(c->fd);
    g_free(c);
}

static void
connection_serve(Floor *f, Connection *c)
{
    ssize_t got = recv(c->fd, c->in + c->used, IN_MAX - c->used, 0), used = 1;
    size_t at = 0;

    if (got < 0 && errno == EAGAIN)
        return;
    f->out_used = 0;
    c->used += got > 0 ? (size_t)got : 0;
    while (got > 0 && at < c->used && used > 0) {
        used = f->policy ? answer_policy(f, c->in + at, c->used - at)
                         : answer_socketmap(f, c->in + at, c->used - at);
        at += used > 0 ? (size_t)used : 0;
    }
    c->used -= at;
    memmove(c->in, c->in + at, c->used);
    /* load never has more than one request under way: its socket takes the whole reply. */
    if (got <= 0 || used < 0 || c->used == IN_MAX ||
        (f->out_used && send(c->fd, f->out, f->out_used, MSG_NOSIGNAL) != (ssize_t)f->out_used))
        connection_free(c);
}

static void
accept_all(Floor *f)
{
    int fd;

    while ((fd = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        Connection *c = g_new(Connection, 1);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

        c->fd = fd;
        c->used = 0;
        bench_endpoint_tune(&f->endpoint, fd);
        need_call(epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }
}

static void
serve(Floor *f)
{
    struct epoll_event events[EVENTS_MAX] = {{.events = EPOLLIN, .data.ptr = NULL}};

    f->epoll = epoll_create1(EPOLL_CLOEXEC);
    need_call(epoll_ctl(f->epoll, EPOLL_CTL_ADD, f->listener, &events[0]), "epoll_ctl");
    need(mdb_txn_begin(f->env, NULL, MDB_RDONLY, &f->txn), "snapshot");
    need(mdb_dbi_open(f->txn, NULL, 0, &f->table), "table");
    mdb_txn_reset(f->txn);
    for (;;) {
        int n = epoll_wait(f->epoll, events, EVENTS_MAX, -1);

        need(mdb_txn_renew(f->txn), "snapshot");
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                connection_serve(f, events[i].data.ptr);
            else
                accept_all(f);
        }
        mdb_txn_reset(f->txn);
    }
}

static void
listen_at(Floor *f, const char *text)
{
    const int on = 1;
    g_autoptr(GError) error = NULL;

    if (!bench_endpoint_parse(text, &f->endpoint, &error)) {
        g_printerr("floor: %s\n", error->message);
        exit(EXIT_FAILURE);
    }
    if (g_str_has_prefix(text, "unix:"))
        unlink(text + strlen("unix:"));
    f->listener = socket(f->endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    need_call(f->listener, "socket");
    setsockopt(f->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    need_call(bind(f->listener, (struct sockaddr *)&f->endpoint.address, f->endpoint.length), text);
    need_call(listen(f->listener, BACKLOG), text);
}

static int
compare_rows(const void *a, const void *b)
{
    return strcmp(((const Row *)a)->key, ((const Row *)b)->key);
}

/* Sorted, appended, one commit: the densest file that LMDB makes, and the fastest to load. */
static void
load_table(Floor *f, const char *path)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
    MDB_txn *txn;

    if (!g_file_get_contents(path, &text, NULL, &error)) {
        g_printerr("floor: %s\n", error->message);
        exit(EXIT_FAILURE);
    }
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        Row row = {line, memchr(line, ' ', (size_t)(end - line))};

        if (!row.value)
            need(EINVAL, path);
        *row.value++ = *end = '\0';
        g_array_append_val(rows, row);
    }
    g_array_sort(rows, compare_rows);
    need(mdb_txn_begin(f->env, NULL, 0, &txn), "transaction");
    need(mdb_dbi_open(txn, NULL, 0, &f->table), "table");
    need(mdb_drop(txn, f->table, 0), "table");
    for (guint i = 0; i < rows->len; i++) {
        Row *row = &g_array_index(rows, Row, i);
        MDB_val key = {strlen(row->key), row->key}, value = {strlen(row->value), row->value};

        need(mdb_put(txn, f->table, &key, &value, MDB_APPEND), row->key);
    }
    need(mdb_txn_commit(txn), "commit");
}

int
main(int argc, char **argv)
{
    g_autofree char *db = NULL, *table = NULL, *listen = NULL;
    g_autofree Floor *f = g_new0(Floor, 1);
    const GOptionEntry entries[] = {
        {"db", 0, 0, G_OPTION_ARG_FILENAME, &db, "LMDB file", "FILE"},
        {"load", 0, 0, G_OPTION_ARG_FILENAME, &table, "Load \"key value\" lines", "TABLE"},
        {"listen", 0, 0, G_OPTION_ARG_STRING, &listen, "Serve", "unix:/PATH|inet:IP:PORT"},
        {"policy", 0, 0, G_OPTION_ARG_NONE, &f->policy, "Speak policy, not socketmap", NULL},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, NULL) || argc > 1 || !db) {
        g_printerr("floor: --db and one of --load and --listen are needed; see --help\n");
        return EXIT_FAILURE;
    }
    need(mdb_env_create(&f->env), db);
    need(mdb_env_set_mapsize(f->env, MAP_BYTES), db);
    need(mdb_env_open(f->env, db, MDB_NOSUBDIR | MDB_NOTLS | (table ? 0 : MDB_RDONLY), 0600), db);
    if (table)
        load_table(f, table);
    if (listen) {
        listen_at(f, listen);
        serve(f);
    }
    mdb_env_close(f->env);
    return EXIT_SUCCESS;
}
