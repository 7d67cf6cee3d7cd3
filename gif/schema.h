/*
 * Header names -> what the columns mean. Display names (as the Administrator program shows them)
 * and schema names may be mixed; case does not matter, and runs of blanks, underscores and hyphens
 * are one hyphen.
 *
 * Rules: KB Q184532 (events 152 153 154 222 225 226 264), Q146304 (first columns), Q146293, Q156063
 * section 2.11.1, Q164843 (alias pairs). Pure.
 */
#pragma once

#include "gif/csv.h"
#include "gif/diagnostic.h"
#include "tables/object.h"

typedef enum {
    GIF_COLUMN_IGNORED,
    GIF_COLUMN_CLASS,
    GIF_COLUMN_MODE,
    GIF_COLUMN_NAME,
    GIF_COLUMN_TARGET,
    GIF_COLUMN_PRIMARIES,
    GIF_COLUMN_SECONDARIES,
    GIF_COLUMN_TEXT,       /* `which` is a TblText */
    GIF_COLUMN_REFERENCE,  /* single reference, `which` is a TblText */
    GIF_COLUMN_REFERENCES, /* `which` is a TblRefs */
    GIF_COLUMN_HIDDEN,
    GIF_COLUMN_REDIRECT,      /* Deliver-And-Redirect */
    GIF_COLUMN_AUTHENTICATED, /* mail from known senders only */
    GIF_COLUMN_LIMIT_IN,
    GIF_COLUMN_LIMIT_OUT,
    GIF_COLUMN_OTHER, /* kept and exported only, under its schema name */
    GIF_COLUMN_COUNT,
} GifColumnKind;

typedef struct {
    GifColumnKind kind;
    guint which;
    char *name;        /* as the header writes it */
    const char *other; /* GIF_COLUMN_OTHER: the schema name */
} GifColumn;

typedef struct {
    guint count;
    GifColumn *column;
    int class_at, mode_at, name_at, target_at, primaries_at, secondaries_at, home_server_at,
        members_at; /* index or -1 */
    bool verbatim;  /* references are names as they stand (LDAP's distinguished names) */
} GifSchema;

/* Reads a header record. Faults and warnings go to `notes`; NULL when one of them is an error. */
GifSchema *gif_schema_new(const GifRecord *header, GifDialect dialect, GifNotes *notes);
void gif_schema_free(GifSchema *schema);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifSchema, gif_schema_free)

/* Event 227 and limits: false, with a note, for a header that cannot be read. */
bool gif_schema_check_header(const GifRecord *header, GifNotes *notes);
/* What a folded column name means, `column->name` left alone. False: nothing here. */
bool gif_schema_find(const char *folded, GifColumn *column);
/* The schema of a file whose columns are known without a header: takes `column` with the names in
 * it. Its references are verbatim. */
GifSchema *gif_schema_new_typed(GifColumn *column, guint count);

/* The folded form of a header or class name. Caller frees. */
char *gif_schema_fold(TblSlice name);
