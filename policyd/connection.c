#include "policyd/connection.h"

#include "tables/log.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* Requests answered in one turn, so that a peer that sends many at once makes nobody else wait.
 * Postfix sends one. */
#define TURN_REQUESTS 64
/* Replies are sent when they have grown to this, so that what a peer does not read stays bounded.
 */
#define TURN_OUTPUT 16384
/* Connections that are answered before the first reply is sent. A peer that is woken by a reply
 * takes the time of several lookups to run, and finds the replies for its other connections then
 * instead of being woken for each; no reply waits longer for it than for 31 lookups. */
#define GROUP_CONNECTIONS 32
/* Bytes of replies that are sent without waiting for more. */
#define GROUP_OUTPUT 65536
/* First size of a buffer for an incomplete request. */
#define INPUT_MIN 512
/* Milliseconds between two lines about malformed input of one worker. */
#define BROKEN_LOG_INTERVAL 1000
/* Characters of malformed input that are logged. */
#define BROKEN_SHOWN 80

PdTools *
pd_tools_new(TblConfig *config, PdStats *stats)
{
    PdTools *tools = g_new0(PdTools, 1);

    tools->answerer = pd_answerer_new(config, stats);
    tools->stats = stats;
    tools->out = g_string_sized_new(GROUP_OUTPUT + 2 * TURN_OUTPUT);
    tools->replies = g_array_sized_new(FALSE, FALSE, sizeof(PdReplies), GROUP_CONNECTIONS);
    tools->scratch = g_malloc(PD_SCRATCH_SIZE);
    tools->broken_logged = -BROKEN_LOG_INTERVAL;
    g_queue_init(&tools->waiting);
    g_queue_init(&tools->turns);
    return tools;
}

void
pd_tools_free(PdTools *tools)
{
    if (!tools)
        return;
    pd_answerer_free(tools->answerer);
    g_string_free(tools->out, TRUE);
    g_array_unref(tools->replies);
    g_free(tools->scratch);
    g_free(tools);
}

PdConnection *
pd_tools_next_turn(PdTools *tools)
{
    GList *link = g_queue_pop_head_link(&tools->turns);
    PdConnection *connection = link ? link->data : NULL;

    if (connection)
        connection->work->turn_queued = false;
    return connection;
}

gint64
pd_tools_waiting_since(const PdTools *tools)
{
    const GList *head = tools->waiting.head;

    return head ? ((PdConnection *)head->data)->work->since : -1;
}

PdConnection *
pd_tools_overdue(const PdTools *tools, gint64 then)
{
    gint64 since = pd_tools_waiting_since(tools);

    return since >= 0 && since < then ? tools->waiting.head->data : NULL;
}

PdConnection *
pd_connection_new(int fd, PdProtocol protocol)
{
    PdConnection *connection = g_new0(PdConnection, 1);

    connection->link.data = connection;
    connection->fd = fd;
    connection->protocol = protocol;
    connection->wait = PD_WAIT_INPUT;
    return connection;
}

/* The connection's work, made when it has none. */
static PdWork *
connection_work(PdConnection *connection, PdTools *tools, gint64 now)
{
    PdWork *work = connection->work;

    if (work)
        return work;
    work = connection->work = g_new0(PdWork, 1);
    work->in = g_string_sized_new(INPUT_MIN);
    work->waiting.data = work->turn.data = connection;
    work->since = now;
    g_queue_push_tail_link(&tools->waiting, &work->waiting);
    return work;
}

static void
connection_idle(PdConnection *connection, PdTools *tools)
{
    PdWork *work = connection->work;

    if (!work)
        return;
    g_queue_unlink(&tools->waiting, &work->waiting);
    if (work->turn_queued)
        g_queue_unlink(&tools->turns, &work->turn);
    g_string_free(work->in, TRUE);
    if (work->out)
        g_string_free(work->out, TRUE);
    g_free(work);
    connection->work = NULL;
}

void
pd_connection_free(PdConnection *connection, PdTools *tools)
{
    connection_idle(connection, tools);
    close(connection->fd);
    g_free(connection);
}

/* Something was finished: the time starts again. The clock never goes back, so the queue stays in
 * order. */
static void
connection_progressed(PdConnection *connection, PdTools *tools, gint64 now)
{
    PdWork *work = connection->work;

    if (!work)
        return;
    work->since = now;
    g_queue_unlink(&tools->waiting, &work->waiting);
    g_queue_push_tail_link(&tools->waiting, &work->waiting);
}

