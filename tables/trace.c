#include "tables/trace.h"

struct TblTrace {
    TblView base;
    TblView *view;
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
    TblResult result = trace->view->rows(trace->view, key, rows);
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
    TblResult result = trace->view->object(trace->view, id, object);
    look_new(trace, TBL_TRACE_OBJECT, result)->id = id;
    return result;
}

static TblResult
trace_name(TblView *base, TblOrigin origin, const char *folded, guint64 *id)
{
    TblTrace *trace = (TblTrace *)base;
    TblResult result = trace->view->name(trace->view, origin, folded, id);
    TblTraceLook *look = look_new(trace, TBL_TRACE_NAME, result);
    look->key = keep(trace, tbl_slice(folded));
    look->id = result == TBL_FOUND ? *id : 0;
    return result;
}

static const TblDomains *
trace_domains(TblView *base)
{
    TblView *view = ((TblTrace *)base)->view;
    return view->domains(view);
}

static bool
trace_usable(TblView *base)
{
    TblView *view = ((TblTrace *)base)->view;
    return view->usable(view);
}

static bool
trace_populated(TblView *base)
{
    TblView *view = ((TblTrace *)base)->view;
    return view->populated(view);
}

/* Who refers to an object decides no answer, so it is not remembered. */
static TblResult
trace_referrers(TblView *base, const char *key, GArray *ids)
{
    TblView *view = ((TblTrace *)base)->view;
    return view->referrers(view, key, ids);
}

TblTrace *
tbl_trace_new(TblView *view)
{
    TblTrace *trace = g_new0(TblTrace, 1);
    trace->base = (TblView){.rows = trace_rows,
                            .object = trace_object,
                            .name = trace_name,
                            .domains = trace_domains,
                            .usable = trace_usable,
                            .populated = trace_populated,
                            .referrers = trace_referrers};
    trace->view = view;
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
    return &trace->base;
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
