#include "tables/chain.h"

#include "tables/batch_record.h"

typedef struct {
    TblReader *reader;
    TblChainFunc fault;
    gpointer data;
    bool broken;
    bool kept;                        /* a batch before still has its undo records */
    guint8 previous[TBL_SHA256_SIZE]; /* of the last header that could be read */
    bool linked;                      /* ... which is the one right before */
} Check;

G_GNUC_PRINTF(3, 4)
static void
tell(Check *check, guint64 number, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    check->broken = true;
    check->fault(number, text, check->data);
}

bool
tbl_chain_header_intact(const TblBatch *batch)
{
    guint8 hash[TBL_SHA256_SIZE];
    tbl_batch_hash(batch, hash);
    return memcmp(hash, batch->hash, sizeof hash) == 0;
}

static void
check_undo(Check *check, const TblBatch *batch)
{
    guint8 digest[TBL_SHA256_SIZE];
    if (tbl_undo_beyond(check->reader, batch) != TBL_NOTFOUND) {
        tell(check, batch->number, "there are undo records that its header does not know of");
        return;
    }
    if (batch->chunks == 0) {
        /* The oldest are dropped first, so nobody drops those of a batch in between. */
        if (check->kept)
            tell(check, batch->number, "its undo records are missing");
        return;
    }
    check->kept = true;
    if (tbl_undo_digest(check->reader, batch, digest) != TBL_FOUND)
        tell(check, batch->number, "an undo record is missing or damaged");
    else if (memcmp(digest, batch->undo_digest, sizeof digest) != 0)
        tell(check, batch->number, "its undo records were changed");
}

/* What a header says about another: `undoes` is under the hash, `undone_by` is not and must go with
 * it. */
static void
check_links(Check *check, const TblBatch *batch)
{
    g_autoptr(TblBatch) undone = NULL, by = NULL;
    if (batch->undoes != 0 && (batch->undoes >= batch->number ||
                               tbl_batch_read(check->reader, batch->undoes, &undone) != TBL_FOUND ||
                               undone->undone_by != batch->number))
        tell(check, batch->number, "it undoes batch %" G_GUINT64_FORMAT ", which does not say so",
             batch->undoes);
    if (batch->undone_by != 0 &&
        (batch->undone_by <= batch->number ||
         tbl_batch_read(check->reader, batch->undone_by, &by) != TBL_FOUND ||
         by->undoes != batch->number))
        tell(check, batch->number,
             "it is marked as undone by batch %" G_GUINT64_FORMAT ", which does not undo it",
             batch->undone_by);
}

static void
check_header(Check *check, guint64 number, const TblBatch *batch)
{
    if (batch->number != number)
        tell(check, number, "its header is that of batch %" G_GUINT64_FORMAT, batch->number);
    else if (!tbl_chain_header_intact(batch))
        tell(check, number, "its header was changed: the hash is not its own");
    if (check->linked && memcmp(batch->previous, check->previous, TBL_SHA256_SIZE) != 0)
        tell(check, number, "it does not follow the batch before: the hashes differ");
    check_links(check, batch);
    check_undo(check, batch);
    memcpy(check->previous, batch->hash, TBL_SHA256_SIZE);
    check->linked = true;
}

/* A header that cannot be read, or is not there. */
static void
check_gap(Check *check, guint64 number, TblResult result)
{
    tell(check, number,
         result == TBL_NOTFOUND ? "its header is missing" : "its header cannot be read");
    check->linked = false;
    memset(check->previous, 0, sizeof check->previous);
}

bool
tbl_chain_verify(TblReader *reader, TblChainFunc fault, gpointer data, guint64 *count)
{
    const TblMeta *meta = tbl_reader_meta(reader);
    Check check = {.reader = reader, .fault = fault, .data = data, .linked = true};
    guint64 last = meta->batch;
    *count = 0;
    /* Each batch is a commit, so more of them is damage, and would be a long walk. */
    if (last > meta->generation) {
        tell(&check, last, "there are fewer commits than batches");
        last = meta->generation;
    }
    for (guint64 number = 1; number <= last; number++) {
        g_autoptr(TblBatch) batch = NULL;
        TblResult result = tbl_batch_read(reader, number, &batch);
        *count += result == TBL_FOUND;
        if (result == TBL_FOUND)
            check_header(&check, number, batch);
        else
            check_gap(&check, number, result);
    }
    if (check.linked && memcmp(check.previous, meta->batch_hash, TBL_SHA256_SIZE) != 0)
        tell(&check, last, "it is the last one, but not the end that the store remembers");
    g_autoptr(TblBatch) beyond = NULL;
    if (tbl_batch_read(reader, last + 1, &beyond) != TBL_NOTFOUND)
        tell(&check, last + 1, "the store does not know of it");
    return !check.broken;
}
