/* The inside of gif/proxies, shared by its two files: reading the cells, and deciding. */
#pragma once

#include "gif/index.h"
#include "gif/proxies.h"

/* How the key of a stored address without one begins; no key does. */
#define GIF_NO_KEY '\n'

/* One address of the object, before or after. */
typedef struct {
    const char *type, *value, *key; /* borrowed from the object or from a wanted one */
    bool primary, was_primary;
    bool dead;
    bool listed; /* the row names it */
} GifSlot;

typedef struct {
    const GifProxy *proxy; /* borrowed from the block */
    bool primary;
    bool dropped; /* a duplicate within the row */
    const char *column;
} GifWanted;

typedef struct {
    bool primaries; /* of the column of primaries */
    bool all;
    bool quiet;                        /* nothing to remove is nothing to tell */
    char type[TBL_PROXY_TYPE_MAX + 1]; /* all of a type, else a single key */
    char *key;
    char *shown;
    const char *column;
} GifRemoval;

struct GifProxies {
    bool compat, creating, changed;
    GArray *slots, *wanted, *removals;
    GifIndex *slot_by_key, *wanted_by_key; /* key -> index */
    GifIndex *primary_by_type;             /* type -> index of the live primary slot */
    GifIndex *wanted_by_type;              /* types of which the row wants a primary */
    GifProxy implied;                      /* see gif_proxies_add_implied */
    GPtrArray *keys;                       /* char *: made for slots that have none */
};

/* Good until the next push. */
GifSlot *gif_proxies_slot(const GifProxies *proxies, guint index);
/* Adds an address. */
void gif_proxies_push(GifProxies *proxies, GifSlot slot);
