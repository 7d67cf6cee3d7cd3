/*
 * What the attributes and classes of a directory dump mean here: csvde and LDIF name them alike
 * (Active Directory's schema; MS-ADA1 to MS-ADA3, MS-ADSC). Pure.
 */
#pragma once

#include "gif/collector.h"

/* For gif_collector_new. `policydName` and the like are what our own exports write. */
extern const GifAlias gif_ldap_aliases[];

/* What a record says about itself beside its attributes. */
typedef struct {
    bool classified; /* it names a class */
    bool user, contact, group, folder, machine;
    bool home;  /* it has a mail store */
    bool mail;  /* it is known to a mail system */
    bool own;   /* our own export wrote it */
    char *name; /* policydName; owned */
} GifLdapFacts;
void gif_ldap_facts_clear(GifLdapFacts *facts);
/* Looks at one attribute and value, whether or not it is one of the aliases. */
void gif_ldap_facts_note(GifLdapFacts *facts, TblSlice attribute, TblSlice value);

/* The class of the row from the facts and the gathered attributes, or the information that it is no
 * recipient (GIF0916). */
void gif_ldap_settle_class(const GifLdapFacts *facts, const GifCollector *collector,
                           GifEntry *entry);
/* Tells that the row is none, and settles it. */
void gif_ldap_settle_stranger(GifEntry *entry, const char *why);

/* A name with options (`member;range=0-1499`): its bare part. `*cut` (may be NULL): it is a part of
 * a longer list, which would be lost. */
TblSlice gif_ldap_attribute(TblSlice name, bool *cut);
