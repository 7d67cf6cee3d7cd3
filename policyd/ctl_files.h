/* The local objects as a file that gif-import reads back. */
#pragma once

#include "policyd/ctl.h"

#include <stdio.h>

typedef enum { PD_CTL_FILE_GIF, PD_CTL_FILE_LDIF } PdCtlFileFormat;

/* False with `error` when the store or the file failed. */
bool pd_ctl_export_file(const PdCtlSnapshot *snapshot, PdCtlFileFormat format, FILE *file,
                        GError **error);
