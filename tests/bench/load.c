/*
 * load: a closed-loop load generator and reply checker for socketmap and policy servers.
 *
 * Each connection has exactly one request under way, as Postfix's clients do (dict_sockmap.c,
 * attr_clnt.c never pipeline): it sends the next key as soon as the reply is there.  Each reply
 * is compared with the line of the same number in the replies file, and what comes without
 * having been asked for is wrong.  One line of JSON goes to stdout.
 *
 * Exit: 0 all replies right, 1 a wrong or lost reply, 2 set-up, 3 a reply did not come in time.
 */
#include "tests/bench/endpoint.h"
#include "tests/bench/process.h"
#include "tests/bench/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { RESULT_RIGHT = 0, RESULT_WRONG = 1, RESULT_SETUP = 2, RESULT_STALL = 3 };

#define REPLY_FIRST 1024   /* first size of a receive buffer: holds any usual reply */
#define EVENTS_MAX 256     /* connections handled in one turn, like the servers' own loops */
#define SHOWN_MAX 5        /* faults told in full; the rest is only counted */
#define LATENCY_UNIT_NS 10 /* a sample is 32 bits: up to 42 s */

typedef struct {
    GMappedFile *file;
    GArray *lines; /* of BenchSlice, pointing into file */
} Table;

typedef struct {
    int fd; /* -1: lost */
    gboolean waiting;
    size_t key;
    gint64 sent_ns;
    char *in;
    size_t in_used, in_size;
} Connection;

typedef struct {
    /* options */
    char *socket, *map, *keys_path, *replies_path;
    gboolean policy;
    BenchProtocol protocol;
    int n_connections;
    double seconds, warm_up, timeout;
    gint64 first, pid;
    /* work */
    BenchEndpoint endpoint;
    Table keys, replies;
    Connection *connections;
    int epoll;
    size_t next_key;
    guint n_waiting, n_open;
    gboolean measuring, draining, stalled;
    /* result */
    GArray *latencies; /* of guint32, in LATENCY_UNIT_NS */
    guint64 checked, wrong, lost;
    guint64 cpu_start, cpu_end, memory_start, memory_end;
    gint64 started_ns, ended_ns;
} Load;

static gint64
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (gint64)t.tv_sec * G_GINT64_CONSTANT(1000000000) + t.tv_nsec;
}

static gboolean
table_open(Table *table, const char *path, GError **error)
{
    const char *at, *end;

    table->file = g_mapped_file_new(path, FALSE, error);
    if (!table->file)
        return FALSE;
    table->lines = g_array_new(FALSE, FALSE, sizeof(BenchSlice));
    at = g_mapped_file_get_contents(table->file);
    end = at + g_mapped_file_get_length(table->file);
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        BenchSlice line = {at, (size_t)((stop ? stop : end) - at)};

        g_array_append_val(table->lines, line);
        at = stop ? stop + 1 : end;
    }
    return TRUE;
}

static void
table_close(Table *table)
{
    g_clear_pointer(&table->lines, g_array_unref);
    g_clear_pointer(&table->file, g_mapped_file_unref);
}

/* An expected reply that ends in '*' stands for all that begin so. */
static gboolean
reply_is_expected(const Load *load, size_t key, const BenchSlice *text)
{
    BenchSlice want;

    if (!load->replies.lines) {
        const char *refused = load->policy ? "DEFER" : "TEMP";

        return text->length > 0 && strncmp(text->start, refused, strlen(refused)) != 0 &&
               strncmp(text->start, "PERM", 4) != 0;
    }
    want = g_array_index(load->replies.lines, BenchSlice, key);
    if (want.length && want.start[want.length - 1] == '*')
        return text->length >= want.length - 1 &&
               memcmp(text->start, want.start, want.length - 1) == 0;
    return text->length == want.length && memcmp(text->start, want.start, want.length) == 0;
}

