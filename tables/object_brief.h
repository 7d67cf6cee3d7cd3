/*
 * What an encoded object says without being decoded: an import makes a million of them, and most
 * are only counted, indexed and written. Pure; slices borrow from the bytes.
 */
#pragma once

#include "tables/codec.h"
#include "tables/object.h"
#include "tables/object_bits.h"

typedef struct {
    TblOrigin origin;
    TblClass object_class;
    bool disabled;
    bool forwards, homed; /* it has an Alt-Recipient, a Home-Server */
    bool restricted;      /* not everybody may send it everything */
    TblSlice name;
    guint addresses;    /* how many, generated ones apart */
    TblSlice smtp;      /* its SMTP primary, empty when it has none */
    guint32 name_place; /* where the name stands in the bytes, for tbl_object_text_at */
} TblObjectBrief;

/* Of an object that is not encoded: all but the place. */
TblObjectBrief tbl_object_brief_of(const TblObject *object);
/* False when the bytes do not begin as an encoded object does. */
bool tbl_object_brief(TblSlice bytes, TblObjectBrief *brief);

/* As tbl_object_encode, into an empty `out`; `places` (guint32) gets where in the bytes each thing
 * stands that an address row tells of, in the order of tbl_object_foreach_row. */
void tbl_object_encode_places(const TblObject *object, GByteArray *out, GArray *places);

/* The place of the first of the leading addresses, up to `most`, that is spelt so. False: none is.
 */
bool tbl_object_find_address(TblSlice bytes, TblSlice spelling, guint most, guint32 *place);
/* The address or target at a place; its type is in capitals. False when the bytes are no such. */
bool tbl_object_proxy_at(TblSlice bytes, guint32 place, TblSlice *type, TblSlice *value,
                         bool *primary);
/* The name or generated address at a place. */
bool tbl_object_text_at(TblSlice bytes, guint32 place, TblSlice *text);

/* ---- From the beginning to the references ---- */

/* Goes through an encoded object without copying anything of it. What is broken ends each of these
 * and is told by `cursor.broken`. */
typedef struct {
    TblCursor cursor;
    guint64 bits;
    TblClass object_class;
    TblSlice name;
    guint64 addresses;  /* yet to come */
    guint64 references; /* of the kind, yet to come */
    guint kind;         /* the next one, TblRefs */
} TblSkim;

static inline void
tbl_skim_begin(TblSkim *skim, TblSlice bytes)
{
    skim->cursor = tbl_cursor(bytes);
    skim->bits = tbl_cursor_number(&skim->cursor);
    skim->object_class = (TblClass)(skim->bits & OBJECT_CLASS_MASK);
    skim->name = tbl_cursor_string(&skim->cursor);
    skim->addresses = tbl_cursor_number(&skim->cursor);
    skim->references = 0;
    skim->kind = 0;
}

/* An address or target; false when the bytes are no such. */
static inline bool
tbl_skim_proxy(TblCursor *cursor, TblSlice *type, TblSlice *value, bool *primary)
{
    guint64 bits = tbl_cursor_number(cursor);
    *type = bits & PROXY_SMTP ? tbl_slice(SMTP) : tbl_cursor_string(cursor);
    *value = tbl_cursor_string(cursor);
    *primary = bits & PROXY_PRIMARY;
    return !cursor->broken;
}

/* The next address, its type in capitals; false after the last. */
static inline bool
tbl_skim_address(TblSkim *skim, TblSlice *type, TblSlice *value, bool *primary)
{
    if (skim->addresses == 0)
        return false;
    skim->addresses--;
    return tbl_skim_proxy(&skim->cursor, type, value, primary);
}

/* The target, once, after the last address. False: it has none. */
bool tbl_skim_target(TblSkim *skim, TblSlice *type, TblSlice *value);
/* The next reference of any kind, after the target; false after the last. */
bool tbl_skim_reference(TblSkim *skim, TblRefs *kind, TblSlice *text);
