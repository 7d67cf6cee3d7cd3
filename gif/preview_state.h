/* The inside of gif/preview, shared by its files. */
#pragma once

#include "gif/preview.h"
#include "gif/report.h"

struct GifPreview {
    const GifRunOptions *options;
    const TblConfig *config;
    GifDiagnostics *diagnostics;
    const GPtrArray *sources; /* GifSource * */
    const GArray *files;      /* TblBatchFile of another run; NULL: those of the command line */
    const GifLedger *ledger;  /* NULL: rows are not known */
    GifConflicts *conflicts;
    const TblDomains *domains; /* of the totals; NULL: nothing is declared */
    GifTotals *totals;         /* NULL: nothing was shown yet */
    GifReport *report;         /* NULL: not wanted */
    GString *text;
    char *guards;
};
