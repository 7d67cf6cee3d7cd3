/*
 * The daemon: listeners, workers, store, control socket and signals around one GMainContext. Main
 * thread.
 */
#pragma once

#include "tables/config.h"

typedef struct PdDaemon PdDaemon;

/* What reading a configuration cannot tell: does the group of the sockets exist? The error
 * is in TBL_CONFIG_ERROR. */
bool pd_daemon_check(const TblConfig *config, GError **error);

/* Takes the store's lock, listens and starts the workers. `path`: of the configuration, to read it
 * again (NULL: the default). NULL with `error` (tbl_exit_code tells the exit code). */
PdDaemon *pd_daemon_new(TblConfig *config, const char *path, GError **error);
void pd_daemon_note_peers(PdDaemon *daemon); /* logs who connects */
/* Serves until SIGTERM or SIGINT, then answers what was read. */
void pd_daemon_run(PdDaemon *daemon);
void pd_daemon_free(PdDaemon *daemon);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdDaemon, pd_daemon_free)
