#include "gif/plan_file.h"

#include "gif/interrupt.h"
#include "tables/codec.h"
#include "tables/command.h"
#include "tables/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define MAGIC "policyd-gif plan "
#define VERSION "1"
#define FIRST_LINE MAGIC VERSION "\n"
#define FIRST_LINE_SIZE (sizeof FIRST_LINE - 1)

#define OFFSET_SIZE 8
#define TRAILER_SIZE (OFFSET_SIZE + TBL_SHA256_SIZE)

/* One record; the store's own limit is 4 GiB, and an object with a million members has 30 MB. */
#define FRAME_MAX ((guint64)1 << 30)
/* Ten bytes hold any number. */
#define NUMBER_MAX 10
/* Bytes on their way to or from the disk. */
#define BUFFER_SIZE ((gsize)256 * 1024)

enum { FRAME_READ = 'R', FRAME_HEADER = 'H', FRAME_CHANGE = 'C', FRAME_END = 'E' };

G_GNUC_PRINTF(4, 5)
static bool
fail(GError **error, int code, const char *path, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *reason = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, TBL_EXIT_ERROR, code, "%s: %s", path, reason);
    return false;
}

/* ---- Writing ---- */

struct GifPlanWriter {
    char *path, *temporary;
    int fd;
    int reason; /* errno of the first failure */
    GByteArray *payload, *buffer;
    TblDigest *digest;
    guint64 written, header_at;
};

GifPlanWriter *
gif_plan_writer_new(const char *path, GError **error)
{
    g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);
    int fd = gif_interrupt_make_file(temporary, O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        fail(error, TBL_EXIT_FAILED, path, "cannot be written: %s", g_strerror(errno));
        return NULL;
    }
    GifPlanWriter *writer = g_new0(GifPlanWriter, 1);
    writer->path = g_strdup(path);
    writer->temporary = g_steal_pointer(&temporary);
    writer->fd = fd;
    writer->payload = g_byte_array_new();
    writer->buffer = g_byte_array_sized_new(BUFFER_SIZE);
    writer->digest = tbl_digest_new();
    g_byte_array_append(writer->buffer, (const guint8 *)FIRST_LINE, FIRST_LINE_SIZE);
    return writer;
}

void
gif_plan_writer_free(GifPlanWriter *writer)
{
    if (!writer) {
        return;
    }
    if (writer->fd >= 0) {
        close(writer->fd);
        (void)g_unlink(writer->temporary);
        gif_interrupt_remove_file(writer->temporary);
    }
    tbl_digest_free(writer->digest);
    g_byte_array_unref(writer->payload);
    g_byte_array_unref(writer->buffer);
    g_free(writer->path);
    g_free(writer->temporary);
    g_free(writer);
}

static void
buffer_write(GifPlanWriter *writer)
{
    const guint8 *at = writer->buffer->data;
    gsize left = writer->buffer->len;
    while (left > 0 && writer->reason == 0) {
        ssize_t done = write(writer->fd, at, left);
        if (done < 0 && errno != EINTR) {
            writer->reason = errno;
        } else if (done > 0) {
            at += done;
            left -= (gsize)done;
        }
    }
    writer->written += writer->buffer->len;
    g_byte_array_set_size(writer->buffer, 0);
}

static void
buffer_flush(GifPlanWriter *writer)
{
    tbl_digest_update(writer->digest, writer->buffer->data, writer->buffer->len);
    buffer_write(writer);
}

/* A frame with what is in `payload`. */
static void
frame_add(GifPlanWriter *writer, char kind)
{
    const GByteArray *payload = writer->payload;
    if (payload->len >= FRAME_MAX) {
        writer->reason = EFBIG;
        return;
    }
    tbl_encode_number(writer->buffer, payload->len + 1);
    g_byte_array_append(writer->buffer, (const guint8 *)&kind, 1);
    g_byte_array_append(writer->buffer, payload->data, payload->len);
    if (writer->buffer->len >= BUFFER_SIZE) {
        buffer_flush(writer);
    }
    g_byte_array_set_size(writer->payload, 0);
}