static void
fault_show(Load *load, const Connection *c, const char *what, const BenchSlice *got)
{
    BenchSlice key = g_array_index(load->keys.lines, BenchSlice, c->key);

    if (load->wrong + load->lost > SHOWN_MAX)
        return;
    g_printerr("load: %s to key %zu \"%.*s\"", what, c->key + 1, (int)key.length, key.start);
    if (got)
        g_printerr(": \"%.*s\"", (int)got->length, got->start);
    if (load->replies.lines) {
        BenchSlice want = g_array_index(load->replies.lines, BenchSlice, c->key);

        g_printerr(", expected \"%.*s\"", (int)want.length, want.start);
    }
    g_printerr("\n");
}

static void
connection_lose(Load *load, Connection *c, const char *why)
{
    load->lost++;
    fault_show(load, c, why, NULL);
    load->n_waiting -= c->waiting ? 1 : 0;
    load->n_open--;
    close(c->fd);
    c->fd = -1;
}

static gboolean
connection_open(Load *load, Connection *c, GError **error)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

    c->fd = socket(load->endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 ||
        connect(c->fd, (struct sockaddr *)&load->endpoint.address, load->endpoint.length) < 0 ||
        fcntl(c->fd, F_SETFL, O_NONBLOCK) < 0 ||
        epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event) < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", load->socket,
                    g_strerror(errno));
        return FALSE;
    }
    bench_endpoint_tune(&load->endpoint, c->fd);
    c->in_size = REPLY_FIRST;
    c->in = g_malloc(c->in_size);
    load->n_open++;
    return TRUE;
}

static void
connection_ask(Load *load, Connection *c, gint64 now)
{
    char out[BENCH_REQUEST_MAX];
    size_t length;

    c->key = load->next_key++;
    if (load->next_key == load->keys.lines->len)
        load->next_key = 0;
    length = bench_request_write(load->protocol, load->map,
                                 &g_array_index(load->keys.lines, BenchSlice, c->key), out);
    c->sent_ns = now;
    c->waiting = TRUE;
    load->n_waiting++;
    /* The socket's buffer is empty now and holds many times this much: it takes all or is dead. */
    if (send(c->fd, out, length, MSG_NOSIGNAL) != (gssize)length)
        connection_lose(load, c, "request not taken");
}

static void
reply_check(Load *load, Connection *c, const BenchSlice *text, gint64 now)
{
    guint32 sample = (guint32)MIN((now - c->sent_ns) / LATENCY_UNIT_NS, G_MAXUINT32);

    c->waiting = FALSE;
    load->n_waiting--;
    load->checked++;
    if (load->measuring)
        g_array_append_val(load->latencies, sample);
    if (reply_is_expected(load, c->key, text))
        return;
    load->wrong++;
    fault_show(load, c, "wrong reply", text);
}

static void
connection_read(Load *load, Connection *c)
{
    gssize got, used;
    gint64 now;
    BenchSlice text;

    if (c->in_used == c->in_size)
        c->in = g_realloc(c->in, c->in_size *= 2); /* ends at BENCH_REPLY_MAX */
    got = recv(c->fd, c->in + c->in_used, c->in_size - c->in_used, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        connection_lose(load, c, "no reply, connection closed");
        return;
    }
    c->in_used += (size_t)got;
    used = bench_reply_split(load->protocol, c->in, c->in_used, &text);
    if (used == 0)
        return;
    if (used < 0 || (size_t)used != c->in_used || !c->waiting) {
        connection_lose(load, c, used < 0 ? "malformed reply" : "more than one reply");
        return;
    }
    now = now_ns();
    reply_check(load, c, &text, now);
    c->in_used = 0;
    if (!load->draining)
        connection_ask(load, c, now);
}

