/* What the programs share at their surface: exit codes, common options, a table of subcommands over
 * GOption. */
#pragma once

#include "tables/config.h"

#include <glib.h>

enum {
    TBL_EXIT_OK = 0,
    TBL_EXIT_FAILED = 1,
    TBL_EXIT_USAGE = 2,
    TBL_EXIT_REFUSED = 3,
    TBL_EXIT_TEMPORARY = 75, /* EX_TEMPFAIL of sysexits.h */
    TBL_EXIT_CONFIG = 78,    /* EX_CONFIG */
};

/* Errors that carry their exit code: domain TBL_EXIT_ERROR, code one of the above. */
#define TBL_EXIT_ERROR (tbl_exit_error_quark())
GQuark tbl_exit_error_quark(void);
/* The exit code of any error: its own in TBL_EXIT_ERROR, 78 in TBL_CONFIG_ERROR, 2 in
 * G_OPTION_ERROR, else 1. */
int tbl_exit_code(const GError *error);

/* Where a standard file is closed, the next one that is opened would take its place: messages would
 * be written into the store. Puts something there that cannot be read or written. Every program
 * calls it before anything else; tbl_command_main does. */
void tbl_command_hold_standard_files(void);

/* Makes arguments and output UTF-8, whatever the environment's locale is (GOption and g_print
 * convert by it). Every program calls it first; tbl_command_main does. */
void tbl_command_use_utf8(void);

/* GOption takes --flag=no for --flag. False with a G_OPTION_ERROR where an argument before "--"
 * gives a value to an option of `entries` that has none. */
bool tbl_command_flags_are_bare(const GOptionEntry *entries, int argc, char **argv, GError **error);

/* A verb: one or two words ("domain add"), run with argv[0] = the verb's last word, its own options
 * and arguments after it. */
typedef struct {
    const char *group; /* first word */
    const char *verb;  /* second word or NULL */
    const char *synopsis;
    const char *summary;
    int (*run)(TblConfig *config, int argc, char **argv);
} TblCommand;

/* Handles --config (before or after the verb), --help, --version, finds the verb, loads the
 * configuration, runs it. `commands` ends with an entry whose group is NULL. Returns the exit code.
 */
int tbl_command_main(const char *program, const TblCommand *commands, int argc, char **argv);
