#include "tests/fuzz/descendant.h"

#include "gif/charset.h"
#include "tests/unit/entry_fixture.h"

char *
descendant_describe(TblSlice text, uint8_t choice, DescendantNew reader_new, bool places)
{
    GifReading reading = {(GifMode)(choice % 4), (choice & 4) != 0, (choice & 8) != 0};
    g_autoptr(GifNotes) notes = gif_notes_new();
    GifReader *reader = reader_new(text, reading, notes);
    g_assert_cmpint(reader == NULL, ==, gif_notes_failed(notes));
    return entry_fixture_describe(reader, text.len, places);
}

char *
descendant_read(const uint8_t *data, size_t size, DescendantNew reader_new, char **text)
{
    GifTextFault fault = {0};
    if (size == 0)
        return NULL;
    char *raw = g_malloc(size);
    memcpy(raw, data + 1, size - 1);
    g_autoptr(GifText) decoded = gif_text_new(raw, size - 1, GIF_CODEPAGE_DEFAULT, &fault);
    if (!decoded) {
        gif_text_fault_clear(&fault);
        return NULL;
    }
    TblSlice slice = gif_text_slice(decoded);
    if (text)
        *text = g_strndup(slice.ptr, slice.len);
    return descendant_describe(slice, data[0], reader_new, true);
}
