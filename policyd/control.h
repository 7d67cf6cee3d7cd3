/*
 * The control socket beside the store: `PATH.ctl`, mode 0600, owner and group of its directory. A
 * client sends one JSON object in one line, gets one line back, and the connection is closed. Main
 * thread (its default GMainContext).
 */
#pragma once

#include "tables/json.h"

#include <gio/gio.h>

typedef struct PdControl PdControl;

/* One answer: false and `error` makes {"ok":false,"error":...}; else what it adds to `reply`, by
 * itself an empty object. */
typedef bool (*PdControlRun)(TblJson *reply, gpointer data, GError **error);

typedef struct {
    const char *command;
    PdControlRun run;
} PdControlCommand;

/* `commands` ends with a NULL command; both are borrowed. Says once when the socket cannot be made
 * and tries again each second, also when somebody removed it. */
PdControl *pd_control_new(const char *store_path, const PdControlCommand *commands, gpointer data);
void pd_control_free(PdControl *control); /* removes the socket if it is still ours */