bool
gif_plan_writer_add(const TblImageRecord *record, gpointer data)
{
    GifPlanWriter *writer = data;
    gif_plan_record_encode(record, writer->payload);
    frame_add(writer, record->changed ? FRAME_CHANGE : FRAME_READ);
    return writer->reason == 0;
}

void
gif_plan_writer_add_header(GifPlanWriter *writer, const GifPlanHeader *header)
{
    writer->header_at = writer->written + writer->buffer->len;
    gif_plan_header_encode(header, writer->payload);
    frame_add(writer, FRAME_HEADER);
}

bool
gif_plan_writer_finish(GifPlanWriter *writer, GError **error)
{
    guint64 offset = GUINT64_TO_BE(writer->header_at);
    guint8 sha256[TBL_SHA256_SIZE];
    frame_add(writer, FRAME_END);
    g_byte_array_append(writer->buffer, (const guint8 *)&offset, sizeof offset);
    buffer_flush(writer);
    tbl_digest_finish(g_steal_pointer(&writer->digest), sha256);
    g_byte_array_append(writer->buffer, sha256, sizeof sha256);
    buffer_write(writer);
    if (writer->reason == 0 && !tbl_file_replace(writer->fd, writer->temporary, writer->path)) {
        writer->reason = errno;
    }
    if (writer->reason != 0) {
        return fail(error, TBL_EXIT_FAILED, writer->path, "cannot be written: %s",
                    g_strerror(writer->reason));
    }
    gif_interrupt_remove_file(writer->temporary);
    close(writer->fd);
    writer->fd = -1;
    return true;
}

/* ---- Reading ---- */

struct GifPlanReader {
    char *path;
    int fd;
    guint64 end;        /* where the trailer begins */
    guint64 offset;     /* of what is in the buffer behind `at` */
    GByteArray *buffer; /* bytes of the file; those before `at` are done */
    gsize at;
    TblDigest *digest; /* of what is done */
    guint8 trailer[TRAILER_SIZE];
    GByteArray *header_bytes;
    GifPlanHeader *header;
};

void
gif_plan_reader_free(GifPlanReader *reader)
{
    if (!reader) {
        return;
    }
    close(reader->fd);
    tbl_digest_free(reader->digest);
    g_byte_array_unref(reader->buffer);
    g_byte_array_unref(reader->header_bytes);
    gif_plan_header_free(reader->header);
    g_free(reader->path);
    g_free(reader);
}

const GifPlanHeader *
gif_plan_reader_header(const GifPlanReader *reader)
{
    return reader->header;
}

static bool
damaged(const GifPlanReader *reader, const char *what, GError **error)
{
    return fail(error, TBL_EXIT_REFUSED, reader->path,
                "the plan is damaged (%s): make it anew with --plan-out", what);
}

/* Exactly so many bytes from an offset. */
static bool
bytes_read(const GifPlanReader *reader, guint64 offset, void *bytes, gsize length, GError **error)
{
    gsize done = 0;
    while (done < length) {
        ssize_t got =
            pread(reader->fd, (char *)bytes + done, length - done, (off_t)(offset + done));
        if (got == 0) {
            return damaged(reader, "it became shorter", error);
        }
        if (got < 0 && errno != EINTR) {
            return fail(error, TBL_EXIT_FAILED, reader->path, "cannot be read: %s",
                        g_strerror(errno));
        }
        done += got > 0 ? (gsize)got : 0;
    }
    return true;
}

