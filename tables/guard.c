#include "tables/guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

static _Thread_local sigjmp_buf *guard;

void
tbl_guard_fault(void)
{
    if (guard)
        siglongjmp(*guard, 1);
}

static void
on_fault(int number)
{
    tbl_guard_fault();
    signal(number, SIG_DFL);
    raise(number);
}

static void
install(void)
{
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
}

void
tbl_guard_install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
}

int
tbl_guard_run(int (*operation)(void *), void *argument, bool *faulted)
{
    sigjmp_buf jump;
    if (sigsetjmp(jump, 0)) {
        guard = NULL;
        *faulted = true;
        return 0;
    }
    guard = &jump;
    int result = operation(argument);
    guard = NULL;
    *faulted = false;
    return result;
}
