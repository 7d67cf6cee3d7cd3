/* Whether two tables mean the same by two values of a map. Pure. */
#pragma once

#include "tables/maps.h"

/* `ours` and `theirs` are values of `map` for `key`; NULL: the key is not there. Domain lists and
 * recipient maps say only that something is there. Addresses and logins are lists without order,
 * compared as addresses (canonical form) and without case; in a list of addresses `@domain` has the
 * key's local part before it (mail_addr_map.c). Next hops are compared as they stand. */
bool pd_compare_equal(TblMap map, const char *key, const char *ours, const char *theirs);
