/*
 * Why an address is answered as it is: each step of its resolution with what was found and where
 * that comes from, the reply of every map, the policy service's verdict, what Postfix makes of them
 * at RCPT, and all that in one sentence. The replies are made by the daemon's own answerer out of
 * one snapshot. One thread.
 */
#pragma once

#include "policyd/answerer.h"
#include "tables/maps.h"

typedef enum {
    PD_STEP_FOUND,
    PD_STEP_ABSENT,
    PD_STEP_NOTICE,  /* a tombstone */
    PD_STEP_HIDDEN,  /* of a disabled object, and these are excluded */
    PD_STEP_FAILED,  /* could not be read */
    PD_STEP_SKIPPED, /* not tried; `text` says why */
} PdStepResult;
const char *pd_step_result_name(PdStepResult result); /* "found", ... */

/* A row that a step met. */
typedef struct {
    const char *kind; /* "local", "directory generated", ... */
    const char *role; /* "primary", "secondary", "target", ...; NULL for a notice's own row */
    const char *object_class;
    char *object;  /* name; NULL for a notice */
    char *address; /* as stored */
    char *notice;   /* a tombstone's new address or text, else NULL */
    bool moved;     /* it is an address */
    gint64 expires; /* seconds since 1970; 0: never */
    bool decides;
    TblSource source;
    char *file; /* that the source names, or NULL */
    char *dn;   /* of a replicated object, or NULL */
    char *source_text;
} PdExplainRow;

typedef struct {
    const char *step; /* "canonical", "domain", "exact", "extension", "mirror", "catch-all", ... */
    PdStepResult result;
    char *key;       /* what was looked for; NULL */
    char *text;      /* more in words; NULL */
    GPtrArray *rows; /* PdExplainRow *; may be empty */
} PdExplainStep;

typedef struct {
    const char *word; /* "OK", "NOTFOUND", "TEMP", "PERM" */
    char *value;      /* the bytes behind it; never NULL */
} PdExplainReply;

typedef struct {
    char *key;       /* as asked */
    char *canonical; /* of an address or a domain; "" when the key is neither */
    GPtrArray *steps;
    PdExplainReply map[TBL_MAP_COUNT]; /* domain maps: of the key's domain; others: of the key */
    char *policy; /* action for a plain RCPT from outside; "" when there would be no reply */
    char *smtp;   /* what Postfix answers to RCPT, or why that is not ours to say */
    char *sentence;
    bool temporary; /* a map answers TEMP, or the policy service defers for a failed lookup */
} PdExplanation;

/* The sender and the client of the plain request: nobody that a store could know (RFC 2606, RFC
 * 5737), not authenticated. */
#define PD_EXPLAIN_SENDER "someone@outside.invalid"
#define PD_EXPLAIN_CLIENT "192.0.2.1"

/* Of an address, or of a domain (a key without `@`). Takes the answerer's newest snapshot and keeps
 * it. The key holds no NUL, CR or LF. */
PdExplanation *pd_explain_new(PdAnswerer *answerer, const char *key);
void pd_explain_free(PdExplanation *explanation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdExplanation, pd_explain_free)
