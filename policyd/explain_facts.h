/* The inside of policyd/explain.h, shared by its files: what is known about a key while it is
 * explained. */
#pragma once

#include "policyd/explain.h"
#include "tables/trace.h"

typedef struct {
    const TblContext *context;
    PdExplanation *explanation;
    bool is_address;
    TblAddress address;
    char name[256];          /* canonical domain of the key; "" when it has none */
    const TblDomain *domain; /* that declares it, of any class; NULL */
    bool ours;               /* and it is a mail domain */
    TblLocation location;    /* of an address */
    bool nobody;             /* no row, no notice: something may stand in */
    TblAlias alias;          /* of an address of ours */
    char *owner;             /* `mailbox "ann"` of the located row; NULL */
} PdExplainFacts;

PdExplainStep *pd_explain_step_new(PdExplanation *explanation, const char *name,
                                   PdStepResult result);
/* Fills the steps and the facts. */
void pd_explain_add_steps(PdExplainFacts *facts);
/* The sentence, from all that is known. Caller frees. */
char *pd_explain_sentence(const PdExplainFacts *facts);
