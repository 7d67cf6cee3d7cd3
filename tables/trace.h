/*
 * A view that remembers what was looked up in another: how an answer came about can be told without
 * the resolution knowing that somebody watches. One thread.
 */
#pragma once

#include "tables/view.h"

typedef enum {
    TBL_TRACE_ROWS,   /* `key` is an address key */
    TBL_TRACE_OBJECT, /* `id` */
    TBL_TRACE_NAME,   /* `key` is a folded name */
} TblTraceKind;

typedef struct {
    TblTraceKind kind;
    const char *key; /* NULL for objects */
    guint64 id;      /* of the object, or that a name led to */
    TblResult result;
    TblRows rows; /* slices live as long as the trace */
} TblTraceLook;

typedef struct TblTrace TblTrace;
/* Borrows `view`, whose snapshot must stay begun. */
TblTrace *tbl_trace_new(TblView *view);
void tbl_trace_free(TblTrace *trace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblTrace, tbl_trace_free)

TblView *tbl_trace_view(TblTrace *trace); /* borrowed */
guint tbl_trace_count(const TblTrace *trace);
const TblTraceLook *tbl_trace_look(const TblTrace *trace, guint index); /* in their order */
