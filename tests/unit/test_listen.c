#include "policyd/listen.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const PdListenOptions plain = {.mode = 0660, .group = (gid_t)-1, .backlog = 5};

typedef struct {
    char *folder, *path, *endpoint;
} Place;

static Place *
place_new(const char *name)
{
    Place *place = g_new0(Place, 1);

    place->folder = g_dir_make_tmp("listen-XXXXXX", NULL);
    g_assert_nonnull(place->folder);
    place->path = g_build_filename(place->folder, name, NULL);
    place->endpoint = g_strconcat("unix:", place->path, NULL);
    return place;
}

static void
place_free(Place *place)
{
    unlink(place->path);
    g_autofree char *directory = g_path_get_dirname(place->path);
    if (strcmp(directory, place->folder) != 0)
        rmdir(directory);
    g_assert_cmpint(rmdir(place->folder), ==, 0);
    g_free(place->folder);
    g_free(place->path);
    g_free(place->endpoint);
    g_free(place);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Place, place_free)

/* A socket of somebody else at the place. */
static int
other_socket(const Place *place, bool listening)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, place->path, strlen(place->path) + 1);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    if (listening)
        g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

static mode_t
mode_of(const char *path)
{
    struct stat status;

    g_assert_cmpint(stat(path, &status), ==, 0);
    return status.st_mode & 07777;
}

static void
test_unix(void)
{
    g_autoptr(Place) place = place_new("socket");
    g_autoptr(GError) error = NULL;
    mode_t old = umask(077);
    PdListener *listener = pd_listener_new(place->endpoint, &plain, &error);

    umask(old);
    g_assert_no_error(error);
    g_assert_cmpint(mode_of(place->path), ==, 0660);
    g_assert_true(pd_listener_current(listener));
    g_assert_cmpstr(pd_listener_endpoint(listener), ==, place->endpoint);
    /* Nobody waits: accept does not block. */
    g_assert_cmpint(accept(pd_listener_fd(listener), NULL, NULL), ==, -1);
    pd_listener_free(listener);
    g_assert_false(g_file_test(place->path, G_FILE_TEST_EXISTS));
}

static void
test_folder(void)
{
    g_autoptr(Place) place = place_new("made/socket");
    g_autoptr(PdListener) listener = pd_listener_new(place->endpoint, &plain, NULL);
    g_autofree char *folder = g_path_get_dirname(place->path);

    g_assert_nonnull(listener);
    g_assert_cmpint(mode_of(folder), ==, 0750); /* who may use the socket may pass */
}

static void
test_stale(void)
{
    g_autoptr(Place) place = place_new("socket");

    close(other_socket(place, false));
    g_autoptr(PdListener) listener = pd_listener_new(place->endpoint, &plain, NULL);
    g_assert_nonnull(listener);
}

static void
test_busy(void)
{
    g_autoptr(Place) place = place_new("socket");
    g_autoptr(GError) error = NULL;
    int other = other_socket(place, true);

    g_assert_null(pd_listener_new(place->endpoint, &plain, &error));
    g_assert_nonnull(strstr(error->message, place->path));
    g_assert_true(g_file_test(place->path, G_FILE_TEST_EXISTS));
    close(other);
}

static void
test_no_socket(void)
{
    g_autoptr(Place) place = place_new("socket");
    g_autoptr(GError) error = NULL;
    g_autofree char *content = NULL;

    g_assert_true(g_file_set_contents(place->path, "precious", -1, NULL));
    g_assert_null(pd_listener_new(place->endpoint, &plain, &error));
    g_assert_nonnull(error);
    g_assert_true(g_file_get_contents(place->path, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, "precious");
}

/* What is there at the end may be another daemon's. */
static void
test_not_ours_any_more(void)
{
    g_autoptr(Place) place = place_new("socket");
    PdListener *listener = pd_listener_new(place->endpoint, &plain, NULL);

    unlink(place->path);
    g_assert_false(pd_listener_current(listener));
    int other = other_socket(place, true);
    g_assert_false(pd_listener_current(listener));
    pd_listener_free(listener);
    g_assert_true(g_file_test(place->path, G_FILE_TEST_EXISTS));
    close(other);
}

static void
test_refused(void)
{
    static const char *const endpoints[] = {
        "unix:relative/socket",    "unix:",          "tcp:127.0.0.1:1",
        "inet:127.0.0.1",          "inet::10045",    "inet:[]:10045",
        "inet:name.example:10045", "inet:0.0.0.0:0", "inet:[::]:0",
        "inet:192.0.2.1:0",        "/socket",        "",
    };

    for (guint i = 0; i < G_N_ELEMENTS(endpoints); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(pd_listener_new(endpoints[i], &plain, &error));
        g_assert_nonnull(error);
        g_assert_true(g_str_has_prefix(error->message, endpoints[i]));
    }
    g_autofree char *deep = g_strnfill(200, 'x');
    g_autofree char *endpoint = g_strconcat("unix:/", deep, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(pd_listener_new(endpoint, &plain, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME);
}

static void
test_inet(void)
{
    static const PdListenOptions remote = {
        .mode = 0660, .group = (gid_t)-1, .backlog = 5, .allow_remote = true};
    g_autoptr(GError) error = NULL;
    g_autoptr(PdListener) loopback = pd_listener_new("inet:127.0.0.1:0", &plain, &error);

    g_assert_no_error(error);
    g_assert_true(pd_listener_current(loopback));
    g_autoptr(PdListener) any = pd_listener_new("inet:0.0.0.0:0", &remote, &error);
    g_assert_no_error(error);
    g_assert_nonnull(any);
}

static void
test_activation(void)
{
    static const char *const policy[] = {"policy", NULL}, *const socketmap[] = {"socketmap", NULL};
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());

    g_unsetenv("LISTEN_PID");
    g_autoptr(GPtrArray) none = pd_listener_activated("socketmap");
    g_assert_cmpuint(none->len, ==, 0);
    g_setenv("LISTEN_PID", "1", TRUE); /* somebody else's */
    g_setenv("LISTEN_FDS", "1", TRUE);
    g_setenv("LISTEN_FDNAMES", "socketmap", TRUE);
    g_autoptr(GPtrArray) others = pd_listener_activated("socketmap");
    g_assert_cmpuint(others->len, ==, 0);
    g_assert_cmpuint(pd_listener_warn_unserved(policy), ==, 0);
    g_setenv("LISTEN_PID", pid, TRUE);
    g_autoptr(GPtrArray) unnamed = pd_listener_activated("policy");
    g_assert_cmpuint(unnamed->len, ==, 0);
    g_assert_cmpuint(pd_listener_warn_unserved(socketmap), ==, 0);
    g_test_expect_message("policyd-gif", G_LOG_LEVEL_WARNING, "*'socketmap' is not served*");
    g_assert_cmpuint(pd_listener_warn_unserved(policy), ==, 1);
    g_test_assert_expected_messages();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/listen/unix", test_unix);
    g_test_add_func("/listen/folder", test_folder);
    g_test_add_func("/listen/stale", test_stale);
    g_test_add_func("/listen/busy", test_busy);
    g_test_add_func("/listen/no-socket", test_no_socket);
    g_test_add_func("/listen/not-ours-any-more", test_not_ours_any_more);
    g_test_add_func("/listen/refused", test_refused);
    g_test_add_func("/listen/inet", test_inet);
    g_test_add_func("/listen/activation", test_activation);
    return g_test_run();
}
