/*
 * Rows that wanted what somebody else has: an address, a target, a name. Both sides, and where each
 * came from, for the plan and the report. Keeps the first ones and counts the rest. One thread.
 */
#pragma once

#include "tables/object.h"

/* So many are kept: as many as diagnostics of one number are shown. */
#define GIF_CONFLICTS_KEPT 1000

typedef struct {
    TblClass object_class;
    const char *name;
    const char *place; /* "ann.csv:17", "batch 3, ann.csv:17", "the directory" */
} GifConflictSide;

typedef struct {
    int code;             /* of the diagnostic: 236, 238, 287, 289, 290 */
    const char *subject;  /* "SMTP:ann@company.example", or the name */
    const char *relation; /* how the owner has it: "address", "target", "name" */
    GifConflictSide wanted, owner;
} GifConflict;

typedef struct GifConflicts GifConflicts;
GifConflicts *gif_conflicts_new(void);
void gif_conflicts_free(GifConflicts *conflicts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifConflicts, gif_conflicts_free)

/* Copies. `conflicts` may be NULL: nobody wants to know. */
void gif_conflicts_add(GifConflicts *conflicts, const GifConflict *conflict);
guint64 gif_conflicts_count(const GifConflicts *conflicts); /* all of them */
guint gif_conflicts_kept(const GifConflicts *conflicts);    /* those that can be asked for */
const GifConflict *gif_conflicts_get(const GifConflicts *conflicts, guint index);
/* Appends them as lines for people; nothing when there are none. */
void gif_conflicts_write_text(const GifConflicts *conflicts, GString *out);