/* True when errno says to try later. */
static bool
would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

/* Reads once: into the scratch room, or behind what is there of an incomplete request. */
static PdWait
connection_receive(PdConnection *connection, PdTools *tools, TblSlice *input)
{
    GString *in = connection->work && connection->work->in->len > 0 ? connection->work->in : NULL;
    gsize have = in ? in->len : 0;
    gsize room = in ? CLAMP(have, INPUT_MIN, PD_SCRATCH_SIZE) : PD_SCRATCH_SIZE;

    if (in)
        g_string_set_size(in, have + room);
    ssize_t got = recv(connection->fd, in ? in->str + have : tools->scratch, room, 0);
    if (in)
        g_string_set_size(in, have + (gsize)MAX(got, 0));
    if (got > 0) {
        *input = in ? (TblSlice){in->str, in->len} : (TblSlice){tools->scratch, (size_t)got};
        return PD_WAIT_TURN;
    }
    return got < 0 && would_block() ? PD_WAIT_INPUT : PD_WAIT_CLOSED;
}

/* Bytes consumed by one step of a decoder, PD_PARTIAL or PD_BROKEN. `done`: a request was answered.
 */
static ssize_t
connection_step(PdConnection *connection, PdTools *tools, TblSlice input, PdAttrs *attrs,
                guint32 *skip, bool *done)
{
    const TblConfig *config = pd_answerer_config(tools->answerer);

    if (connection->protocol == PD_PROTOCOL_POLICY) {
        ssize_t used = pd_attrs_decode(attrs, input, config->limits.policy_request);
        *done = used > 0;
        if (used > 0) {
            pd_answerer_policy(tools->answerer, attrs, input.ptr, tools->out);
            *attrs = (PdAttrs){0};
        }
        return used;
    }
    PdRequest request;
    ssize_t used = pd_request_decode(skip, input, config->limits.socketmap_request, &request);
    *done = used > 0 && request.kind != PD_REQUEST_NONE;
    if (*done)
        pd_answerer_lookup(tools->answerer, &request, tools->out);
    return used;
}

static void
log_broken(const PdConnection *connection, PdTools *tools, TblSlice input, gint64 now)
{
    pd_stats_count(tools->stats, PD_STAT_BROKEN);
    if (now < tools->broken_logged + BROKEN_LOG_INTERVAL)
        return;
    tools->broken_logged = now;
    g_autofree char *shown = tbl_log_escape(input, BROKEN_SHOWN);
    tbl_log_warning("malformed %s request, connection closed: %s",
                    connection->protocol == PD_PROTOCOL_POLICY ? "policy" : "socketmap", shown);
}

/* Keeps what is left of the input for later. */
static void
connection_keep(PdConnection *connection, PdTools *tools, TblSlice rest, const PdAttrs *attrs,
                guint32 skip, gint64 now)
{
    if (rest.len == 0 && skip == 0 && !connection->work)
        return;
    PdWork *work = connection_work(connection, tools, now);
    /* The scratch room is read into only while nothing is kept. */
    if (work->in->len > 0)
        g_string_erase(work->in, 0, (gssize)(work->in->len - rest.len));
    else
        g_string_append_len(work->in, rest.ptr, (gssize)rest.len);
    work->attrs = *attrs;
    work->skip = skip;
}

/* Answers into tools->out. Returns what the connection would wait for if all could be written. */
static PdWait
connection_answer(PdConnection *connection, PdTools *tools, TblSlice input, gint64 now)
{
    PdAttrs attrs = connection->work ? connection->work->attrs : (PdAttrs){0};
    guint32 skip = connection->work ? connection->work->skip : 0;
    gsize limit = tools->out->len + TURN_OUTPUT;
    guint answered = 0;
    ssize_t used = 0;

    while (input.len > 0 && answered < TURN_REQUESTS && tools->out->len < limit) {
        bool done = false;
        used = connection_step(connection, tools, input, &attrs, &skip, &done);
        if (used < 0)
            break;
        answered += done;
        input = (TblSlice){input.ptr + used, input.len - (size_t)used};
    }
    if (used == PD_BROKEN) {
        log_broken(connection, tools, input, now);
        return PD_WAIT_CLOSED;
    }
    connection_keep(connection, tools, input, &attrs, skip, now);
    if (answered > 0)
        connection_progressed(connection, tools, now);
    return used != PD_PARTIAL && input.len > 0 ? PD_WAIT_TURN : PD_WAIT_INPUT;
}

