/*
 * The object that most rows of an import create: local, with addresses, texts, switches and limits,
 * without target and references. It goes straight into its encoding, which is, byte for byte, what
 * tbl_object_encode_places makes of the TblObject that it stands for. Pure; everything is borrowed.
 */
#pragma once

#include "tables/object.h"

typedef struct {
    TblSlice type; /* upper case */
    TblSlice value;
    bool primary;
} TblPlainAddress;

typedef struct {
    TblClass object_class;
    bool hidden, deliver_and_redirect, authenticated_only;
    TblSlice name;
    const TblPlainAddress *addresses; /* primaries before secondaries, of each type one at most */
    guint n_addresses;
    TblSlice text[TBL_TEXT_COUNT]; /* empty: absent */
    gint64 limit_in, limit_out;    /* or TBL_LIMIT_NONE */
    const TblSlice *other;         /* pairs: attribute name, value */
    guint n_other;                 /* slices */
} TblPlainObject;

/* Bytes that the encoding takes at most. */
gsize tbl_plain_size(const TblPlainObject *object);
/* Encodes into `out`, which has that much room; the length. `name_place` and `places`, one for each
 * address: where they stand in it, as in tables/object_brief. */
gsize tbl_plain_encode(const TblPlainObject *object, char *out, guint32 *name_place,
                       guint32 *places);
