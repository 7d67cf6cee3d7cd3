/* What the tests of the importer share: notes and diagnostics as short text. */
#pragma once

#include "gif/diagnostic.h"

/* Flushes notes as text of one line: "LINE:E233 LINE:W168 ", info as "I". Caller frees. */
char *gif_fixture_codes(GifNotes *notes);
/* The same of JSON diagnostics as they were written. */
char *gif_fixture_codes_of_json(const char *json);