/* Serves connections until the given time or, once no more is sent, until nothing is awaited. */
static void
run_until(Load *load, gint64 end_ns)
{
    const gint64 limit_ns = (gint64)(load->timeout * 1e9);
    struct epoll_event events[EVENTS_MAX];
    gint64 now = now_ns(), heard = now;

    while (now < end_ns && load->n_waiting > 0 && !load->stalled) {
        gint64 wait_ns = MIN(end_ns, heard + limit_ns) - now;
        int n = epoll_wait(load->epoll, events, EVENTS_MAX, (int)(wait_ns / 1000000 + 1));

        for (int i = 0; i < n; i++)
            connection_read(load, events[i].data.ptr);
        now = now_ns();
        if (n > 0)
            heard = now;
        load->stalled = now - heard >= limit_ns;
    }
}

static gboolean
usage_read(const Load *load, guint64 *cpu, guint64 *memory, GError **error)
{
    if (!load->pid)
        return TRUE;
    return bench_process_read_cpu(load->pid, cpu, error) &&
           bench_process_read_memory(load->pid, memory, error);
}

static gboolean
run(Load *load, GError **error)
{
    guint64 ignored;

    if (!usage_read(load, &ignored, &load->memory_start, error))
        return FALSE;
    for (int i = 0; i < load->n_connections; i++) {
        if (!connection_open(load, &load->connections[i], error))
            return FALSE;
    }
    for (int i = 0; i < load->n_connections; i++)
        connection_ask(load, &load->connections[i], now_ns());
    run_until(load, now_ns() + (gint64)(load->warm_up * 1e9));
    load->measuring = TRUE;
    load->started_ns = now_ns();
    if (!usage_read(load, &load->cpu_start, &ignored, error))
        return FALSE;
    run_until(load, load->started_ns + (gint64)(load->seconds * 1e9));
    load->measuring = FALSE;
    load->ended_ns = now_ns();
    if (!usage_read(load, &load->cpu_end, &ignored, error))
        return FALSE;
    load->draining = TRUE;
    run_until(load, load->ended_ns + (gint64)(load->timeout * 1e9));
    load->stalled |= load->n_waiting > 0;
    return usage_read(load, &ignored, &load->memory_end, error);
}

static int
compare_samples(const void *a, const void *b)
{
    guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;

    return (x > y) - (x < y);
}

static double
percentile_us(const GArray *sorted, double share)
{
    guint rank = sorted->len ? (guint)(share * (sorted->len - 1) + 0.5) : 0;

    return sorted->len ? g_array_index(sorted, guint32, rank) * (LATENCY_UNIT_NS / 1000.0) : 0;
}

static int
report(Load *load)
{
    double seconds = (double)(load->ended_ns - load->started_ns) / 1e9;
    double cpu_us = (double)(load->cpu_end - load->cpu_start) / 1000.0;
    guint n = load->latencies->len;

    qsort(load->latencies->data, n, sizeof(guint32), compare_samples);
    printf("{\"replies\":%u,\"checked\":%" G_GUINT64_FORMAT ",\"wrong\":%" G_GUINT64_FORMAT
           ",\"lost\":%" G_GUINT64_FORMAT ",\"stalled\":%s,\"seconds\":%.3f,\"rate\":%.1f",
           n, load->checked, load->wrong, load->lost, load->stalled ? "true" : "false", seconds,
           n / seconds);
    printf(",\"p50_us\":%.2f,\"p90_us\":%.2f,\"p99_us\":%.2f,\"max_us\":%.2f",
           percentile_us(load->latencies, 0.5), percentile_us(load->latencies, 0.9),
           percentile_us(load->latencies, 0.99), percentile_us(load->latencies, 1));
    if (load->pid)
        printf(",\"cpu_us\":%.4f,\"anon_start_kb\":%" G_GUINT64_FORMAT
               ",\"anon_end_kb\":%" G_GUINT64_FORMAT,
               n ? cpu_us / n : 0, load->memory_start, load->memory_end);
    printf("}\n");
    if (load->stalled)
        return RESULT_STALL;
    return load->wrong || load->lost || n == 0 ? RESULT_WRONG : RESULT_RIGHT;
}

