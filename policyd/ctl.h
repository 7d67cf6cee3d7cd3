/*
 * What the rooms of policyctl share: its verbs, messages, options, and the two ways to open the
 * store. Program code: one thread, prints results to stdout and everything else to stderr as
 * `policyctl: ...`.
 */
#pragma once

#include "tables/command.h"
#include "tables/draft.h"
#include "tables/json.h"
#include "tables/maps.h"

#include <stdio.h>

/* Verbs: argv[0] is the verb's last word; the exit code comes back. */
int pd_ctl_domain_add(TblConfig *config, int argc, char **argv);
int pd_ctl_domain_set(TblConfig *config, int argc, char **argv);
int pd_ctl_domain_remove(TblConfig *config, int argc, char **argv);
int pd_ctl_domain_list(TblConfig *config, int argc, char **argv);
int pd_ctl_domain_check(TblConfig *config, int argc, char **argv);
int pd_ctl_object_add(TblConfig *config, int argc, char **argv);
int pd_ctl_object_show(TblConfig *config, int argc, char **argv);
int pd_ctl_object_list(TblConfig *config, int argc, char **argv);
int pd_ctl_object_remove(TblConfig *config, int argc, char **argv);
int pd_ctl_address_add(TblConfig *config, int argc, char **argv);
int pd_ctl_address_remove(TblConfig *config, int argc, char **argv);
int pd_ctl_address_promote(TblConfig *config, int argc, char **argv);
int pd_ctl_lookup(TblConfig *config, int argc, char **argv);
int pd_ctl_explain(TblConfig *config, int argc, char **argv);
int pd_ctl_policy(TblConfig *config, int argc, char **argv);
int pd_ctl_status(TblConfig *config, int argc, char **argv);
int pd_ctl_reload(TblConfig *config, int argc, char **argv);
int pd_ctl_history(TblConfig *config, int argc, char **argv);
int pd_ctl_show(TblConfig *config, int argc, char **argv);
int pd_ctl_rollback(TblConfig *config, int argc, char **argv);
int pd_ctl_export(TblConfig *config, int argc, char **argv);
int pd_ctl_postconf(TblConfig *config, int argc, char **argv);
int pd_ctl_compare(TblConfig *config, int argc, char **argv);
int pd_ctl_doctor(TblConfig *config, int argc, char **argv);

/* ---- Messages ---- */

/* "policyctl: ..." on stderr. */
void pd_ctl_note(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* As pd_ctl_note, then returns `code`. */
int pd_ctl_fail(int code, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Prints an error (NULL: nothing) and returns its exit code; a locked store is temporary. */
int pd_ctl_error(const GError *error);
/* Flushes stdout; 0, or 1 with a message when what was printed could not be written. */
int pd_ctl_finish(void);

/* ---- Input ---- */

/* A file to read, "-": standard input. To be closed; NULL with an error. */
FILE *pd_ctl_open(const char *name, GError **error);

/* ---- Options ---- */

/* Parses the options of a verb; what is left in argv[1] ... are its arguments, at least `min`, at
 * most `max` (-1: any number), all UTF-8. 0, or 2 with a message. Texts are G_OPTION_ARG_FILENAME:
 * locale and charset play no part. */
int pd_ctl_options(const GOptionEntry *entries, const char *synopsis, int min, int max, int *argc,
                   char **argv);

/* A proxy address as a person types it: `TYPE:value`, or a bare address, which is SMTP. NULL with a
 * usage error. */
TblProxy *pd_ctl_proxy(const char *text, bool primary, GError **error);

/* ---- Reading ---- */

/* The newest snapshot. A missing store is an empty one for a reader (`reader` is NULL then, and a
 * note was printed). */
typedef struct {
    const TblConfig *config;
    TblStore *store;
    TblView *view;     /* begun */
    TblReader *reader; /* of `view` */
} PdCtlSnapshot;

PdCtlSnapshot *pd_ctl_snapshot_new(const TblConfig *config, GError **error);
void pd_ctl_snapshot_free(PdCtlSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdCtlSnapshot, pd_ctl_snapshot_free)
TblContext pd_ctl_snapshot_context(const PdCtlSnapshot *snapshot);

/* Set TBL_EXIT_USAGE, and TBL_EXIT_REFUSED; return false. */
bool pd_ctl_usage(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
bool pd_ctl_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Says that the store failed under a reader, exit code TBL_EXIT_FAILED. */
void pd_ctl_set_store_failed(const TblConfig *config, GError **error);

/* ---- Changing ---- */

/* The write lock, a draft over the newest snapshot, and that snapshot itself for scans and
 * comparison. */
typedef struct {
    const TblConfig *config;
    TblStore *store;
    TblView *base;     /* begun: what was committed before */
    TblReader *reader; /* of `base` */
    TblDraft *draft;
    bool locked;
} PdCtlChange;

PdCtlChange *pd_ctl_change_new(const TblConfig *config, GError **error);
void pd_ctl_change_free(PdCtlChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdCtlChange, pd_ctl_change_free)
/* Resolution over the draft, and over what was before it. */
TblContext pd_ctl_change_context(const PdCtlChange *change);
TblContext pd_ctl_change_base_context(const PdCtlChange *change);
/* Commits as one batch; `*changed` says whether there was a net change. */
bool pd_ctl_change_commit(PdCtlChange *change, const char *summary, bool *changed, GError **error);
/* What history shows of a command: `verb` ("domain add") and argv[1] ... as they were before their
 * options were parsed. One JSON object; caller frees. */
char *pd_ctl_summary(const char *verb, int argc, char **argv);
