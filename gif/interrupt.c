#include "gif/interrupt.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Carriage return, and erase to the end of the line (ECMA-48 EL): progress may stand there. */
#define ERASE "\r\033[K"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

typedef enum { STATE_WORKING, STATE_COMMITTING, STATE_COMMITTED } State;

typedef struct {
    pthread_mutex_t lock;
    State state;
    GPtrArray *files; /* char * */
    sigset_t watched;
} Interrupt;

/* NULL until gif_interrupt_watch(). */
static _Atomic(Interrupt *) current;

static const char *
signal_name(int number)
{
    return number == SIGINT ? "SIGINT" : number == SIGTERM ? "SIGTERM" : "SIGHUP";
}

/* Past stdio, whose lock another thread may hold while it waits for whoever reads our messages. */
static void
say(int number, const char *what)
{
    g_autofree char *line = g_strdup_printf(
        "%sgif-import: %s: %s\n", isatty(STDERR_FILENO) ? ERASE : "", signal_name(number), what);
    ssize_t written = write(STDERR_FILENO, line, strlen(line));
    (void)written; /* nobody is left to be told */
}

/* Dies by it, as whoever waits for us expects (the shell stops its script too). */
static void
die(int number)
{
    sigset_t alone;
    sigemptyset(&alone);
    sigaddset(&alone, number);
    signal(number, SIG_DFL);
    raise(number); /* pending for this thread until it is unblocked */
    pthread_sigmask(SIG_UNBLOCK, &alone, NULL);
}

/* The lock is kept: the other threads touch no file any more. */
static void
end(Interrupt *interrupt, int number)
{
    for (guint i = 0; i < interrupt->files->len; i++) {
        (void)remove(g_ptr_array_index(interrupt->files, i));
    }
    say(number, interrupt->state == STATE_WORKING ? "stopped; nothing was changed"
                                                  : "stopped, after the change was applied");
    die(number);
}

static void *
watch(void *data)
{
    Interrupt *interrupt = data;
    for (;;) {
        int number = 0;
        if (sigwait(&interrupt->watched, &number) != 0) {
            continue;
        }
        pthread_mutex_lock(&interrupt->lock);
        if (interrupt->state != STATE_COMMITTING) {
            end(interrupt, number);
        }
        say(number, "too late; the change is being committed");
        pthread_mutex_unlock(&interrupt->lock);
    }
    return NULL;
}

void
gif_interrupt_watch(void)
{
    Interrupt *interrupt = g_new0(Interrupt, 1);
    pthread_t thread;
    pthread_mutexattr_t nesting;
    pthread_mutexattr_init(&nesting);
    pthread_mutexattr_settype(&nesting, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&interrupt->lock, &nesting);
    pthread_mutexattr_destroy(&nesting);
    interrupt->files = g_ptr_array_new_with_free_func(g_free);
    sigemptyset(&interrupt->watched);
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++) {
        struct sigaction before;
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            sigaddset(&interrupt->watched, signals[i]);
        }
    }
    /* The threads to come inherit it. */
    pthread_sigmask(SIG_BLOCK, &interrupt->watched, NULL);
    if (pthread_create(&thread, NULL, watch, interrupt) != 0) {
        /* Without the thread signals do what they always did. */
        pthread_sigmask(SIG_UNBLOCK, &interrupt->watched, NULL);
        g_ptr_array_unref(interrupt->files);
        g_free(interrupt);
        return;
    }
    pthread_detach(thread);
    atomic_store(&current, interrupt);
}

void
gif_interrupt_add_file(const char *path)
{
    Interrupt *interrupt = atomic_load(&current);
    if (interrupt) {
        pthread_mutex_lock(&interrupt->lock);
        g_ptr_array_add(interrupt->files, g_strdup(path));
        pthread_mutex_unlock(&interrupt->lock);
    }
}

void
gif_interrupt_remove_file(const char *path)
{
    Interrupt *interrupt = atomic_load(&current);
    guint index;
    if (interrupt) {
        pthread_mutex_lock(&interrupt->lock);
        if (g_ptr_array_find_with_equal_func(interrupt->files, path, g_str_equal, &index)) {
            g_ptr_array_remove_index(interrupt->files, index);
        }
        pthread_mutex_unlock(&interrupt->lock);
    }
}

void
gif_interrupt_hold(void)
{
    Interrupt *interrupt = atomic_load(&current);
    if (interrupt) {
        pthread_mutex_lock(&interrupt->lock);
    }
}

void
gif_interrupt_release(void)
{
    Interrupt *interrupt = atomic_load(&current);
    if (interrupt) {
        pthread_mutex_unlock(&interrupt->lock);
    }
}

int
gif_interrupt_make_file(char *template, int flags, int mode)
{
    gif_interrupt_hold();
    int fd = g_mkstemp_full(template, flags, mode);
    int reason = errno;
    if (fd >= 0) {
        gif_interrupt_add_file(template);
    }
    gif_interrupt_release();
    errno = reason;
    return fd;
}

static void
state_set(State state)
{
    Interrupt *interrupt = atomic_load(&current);
    if (interrupt) {
        pthread_mutex_lock(&interrupt->lock);
        interrupt->state = state;
        pthread_mutex_unlock(&interrupt->lock);
    }
}

void
gif_interrupt_begin_commit(void)
{
    state_set(STATE_COMMITTING);
}

void
gif_interrupt_end_commit(bool done)
{
    state_set(done ? STATE_COMMITTED : STATE_WORKING);
}
