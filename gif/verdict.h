/*
 * What only the whole run can tell about an object that it changed: mail that goes in a circle
 * (GIF0920), lists over their limits (GIF0921), addresses whose mail has nowhere to go (GIF0922),
 * targets and catch-alls that lose the address they refer to (GIF0923). One thread.
 */
#pragma once

#include "gif/ledger.h"
#include "tables/config.h"
#include "tables/draft.h"

typedef struct {
    guint64 id;
    TblObject *before; /* NULL: the run created it; owned */
    char *name;
    int code;
    char *reason;
} GifVerdict;

typedef struct GifJudge GifJudge;
GifJudge *gif_judge_new(TblDraft *draft, const TblConfig *config);
void gif_judge_free(GifJudge *judge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifJudge, gif_judge_free)
/* A created object of which nothing has to be judged: as most, it is no list, leads nowhere, and
 * its primary delivers its mail. */
bool gif_judge_passes(const GifJudge *judge, const TblObjectBrief *brief);
/* Judges one net change. False: the store failed. */
bool gif_judge_change(GifJudge *judge, const TblObject *before, const TblObject *after);
/* After the last change: judges what the run did to others, above all to lists that it did not
 * change themselves. Of the changes that reach one, those of the `most` last rows are blamed, for
 * the ones before may have been fine. `ledger` may be NULL: then of the highest ids. False: the
 * store failed. */
bool gif_judge_finish(GifJudge *judge, const GifLedger *ledger, guint most);
/* All verdicts so far, each against one object: GifVerdict *, borrowed. */
const GPtrArray *gif_judge_verdicts(const GifJudge *judge);
/* Takes the changes of the judged objects back. False when that is not possible, since others build
 * on them. */
bool gif_judge_revert(const GifJudge *judge, GError **error);
