#include "policyd/postfix_tool.h"

#include "tables/command.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* Milliseconds without any progress after which a tool hangs: a directory or database behind a
 * table that does not answer ends by itself in less. */
#define IDLE_MAX 60000
/* How often its progress is looked at, in milliseconds. */
#define IDLE_STEP 1000
/* Longest line: ten times a socketmap reply. */
#define LINE_MAX_BYTES (1024 * 1024)
/* All of main.cf, with room for the largest that anybody has. */
#define OUTPUT_MAX (16 * 1024 * 1024)
#define COMPLAINT_MAX 8192
#define BUFFER_SIZE 65536

struct PdPostfixTool {
    GSubprocess *process;
    char *name;
    int output;    /* read end of its standard output */
    int complaint; /* what it writes to standard error; a file */
    int input;     /* a second descriptor of what it reads, to see how far it is; -1 for none */
    off_t input_at;
    bool ended;
    GString *line;
    gsize used; /* bytes of `buffer` that were given out */
    gsize filled;
    char buffer[BUFFER_SIZE];
};

/* Administration programs are often not in the path of those who become root by sudo or su. */
static char *
find_tool(const char *name)
{
    char *found = g_find_program_in_path(name);
    if (found)
        return found;
    g_autofree char *usual = g_build_filename("/usr/sbin", name, NULL);
    return g_file_test(usual, G_FILE_TEST_IS_EXECUTABLE) ? g_steal_pointer(&usual) : NULL;
}

bool
pd_postfix_tool_installed(const char *name)
{
    g_autofree char *found = find_tool(name);
    return found != NULL;
}

int
pd_postfix_tool_scratch(GError **error)
{
    g_autofree char *path = NULL;
    int file = g_file_open_tmp("policyctl-XXXXXX", &path, error);
    if (file >= 0)
        unlink(path);
    return file;
}

static bool
start(PdPostfixTool *tool, const char *const *argv, int input, GError **error)
{
    g_autofree char *path = find_tool(argv[0]);
    int ends[2] = {-1, -1};
    if (!path) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED,
                    "%s was not found: Postfix is not installed here", argv[0]);
        return false;
    }
    tool->complaint = pd_postfix_tool_scratch(error);
    if (tool->complaint < 0)
        return false;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "pipe: %s", g_strerror(errno));
        return false;
    }
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
    g_subprocess_launcher_setenv(launcher, "LC_ALL", "C", TRUE);
    if (input >= 0) {
        tool->input = fcntl(input, F_DUPFD_CLOEXEC, 0);
        g_subprocess_launcher_take_stdin_fd(launcher, fcntl(input, F_DUPFD_CLOEXEC, 0));
    } else {
        g_subprocess_launcher_set_stdin_file_path(launcher, "/dev/null");
    }
    g_subprocess_launcher_take_stdout_fd(launcher, ends[1]);
    g_subprocess_launcher_take_stderr_fd(launcher, fcntl(tool->complaint, F_DUPFD_CLOEXEC, 0));
    tool->output = ends[0];
    g_autofree const char **vector =
        g_memdup(argv, (g_strv_length((char **)argv) + 1) * (guint)sizeof *argv);
    vector[0] = path;
    tool->process = g_subprocess_launcher_spawnv(launcher, vector, error);
    return tool->process != NULL;
}

PdPostfixTool *
pd_postfix_tool_new(const char *const *argv, int input, GError **error)
{
    PdPostfixTool *tool = g_new0(PdPostfixTool, 1);
    tool->output = tool->complaint = tool->input = -1;
    tool->line = g_string_new(NULL);
    tool->name = g_strdup(argv[0]);
    bool started = start(tool, argv, input, error);
    if (input >= 0)
        close(input);
    if (started)
        return tool;
    pd_postfix_tool_free(tool);
    return NULL;
}

void
pd_postfix_tool_free(PdPostfixTool *tool)
{
    if (!tool)
        return;
    if (tool->process && !tool->ended) {
        g_subprocess_force_exit(tool->process);
        g_subprocess_wait(tool->process, NULL, NULL);
    }
    g_clear_object(&tool->process);
    const int files[] = {tool->output, tool->complaint, tool->input};
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++)
        if (files[i] >= 0)
            close(files[i]);
    g_string_free(tool->line, TRUE);
    g_free(tool->name);
    g_free(tool);
}