static gboolean
tables_open(Load *load, GError **error)
{
    if (!table_open(&load->keys, load->keys_path, error) ||
        (load->replies_path && !table_open(&load->replies, load->replies_path, error)))
        return FALSE;
    if (load->keys.lines->len == 0 ||
        (load->replies.lines && load->replies.lines->len != load->keys.lines->len)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "keys and replies must have the same number of lines, and at least one");
        return FALSE;
    }
    for (guint i = 0; i < load->keys.lines->len; i++) {
        if (g_array_index(load->keys.lines, BenchSlice, i).length > BENCH_KEY_MAX) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "%s:%u: key of more than %d bytes", load->keys_path, i + 1, BENCH_KEY_MAX);
            return FALSE;
        }
    }
    load->next_key = (size_t)load->first % load->keys.lines->len;
    return TRUE;
}

static gboolean
options_parse(Load *load, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"socket", 0, 0, G_OPTION_ARG_STRING, &load->socket, "Server", "unix:/PATH|inet:IP:PORT"},
        {"policy", 0, 0, G_OPTION_ARG_NONE, &load->policy, "Speak policy, not socketmap", NULL},
        {"map", 0, 0, G_OPTION_ARG_STRING, &load->map, "Name of the socketmap", "NAME"},
        {"keys", 0, 0, G_OPTION_ARG_FILENAME, &load->keys_path, "Keys, one a line", "FILE"},
        {"replies", 0, 0, G_OPTION_ARG_FILENAME, &load->replies_path, "Their replies", "FILE"},
        {"first", 0, 0, G_OPTION_ARG_INT64, &load->first, "Number of keys to skip", "N"},
        {"connections", 0, 0, G_OPTION_ARG_INT, &load->n_connections, "Connections", "N"},
        {"time", 0, 0, G_OPTION_ARG_DOUBLE, &load->seconds, "Measured seconds", "S"},
        {"warm-up", 0, 0, G_OPTION_ARG_DOUBLE, &load->warm_up, "Seconds before them", "S"},
        {"timeout", 0, 0, G_OPTION_ARG_DOUBLE, &load->timeout, "Longest wait for a reply", "S"},
        {"pid", 0, 0, G_OPTION_ARG_INT64, &load->pid, "Server whose usage is told", "PID"},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (*argc > 1 || !load->socket || !load->keys_path || load->n_connections < 1 ||
        load->seconds <= 0 || load->warm_up < 0 || load->timeout <= 0 || load->first < 0 ||
        load->pid < 0 || (load->map && strlen(load->map) > BENCH_MAP_MAX)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--socket and --keys are needed, numbers must be positive; see --help");
        return FALSE;
    }
    load->protocol = load->policy ? BENCH_POLICY : BENCH_SOCKETMAP;
    return bench_endpoint_parse(load->socket, &load->endpoint, error);
}

static void
load_clear(Load *load)
{
    for (int i = 0; load->connections && i < load->n_connections; i++)
        g_free(load->connections[i].in);
    g_free(load->connections);
    table_close(&load->keys);
    table_close(&load->replies);
    g_array_unref(load->latencies);
    g_free(load->socket);
    g_free(load->map);
    g_free(load->keys_path);
    g_free(load->replies_path);
}

int
main(int argc, char **argv)
{
    Load load = {.n_connections = 1, .seconds = 1, .warm_up = 0.1, .timeout = 10};
    g_autoptr(GError) error = NULL;
    int result = RESULT_SETUP;

    load.map = g_strdup("virtual_alias_maps");
    load.latencies = g_array_new(FALSE, FALSE, sizeof(guint32));
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (options_parse(&load, &argc, &argv, &error) && tables_open(&load, &error)) {
        load.connections = g_new0(Connection, load.n_connections);
        if (run(&load, &error))
            result = report(&load);
    }
    if (error)
        g_printerr("load: %s\n", error->message);
    load_clear(&load);
    return result;
}
