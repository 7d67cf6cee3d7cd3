/*
 * How many addresses each mail domain gains and loses in the net changes of a run. Memory is
 * bounded: what lies in more domains than are kept is counted together. One thread.
 */
#pragma once

#include "tables/change.h"
#include "tables/domain.h"

/* Domains that are kept, those of a declaration aside (files that are nonsense can name one in
 * each row). */
#define GIF_TOTALS_DOMAINS_KEPT 10000

typedef struct {
    const char *domain;     /* canonical; "X400:" for addresses of another type than SMTP; NULL:
                               all that is not kept */
    const char *class_name; /* of the declaration; NULL: not declared */
    guint64 added, removed, promoted;
} GifTotal;

guint64 gif_total_sum(const GifTotal *total);
/* The class of the declaration, "not declared" or, of another type than SMTP, "no mail domain". */
const char *gif_total_standing(const GifTotal *total);

typedef struct GifTotals GifTotals;
/* `domains` is borrowed; NULL: nothing is declared. */
GifTotals *gif_totals_new(const TblDomains *domains);
void gif_totals_free(GifTotals *totals);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifTotals, gif_totals_free)

void gif_totals_add(GifTotals *totals, const TblChange *change);
/* The same of an object that was created, from its encoding. False: the bytes are broken. */
bool gif_totals_add_created(GifTotals *totals, TblSlice encoded);
/* Adds what another counted of the same declarations. False when the two have more undeclared
 * domains than are kept: which of them are kept is known only to who counts all in order. */
bool gif_totals_merge(GifTotals *totals, const GifTotals *other);
/* Those that change most come first, then by name; the one without a domain is the last. Array of
 * const GifTotal *, borrowed elements; free with g_ptr_array_unref. */
GPtrArray *gif_totals_list(const GifTotals *totals);
guint64 gif_totals_promoted(const GifTotals *totals); /* of all domains */
/* Appends a table for people; nothing when no address changed. */
void gif_totals_write_text(const GifTotals *totals, GString *out);
