/* The command line of gif-import, and what it comes to together with an options file. */
#pragma once

#include "gif/options.h"
#include "gif/run.h"

/* The command line as GOption leaves it. */
typedef struct {
    char *config, *codepage, *column, *quote, *mv, *mode, *max_delete, *progress, *format, *rule;
    char *trust, **signatures;
    char *report, *command; /* `command`: as it was called, quoted for a shell */
    char *options, *plan_out, *apply_plan;
    char **must_keep, **files;
    gboolean require_signature;
    gboolean dry_run, keep_going, overwrite, compat, force, json, version;
} GifArguments;

/* False with `error`. Clear also then. */
bool gif_arguments_parse(GifArguments *arguments, int argc, char **argv, GError **error);
void gif_arguments_clear(GifArguments *arguments);

/* Nothing that decides stands beside --apply-plan. */
bool gif_arguments_check_apply(const GifArguments *arguments, GError **error);
/* Neither the plan nor the page would replace the store, each other or a file that the run reads.
 * (A page in the place of an input is told by gif/report.) `store`: its path. */
bool gif_arguments_check_outputs(const GifArguments *arguments, const char *store, GError **error);
bool gif_arguments_read_progress(const GifArguments *arguments, GifProgressMode *progress,
                                 GError **error);
/* Fills `options`, which borrow from the others; the command line wins over `file` (NULL for none).
 * `*codepage` is the caller's. */
bool gif_arguments_read_options(const GifArguments *arguments, const GifOptionsFile *file,
                                GifRunOptions *options, char **codepage, GError **error);
/* What matters to a plan, for people. Caller frees. */
char **gif_arguments_say(const GifArguments *arguments, const GifRunOptions *options);
