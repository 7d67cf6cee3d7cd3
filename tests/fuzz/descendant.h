/* What the fuzz targets of the descendant formats share. */
#pragma once

#include "gif/reader.h"

typedef GifReader *(*DescendantNew)(TblSlice text, GifReading reading, GifNotes *notes);

/* Decodes the bytes behind the first one, which chooses how rows are read, and reads them all. NULL
 * when they cannot be decoded or have no header. `*text` (NULL: not wanted) is the decoded text.
 * Caller frees both. */
char *descendant_read(const uint8_t *data, size_t size, DescendantNew reader_new, char **text);
/* Reads a text; `choice` as above. */
char *descendant_describe(TblSlice text, uint8_t choice, DescendantNew reader_new, bool places);
