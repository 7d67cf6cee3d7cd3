/*
 * A plan that is kept in a file: what an import would change and what it read to decide so, as
 * records of the store (tables/draft_image), and under what circumstances it was made. The file
 * ends in a SHA-256 over all of it; nothing is interpreted before that was verified.
 *
 *   line     "policyd-gif plan 1", LF
 *   frames   length, then a kind: R read record, H header (one, before the changes), C changed
 *            record, E end
 *   trailer  offset of the header frame (8 bytes, big-endian), SHA-256 over everything before it
 *
 * Numbers and strings as in tables/codec. One thread.
 */
#pragma once

#include "gif/changes.h"
#include "tables/batch.h"
#include "tables/draft_image.h"

/* A larger plan is refused before anything of it is read; a million rows take about half of one. */
#define GIF_PLAN_FILE_MAX ((gsize)16 * 1024 * 1024 * 1024)

/* The circumstances. All strings owned. */
typedef struct {
    guint64 generation, batch; /* of the store when the plan was made */
    guint8 batch_hash[TBL_SHA256_SIZE];
    guint64 first_id, next_id; /* ids of the objects that it creates: from first_id up to next_id */
    gint64 time;               /* seconds since 1970 */
    char *user;
    GArray *files;      /* TblBatchFile; elements owned */
    GPtrArray *options; /* char *: those of the command line that mattered, for people */
    guint64 rows, unchanged;
    GifChanges changes; /* what the records must come to */
    char *summary;      /* what the batch will say: JSON */
    bool forced;        /* the guards were overridden when it was made */
    int breach_code;    /* of the guard that it breaks; 0 for none */
    char *breach;       /* in words; NULL for none */
} GifPlanHeader;

GifPlanHeader *gif_plan_header_new(void);
void gif_plan_header_free(GifPlanHeader *header);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifPlanHeader, gif_plan_header_free)
void gif_plan_header_add_file(GifPlanHeader *header, const char *name,
                              const guint8 sha256[TBL_SHA256_SIZE], const char *signer);

/* Payloads of frames. Pure. */
void gif_plan_header_encode(const GifPlanHeader *header, GByteArray *out);
GifPlanHeader *gif_plan_header_decode(TblSlice bytes); /* NULL: it means nothing */
void gif_plan_record_encode(const TblImageRecord *record, GByteArray *out);
/* False: it means nothing. The slices point into `bytes`. */
bool gif_plan_record_decode(TblSlice bytes, TblImageRecord *record);

/* ---- Writing: to a new file beside `path`, which takes its name at the end. Mode 0600. ---- */

typedef struct GifPlanWriter GifPlanWriter;
GifPlanWriter *gif_plan_writer_new(const char *path, GError **error);
/* Without gif_plan_writer_finish nothing is left of the file. */
void gif_plan_writer_free(GifPlanWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifPlanWriter, gif_plan_writer_free)
/* A record, as TblImageFunc; `data` is the writer. False: it cannot be written, which
 * gif_plan_writer_finish tells as well. */
bool gif_plan_writer_add(const TblImageRecord *record, gpointer data);
/* Between the last record that was only read and the first that changes. */
void gif_plan_writer_add_header(GifPlanWriter *writer, const GifPlanHeader *header);
/* On the disk when it returns true. */
bool gif_plan_writer_finish(GifPlanWriter *writer, GError **error);

/* ---- Reading ---- */

typedef struct GifPlanReader GifPlanReader;
/* Opens and verifies it. Errors are TBL_EXIT_ERROR with the path: TBL_EXIT_REFUSED for a file that
 * is not trusted (tables/file), damaged, of another version, or no plan; TBL_EXIT_FAILED where it
 * cannot be read. */
GifPlanReader *gif_plan_reader_open(const char *path, GError **error);
/* The same without the check sum, for a descriptor, which it takes, of so many bytes. */
GifPlanReader *gif_plan_reader_new(int fd, const char *path, gsize size, GError **error);
void gif_plan_reader_free(GifPlanReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifPlanReader, gif_plan_reader_free)
const GifPlanHeader *gif_plan_reader_header(const GifPlanReader *reader);
/* The next record, which lives until the next call. False at the end, or with `error`. That the
 * bytes were those that were verified is known only when the end came without one. */
bool gif_plan_reader_next(GifPlanReader *reader, TblImageRecord *record, GError **error);
