/*
 * The address columns of one row against the addresses that an object has: what is wanted, what
 * goes, and the list that comes out. The column decides what is a primary (KB Q153028), a new
 * primary demotes the old one (with `compat` the old one is dropped, as Exchange does), `~DEL`
 * removes (KB Q152854, Q184536, Q290091), overwriting replaces. One thread; one GifProxies serves
 * row after row.
 */
#pragma once

#include "gif/block.h"
#include "tables/claim.h"

/* Addresses of one object: more is surely a mistake (Exchange 4.0 stopped at 200, KB Q146345). */
#define GIF_ADDRESSES_MAX 1000

typedef struct GifProxies GifProxies;
GifProxies *gif_proxies_new(bool compat);
void gif_proxies_free(GifProxies *proxies);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifProxies, gif_proxies_free)

/* Starts a row for an object that has `addresses` (TblProxy *, borrowed until the next begin; NULL:
 * it is created). */
void gif_proxies_begin(GifProxies *proxies, const GPtrArray *addresses);

/* Takes a column's removals; event 245 for one that names no TYPE. `primaries`: it is the column of
 * primaries. */
void gif_proxies_remove(GifProxies *proxies, bool primaries, const char *column,
                        const GifLexer *lexer, const GifCell *cell, GifNotes *notes);
/* Takes a column's plain values, which the block must hold until the next begin: events 230 to 233,
 * 237, 243. */
void gif_proxies_add(GifProxies *proxies, bool primaries, const char *column, const GifBlock *block,
                     const GifCell *cell, GifNotes *notes);
/* A primary that the row does not write: a new remote's target (one in a row).
 * Nothing happens when the row has a primary of the type. */
void gif_proxies_add_implied(GifProxies *proxies, const GifProxy *proxy);
bool gif_proxies_has_primary(const GifProxies *proxies, const char *type); /* the row writes one */

/* The first wanted address that somebody else has (event 238): TBL_FOUND with `claim`, which the
 * caller clears, the address and its column (borrowed). TBL_FAILED when the store failed. */
TblResult gif_proxies_claim(GifProxies *proxies, TblDraft *draft, guint64 self, TblClaim *claim,
                            const GifProxy **taken, const char **column);
/* What becomes of the addresses that the row does not name. */
typedef enum {
    GIF_REPLACE_NOTHING,
    GIF_REPLACE_SECONDARIES, /* the secondaries become exactly the listed ones */
    GIF_REPLACE_ALL,         /* so do the primaries */
} GifReplace;
/* Removals, primaries, secondaries: events 150, 267 and the limit. */
void gif_proxies_apply(GifProxies *proxies, GifReplace replace, GifNotes *notes);
/* The rows of a file that gives each address a row: a primary of a type that the object has becomes
 * secondary, with event 233. Before gif_proxies_apply. */
void gif_proxies_keep_primaries(GifProxies *proxies, GifNotes *notes);
/* The addresses after the row differ from those before. */
bool gif_proxies_changed(const GifProxies *proxies);
/* The addresses after the row: the row's primaries, the other primaries, the secondaries. A new
 * array of TblProxy *. */
GPtrArray *gif_proxies_list(const GifProxies *proxies);

/* Every address that the object has or the row wants, whether or not the row can stand: for judging
 * a target. */
GPtrArray *gif_proxies_probe(const GifProxies *proxies);
/* Every address that the row wants. */
typedef void (*GifProxyFunc)(const GifProxy *proxy, const char *column, gpointer data);
void gif_proxies_foreach_new(const GifProxies *proxies, GifProxyFunc each, gpointer data);
