/*
 * The one algorithm that says what an address is here: exact row, row without its extension, the
 * mirrored domain's row, catch-all; and the recipients that mail for it finally reaches. policyd,
 * `explain` and the guards of an import all use it. Postfix sends full keys only (dict_sockmap.c is
 * a pattern map), so the search order is ours.
 */
#pragma once

#include "tables/address.h"
#include "tables/config.h"
#include "tables/view.h"

/* Everything an answer depends on; borrowed for the length of a call. */
typedef struct {
    TblView *view;
    const TblConfig *config;
    gint64 now; /* seconds since 1970: tombstones expire at lookup */
} TblContext;

typedef enum {
    TBL_VIA_EXACT,
    TBL_VIA_EXTENSION,
} TblVia;

/* Where an address was found. */
typedef struct {
    TblResult result; /* FOUND: `row` answers; NOTFOUND: nobody has it, or a tombstone; FAILED */
    bool tombstone;   /* NOTFOUND by a live tombstone; `row` is it */
    bool hidden;      /* NOTFOUND because its row is excluded (disabled): no catch-all takes it */
    TblRow row;
    bool mirrored; /* found in the mirrored domain */
    TblVia via;
    char extension[TBL_ADDRESS_MAX +
                   1]; /* with its delimiter, as typed; "" when none was taken off */
    char bytes[4096];  /* backs the row's slices */
} TblLocation;

/* Steps 1 to 4. `domain` is the declaration of the address's domain, NULL for none (then exact rows
 * only). */
void tbl_resolve_locate(const TblContext *context, const TblAddress *address,
                        const TblDomain *domain, TblLocation *location);

typedef enum {
    TBL_ALIAS_NONE,   /* virtual_alias_maps does not answer: the address stands for itself, or is
                         nobody's */
    TBL_ALIAS_VALUE,  /* `value` holds the recipients */
    TBL_ALIAS_ABSENT, /* it has nowhere to go: its target is nobody's address, or all ends in a
                         virtual-alias domain. It answers as if nobody had it */
    TBL_ALIAS_EMPTY,  /* a list without recipients (or a cycle of forwards) where it expands */
    TBL_ALIAS_OVER,   /* over list-recipients or reply */
    TBL_ALIAS_FAILED,
} TblAlias;

/* What virtual_alias_maps answers for an address in the mail domain `domain` that was located as
 * `location` (by tbl_resolve_locate): final recipients, joined by ',' in `value`. */
TblAlias tbl_resolve_alias(const TblContext *context, const TblAddress *address,
                           const TblDomain *domain, const TblLocation *location, GString *value);

/* The same for mail that reaches an object on the way, as a member or by a forward. VALUE or EMPTY,
 * OVER by the number of recipients, FAILED. */
TblAlias tbl_resolve_alias_of(const TblContext *context, const TblObject *object);

/* The object a reference (a name, else an address) binds to, for objects of `origin`. NOTFOUND with
 * `*object` NULL when nothing has it. */
TblResult tbl_resolve_reference(const TblContext *context, TblOrigin origin, const char *reference,
                                TblObject **object);

/* The same, of which only the id is asked. */
TblResult tbl_resolve_reference_id(const TblContext *context, TblOrigin origin,
                                   const char *reference, guint64 *id);

/* FOUND: mail for a remote can follow its SMTP target, which in a declared domain must be the
 * address of another object or, in a relay domain, the remote's own. */
TblResult tbl_resolve_target(const TblContext *context, const TblObject *remote);

/* Appends a stored address as it is answered, with `extension` ("" or NULL: none) put back into its
 * local part if the address's own domain takes extensions (an undeclared one does). */
void tbl_resolve_append(GString *out, const TblDomains *domains, TblSlice spelling,
                        const char *extension);
