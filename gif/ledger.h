/*
 * Which row changed which object last, so that what is found out at the end of a run can name it.
 * One thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    guint source;     /* index of the file */
    guint64 line;     /* where the row begins */
    gsize start, end; /* its bytes in the text */
} GifLedgerRow;

typedef struct GifLedger GifLedger;
/* `first_new`: ids from here on are given to objects that the run creates, one after the other. */
GifLedger *gif_ledger_new(guint64 first_new);
void gif_ledger_free(GifLedger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifLedger, gif_ledger_free)
void gif_ledger_set(GifLedger *ledger, guint64 id, GifLedgerRow row);
/* False: no row changed it (a membership did). */
bool gif_ledger_get(const GifLedger *ledger, guint64 id, GifLedgerRow *row);
