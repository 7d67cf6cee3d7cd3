#include "tables/codec.h"

/* Of the tenth byte of a number, which holds one bit. */
#define CODEC_LAST_SHIFT 63

static guint64
cursor_fail(TblCursor *cursor)
{
    cursor->broken = true;
    cursor->at = cursor->end;
    return 0;
}

guint64
tbl_cursor_long_number(TblCursor *cursor)
{
    guint64 number = 0;
    guint shift = 0;

    if (cursor->broken)
        return 0;
    for (; cursor->at < cursor->end; shift += TBL_NUMBER_BITS) {
        guint64 byte = *cursor->at++;
        guint64 bits = byte & ~(guint64)TBL_NUMBER_MORE;

        if (shift == CODEC_LAST_SHIFT && byte > 1)
            return cursor_fail(cursor);
        number |= bits << shift;
        if (byte & TBL_NUMBER_MORE)
            continue;
        /* One spelling for each number: a trailing zero group is not ours. */
        if (byte == 0 && shift > 0)
            return cursor_fail(cursor);
        return number;
    }
    return cursor_fail(cursor);
}

bool
tbl_cursor_done(const TblCursor *cursor)
{
    return !cursor->broken && cursor->at == cursor->end;
}

void
tbl_encode_number(GByteArray *out, guint64 number)
{
    char bytes[TBL_NUMBER_MAX];
    const char *end = tbl_put_number(bytes, number);

    g_byte_array_append(out, (const guint8 *)bytes, (guint)(end - bytes));
}

void
tbl_encode_string(GByteArray *out, TblSlice text)
{
    tbl_encode_number(out, text.len);
    if (text.len > 0)
        g_byte_array_append(out, (const guint8 *)text.ptr, (guint)text.len);
}
