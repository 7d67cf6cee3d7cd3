/*
 * What keeps a damaged or cut file from emptying a store: a limit on what one run may take away,
 * and addresses that must stay. One thread.
 */
#pragma once

#include "gif/changes.h"
#include "tables/config.h"

typedef struct GifGuard GifGuard;

/* `max_delete`: "N" or "N%"; `must_keep`: TYPE:value, SMTP where there is no type. NULL with
 * `error` (G_OPTION_ERROR) when it is neither, or one of `must_keep` is no address. */
GifGuard *gif_guard_new(const char *max_delete, const char *const *must_keep, GError **error);
void gif_guard_free(GifGuard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifGuard, gif_guard_free)

/* Adds addresses that must stay, as gif_guard_new. */
bool gif_guard_add_must_keep(GifGuard *guard, const char *const *must_keep, GError **error);
/* Before the first change: which of the addresses resolve now. False: the store failed. */
bool gif_guard_begin(GifGuard *guard, TblDraft *draft, const TblConfig *config);

typedef enum {
    GIF_GUARD_PASSED,
    GIF_GUARD_MAX_DELETE,
    GIF_GUARD_MUST_KEEP,
    GIF_GUARD_FAILED
} GifGuardResult;
/* At the end: judges the net changes against what the local origin held before. `reason` says what
 * was breached; caller frees. */
GifGuardResult gif_guard_check(GifGuard *guard, TblDraft *draft, const TblConfig *config,
                               const GifChanges *changes, char **reason);
/* What was weighed against what, for a run that passed the check; one sentence. Caller frees. */
char *gif_guard_describe(const GifGuard *guard, const GifChanges *changes);
