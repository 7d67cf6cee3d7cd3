/*
 * What a change through policyctl touches: objects of which mail may become something else than
 * before. Reads a change that is not committed yet.
 */
#pragma once

#include "policyd/ctl.h"

#include "tables/id_set.h"

/* Names of the domains whose declarations the draft changes, adds or takes away, of those that
 * mirror one of them, and of those that they mirror. Free with g_strfreev. */
char **pd_ctl_touched_domains(const PdCtlChange *change);

/* Adds the ids of the objects that change themselves, that refer to one that does, or did; of those
 * that lead on and have an address in a domain whose declaration changes, or give one; and where
 * its class changes, of all that have one. Whatever is above them is not added. Errors: the store
 * failed. */
bool pd_ctl_touched_objects(PdCtlChange *change, TblIdSet *ids, GError **error);
