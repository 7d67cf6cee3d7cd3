/* The committed store of a fixture, record by record, for comparing. */
#pragma once

#include "tests/unit/fixture.h"

/* Every record about objects, names, addresses and domains: a letter (o, n, a, d) and the key in
 * hexadecimal -> GBytes. Free with g_hash_table_unref. */
GHashTable *dump_store(Fixture *fixture);
/* Whether both have the record, with the same bytes, or neither has. */
bool dump_same_record(GHashTable *a, GHashTable *b, const char *key);
/* All records are the same. */
void assert_same(GHashTable *a, GHashTable *b);
