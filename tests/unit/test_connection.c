#include "policyd/connection.h"
#include "tests/unit/fixture.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection over a socket pair, answered from a store. */
typedef struct {
    Fixture *store;
    PdStats stats;
    PdTools *tools;
    PdConnection *connection;
    int peer;
    gint64 now;
} Talk;

static Talk *
talk_new(PdProtocol protocol)
{
    Talk *talk = g_new0(Talk, 1);
    int pair[2];

    talk->store = fixture_new("[limits]\nrequest-timeout=30\n");
    fixture_declare(talk->store, tbl_domain_new("relay.example", TBL_DOMAIN_RELAY));
    fixture_put(talk->store,
                fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@relay.example", NULL));
    fixture_commit(talk->store);
    talk->tools = pd_tools_new(talk->store->config, &talk->stats);
    pd_answerer_set_reader(talk->tools->answerer, tbl_reader_new(talk->store->store, NULL));
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), ==,
                    0);
    talk->connection = pd_connection_new(pair[0], protocol);
    talk->peer = pair[1];
    talk->now = 1000;
    return talk;
}

static void
talk_free(Talk *talk)
{
    if (talk->connection)
        pd_connection_free(talk->connection, talk->tools);
    g_assert_cmpuint(talk->tools->waiting.length, ==, 0);
    g_assert_cmpuint(talk->tools->turns.length, ==, 0);
    pd_tools_free(talk->tools);
    close(talk->peer);
    fixture_free(talk->store);
    g_free(talk);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Talk, talk_free)

static void
say(Talk *talk, const char *bytes, gsize length)
{
    g_assert_cmpint(send(talk->peer, bytes, length, MSG_NOSIGNAL), ==, (gssize)length);
}

static PdWait
serve(Talk *talk)
{
    PdWait wait = pd_connection_serve(talk->connection, talk->tools, ++talk->now), before;

    if (wait == PD_WAIT_SEND) {
        g_assert_true(pd_tools_send(talk->tools, talk->now, &before) == talk->connection);
        wait = (PdWait)talk->connection->wait;
    }
    g_assert_null(pd_tools_send(talk->tools, talk->now, &before));
    pd_answerer_rest(talk->tools->answerer);
    return wait;
}

