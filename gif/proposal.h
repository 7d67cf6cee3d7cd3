/*
 * What a row would create, drawn up while it is read: the object in its encoding, and the keys of
 * its addresses. Most rows of a first import create an object that follows from the row alone;
 * deciding one of them is then to see that nobody has the name or an address. Only a plain row has
 * a proposal:
 *
 *   - it was read without a note, of any severity, and what is left to check would add none: no
 *     fault, no dropped backslash or value, no type left out, no blanks to trim, no second address
 *     of the same key, no second primary of a type;
 *   - its mode creates (create, update), its class needs no target (mailbox, dl, public-folder);
 *   - every cell that is not blank has plain values: no ~DEL, no target, no references;
 *   - name and addresses are ASCII, and the keys are what stands there in small letters.
 *
 * Every other row is decided as if there were no proposals, and so is a plain one that finds
 * somebody in its way. Pure; the proposals of a block belong to its thread.
 */
#pragma once

#include "gif/block.h"
#include "tables/draft.h"

/* A domain that proposals of the block name. */
typedef struct {
    const char *name;
    guint32 hash; /* tbl_key_index_hash */
} GifProposalDomain;

/* The domain of an address that is none of SMTP. */
#define GIF_PROPOSAL_NO_DOMAIN G_MAXUINT16

typedef struct {
    TblCreation creation;
    const guint16 *domains; /* of each address of the row, in the order of the file */
} GifProposal;

typedef struct GifProposals GifProposals;
GifProposals *gif_proposals_new(void);
void gif_proposals_free(GifProposals *proposals);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifProposals, gif_proposals_free)
void gif_proposals_clear(GifProposals *proposals);

/* Draws up what a row of the block would create, which was read without a note. Its number from 1;
 * 0: the row is not plain. */
guint gif_proposals_add(GifProposals *proposals, const GifSchema *schema, const GifBlock *block,
                        const GifBlockRow *row);
/* The proposal of a row that has one; good until the next is added. */
GifProposal gif_proposals_get(const GifProposals *proposals, const GifBlockRow *row);
/* The domains of all proposals, each once, by number. The name is good until another is added. */
GifProposalDomain gif_proposals_domain(const GifProposals *proposals, guint number);
guint gif_proposals_count_domains(const GifProposals *proposals);
/* Another one each time that the block is filled. */
guint64 gif_proposals_filling(const GifProposals *proposals);
