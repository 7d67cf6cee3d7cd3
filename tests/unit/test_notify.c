#include "policyd/notify.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A service manager that listens at `name` ("@" for the abstract name space). */
static int
manager(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, size), ==, 0);
    g_setenv("NOTIFY_SOCKET", name, TRUE);
    return fd;
}

static char *
received(int fd)
{
    char bytes[512];
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);

    return g_strndup(bytes, (gsize)MAX(got, 0));
}

static void
check_manager(const char *name)
{
    int fd = manager(name);

    g_assert_true(pd_notify("READY=1\nSTATUS=x"));
    g_autofree char *ready = received(fd);
    g_assert_cmpstr(ready, ==, "READY=1\nSTATUS=x");
    pd_notify_reloading();
    g_autofree char *reloading = received(fd);
    g_assert_true(g_str_has_prefix(reloading, "RELOADING=1\nMONOTONIC_USEC="));
    gint64 then = g_ascii_strtoll(strchr(strchr(reloading, '\n'), '=') + 1, NULL, 10);
    g_assert_cmpint(ABS(g_get_monotonic_time() - then), <, 60 * G_USEC_PER_SEC);
    close(fd);
}

static void
test_manager(void)
{
    g_autofree char *folder = g_dir_make_tmp("notify-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "socket", NULL);
    g_autofree char *abstract = g_strdup_printf("@policyd-test-%d", (int)getpid());

    check_manager(path);
    check_manager(abstract);
    g_unlink(path);
    g_rmdir(folder);
    g_assert_false(pd_notify("READY=1")); /* nobody listens any more */
}

static void
test_nobody(void)
{
    static const char *const names[] = {"", "x", "relative", "/nowhere/at/all", "@"};

    g_unsetenv("NOTIFY_SOCKET");
    g_assert_false(pd_notify("READY=1"));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_setenv("NOTIFY_SOCKET", names[i], TRUE);
        g_assert_false(pd_notify("READY=1"));
    }
    g_autofree char *endless = g_strnfill(500, '/');
    g_setenv("NOTIFY_SOCKET", endless, TRUE);
    g_assert_false(pd_notify("READY=1"));
}

static void
test_watchdog(void)
{
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());

    g_unsetenv("WATCHDOG_USEC");
    g_unsetenv("WATCHDOG_PID");
    g_assert_cmpuint(pd_notify_watchdog_interval(), ==, 0);
    g_setenv("WATCHDOG_USEC", "30000000", TRUE);
    g_assert_cmpuint(pd_notify_watchdog_interval(), ==, 10000);
    g_setenv("WATCHDOG_PID", pid, TRUE);
    g_assert_cmpuint(pd_notify_watchdog_interval(), ==, 10000);
    g_setenv("WATCHDOG_PID", "1", TRUE);
    g_assert_cmpuint(pd_notify_watchdog_interval(), ==, 0);
    g_setenv("WATCHDOG_PID", pid, TRUE);
    g_setenv("WATCHDOG_USEC", "1", TRUE);
    g_assert_cmpuint(pd_notify_watchdog_interval(), ==, 1);
    g_setenv("WATCHDOG_USEC", "soon", TRUE);
    g_assert_cmpuint(pd_notify_watchdog_interval(), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/notify/manager", test_manager);
    g_test_add_func("/notify/nobody", test_nobody);
    g_test_add_func("/notify/watchdog", test_watchdog);
    return g_test_run();
}
