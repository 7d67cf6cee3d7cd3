/*
 * Ctrl-C and its kin: SIGINT, SIGTERM and SIGHUP end the process at any time, leave nothing half
 * done, and say so. What is not committed leaves no trace in the store; files that are not finished
 * are removed; then the process dies by the signal, so that the shell that started it knows.
 * Signals that were ignored from the start (nohup) stay ignored. Process-wide, as signals are.
 * Before gif_interrupt_watch() the other functions do nothing.
 */
#pragma once

#include <stdbool.h>

/* Called once, before there is a second thread. */
void gif_interrupt_watch(void);

/* Files to remove when a signal ends the process, and no longer. Of a folder, its files first.
 * Copied. Any thread. */
void gif_interrupt_add_file(const char *path);
void gif_interrupt_remove_file(const char *path);

/* While it is held a signal waits; for what is short and has to be done whole. Nests. */
void gif_interrupt_hold(void);
void gif_interrupt_release(void);

/* A new file beside its place, as g_mkstemp_full() makes it, that is removed when a signal ends the
 * process. */
int gif_interrupt_make_file(char *template, int flags, int mode);

/* From here on the commit cannot be taken back: a signal does not end the process before ... */
void gif_interrupt_begin_commit(void);
/* ... it came to its end. `done`: the change is in the store. */
void gif_interrupt_end_commit(bool done);