/* Makes sure that `length` bytes stand behind `at`. False with `error`: the file has no more. */
static bool
buffer_fill(GifPlanReader *reader, gsize length, GError **error)
{
    gsize there = reader->buffer->len - reader->at;
    if (there >= length) {
        return true;
    }
    guint64 next = reader->offset + there;
    if (length - there > reader->end - next) {
        return damaged(reader, "a record is cut off", error);
    }
    gsize more = (gsize)MIN(MAX(length - there, BUFFER_SIZE), reader->end - next);
    g_byte_array_remove_range(reader->buffer, 0, (guint)reader->at);
    reader->at = 0;
    g_byte_array_set_size(reader->buffer, (guint)(there + more));
    return bytes_read(reader, next, reader->buffer->data + there, more, error);
}

static void
buffer_seek(GifPlanReader *reader, guint64 offset)
{
    g_byte_array_set_size(reader->buffer, 0);
    reader->at = 0;
    reader->offset = offset;
}

static void
buffer_pass(GifPlanReader *reader, gsize length)
{
    if (reader->digest) {
        tbl_digest_update(reader->digest, reader->buffer->data + reader->at, length);
    }
    reader->at += length;
    reader->offset += length;
}

/* The next frame, which is passed; `payload` lives until the next call. */
static bool
frame_read(GifPlanReader *reader, char *kind, TblSlice *payload, GError **error)
{
    gsize some = (gsize)MIN(NUMBER_MAX, reader->end - reader->offset);
    if (!buffer_fill(reader, some, error)) {
        return false;
    }
    TblCursor cursor = tbl_cursor((TblSlice){(char *)reader->buffer->data + reader->at, some});
    guint64 length = tbl_cursor_number(&cursor);
    gsize number = (gsize)(cursor.at - (reader->buffer->data + reader->at));
    if (cursor.broken || length == 0 || length > FRAME_MAX) {
        return damaged(reader, "a record has no length", error);
    }
    if (!buffer_fill(reader, number + (gsize)length, error)) {
        return false;
    }
    const char *frame = (const char *)reader->buffer->data + reader->at + number;
    *kind = frame[0];
    *payload = (TblSlice){frame + 1, (size_t)length - 1};
    buffer_pass(reader, number + (gsize)length);
    return true;
}

static bool
header_read(GifPlanReader *reader, GError **error)
{
    guint64 offset;
    char kind = 0;
    TblSlice payload = {NULL, 0};
    memcpy(&offset, reader->trailer, sizeof offset);
    offset = GUINT64_FROM_BE(offset);
    if (offset < FIRST_LINE_SIZE || offset >= reader->end) {
        return damaged(reader, "its header is not where it says", error);
    }
    buffer_seek(reader, offset);
    if (!frame_read(reader, &kind, &payload, error)) {
        return false;
    }
    reader->header = kind == FRAME_HEADER ? gif_plan_header_decode(payload) : NULL;
    if (!reader->header) {
        return damaged(reader, "its header means nothing", error);
    }
    g_byte_array_append(reader->header_bytes, (const guint8 *)payload.ptr, (guint)payload.len);
    return true;
}

static bool
first_line_check(const GifPlanReader *reader, GError **error)
{
    char line[FIRST_LINE_SIZE];
    if (!bytes_read(reader, 0, line, sizeof line, error)) {
        return false;
    }
    if (memcmp(line, MAGIC, strlen(MAGIC)) != 0) {
        return fail(error, TBL_EXIT_REFUSED, reader->path,
                    "is no plan of gif-import; --plan-out writes one");
    }
    if (memcmp(line, FIRST_LINE, FIRST_LINE_SIZE) != 0) {
        return fail(error, TBL_EXIT_REFUSED, reader->path,
                    "the plan was written by another version of gif-import, or is damaged (this "
                    "one reads format " VERSION "): make it anew with --plan-out");
    }
    return true;
}

