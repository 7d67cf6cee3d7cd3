#include "gif/input.h"

#include "tables/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a file of failed rows gets when its input was a stream. */
#define STREAM_MODE 0600
/* First room for a stream, whose length nobody knows. */
#define STREAM_ROOM (64 * 1024)
/* Of a file at least so many bytes are worth a thread, which takes a tenth of a millisecond. */
#define PART_MIN ((gsize)8 << 20)
#define PARTS_MAX 4u

/* A part of a file, and of the memory for all of it. */
typedef struct {
    int fd;
    char *bytes;   /* of the whole file */
    gsize at, end; /* read so far */
    pthread_t thread;
} Part;

void
gif_input_free(GifInput *input)
{
    if (input) {
        g_free(input->path);
        g_free(input->bytes);
        g_free(input->signer);
        gif_text_free(input->text);
        g_free(input);
    }
}

static int
errno_set(GError **error, int number)
{
    g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(number), "cannot be read: %s",
                g_strerror(number));
    return -1;
}

/* An open descriptor of a regular file, or -1. Without O_NONBLOCK a FIFO would wait for a writer.
 */
static int
file_open(const char *path, struct stat *status, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return errno_set(error, errno);
    }
    if (fstat(fd, status) != 0) {
        int number = errno;
        close(fd);
        return errno_set(error, number);
    }
    if (!S_ISREG(status->st_mode)) {
        close(fd);
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                    "%s; give a file, or - for standard input",
                    S_ISDIR(status->st_mode) ? "is a directory" : "is no regular file");
        return -1;
    }
    return fd;
}

/* Up to its end, unless the file ends before or cannot be read. */
static void *
part_read(void *data)
{
    Part *part = data;
    ssize_t got = 1;
    while (part->at < part->end && (got > 0 || (got < 0 && errno == EINTR))) {
        got = pread(part->fd, part->bytes + part->at, part->end - part->at, (off_t)part->at);
        part->at += got > 0 ? (gsize)got : 0;
    }
    return NULL;
}

/* Reads a file into `bytes` in several threads: the kernel clears the memory for it first, which
 * takes longer than the copy. The length of what was read without a gap; whatever kept a thread
 * from more is met again by whoever reads on from there. */
static gsize
parts_read(int fd, char *bytes, gsize length)
{
    Part parts[PARTS_MAX];
    guint count = (guint)MIN(MIN(g_get_num_processors(), PARTS_MAX), length / PART_MIN);
    guint threads = 0;
    for (guint i = 0; i < count; i++) {
        parts[i] = (Part){fd, bytes, length / count * i, length / count * (i + 1), 0};
    }
    while (threads + 1 < count &&
           pthread_create(&parts[threads].thread, NULL, part_read, &parts[threads]) == 0) {
        threads++;
    }
    for (guint i = threads; i < count; i++) {
        part_read(&parts[i]);
    }
    for (guint i = 0; i < threads; i++) {
        pthread_join(parts[i].thread, NULL);
    }
    gsize whole = 0;
    for (guint i = 0; i < count && parts[i].at == parts[i].end; i++) {
        whole = parts[i].end;
    }
    return whole;
}

/* Everything up to the end of the descriptor, allocated; NULL with `error`. */
static char *
bytes_read(int fd, gsize expected, bool stream, gsize *length, GError **error)
{
    gsize room = expected + 1;
    g_autofree char *bytes = g_try_malloc(room);
    tbl_pages_enlarge(bytes, bytes ? room : 0);
    *length = bytes && !stream ? parts_read(fd, bytes, expected) : 0;
    if (*length > 0 && lseek(fd, (off_t)*length, SEEK_SET) < 0) {
        errno_set(error, errno);
        return NULL;
    }
    while (bytes) {
        if (*length == room) {
            room *= 2;
            char *larger = room > 2 * GIF_FILE_MAX ? NULL : g_try_realloc(bytes, room);
            if (!larger) {
                break;
            }
            bytes = larger;
        }
        ssize_t got = read(fd, bytes + *length, room - *length);
        if (got == 0) {
            return g_steal_pointer(&bytes);
        }
        if (got < 0 && errno != EINTR) {
            errno_set(error, errno);
            return NULL;
        }
        *length += got > 0 ? (gsize)got : 0;
        if (*length > GIF_FILE_MAX) {
            break;
        }
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                "is too large; split it into files of less than 2 GiB");
    return NULL;
}

GifInput *
gif_input_read(const char *path, GError **error)
{
    struct stat status = {.st_mode = STREAM_MODE, .st_size = STREAM_ROOM};
    bool stream = strcmp(path, "-") == 0;
    int fd = stream ? STDIN_FILENO : file_open(path, &status, error);
    if (fd < 0) {
        return NULL;
    }
    gsize length = 0;
    char *bytes = NULL;
    if ((gsize)status.st_size > GIF_FILE_MAX) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                    "is too large; split it into files of less than 2 GiB");
    } else {
        bytes = bytes_read(fd, (gsize)status.st_size, stream, &length, error);
    }
    if (!stream) {
        close(fd);
    }
    if (!bytes) {
        return NULL;
    }
    GifInput *input = g_new0(GifInput, 1);
    input->path = g_strdup(path);
    input->mode = status.st_mode & 0777;
    input->bytes = bytes;
    input->length = length;
    return input;
}

void
gif_input_digest(GifInput *input)
{
    tbl_digest_bytes((TblSlice){input->bytes, input->length}, input->sha256);
}

bool
gif_input_decode(GifInput *input, const char *codepage, GifTextFault *fault)
{
    input->text = gif_text_new(g_steal_pointer(&input->bytes), input->length, codepage, fault);
    return input->text != NULL;
}
