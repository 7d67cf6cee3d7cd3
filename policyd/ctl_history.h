/* Batches as arguments. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The number of a batch as a person types it: decimal, from 1. False with a usage error. */
bool pd_ctl_batch_number(const char *text, guint64 *number, GError **error);
