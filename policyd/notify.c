#include "policyd/notify.h"

#include <glib.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Several chances within the allowed time. */
#define WATCHDOG_SHARE 3

bool
pd_notify(const char *state)
{
    const char *path = g_getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = path ? strlen(path) : 0;

    if (length < 2 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
        return false;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* abstract: its length is part of the name */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
                          (struct sockaddr *)&address, size);
    close(fd);
    return sent >= 0;
}

void
pd_notify_reloading(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    g_autofree char *state =
        g_strdup_printf("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT,
                        (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000);
    pd_notify(state);
}

unsigned
pd_notify_watchdog_interval(void)
{
    const char *allowed = g_getenv("WATCHDOG_USEC"), *pid = g_getenv("WATCHDOG_PID");
    guint64 number = 0;

    if (!allowed)
        return 0;
    if (pid && (!g_ascii_string_to_unsigned(pid, 10, 1, G_MAXINT, &number, NULL) ||
                (pid_t)number != getpid()))
        return 0;
    /* Up to an hour: more is no watch. */
    if (!g_ascii_string_to_unsigned(allowed, 10, 1, G_USEC_PER_SEC * 3600ULL, &number, NULL))
        return 0;
    return (unsigned)MAX(number / 1000 / WATCHDOG_SHARE, 1);
}