/* Everything that arrived. Caller frees. */
static char *
hear(Talk *talk)
{
    g_autoptr(GString) all = g_string_new(NULL);
    char bytes[4096];
    ssize_t got;

    while ((got = recv(talk->peer, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        g_string_append_len(all, bytes, got);
    return g_string_free(g_steal_pointer(&all), FALSE);
}

#define assert_hears(talk, expected)                                                               \
    do {                                                                                           \
        g_autofree char *heard_ = hear(talk);                                                      \
        g_assert_cmpstr(heard_, ==, expected);                                                     \
    } while (0)

static const char ask[] = "41:relay_recipient_maps ANN@Relay.Example.ab,";
static const char known[] = "38:relay_recipient_maps ann@relay.example,";
static const char answer[] = "20:OK ann@relay.example,";
static const char absent[] = "9:NOTFOUND ,";

static void
test_one_request(void)
{
    g_autoptr(Talk) talk = talk_new(PD_PROTOCOL_SOCKETMAP);

    g_assert_cmpint(serve(talk), ==, PD_WAIT_INPUT); /* nothing came */
    say(talk, known, strlen(known));
    g_assert_cmpint(serve(talk), ==, PD_WAIT_INPUT);
    assert_hears(talk, answer);
    g_assert_null(talk->connection->work);
    g_assert_cmpuint(pd_stats_get(&talk->stats, PD_STAT_REQUESTS), ==, 1);
    g_assert_cmpuint(sizeof *talk->connection, <=, 64);
}

static void
test_every_split(void)
{
    g_autoptr(Talk) talk = talk_new(PD_PROTOCOL_SOCKETMAP);
    gsize length = strlen(known);

    for (gsize cut = 1; cut < length; cut++) {
        say(talk, known, cut);
        g_assert_cmpint(serve(talk), ==, PD_WAIT_INPUT);
        g_assert_nonnull(talk->connection->work);
        assert_hears(talk, "");
        say(talk, known + cut, length - cut);
        g_assert_cmpint(serve(talk), ==, PD_WAIT_INPUT);
        assert_hears(talk, answer);
        g_assert_null(talk->connection->work);
    }
    for (gsize i = 0; i < length; i++) {
        say(talk, known + i, 1);
        g_assert_cmpint(serve(talk), ==, PD_WAIT_INPUT);
    }
    assert_hears(talk, answer);
}

/* Many at once: answered in order, in turns, so that nobody else waits for all of them. */
static void
test_turns(void)
{
    g_autoptr(Talk) talk = talk_new(PD_PROTOCOL_SOCKETMAP);
    g_autoptr(GString) many = g_string_new(NULL), expected = g_string_new(NULL);
    guint turns = 1;

    for (guint i = 0; i < 500; i++) {
        g_string_append(many, i % 3 ? known : ask);
        g_string_append(expected, i % 3 ? answer : absent);
    }
    g_string_append_len(many, known, 7);
    say(talk, many->str, many->len);
    PdWait wait = serve(talk);
    for (; wait == PD_WAIT_TURN; turns++) {
        g_assert_true(pd_tools_next_turn(talk->tools) == talk->connection);
        wait = serve(talk);
    }
    g_assert_cmpint(wait, ==, PD_WAIT_INPUT);
    g_assert_cmpuint(turns, >, 3);
    assert_hears(talk, expected->str);
    say(talk, known + 7, strlen(known) - 7);
    g_assert_cmpint(serve(talk), ==, PD_WAIT_INPUT);
    assert_hears(talk, answer);
    g_assert_null(talk->connection->work);
}

/* A peer that does not read is not read from; what it gets in the end is whole and in order. */
static void
test_short_write(void)
{
    g_autoptr(Talk) talk = talk_new(PD_PROTOCOL_SOCKETMAP);
    g_autoptr(GString) heard = g_string_new(NULL), expected = g_string_new(NULL);
    int small = 4096;
    guint asked = 0;
    PdWait wait = PD_WAIT_INPUT;

    setsockopt(talk->connection->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    while (wait != PD_WAIT_OUTPUT) {
        if (wait == PD_WAIT_INPUT) {
            say(talk, known, strlen(known));
            asked++;
        } else {
            g_assert_true(pd_tools_next_turn(talk->tools) == talk->connection);
        }
        wait = serve(talk);
    }
    say(talk, known, strlen(known));
    asked++;
    g_assert_cmpint(serve(talk), ==, PD_WAIT_OUTPUT);
    gint64 since = pd_tools_waiting_since(talk->tools);
    g_assert_cmpint(serve(talk), ==, PD_WAIT_OUTPUT);
    g_assert_cmpint(pd_tools_waiting_since(talk->tools), ==, since);
    for (guint i = 0; i < 1000 && heard->len < asked * strlen(answer); i++) {
        g_autofree char *more = hear(talk);
        g_string_append(heard, more);
        serve(talk);
    }
    for (guint i = 0; i < asked; i++)
        g_string_append(expected, answer);
    g_assert_cmpstr(heard->str, ==, expected->str);
    g_assert_null(talk->connection->work);
}

static void
test_overlong(void)
{
    g_autoptr(Talk) talk = talk_new(PD_PROTOCOL_SOCKETMAP);
    g_autofree char *keys = g_strnfill(100000, 'k');

    say(talk, "100020:relay_recipient_map ", 27);
    g_assert_cmpint(serve(talk), ==, PD_WAIT_INPUT);
    say(talk, keys, 50000);
    g_assert_cmpint(serve(talk), ==, PD_WAIT_INPUT);
    g_assert_cmpuint(talk->connection->work->in->len, ==, 0); /* nothing is kept */
    say(talk, keys + 50000, 50000);
    g_assert_cmpint(serve(talk), ==, PD_WAIT_INPUT);
    assert_hears(talk, "");
    say(talk, ",", 1);
    g_assert_cmpint(serve(talk), ==, PD_WAIT_INPUT);
    assert_hears(talk, absent);
    g_assert_null(talk->connection->work);
    say(talk, known, strlen(known));
    serve(talk);
    assert_hears(talk, answer);
}

static void
test_broken(void)
{
    g_autoptr(Talk) talk = talk_new(PD_PROTOCOL_SOCKETMAP);
    g_autofree char *bytes = g_strconcat(known, known, "zzz", NULL);

    say(talk, bytes, strlen(bytes));
    g_assert_cmpint(serve(talk), ==, PD_WAIT_CLOSED);
    assert_hears(talk, "20:OK ann@relay.example,20:OK ann@relay.example,");
    g_assert_cmpuint(pd_stats_get(&talk->stats, PD_STAT_BROKEN), ==, 1);
}

static void
test_unknown_map(void)
{
    g_autoptr(Talk) talk = talk_new(PD_PROTOCOL_SOCKETMAP);

    say(talk, "10:no\r\xff%s%n x,", 14);
    g_assert_cmpint(serve(talk), ==, PD_WAIT_INPUT);
    assert_hears(talk, "31:PERM unknown map no\\x0d\\xff%s%n,");
}

static void
test_half_close(void)
{
    g_autoptr(Talk) talk = talk_new(PD_PROTOCOL_SOCKETMAP);

    say(talk, known, strlen(known));
    shutdown(talk->peer, SHUT_WR);
    g_assert_cmpint(serve(talk), ==, PD_WAIT_INPUT);
    assert_hears(talk, answer);
    g_assert_cmpint(serve(talk), ==, PD_WAIT_CLOSED);
}

static void
test_peer_gone(void)
{
    g_autoptr(Talk) talk = talk_new(PD_PROTOCOL_SOCKETMAP);

    say(talk, known, strlen(known));
    shutdown(talk->peer, SHUT_RDWR);
    g_assert_cmpint(serve(talk), ==,
                    PD_WAIT_CLOSED); /* the answer cannot be sent, and no signal kills */
}

/* The time runs from the first byte of a request, and an idle connection has none. */
static void
test_time(void)
{
    g_autoptr(Talk) talk = talk_new(PD_PROTOCOL_SOCKETMAP);

    serve(talk);
    g_assert_cmpint(pd_tools_waiting_since(talk->tools), ==, -1);
    g_assert_null(pd_tools_overdue(talk->tools, G_MAXINT64));
    say(talk, known, 5);
    serve(talk);
    gint64 since = talk->now;
    g_assert_cmpint(pd_tools_waiting_since(talk->tools), ==, since);
    say(talk, known + 5, 5);
    serve(talk);
    g_assert_cmpint(pd_tools_waiting_since(talk->tools), ==, since);
    g_assert_null(pd_tools_overdue(talk->tools, since));
    g_assert_true(pd_tools_overdue(talk->tools, since + 1) == talk->connection);
    /* The rest, and the first byte of the next. */
    g_autofree char *next = g_strconcat(known + 10, "3", NULL);
    say(talk, next, strlen(next));
    serve(talk);
    g_assert_cmpint(pd_tools_waiting_since(talk->tools), ==, talk->now);
    assert_hears(talk, answer);
}

#define HEAD "request=smtpd_access_policy\nprotocol_state=RCPT\n"

static void
test_policy(void)
{
    g_autoptr(Talk) talk = talk_new(PD_PROTOCOL_POLICY);
    static const char both[] =
        HEAD "recipient=ann@relay.example\n\n" HEAD "recipient=who@relay.example\n\n";
    static const char actions[] = "action=DUNNO\n\naction=550 5.1.1 User unknown\n\n";

    for (gsize cut = 1; cut <= strlen(both); cut++) {
        say(talk, both, cut);
        g_assert_cmpint(serve(talk), ==, PD_WAIT_INPUT);
        if (cut < strlen(both)) {
            say(talk, both + cut, strlen(both) - cut);
            g_assert_cmpint(serve(talk), ==, PD_WAIT_INPUT);
        }
        assert_hears(talk, actions);
        g_assert_null(talk->connection->work);
    }
    say(talk, HEAD "nonsense\n", strlen(HEAD "nonsense\n"));
    g_assert_cmpint(serve(talk), ==, PD_WAIT_CLOSED);
    assert_hears(talk, "");
}

static void
test_no_store(void)
{
    g_autoptr(Talk) talk = talk_new(PD_PROTOCOL_SOCKETMAP);

    pd_answerer_set_reader(talk->tools->answerer, NULL);
    say(talk, known, strlen(known));
    serve(talk);
    g_autofree char *heard = hear(talk);
    g_assert_nonnull(strstr(heard, ":TEMP "));
    g_assert_cmpuint(pd_stats_get(&talk->stats, PD_STAT_FAILED), ==, 1);
    /* The declared domains are remembered. */
    say(talk, "27:relay_domains relay.example,", 31);
    serve(talk);
    assert_hears(talk, "16:OK relay.example,");
}

#define GROUP 3

/* Replies to several connections go out together, each to its own peer, in the order of asking. */
static void
test_group(void)
{
    g_autoptr(Talk) talk = talk_new(PD_PROTOCOL_SOCKETMAP);
    static const char *const asked[GROUP] = {known, ask,
                                             "41:relay_recipient_maps who@relay.example.ab,x"};
    static const char *const answers[GROUP] = {answer, absent, absent};
    static const PdWait then[GROUP] = {PD_WAIT_INPUT, PD_WAIT_INPUT, PD_WAIT_CLOSED};
    PdConnection *connections[GROUP];
    int peers[GROUP], own = talk->peer;
    PdWait before;

    for (int i = 0; i < GROUP; i++) {
        int pair[2];
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair),
                        ==, 0);
        connections[i] = pd_connection_new(pair[0], PD_PROTOCOL_SOCKETMAP);
        peers[i] = talk->peer = pair[1];
        say(talk, asked[i], strlen(asked[i]));
        g_assert_cmpint(pd_connection_serve(connections[i], talk->tools, 1), ==, PD_WAIT_SEND);
        assert_hears(talk, "");
        g_assert_false(pd_tools_full(talk->tools));
    }
    for (int i = 0; i < GROUP; i++) {
        g_assert_true(pd_tools_send(talk->tools, 1, &before) == connections[i]);
        g_assert_cmpint(before, ==, PD_WAIT_INPUT);
        g_assert_cmpint(connections[i]->wait, ==, then[i]);
        talk->peer = peers[i];
        assert_hears(talk, answers[i]);
    }
    g_assert_null(pd_tools_send(talk->tools, 1, &before));
    g_assert_cmpuint(talk->tools->out->len, ==, 0);
    pd_answerer_rest(talk->tools->answerer);
    talk->peer = own;
    for (int i = 0; i < GROUP; i++) {
        pd_connection_free(connections[i], talk->tools);
        close(peers[i]);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* Malformed input is logged; that is no failure here. */
    g_log_set_always_fatal(G_LOG_FATAL_MASK);
    g_test_add_func("/connection/one-request", test_one_request);
    g_test_add_func("/connection/every-split", test_every_split);
    g_test_add_func("/connection/turns", test_turns);
    g_test_add_func("/connection/short-write", test_short_write);
    g_test_add_func("/connection/overlong", test_overlong);
    g_test_add_func("/connection/broken", test_broken);
    g_test_add_func("/connection/unknown-map", test_unknown_map);
    g_test_add_func("/connection/half-close", test_half_close);
    g_test_add_func("/connection/peer-gone", test_peer_gone);
    g_test_add_func("/connection/time", test_time);
    g_test_add_func("/connection/policy", test_policy);
    g_test_add_func("/connection/no-store", test_no_store);
    g_test_add_func("/connection/group", test_group);
    return g_test_run();
}
