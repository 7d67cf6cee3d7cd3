/*
 * Keeps the store open for the workers: tries each second while there is none that can be read,
 * follows when the file is replaced or removed, and says once what is wrong. Main thread (its
 * default GMainContext).
 */
#pragma once

#include "policyd/plane.h"

typedef struct PdKeeper PdKeeper;

/* Tries at once. `plane` is borrowed until pd_keeper_free. */
PdKeeper *pd_keeper_new(const TblConfig *config, PdPlane *plane);
void pd_keeper_free(PdKeeper *keeper); /* after pd_plane_free, which lets go of the store */
