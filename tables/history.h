/* What batches changed, as people see it. One thread. */
#pragma once

#include "tables/domain.h"
#include "tables/journal.h"

/* A thing right before a batch and right after it: NULL where it was not there. Either both objects
 * or both domains are NULL. */
typedef struct {
    const TblObject *before, *after;
    const TblDomain *domain_before, *domain_after;
} TblHistoryChange;
typedef bool (*TblHistoryFunc)(const TblHistoryChange *change, gpointer data);

/* Calls `each` for every object and domain that a batch changed, also when later batches changed
 * them again, sorted bytewise by class name (of a domain "domain"), then folded name; until it
 * returns false. Errors as tbl_journal_new. */
bool tbl_history_foreach_change(TblReader *reader, guint64 number, TblHistoryFunc each,
                                gpointer data, GError **error);
