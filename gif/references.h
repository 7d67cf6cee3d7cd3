/*
 * References to other objects as files write them (Members, delivery restrictions, Alternate
 * recipient), and a list of them without duplicates to which rows add and from which they take in
 * constant time.
 *
 * Forms: a directory name, `Container/cn=Name`, `/o=Org/ou=Site/cn=Recipients/cn=Name`; the last
 * RDN is the name (KB Q165319, Q263113, Q168716). A distinguished name of LDAP, of more than one
 * RDN, is a name as it stands: csvde and LDIF files bring such (RFC 4514). Pure.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

/* Behind it the name stands as it is, whatever it looks like; what we write where `/cn=` is part of
 * a name. */
#define GIF_REFERENCE_VERBATIM "//cn="

/* The name in a reference. NULL when a DN names nothing (event 274). Caller frees. */
char *gif_reference_name(TblSlice text);

/* The name as it stands, blank ends taken off: a distinguished name of LDAP. NULL as above. */
char *gif_reference_verbatim(TblSlice text);

typedef struct GifReferences GifReferences;
/* Takes the strings out of `list`, which is empty afterwards. */
GifReferences *gif_references_new(GPtrArray *list);
void gif_references_free(GifReferences *references);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GifReferences, gif_references_free)
/* True when it was not there yet. */
bool gif_references_add(GifReferences *references, const char *name);
/* True when it was there. */
bool gif_references_remove(GifReferences *references, const char *name);
bool gif_references_contains(const GifReferences *references, const char *name);
void gif_references_clear(GifReferences *references);
guint gif_references_count(const GifReferences *references);
/* Copies the list, in order of arrival, into the empty `list`. */
void gif_references_copy(const GifReferences *references, GPtrArray *list);
