/*
 * Guarded access to a mapped file: a fault in it (the file was cut or damaged, the disk failed)
 * becomes a result instead of the end of the process. The operation must hold no lock and allocate
 * nothing, since it may be left half-way.
 */
#pragma once

#include <stdbool.h>

/* Installs the handlers of SIGBUS and SIGSEGV, once per process. Outside guarded operations both
 * end it as ever. */
void tbl_guard_install(void);
/* Runs `operation`; `*faulted` says whether it was left by a fault (the result is then 0). */
int tbl_guard_run(int (*operation)(void *), void *argument, bool *faulted);
/* Leaves the guarded operation that this thread is in, as a fault would; returns when it is in
 * none. */
void tbl_guard_fault(void);
