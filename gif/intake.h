/* The files of a command line become sources of rows: read, their signatures verified, decoded, the
 * header understood. One thread. */
#pragma once

#include "gif/diagnostic.h"
#include "gif/run.h"

/* Adds a GifSource * to `sources` for each file that is good so far, in their order; tells what is
 * wrong with the others. Not a byte is interpreted before all signatures are verified: false when
 * the run is refused for one. */
bool gif_intake_read(const GifRunOptions *options, GifDiagnostics *diagnostics, GPtrArray *sources);
