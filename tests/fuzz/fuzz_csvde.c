/* A whole csvde file -> rows; beside not crashing, what entry_fixture checks of each row. */
#include "gif/csvde.h"
#include "tests/fuzz/descendant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_free(descendant_read(data, size, gif_csvde_new, NULL));
    return 0;
}
