/*
 * Answers requests for one worker: holds its view of the store, its configuration and the room to
 * put answers together. Belongs to one thread.
 */
#pragma once

#include "policyd/attrs.h"
#include "policyd/request.h"
#include "policyd/stats.h"
#include "tables/config.h"
#include "tables/resolve.h"

typedef struct PdAnswerer PdAnswerer;

PdAnswerer *pd_answerer_new(TblConfig *config, PdStats *stats);
void pd_answerer_free(PdAnswerer *answerer);

void pd_answerer_set_config(PdAnswerer *answerer, TblConfig *config); /* takes a reference */
const TblConfig *pd_answerer_config(const PdAnswerer *answerer);
/* Takes `reader` (NULL: there is no store) and frees the one before; reads the declared domains, so
 * that they can be answered when the store fails before the first request. Only between
 * pd_answerer_rest and the next request. */
void pd_answerer_set_reader(PdAnswerer *answerer, TblReader *reader);
/* Reads the declared domains of the newest snapshot. When as above. */
void pd_answerer_refresh(PdAnswerer *answerer);

/* What the answers depend on, with the newest snapshot and the time until the next rest: for who
 * explains them. Borrowed. */
const TblContext *pd_answerer_context(PdAnswerer *answerer);
/* Logs nothing of failed lookups from now on: who explains answers shows them. */
void pd_answerer_hush(PdAnswerer *answerer);
/* Append one reply. The first request after a rest takes the newest snapshot and the time. */
void pd_answerer_lookup(PdAnswerer *answerer, const PdRequest *request, GString *out);
void pd_answerer_policy(PdAnswerer *answerer, const PdAttrs *attrs, const char *input,
                        GString *out);

/* Gives the snapshot back; to be called before the thread waits. */
void pd_answerer_rest(PdAnswerer *answerer);
