/*
 * The options of `domain add` and `domain set`, and how they change a declaration. Pure; one
 * thread.
 */
#pragma once

#include "tables/command.h"
#include "tables/domain.h"

/* As given on the command line: NULL when an option was not given, "" when it was given empty.
 * Owned. */
typedef struct {
    char *domain_class, *route, *mirror, *rule, *catch_all;
    char *rewrite, *expand, *unknown, *extensions;
    gboolean force;
} PdCtlDeclaration;

void pd_ctl_declaration_clear(PdCtlDeclaration *options);
/* Whether nothing was given that a declaration holds. */
bool pd_ctl_declaration_is_empty(const PdCtlDeclaration *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PdCtlDeclaration, pd_ctl_declaration_clear)

#define PD_CTL_DECLARATION_ENTRIES 11 /* ten options and the end */
/* Fills the table that parses into `options`. */
void pd_ctl_declaration_entries(PdCtlDeclaration *options,
                                GOptionEntry entries[PD_CTL_DECLARATION_ENTRIES]);

/* Changes what was given in `domain` (a new one has class 0); `domains` is where a mirror finds the
 * class of its other. Errors in TBL_EXIT_ERROR: 2 for what can never be, 3 for a mirror of what is
 * not declared. */
bool pd_ctl_declaration_apply(const PdCtlDeclaration *options, const TblDomains *domains,
                              TblDomain *domain, GError **error);
