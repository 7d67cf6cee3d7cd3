#include "tables/log.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* What the writer knows; it lives as long as the process. */
typedef struct {
    char *program;
    bool verbose;
    bool journal; /* stderr is the journal's stream */
} LogSetup;

static const char *
field_value(const GLogField *fields, gsize n_fields, const char *name, gssize *length)
{
    for (gsize i = 0; i < n_fields; i++) {
        if (strcmp(fields[i].key, name) == 0) {
            *length = fields[i].length;
            return fields[i].value;
        }
    }
    *length = 0;
    return "";
}

/* syslog(3) priorities. GLib gives criticals the priority of warnings; ours are errors. */
static const char *
priority(GLogLevelFlags level)
{
    if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
        return "3";
    if (level & G_LOG_LEVEL_WARNING)
        return "4";
    if (level & G_LOG_LEVEL_MESSAGE)
        return "5";
    return level & G_LOG_LEVEL_INFO ? "6" : "7";
}

static bool
write_journal(const LogSetup *setup, GLogLevelFlags level, const char *message, gssize length)
{
    const GLogField fields[] = {
        {"MESSAGE", message, length},
        {"PRIORITY", priority(level), -1},
        {"SYSLOG_IDENTIFIER", setup->program, -1},
    };

    return g_log_writer_journald(level, fields, G_N_ELEMENTS(fields), NULL) == G_LOG_WRITER_HANDLED;
}

/* One line in one write, so that lines of several threads do not mix. Nobody can be told when
 * stderr is gone. */
static void
write_line(const LogSetup *setup, const char *message, gssize length)
{
    g_autoptr(GString) line = g_string_new(setup->program);
    gsize begin;

    g_string_append(line, ": ");
    begin = line->len;
    g_string_append_len(line, message, length);
    for (gsize i = begin; i < line->len; i++) {
        if (line->str[i] == '\n' || line->str[i] == '\r')
            line->str[i] = ' ';
    }
    g_string_append_c(line, '\n');
    for (const char *at = line->str, *end = line->str + line->len; at < end;) {
        ssize_t written = write(STDERR_FILENO, at, (size_t)(end - at));

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        at += written;
    }
}

static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
    const LogSetup *setup = data;
    int saved = errno;
    const char *message;
    gssize length;

    if (!setup->verbose && !(level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL |
                                      G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE)))
        return G_LOG_WRITER_HANDLED;
    message = field_value(fields, n_fields, "MESSAGE", &length);
    if (!setup->journal || !write_journal(setup, level, message, length))
        write_line(setup, message, length);
    errno = saved;
    return G_LOG_WRITER_HANDLED;
}

void
tbl_log_init(const char *program, bool verbose)
{
    LogSetup *setup = g_new(LogSetup, 1);

    setup->program = g_strdup(program);
    setup->verbose = verbose;
    setup->journal = g_log_writer_is_journald(STDERR_FILENO);
    g_log_set_writer_func(write_log, setup, NULL);
}

/* Bytes of the printable character at `at`, 0 when it has to be escaped. */
static gsize
printable_length(const char *at, gsize left)
{
    gunichar c = g_utf8_get_char_validated(at, (gssize)left);

    if (c == (gunichar)-1 || c == (gunichar)-2 || c == '\\' || !g_unichar_isprint(c))
        return 0;
    return (gsize)(g_utf8_next_char(at) - at);
}

/* Bytes of printable ASCII, each a character, that stand as they are. */
static gsize
plain_length(const char *at, gsize left)
{
    gsize length = 0;
    while (length < left && at[length] >= ' ' && at[length] <= '~' && at[length] != '\\')
        length++;
    return length;
}

void
tbl_log_append_escaped(GString *out, TblSlice text, gsize max)
{
    gsize characters = 0;

    if (text.len <= max && tbl_slice_is_plain(text)) {
        g_string_append_len(out, text.ptr, (gssize)text.len);
        return;
    }
    for (gsize i = 0; i < text.len;) {
        gsize plain = plain_length(text.ptr + i, MIN(text.len - i, max - characters));

        g_string_append_len(out, text.ptr + i, (gssize)plain);
        i += plain;
        characters += plain;
        if (i == text.len)
            return;
        if (characters >= max) {
            g_string_append(out, "...");
            return;
        }
        gsize length = printable_length(text.ptr + i, text.len - i);
        if (length > 0)
            g_string_append_len(out, text.ptr + i, (gssize)length);
        else
            g_string_append_printf(out, "\\x%02x", (unsigned char)text.ptr[i]);
        i += MAX(length, 1);
        characters++;
    }
}

char *
tbl_log_escape(TblSlice text, gsize max)
{
    GString *out = g_string_new(NULL);

    tbl_log_append_escaped(out, text, max);
    return g_string_free(out, FALSE);
}
