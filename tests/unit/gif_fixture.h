/* What the tests of the importer share: deciding a file, notes and diagnostics as short text. */
#pragma once

#include "gif/pipeline.h"
#include "gif/plan.h"

/* What came of a row of a block. */
typedef void (*GifFixtureRow)(const GifBlock *block, guint row, GifRowResult result, gpointer data);
/* Decides a CSV text with a header as the file of that number of a run, and tells `each` (NULL:
 * nobody) of its rows. A row that cannot be decided fails the test. `text` is borrowed until the
 * plan is finished. */
void gif_fixture_decide(GifPlan *plan, GifDiagnostics *diagnostics, guint number, const char *text,
                        GifPipelineOptions how, GifFixtureRow each, gpointer data);

/* Flushes notes as text of one line: "LINE:E233 LINE:W168 ", info as "I". Caller frees. */
char *gif_fixture_codes(GifNotes *notes);
/* The same of JSON diagnostics as they were written. */
char *gif_fixture_codes_of_json(const char *json);
