/*
 * What happened to one object or one declared domain, for people and for programs: the lines of
 * plans, reports and of the history.
 */
#pragma once

#include "tables/domain.h"
#include "tables/json.h"
#include "tables/object.h"

/* How the addresses of an object differ. Before NULL: it was created; after NULL: it was deleted.
 * Everything is borrowed from the two objects but the arrays. */
typedef struct {
    const TblObject *before, *after;
    GPtrArray *added, *removed, *promoted; /* const TblProxy * */
} TblChange;

TblChange *tbl_change_new(const TblObject *before, const TblObject *after);
void tbl_change_free(TblChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblChange, tbl_change_free)

/* "create", "modify" or "delete" by which states there are. */
const char *tbl_change_action(bool before, bool after);

/* Members of a JSON object that was begun: type, action, class, name, added, removed, promoted. */
void tbl_change_write_json(const TblChange *change, TblJson *json);
/* The same for a domain; its class is "domain", added and removed are settings such as
 * "route=relay:[host]". */
void tbl_change_write_domain_json(const TblDomain *before, const TblDomain *after, TblJson *json);

/* Lines for people: action, class and name, then an indented line for each thing that differs. */
void tbl_change_write_text(const TblChange *change, GString *out);
void tbl_change_write_domain_text(const TblDomain *before, const TblDomain *after, GString *out);

/* The same of an object that was created, straight from its encoding (tables/object_brief.h): a
 * first import shows a million of them. False, with anything written, when the bytes are broken. */
bool tbl_change_write_created_json(TblSlice encoded, TblJson *json);
bool tbl_change_write_created_text(TblSlice encoded, GString *out);
