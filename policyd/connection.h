/*
 * One client connection: what was read of a request, what could not be written yet. An idle
 * connection owns nothing but its PdConnection (and costs less than 100 bytes). Belongs to the
 * worker that owns it; knows nothing of epoll.
 */
#pragma once

#include "policyd/answerer.h"

typedef enum { PD_PROTOCOL_SOCKETMAP, PD_PROTOCOL_POLICY } PdProtocol;

/* What a connection waits for. */
typedef enum {
    PD_WAIT_INPUT,
    PD_WAIT_OUTPUT, /* a write was short: nothing is read until it is out */
    PD_WAIT_TURN,   /* complete requests may be left: served again after the others */
    PD_WAIT_SEND,   /* its replies are ready for pd_tools_send, which tells what comes then */
    PD_WAIT_CLOSED, /* to be freed */
} PdWait;

/* A connection that is not idle. */
typedef struct {
    GList waiting, turn; /* links in the queues of PdTools */
    bool turn_queued;
    gint64 since;  /* first byte of the incomplete request, or last progress of the write;
                      milliseconds */
    GString *in;   /* bytes of requests that are not answered yet */
    GString *out;  /* replies that are not written yet, NULL for none */
    gsize out_at;  /* bytes of `out` that are written */
    PdAttrs attrs; /* state of the policy decoder */
    guint32 skip;  /* state of the socketmap decoder */
} PdWork;

typedef struct {
    GList link; /* for its owner's list of all connections */
    PdWork *work;
    int fd;
    guint8 protocol; /* PdProtocol */
    guint8 wait;     /* PdWait */
} PdConnection;

/* Bytes read at once: more than any request of Postfix. */
#define PD_SCRATCH_SIZE 65536

/* The replies to one connection that pd_tools_send sends. */
typedef struct {
    PdConnection *connection;
    gsize start, end; /* in PdTools.out */
    guint8 before;    /* what it waited for when it was served, a PdWait */
    guint8 then;      /* what it waits for when all can be sent, a PdWait */
} PdReplies;

/* What the connections of one worker share. */
typedef struct {
    PdAnswerer *answerer;
    PdStats *stats;
    GString *out;         /* what `replies` sends */
    GArray *replies;      /* PdReplies, in the order of serving */
    guint sent;           /* of them */
    char *scratch;        /* PD_SCRATCH_SIZE bytes */
    GQueue waiting;       /* connections with PdWork, longest since first */
    GQueue turns;         /* those in PD_WAIT_TURN */
    gint64 broken_logged; /* milliseconds */
} PdTools;

PdTools *pd_tools_new(TblConfig *config, PdStats *stats);
void pd_tools_free(PdTools *tools); /* after its connections */

/* Takes the file descriptor. */
PdConnection *pd_connection_new(int fd, PdProtocol protocol);
void pd_connection_free(PdConnection *connection, PdTools *tools); /* closes it */

/* One turn: reads at most once and answers what is complete. `now`: milliseconds of the monotonic
 * clock. Returns the new `wait`. PD_WAIT_SEND: pd_tools_send comes before the connection is served
 * again or freed. */
PdWait pd_connection_serve(PdConnection *connection, PdTools *tools, gint64 now);

/* Sends the replies of the connection that was served first. Returns it with its new `wait`, and
 * what it waited for before it was served; NULL when no replies are left. Borrowed. */
PdConnection *pd_tools_send(PdTools *tools, gint64 now, PdWait *before);
/* Replies are ready for as many connections, or of as many bytes, as should go out together. */
bool pd_tools_full(const PdTools *tools);

/* The next of those whose turn it is, taken out of the queue; NULL when there is none. Borrowed. */
PdConnection *pd_tools_next_turn(PdTools *tools);
/* The connection that waits longest, if it has waited since before `then` (milliseconds); else
 * NULL. Borrowed. */
PdConnection *pd_tools_overdue(const PdTools *tools, gint64 then);
/* Since when the longest has waited, milliseconds; -1 when none waits. */
gint64 pd_tools_waiting_since(const PdTools *tools);
