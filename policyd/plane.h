/*
 * The data plane: all workers and their listeners. Used by the main thread only.
 */
#pragma once

#include "policyd/worker.h"

typedef struct PdPlane PdPlane;

/* Makes the workers. `socketmap` and `policy`: arrays of PdListener, borrowed until pd_plane_free.
 */
PdPlane *pd_plane_new(TblConfig *config, const GPtrArray *socketmap, const GPtrArray *policy,
                      GError **error);
/* Accepts from now on. After the first pd_plane_set_store, so that a restart over a good store
 * answers no request with TEMP: a running smtpd remembers a failed domain lookup (Postfix
 * smtpd_resolve.c). */
bool pd_plane_start(PdPlane *plane, GError **error);
/* Stops accepting, answers what was read, closes every connection; returns within 4 s. */
void pd_plane_stop(PdPlane *plane);
void pd_plane_free(PdPlane *plane); /* stops it first */

void pd_plane_note_peers(PdPlane *plane);                    /* logs who connects, from now on */
void pd_plane_set_config(PdPlane *plane, TblConfig *config); /* takes references */

/* Gives every worker a reader of `share`, or (NULL) takes the store away. On failure (`error` in
 * TBL_STORE_ERROR) the workers keep what they have. The share counts its holders; it is the
 * caller's again when none is left. */
bool pd_plane_set_store(PdPlane *plane, PdStoreShare *share, GError **error);
/* Has every worker read the declared domains again, so that each can answer them when the store
 * fails. */
void pd_plane_refresh(PdPlane *plane);

guint64 pd_plane_stat(PdPlane *plane, PdStat stat); /* over all workers */
guint pd_plane_connections(PdPlane *plane);         /* open now */
