#include "tests/fuzz/stream.h"

/* All that can be read of `kept`; takes it out. False: broken. */
static gboolean
stream_drain(StreamStep step, void *state, GByteArray *kept, GString *transcript)
{
    while (kept->len > 0) {
        g_autofree char *exact = g_malloc(kept->len);
        memcpy(exact, kept->data, kept->len);
        ssize_t used = step(state, (TblSlice){exact, kept->len}, transcript);
        if (used == PD_BROKEN)
            return FALSE;
        if (used == PD_PARTIAL)
            return TRUE;
        g_assert_cmpint(used, >, 0);
        g_assert_cmpint(used, <=, (gint64)kept->len);
        g_byte_array_remove_range(kept, 0, (guint)used);
    }
    return TRUE;
}

gssize
stream_feed(StreamStep step, void *state, TblSlice input, const size_t *pieces, size_t n_pieces,
            GString *transcript)
{
    g_autoptr(GByteArray) kept = g_byte_array_new();
    size_t at = 0;

    for (size_t i = 0; i <= n_pieces; i++) {
        size_t length = i < n_pieces ? MIN(pieces[i], input.len - at) : input.len - at;
        g_byte_array_append(kept, (const guint8 *)input.ptr + at, (guint)length);
        at += length;
        if (!stream_drain(step, state, kept, transcript)) {
            g_string_append(transcript, "broken");
            return -1;
        }
    }
    return (gssize)kept->len;
}
