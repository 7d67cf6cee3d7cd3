/* Who reads the store: LMDB's reader table, as mdb_reader_list tells it. */
#include "tables/store_env.h"

#include <stdlib.h>
#include <unistd.h>

typedef struct {
    GArray *readers;
    guint64 newest;
} Listing;

/* A line of mdb_reader_list: "pid thread transaction"; a dash is a parked one. */
static int
read_line(const char *line, void *data)
{
    Listing *listing = data;
    char *end;
    TblStoreReader reader = {.pid = strtoll(line, &end, 10)};
    end += strspn(end, " ");
    end += strcspn(end, " \n");
    end += strspn(end, " ");
    /* The heading, and parked readers, have no number there. */
    if (reader.pid <= 0 || reader.pid == getpid() || !g_ascii_isdigit(*end))
        return 0;
    reader.transaction = g_ascii_strtoull(end, NULL, 10);
    if (reader.transaction < listing->newest)
        g_array_append_val(listing->readers, reader);
    return 0;
}

void
tbl_store_old_readers(TblStore *store, GArray *readers)
{
    MDB_envinfo info;
    if (mdb_env_info(store->env, &info) != 0)
        return;
    Listing listing = {readers, info.me_last_txnid};
    mdb_reader_list(store->env, read_line, &listing);
}
