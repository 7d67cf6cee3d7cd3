/*
 * One row of a file in a descendant of the import format (csvde, LDIF, PowerShell), read to the
 * end: which object, what is done with it, and typed cells. What becomes of it is decided by
 * gif/plan as for any other row. One thread; one GifEntry serves row after row.
 */
#pragma once

#include "gif/diagnostic.h"
#include "gif/row.h"

/* How sure the file is about the class of its object. */
typedef enum {
    GIF_CERTAIN,
    GIF_PERSON,    /* a mailbox or a remote: an object that is there says which */
    GIF_UNCERTAIN, /* the file says nothing: an object that is there says it */
} GifCertainty;

/* One typed cell; a column may have one that removes and another one that adds. */
typedef struct {
    guint column; /* index in the reader's schema */
    GifCellKind kind;
    bool quiet;         /* nothing there to remove is nothing to tell */
    bool replace;       /* the values become the only ones */
    guint first, count; /* in `values` */
} GifEntryCell;

typedef struct {
    guint64 line;      /* where the row begins, from 1 */
    guint64 told_line; /* of its messages; 0: `line` */
    gsize start, end;  /* its bytes in the text */
    GifMode mode;
    TblClass object_class; /* what a new object becomes */
    GifCertainty certainty;
    char *name;               /* owned; NULL: none (event 219) */
    bool settled;             /* the notes say everything: no recipient */
    bool unknown_is_stranger; /* an object that is not there yet is no recipient (GIF0916) */
    bool refused; /* nothing of any file may be applied: this one was cut off or is useless */
    bool replace_addresses; /* the addresses become the only ones */
    bool exact;             /* our own export: nothing is added to what it says */
    bool keep_primaries;    /* a primary that is there stays (a repeated row) */
    GifNotes *notes;        /* what the reader found */
    GArray *cells;          /* GifEntryCell */
    GArray *values;         /* TblSlice, good until the next clear */
    GStringChunk *arena;    /* their bytes */
} GifEntry;

GifEntry *gif_entry_new(void);
void gif_entry_free(GifEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifEntry, gif_entry_free)
/* An empty row of `mode`. */
void gif_entry_clear(GifEntry *entry, GifMode mode);
/* The row's name, copied; blank ends are taken off, an empty one is none. */
void gif_entry_set_name(GifEntry *entry, TblSlice name);
/* Begins a cell; the values that are added next are its. */
GifEntryCell *gif_entry_add_cell(GifEntry *entry, guint column, GifCellKind kind);
/* Adds a value, copied, to the last cell. */
void gif_entry_add_value(GifEntry *entry, TblSlice value);