/* Sends replies; what the peer does not take is kept. */
static PdWait
connection_send(PdConnection *connection, PdTools *tools, TblSlice replies, PdWait then, gint64 now)
{
    ssize_t sent = send(connection->fd, replies.ptr, replies.len, MSG_NOSIGNAL);

    if (sent < 0 && !would_block())
        return PD_WAIT_CLOSED;
    gsize done = (gsize)MAX(sent, 0);
    if (done == replies.len)
        return then;
    /* Malformed input followed: what the peer would not even read is not worth waiting for. */
    if (then == PD_WAIT_CLOSED)
        return then;
    PdWork *work = connection_work(connection, tools, now);
    work->out = g_string_new_len(replies.ptr + done, (gssize)(replies.len - done));
    work->out_at = 0;
    return PD_WAIT_OUTPUT;
}

/* Sends more of what is kept. */
static PdWait
connection_flush(PdConnection *connection, PdTools *tools, gint64 now)
{
    PdWork *work = connection->work;
    ssize_t sent = send(connection->fd, work->out->str + work->out_at,
                        work->out->len - work->out_at, MSG_NOSIGNAL);

    if (sent < 0)
        return would_block() ? PD_WAIT_OUTPUT : PD_WAIT_CLOSED;
    work->out_at += (gsize)sent;
    connection_progressed(connection, tools, now);
    if (work->out_at < work->out->len)
        return PD_WAIT_OUTPUT;
    g_string_free(work->out, TRUE);
    work->out = NULL;
    return PD_WAIT_TURN;
}

static PdWait
connection_turn(PdConnection *connection, PdTools *tools, gint64 now)
{
    TblSlice input = {NULL, 0};
    PdWait wait = connection->wait;

    if (wait == PD_WAIT_OUTPUT)
        wait = connection_flush(connection, tools, now);
    else if (wait == PD_WAIT_INPUT)
        wait = connection_receive(connection, tools, &input);
    if (wait != PD_WAIT_TURN)
        return wait;
    if (!input.ptr && connection->work)
        input = (TblSlice){connection->work->in->str, connection->work->in->len};
    return connection_answer(connection, tools, input, now);
}

/* Enters the state that `wait` says, as far as it is not epoll's. */
static void
connection_settle(PdConnection *connection, PdTools *tools, PdWait wait)
{
    PdWork *work = connection->work;

    connection->wait = (guint8)wait;
    if (!work)
        return;
    if (wait == PD_WAIT_TURN && !work->turn_queued) {
        g_queue_push_tail_link(&tools->turns, &work->turn);
        work->turn_queued = true;
    } else if (wait == PD_WAIT_INPUT && work->in->len == 0 && work->skip == 0) {
        connection_idle(connection, tools);
    }
}

PdWait
pd_connection_serve(PdConnection *connection, PdTools *tools, gint64 now)
{
    PdReplies replies = {
        .connection = connection, .start = tools->out->len, .before = connection->wait};
    PdWait wait = connection_turn(connection, tools, now);

    replies.end = tools->out->len;
    if (replies.end > replies.start) {
        replies.then = (guint8)wait;
        g_array_append_val(tools->replies, replies);
        wait = PD_WAIT_SEND;
    }
    connection_settle(connection, tools, wait);
    return wait;
}

PdConnection *
pd_tools_send(PdTools *tools, gint64 now, PdWait *before)
{
    if (tools->sent == tools->replies->len) {
        tools->sent = 0;
        g_array_set_size(tools->replies, 0);
        g_string_truncate(tools->out, 0);
        return NULL;
    }

    const PdReplies *replies = &g_array_index(tools->replies, PdReplies, tools->sent++);
    TblSlice bytes = {tools->out->str + replies->start, replies->end - replies->start};
    PdWait wait = connection_send(replies->connection, tools, bytes, (PdWait)replies->then, now);
    connection_settle(replies->connection, tools, wait);
    *before = (PdWait)replies->before;
    return replies->connection;
}

bool
pd_tools_full(const PdTools *tools)
{
    return tools->replies->len >= GROUP_CONNECTIONS || tools->out->len >= GROUP_OUTPUT;
}
