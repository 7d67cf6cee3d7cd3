/*
 * Structured log of the programs: to stderr, natively to the journal when stderr is the journal.
 * Text that came from a client, a file or a directory is escaped and cut before it is logged.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

/* Installs the writer; call once at start. `verbose` also shows debug and info. */
void tbl_log_init(const char *program, bool verbose);
/* Printable copy of untrusted bytes: control, non-UTF-8 and backslash as \xNN, at most `max`
 * characters and then "...". Caller frees. */
char *tbl_log_escape(TblSlice text, gsize max);
/* The same, appended: a plan has millions of them. */
void tbl_log_append_escaped(GString *out, TblSlice text, gsize max);
#define tbl_log_error(...) g_log("policyd-gif", G_LOG_LEVEL_CRITICAL, __VA_ARGS__)
#define tbl_log_warning(...) g_log("policyd-gif", G_LOG_LEVEL_WARNING, __VA_ARGS__)
#define tbl_log_notice(...) g_log("policyd-gif", G_LOG_LEVEL_MESSAGE, __VA_ARGS__)
#define tbl_log_debug(...) g_log("policyd-gif", G_LOG_LEVEL_DEBUG, __VA_ARGS__)
