/*
 * A block of rows, read as far as that goes without looking at the store: class, mode and name,
 * cells lexed, addresses in their stored spelling and with their keys. One thread can fill a block
 * while another one decides the rows of the block before it. Pure; a block with all that is in it
 * belongs to one thread at a time.
 */
#pragma once

#include "gif/diagnostic.h"
#include "gif/entry.h"
#include "gif/proxy.h"

/* One value of an address column. */
typedef struct {
    GifProxy proxy;
    int fault;          /* an event, else 0 with `proxy` filled */
    const char *reason; /* of the fault */
    guint32 hash;       /* of the key, for tbl_draft_prefetch */
} GifBlockProxy;

typedef struct {
    guint64 line;      /* where the row begins, from 1 */
    guint64 told_line; /* of its messages */
    gsize start, end;  /* its bytes in the text */
    bool cut;          /* the text ends inside its quotes */
    GifRow row;
    const char *folded; /* its name, by tbl_text_fold; NULL when it has none that is text */
    TblSlice name_key;  /* tbl_name_key of that, with a NUL behind it */
    guint32 name_hash;  /* of that key, for tbl_draft_prefetch */
    GifNotes *notes;    /* what was found so far; NULL: nothing */
    guint proposal;     /* its number, see gif/proposal; 0: none */
    guint first_cell;
    guint first_proxy, proxies; /* of all its cells */
} GifBlockRow;

typedef struct GifBlock GifBlock;
typedef struct GifProposals GifProposals; /* gif/proposal.h */
/* Rows of a file with this schema (borrowed). `mode`: of rows that say none. `compat`: Exchange's
 * own behaviour where ours is kinder. */
GifBlock *gif_block_new(const GifSchema *schema, GifDialect dialect, GifMode mode, bool compat);
void gif_block_free(GifBlock *block);
/* Of an empty block: what its records would create is drawn up (gif/proposal). */
void gif_block_set_proposing(GifBlock *block, bool proposing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifBlock, gif_block_free)
void gif_block_clear(GifBlock *block);

/* What a row holds is borrowed from the block and from the text until gif_block_clear; a row of
 * which `notes` tell an error has no cells. */
void gif_block_add_record(GifBlock *block, const GifRecord *record);
/* The same for a row of a descendant format, whose notes move here. */
void gif_block_add_entry(GifBlock *block, GifEntry *entry);

guint gif_block_count(const GifBlock *block);
/* Good until the next row is added. */
const GifBlockRow *gif_block_row(const GifBlock *block, guint index);
/* The row's cells, one for each column of the schema. */
const GifCell *gif_block_cells(const GifBlock *block, const GifBlockRow *row);
/* Where the values of the cells are. */
const GifLexer *gif_block_lexer(const GifBlock *block);
/* The `index`th value of an address column. */
const GifBlockProxy *gif_block_proxy(const GifBlock *block, const GifCell *cell, guint index);
/* Those of all columns of a row; `row->proxies` of them. */
const GifBlockProxy *gif_block_row_proxies(const GifBlock *block, const GifBlockRow *row);
/* Memory that lives as long as the rows. */
TblArena *gif_block_memory(const GifBlock *block);
/* NULL while nothing is proposed. */
const GifProposals *gif_block_proposals(const GifBlock *block);
