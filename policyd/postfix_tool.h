/*
 * Postfix's own programs, postconf(1) and postmap(1), run by policyctl: argument vectors and never
 * a shell, the environment as it is (so MAIL_CONFIG says which Postfix), bounded in time and in
 * size. One thread. policyd does not have this room.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A run whose output is read line by line while it comes. */
typedef struct PdPostfixTool PdPostfixTool;

/* Whether the program is there at all. */
bool pd_postfix_tool_installed(const char *name);

/* Starts argv[0] (a bare name; NULL ends the vector) with the file `input` as its standard input
 * (-1: none; taken). Errors: TBL_EXIT_FAILED where it is not installed. */
PdPostfixTool *pd_postfix_tool_new(const char *const *argv, int input, GError **error);
void pd_postfix_tool_free(PdPostfixTool *tool); /* ends it where it still runs */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdPostfixTool, pd_postfix_tool_free)

/* The next line without its LF, dies with the next call. NULL at the end, or with `error`: longer
 * than a megabyte, or a minute without output and without input being read (75). */
const char *pd_postfix_tool_line(PdPostfixTool *tool, GError **error);
/* After the last line: the exit status (-1: ended by a signal) and what it said on standard error
 * (never NULL; caller frees). */
int pd_postfix_tool_finish(PdPostfixTool *tool, char **complaint);

/* The whole output of a run that succeeds; caller frees. NULL with `error`: what it said on
 * standard error. */
char *pd_postfix_tool_run(const char *const *argv, GError **error);

/* A temporary file without a name, for what a tool is to read. -1 with `error`. */
int pd_postfix_tool_scratch(GError **error);
