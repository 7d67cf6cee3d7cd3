/*
 * One worker thread: a level-triggered epoll loop over its connections and the listeners it
 * watches. The only includer of <sys/epoll.h>. What crosses threads: the letters below (atomic
 * exchange and an eventfd), counters, and accepted connections.
 */
#pragma once

#include "policyd/connection.h"
#include "policyd/listen.h"
#include "policyd/mailbox.h"
#include "policyd/share.h"

PdWorker *pd_worker_new(PdShare *share, TblConfig *config, GError **error);
void pd_worker_free(PdWorker *worker); /* after pd_worker_join */
/* Before the start; the listener is borrowed until the worker is freed. */
void pd_worker_watch(PdWorker *worker, const PdListener *listener, PdProtocol protocol);
bool pd_worker_start(PdWorker *worker, GError **error);

/* Where to write to it. A letter to stop has it stop accepting, answer what was read, close, end;
 * then pd_worker_join. */
PdMailbox *pd_worker_mailbox(PdWorker *worker);
void pd_worker_join(PdWorker *worker);

PdStats *pd_worker_stats(PdWorker *worker);
