/*
 * The service manager's notify socket (sd_notify(3)), without its library. Every call is harmless
 * without a manager.
 */
#pragma once

#include <stdbool.h>

/* Sends `state` ("READY=1\nSTATUS=...") as one datagram. False: nobody listens. */
bool pd_notify(const char *state);
/* RELOADING=1 with the time that Type=notify-reload asks for. */
void pd_notify_reloading(void);
/* Milliseconds between two WATCHDOG=1, a third of what the manager allows; 0: it watches nobody
 * here. */
unsigned pd_notify_watchdog_interval(void);
