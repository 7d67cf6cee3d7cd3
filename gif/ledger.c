#include "gif/ledger.h"

struct GifLedger {
    guint64 first_new;
    GArray *created;   /* GifLedgerRow, by id - first_new */
    GHashTable *known; /* id -> GifLedgerRow * */
};

GifLedger *
gif_ledger_new(guint64 first_new)
{
    GifLedger *ledger = g_new0(GifLedger, 1);
    ledger->first_new = first_new;
    ledger->created = g_array_new(FALSE, TRUE, sizeof(GifLedgerRow));
    ledger->known = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    return ledger;
}

void
gif_ledger_free(GifLedger *ledger)
{
    if (ledger) {
        g_array_unref(ledger->created);
        g_hash_table_unref(ledger->known);
        g_free(ledger);
    }
}

void
gif_ledger_set(GifLedger *ledger, guint64 id, GifLedgerRow row)
{
    if (id < ledger->first_new) {
        gint64 *key = g_new(gint64, 1);
        GifLedgerRow *value = g_new(GifLedgerRow, 1);
        *key = (gint64)id;
        *value = row;
        g_hash_table_replace(ledger->known, key, value);
        return;
    }
    guint64 index = id - ledger->first_new;
    if (index >= ledger->created->len) {
        g_array_set_size(ledger->created, (guint)index + 1);
    }
    g_array_index(ledger->created, GifLedgerRow, index) = row;
}

bool
gif_ledger_get(const GifLedger *ledger, guint64 id, GifLedgerRow *row)
{
    gint64 key = (gint64)id;
    if (id < ledger->first_new) {
        const GifLedgerRow *known = g_hash_table_lookup(ledger->known, &key);
        if (known) {
            *row = *known;
        }
        return known != NULL;
    }
    guint64 index = id - ledger->first_new;
    if (index >= ledger->created->len) {
        return false;
    }
    *row = g_array_index(ledger->created, GifLedgerRow, index);
    return row->line > 0;
}
