/*
 * What an import says about its rows: `FILE:LINE: severity GIFNNNN: text` for people, one JSON
 * object a line for programs. Numbers below 900 are the event numbers of Exchange's directory
 * import (KB Q184532), the others ours. One thread.
 */
#pragma once

#include "gif/progress.h"

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

/* Our own diagnostics. */
enum {
    GIF_CODE_ENCODING = 900,    /* a byte does not belong to the file's encoding */
    GIF_CODE_NUL = 901,         /* a NUL byte in a record */
    GIF_CODE_RECORD_LONG = 902, /* limits */
    GIF_CODE_RECORD_WIDE = 903,
    GIF_CODE_VALUE_LONG = 904,
    GIF_CODE_ADDRESS_DIFFERS = 905, /* said twice, and not alike */
    GIF_CODE_VALUES_MANY = 906,
    GIF_CODE_ADDRESSES_MANY = 907,
    GIF_CODE_DOMAIN_UNDECLARED = 908, /* notes */
    GIF_CODE_REFERENCE_UNKNOWN = 909,
    GIF_CODE_VALUE_EMPTY = 910,
    GIF_CODE_LIST_CUT = 911, /* a list that its writer cut off */
    GIF_CODE_BLANKS_TRIMMED = 912,
    GIF_CODE_CLEAR_QUOTED = 913,
    GIF_CODE_SEPARATORS = 914,    /* separators that exclude each other */
    GIF_CODE_LIST_UNJOINED = 915, /* a list of which only the type was written */
    GIF_CODE_NO_RECIPIENT = 916,
    GIF_CODE_LDIF_CONTROL = 917,
    GIF_CODE_LDIF_SYNTAX = 918,
    GIF_CODE_LDIF_MIXED = 919, /* content and change records in one file */
    GIF_CODE_CYCLE = 920,      /* judged when the whole run is known */
    GIF_CODE_LIST_OVER = 921,
    GIF_CODE_NOWHERE = 922,
    GIF_CODE_REFERRED = 923,
    GIF_CODE_CELL_CUT = 924,        /* a cell as long as the longest that Excel saves */
    GIF_CODE_MEMBERS_UNKNOWN = 925, /* a group whose members a query finds */
    GIF_CODE_STORE = 930,           /* the run as a whole */
    GIF_CODE_ERR_FILE = 931,
    GIF_CODE_MAX_DELETE = 932,
    GIF_CODE_MUST_KEEP = 933,
    GIF_CODE_ENTANGLED = 934, /* rows that fail can't be left out */
    GIF_CODE_REPORT = 935,    /* the page of --report cannot be written */
    GIF_CODE_PLAN = 936,      /* a saved plan that cannot be followed */
    GIF_CODE_PLAN_STALE = 937,
    GIF_CODE_OPTION = 938,    /* of an options file, ignored */
    GIF_CODE_SIGNATURE = 940, /* a signature is missing or does not verify */
};

typedef enum { GIF_INFO, GIF_WARNING, GIF_ERROR } GifSeverity;

const char *gif_severity_name(GifSeverity severity); /* "info", "warning", "error" */

/* As text, so many of each number are shown; the rest is counted. */
#define GIF_DIAGNOSTICS_SHOWN 1000

typedef struct GifDiagnostics GifDiagnostics;
/* Writes to `out` (borrowed): JSON lines, or text. */
GifDiagnostics *gif_diagnostics_new(bool json, FILE *out);
/* What is shown of the run's progress on the same terminal; borrowed, NULL: nothing. */
void gif_diagnostics_set_progress(GifDiagnostics *diagnostics, GifProgress *progress);
void gif_diagnostics_free(GifDiagnostics *diagnostics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifDiagnostics, gif_diagnostics_free)

/* The file that the following ones are about; copied. NULL: the run as a whole. */
void gif_diagnostics_set_file(GifDiagnostics *diagnostics, const char *file);
/* Writes one at once. `line` 0: none. `column` (a
 * header name) and `object` (a directory name) may be NULL. */
void gif_diagnostics_add(GifDiagnostics *diagnostics, GifSeverity severity, int code, guint64 line,
                         const char *column, const char *object, const char *message);

/* One diagnostic as it was told; strings die with the call. */
typedef struct {
    GifSeverity severity;
    int code;
    const char *file; /* NULL: the run as a whole */
    guint64 line;     /* 0: none */
    const char *column, *object, *message;
} GifDiagnosticEvent;
typedef void (*GifDiagnosticFunc)(const GifDiagnosticEvent *event, gpointer data);
/* Whom else to tell: everything, also what is not shown. */
void gif_diagnostics_set_listener(GifDiagnostics *diagnostics, GifDiagnosticFunc listener,
                                  gpointer data);

/* As text: the counts of what was not shown. */
void gif_diagnostics_finish(GifDiagnostics *diagnostics);
guint64 gif_diagnostics_count(const GifDiagnostics *diagnostics, GifSeverity severity);

/* The notes of one row while it is decided, in their order; an error ends the row. */
typedef struct GifNotes GifNotes;
GifNotes *gif_notes_new(void);
void gif_notes_free(GifNotes *notes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifNotes, gif_notes_free)
/* `column` is copied: a header that is refused is gone before its notes are told. */
void gif_notes_add(GifNotes *notes, GifSeverity severity, int code, const char *column,
                   const char *format, ...) G_GNUC_PRINTF(5, 6);
bool gif_notes_failed(const GifNotes *notes);
bool gif_notes_is_empty(const GifNotes *notes);
/* Appends the notes of `from` and empties it. */
void gif_notes_move(GifNotes *notes, GifNotes *from);
void gif_notes_clear(GifNotes *notes);
/* Tells all of them as being about `line` and `object`, and empties the notes. */
void gif_notes_flush(GifNotes *notes, GifDiagnostics *diagnostics, guint64 line,
                     const char *object);
