/*
 * The way that mail takes from a list, a remote or a forward, in words: for messages that refuse
 * it. One thread; reads the context's view.
 */
#pragma once

#include "tables/resolve.h"

/* "a -> b -> a": the shortest way from an object back to itself. Just its name when there is none
 * or the store failed. Caller frees. */
char *tbl_fate_path_back(const TblContext *context, const TblObject *object);
/* "a -> b (1,200 members)": the shortest way from a list to the list with the most members of all
 * below it. Caller frees. */
char *tbl_fate_path_largest(const TblContext *context, const TblObject *list);