/* True when it read some of its input since the last call. */
static bool
reads_on(PdPostfixTool *tool)
{
    off_t at = tool->input >= 0 ? lseek(tool->input, 0, SEEK_CUR) : tool->input_at;
    bool moved = at != tool->input_at;
    tool->input_at = at;
    return moved;
}

static bool
wait_for_output(PdPostfixTool *tool, GError **error)
{
    for (int idle = 0; idle < IDLE_MAX; idle += IDLE_STEP) {
        struct pollfd ready = {.fd = tool->output, .events = POLLIN};
        int count = poll(&ready, 1, IDLE_STEP);
        if (count > 0)
            return true;
        if ((count < 0 && errno == EINTR) || reads_on(tool))
            idle = 0;
    }
    g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_TEMPORARY, "%s did nothing for %d s", tool->name,
                IDLE_MAX / 1000);
    return false;
}

/* False at the end (no error) or with `error`. */
static bool
fill(PdPostfixTool *tool, GError **error)
{
    ssize_t count;
    do {
        if (!wait_for_output(tool, error))
            return false;
        count = read(tool->output, tool->buffer, sizeof tool->buffer);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "%s: %s", tool->name,
                    g_strerror(errno));
    tool->used = 0;
    tool->filled = count > 0 ? (gsize)count : 0;
    return count > 0;
}

const char *
pd_postfix_tool_line(PdPostfixTool *tool, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_string_truncate(tool->line, 0);
    for (;;) {
        if (tool->used == tool->filled && !fill(tool, &cause))
            break;
        const char *begin = tool->buffer + tool->used;
        const char *end = memchr(begin, '\n', tool->filled - tool->used);
        gsize length = end ? (gsize)(end - begin) : tool->filled - tool->used;
        g_string_append_len(tool->line, begin, (gssize)length);
        tool->used += length + (end ? 1 : 0);
        if (end)
            return tool->line->str;
        if (tool->line->len > LINE_MAX_BYTES) {
            g_set_error(&cause, TBL_EXIT_ERROR, TBL_EXIT_FAILED,
                        "%s wrote a line of more than %d bytes", tool->name, LINE_MAX_BYTES);
            break;
        }
    }
    if (!cause)
        return tool->line->len > 0 ? tool->line->str : NULL;
    g_propagate_error(error, g_steal_pointer(&cause));
    return NULL;
}

int
pd_postfix_tool_finish(PdPostfixTool *tool, char **complaint)
{
    char text[COMPLAINT_MAX + 1];
    /* It closed its output, so it is about to end. */
    g_subprocess_wait(tool->process, NULL, NULL);
    tool->ended = true;
    ssize_t count = pread(tool->complaint, text, COMPLAINT_MAX, 0);
    text[count > 0 ? count : 0] = '\0';
    *complaint = g_strstrip(g_strdelimit(g_utf8_make_valid(text, -1), "\r\n", ' '));
    return g_subprocess_get_if_exited(tool->process) ? g_subprocess_get_exit_status(tool->process)
                                                     : -1;
}

char *
pd_postfix_tool_run(const char *const *argv, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(PdPostfixTool) tool = pd_postfix_tool_new(argv, -1, error);
    g_autoptr(GString) all = g_string_new(NULL);
    if (!tool)
        return NULL;
    const char *line;
    while (all->len < OUTPUT_MAX && (line = pd_postfix_tool_line(tool, &cause)))
        g_string_append_printf(all, "%s\n", line);
    if (cause) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    if (all->len >= OUTPUT_MAX) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "%s wrote more than %d bytes", argv[0],
                    OUTPUT_MAX);
        return NULL;
    }
    g_autofree char *complaint = NULL;
    if (pd_postfix_tool_finish(tool, &complaint) != 0) {
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "%s",
                    *complaint ? complaint : "Postfix's program failed");
        return NULL;
    }
    return g_string_free(g_steal_pointer(&all), FALSE);
}