GifPlanReader *
gif_plan_reader_new(int fd, const char *path, gsize size, GError **error)
{
    g_autoptr(GifPlanReader) reader = g_new0(GifPlanReader, 1);
    reader->fd = fd;
    reader->path = g_strdup(path);
    reader->buffer = g_byte_array_new();
    reader->header_bytes = g_byte_array_new();
    if (size < FIRST_LINE_SIZE + TRAILER_SIZE) {
        fail(error, TBL_EXIT_REFUSED, path, "is no plan of gif-import: it is too short");
        return NULL;
    }
    reader->end = size - TRAILER_SIZE;
    if (!first_line_check(reader, error) ||
        !bytes_read(reader, reader->end, reader->trailer, TRAILER_SIZE, error) ||
        !header_read(reader, error)) {
        return NULL;
    }
    reader->digest = tbl_digest_new();
    tbl_digest_update(reader->digest, FIRST_LINE, FIRST_LINE_SIZE);
    buffer_seek(reader, FIRST_LINE_SIZE);
    return g_steal_pointer(&reader);
}

/* All bytes against the check sum at the end. */
static bool
sum_check(int fd, const char *path, gsize size, GError **error)
{
    GifPlanReader probe = {.fd = fd, .path = (char *)path};
    g_autofree char *bytes = g_malloc(BUFFER_SIZE);
    guint8 said[TBL_SHA256_SIZE], sha256[TBL_SHA256_SIZE];
    gsize end = size - TBL_SHA256_SIZE;
    TblDigest *digest = tbl_digest_new();
    bool good = bytes_read(&probe, end, said, sizeof said, error);
    for (gsize at = 0; good && at < end; at += BUFFER_SIZE) {
        gsize length = MIN(BUFFER_SIZE, end - at);
        good = bytes_read(&probe, at, bytes, length, error);
        tbl_digest_update(digest, bytes, good ? length : 0);
    }
    tbl_digest_finish(digest, sha256);
    return good && (memcmp(said, sha256, sizeof said) == 0 ||
                    damaged(&probe, "its check sum is wrong", error));
}

GifPlanReader *
gif_plan_reader_open(const char *path, GError **error)
{
    gsize size = 0;
    int fd = tbl_file_open_trusted(path, GIF_PLAN_FILE_MAX, &size, error);
    if (fd < 0) {
        return NULL;
    }
    const GifPlanReader probe = {.fd = fd, .path = (char *)path};
    if ((size >= FIRST_LINE_SIZE && !first_line_check(&probe, error)) ||
        (size >= FIRST_LINE_SIZE + TRAILER_SIZE && !sum_check(fd, path, size, error))) {
        close(fd);
        return NULL;
    }
    return gif_plan_reader_new(fd, path, size, error);
}

/* The end: were the bytes those that were verified? */
static bool
end_check(GifPlanReader *reader, GError **error)
{
    guint8 sha256[TBL_SHA256_SIZE];
    tbl_digest_update(reader->digest, reader->trailer, OFFSET_SIZE);
    tbl_digest_finish(g_steal_pointer(&reader->digest), sha256);
    if (reader->offset != reader->end) {
        return damaged(reader, "something stands behind its end", error);
    }
    return memcmp(sha256, reader->trailer + OFFSET_SIZE, sizeof sha256) == 0 ||
           damaged(reader, "it changed while it was read", error);
}

bool
gif_plan_reader_next(GifPlanReader *reader, TblImageRecord *record, GError **error)
{
    char kind = 0;
    TblSlice payload = {NULL, 0};
    while (reader->digest && frame_read(reader, &kind, &payload, error)) {
        if (kind == FRAME_END && payload.len == 0) {
            end_check(reader, error);
            return false;
        }
        if (kind == FRAME_HEADER) {
            if (payload.len != reader->header_bytes->len ||
                memcmp(payload.ptr, reader->header_bytes->data, payload.len) != 0) {
                return damaged(reader, "it has two headers", error);
            }
            continue;
        }
        bool known = kind == FRAME_READ || kind == FRAME_CHANGE;
        if (!known || !gif_plan_record_decode(payload, record) ||
            record->changed != (kind == FRAME_CHANGE)) {
            return damaged(reader, "a record means nothing", error);
        }
        return true;
    }
    return false;
}
