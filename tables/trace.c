#include "tables/trace.h"

#include "tables/view_over.h"

struct TblTrace {
    TblViewOver over;
    GPtrArray *looks; /* TblTraceLook * */
    GStringChunk *bytes;
};

/* Text that lives as long as the trace. */
static const char *
keep(TblTrace *trace, TblSlice text)
{
    return g_string_chunk_insert_len(trace->bytes, text.len ? text.ptr : "", (gssize)text.len);
}

static TblTraceLook *
look_new(TblTrace *trace, TblTraceKind kind, TblResult result)
{
    TblTraceLook *look = g_new0(TblTraceLook, 1);
    look->kind = kind;
    look->result = result;
    g_ptr_array_add(trace->looks, look);
    return look;
}

static TblResult
trace_rows(TblView *base, TblSlice key, TblRows *rows)
{
    TblTrace *trace = (TblTrace *)base;
    TblResult result = trace->over.inner->rows(trace->over.inner, key, rows);
    TblTraceLook *look = look_new(trace, TBL_TRACE_ROWS, result);
    look->key = keep(trace, key);
    look->rows.count = result == TBL_FOUND ? rows->count : 0;
    for (guint i = 0; i < look->rows.count; i++) {
        TblRow *row = &look->rows.row[i];
        *row = rows->row[i];
        TblSlice *slices[] = {&row->spelling, &row->primary_address, &row->notice};
        for (guint s = 0; s < G_N_ELEMENTS(slices); s++)
            slices[s]->ptr = keep(trace, *slices[s]);
    }
    return result;
}

static TblResult
trace_object(TblView *base, guint64 id, TblObject **object)
{
    TblTrace *trace = (TblTrace *)base;
    TblResult result = trace->over.inner->object(trace->over.inner, id, object);
    look_new(trace, TBL_TRACE_OBJECT, result)->id = id;
    return result;
}

static TblResult
trace_name(TblView *base, TblOrigin origin, const char *folded, guint64 *id)
{
    TblTrace *trace = (TblTrace *)base;
    TblResult result = trace->over.inner->name(trace->over.inner, origin, folded, id);
    TblTraceLook *look = look_new(trace, TBL_TRACE_NAME, result);
    look->key = keep(trace, tbl_slice(folded));
    look->id = result == TBL_FOUND ? *id : 0;
    return result;
}

TblTrace *
tbl_trace_new(TblView *view)
{
    TblTrace *trace = g_new0(TblTrace, 1);
    tbl_view_over_init(&trace->over, view);
    trace->over.base.rows = trace_rows;
    trace->over.base.object = trace_object;
    trace->over.base.name = trace_name;
    trace->over.base.brief = NULL; /* so that objects are read, which are remembered */
    trace->looks = g_ptr_array_new_with_free_func(g_free);
    trace->bytes = g_string_chunk_new(1024);
    return trace;
}

void
tbl_trace_free(TblTrace *trace)
{
    if (!trace)
        return;
    g_ptr_array_unref(trace->looks);
    g_string_chunk_free(trace->bytes);
    g_free(trace);
}

TblView *
tbl_trace_view(TblTrace *trace)
{
    return &trace->over.base;
}

guint
tbl_trace_count(const TblTrace *trace)
{
    return trace->looks->len;
}

const TblTraceLook *
tbl_trace_look(const TblTrace *trace, guint index)
{
    return g_ptr_array_index(trace->looks, index);
}
