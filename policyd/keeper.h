/*
 * Keeps the store open for the workers: tries each second while there is none that can be read,
 * follows when the file is replaced or removed, and says once what is wrong. Main thread (its
 * default GMainContext).
 */
#pragma once

#include "policyd/plane.h"
#include "tables/view.h"

typedef struct PdKeeper PdKeeper;

/* Tries at once. `plane` is borrowed until pd_keeper_free. */
PdKeeper *pd_keeper_new(const TblConfig *config, PdPlane *plane);
/* A view of the store that is open now; NULL while there is none. To be freed before the main loop
 * goes on, which may close the store. */
TblView *pd_keeper_view(PdKeeper *keeper);
void pd_keeper_free(PdKeeper *keeper); /* after pd_plane_free, which lets go of the store */
