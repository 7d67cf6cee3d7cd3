/*
 * A view over another that answers what the other does: the base of views that change or watch a
 * part of it. One thread; the other view outlives it.
 */
#pragma once

#include "tables/view.h"

typedef struct {
    TblView base; /* replace what answers differently after tbl_view_over_init */
    TblView *inner;
} TblViewOver;

void tbl_view_over_init(TblViewOver *over, TblView *inner);
