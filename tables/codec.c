#include "tables/codec.h"

/* LEB128: seven bits a byte, so 64 bits take at most ten bytes and the tenth holds one bit. */
#define CODEC_BITS 7
#define CODEC_MORE 0x80u
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
    for (; cursor->at < cursor->end; shift += CODEC_BITS) {
        guint64 byte = *cursor->at++;
        guint64 bits = byte & ~(guint64)CODEC_MORE;

        if (shift == CODEC_LAST_SHIFT && byte > 1)
            return cursor_fail(cursor);
        number |= bits << shift;
        if (byte & CODEC_MORE)
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
    guint8 bytes[CODEC_LAST_SHIFT / CODEC_BITS + 1];
    guint length = 0;

    while (number >= CODEC_MORE) {
        bytes[length++] = (guint8)(number | CODEC_MORE);
        number >>= CODEC_BITS;
    }
    bytes[length++] = (guint8)number;
    g_byte_array_append(out, bytes, length);
}

void
tbl_encode_string(GByteArray *out, TblSlice text)
{
    tbl_encode_number(out, text.len);
    if (text.len > 0)
        g_byte_array_append(out, (const guint8 *)text.ptr, (guint)text.len);
}
