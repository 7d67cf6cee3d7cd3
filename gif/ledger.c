#include "gif/ledger.h"

/* A million of these are kept, so they are small; a row that does not fit is kept in full. */
#define START_BITS 40
#define SOURCE_BITS 24
typedef struct {
    guint64 start : START_BITS;
    guint64 source : SOURCE_BITS;
    guint32 line; /* 0: nothing is here */
    guint32 length;
} Packed;

struct GifLedger {
    guint64 first_new;
    GArray *created;   /* Packed, by id - first_new */
    GHashTable *known; /* id -> GifLedgerRow *: older ids, and what does not fit */
};

GifLedger *
gif_ledger_new(guint64 first_new)
{
    GifLedger *ledger = g_new0(GifLedger, 1);
    ledger->first_new = first_new;
    ledger->created = g_array_new(FALSE, TRUE, sizeof(Packed));
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

static bool
fits(const GifLedgerRow *row)
{
    return row->start >> START_BITS == 0 && row->source >> SOURCE_BITS == 0 && row->line > 0 &&
           row->line <= G_MAXUINT32 && row->end - row->start <= G_MAXUINT32;
}

static void
created_set(GifLedger *ledger, guint64 index, Packed packed)
{
    if (index >= ledger->created->len) {
        g_array_set_size(ledger->created, (guint)index + 1);
    }
    g_array_index(ledger->created, Packed, index) = packed;
}

void
gif_ledger_set(GifLedger *ledger, guint64 id, GifLedgerRow row)
{
    if (id >= ledger->first_new && fits(&row)) {
        created_set(ledger, id - ledger->first_new,
                    (Packed){.start = row.start,
                             .source = row.source,
                             .line = (guint32)row.line,
                             .length = (guint32)(row.end - row.start)});
        return;
    }
    if (id >= ledger->first_new) {
        created_set(ledger, id - ledger->first_new, (Packed){.line = 0});
    }
    gint64 *key = g_new(gint64, 1);
    GifLedgerRow *value = g_new(GifLedgerRow, 1);
    *key = (gint64)id;
    *value = row;
    g_hash_table_replace(ledger->known, key, value);
}

bool
gif_ledger_get(const GifLedger *ledger, guint64 id, GifLedgerRow *row)
{
    guint64 index = id - ledger->first_new;
    if (id >= ledger->first_new && index < ledger->created->len) {
        const Packed *packed = &g_array_index(ledger->created, Packed, index);
        if (packed->line > 0) {
            const gsize start = packed->start; /* sums of bit fields stay as narrow as they are */
            *row = (GifLedgerRow){packed->source, packed->line, start, start + packed->length};
            return true;
        }
    }
    gint64 key = (gint64)id;
    const GifLedgerRow *known = g_hash_table_lookup(ledger->known, &key);
    if (known) {
        *row = *known;
    }
    return known != NULL;
}
