/*
 * The source of a row (TblSource) and of a declaration in words. One thread.
 */
#pragma once

#include "tables/batch.h"
#include "tables/row.h"

/* The file that a source names, out of its batch's header; NULL when it names none, or when the
 * header cannot be read. Headers stay when undo records are dropped. Caller frees. */
char *tbl_source_file(TblReader *reader, const TblSource *source);

/* "batch 7, people.csv line 12"; "batch 8" of a change without a file; "the directory, synchronised
 * 2026-11-23T09:00:00Z"; "not known" for rows of before sources were noted. `pending`: the files of
 * a batch that is not committed yet, as tbl_draft_set_source counts them: "this run, people.csv
 * line 12"; NULL when none is under way. Caller frees. */
char *tbl_source_text(TblReader *reader, const TblSource *source, const TblBatchInfo *pending);
