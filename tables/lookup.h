/* The inside of tables/maps.h, shared by the files that answer the maps: one lookup under way, and
 * what all maps share. */
#pragma once

#include "tables/maps.h"

typedef struct {
    const TblContext *context;
    const TblDomains *domains; /* may come from memory while the store fails; never NULL here */
    TblAddress address;
    const TblDomain *domain; /* the mail domain that declares the key's, or NULL */
    TblDomainClass domain_class;
    TblLocation *location;
    GString *value;
} TblLookup;

/* Appends the reason and returns TBL_FAILED. */
TblResult tbl_lookup_fail(GString *value, const char *reason);
TblResult tbl_lookup_store_failed(GString *value);
/* Nothing was ever read, or nothing was ever declared or loaded: then nothing is known about any
 * key. */
bool tbl_lookup_knows_nothing(const TblContext *context);
/* NOTFOUND, or FAILED with a reason: absence in a declared domain is certain only when everything
 * that could hold the address was loaded. */
TblResult tbl_lookup_absent(const TblContext *context, GString *value);
/* Finds the mail domain of the lookup's address. */
void tbl_lookup_place(TblLookup *lookup);
/* What the domain does with unknown recipients, defaults filled in. */
TblUnknown tbl_lookup_unknown(const TblLookup *lookup);
bool tbl_lookup_ascii_key(const TblLookup *lookup);
TblResult tbl_lookup_locate(TblLookup *lookup);
/* The owner of the located row. FOUND, or FAILED with its reason. */
TblResult tbl_lookup_owner(TblLookup *lookup, TblObject **object);
/* A list without recipients is absent where it expands, and so is a pure cycle of forwards; over
 * the limit is a failure. FOUND: neither. */
TblResult tbl_lookup_check_recipients(TblLookup *lookup);

TblResult tbl_lookup_transport(TblLookup *lookup, TblSlice key);
TblResult tbl_lookup_login(TblLookup *lookup);
