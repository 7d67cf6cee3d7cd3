/*
 * Random batches over a small world, then random rollbacks: each is refused for a reason that the
 * records bear out, or gives exactly what the batch had changed the state back that it had, and
 * nothing else another.
 */
#include "tests/unit/dump.h"

#include "tables/command.h"
#include "tables/generate.h"
#include "tables/rollback.h"

#define ROUNDS 25
#define BATCHES 14
#define ROLLBACKS 12
#define NAMES 6
#define LOCALS 8
#define DOMAINS 3

static const char *const domain_names[DOMAINS] = {"a.example", "b.example", "c.example"};

typedef struct {
    Fixture *fixture;
    GPtrArray *dumps; /* [n]: the store after batch n */
    GRand *rand;
    bool rules;
    guint refused, exact, mixed;
} World;

static guint
below(World *world, guint limit)
{
    return (guint)g_rand_int_range(world->rand, 0, (gint)limit);
}

static guint64
commit(World *world, guint64 undoes)
{
    g_autoptr(GError) error = NULL;
    TblBatchInfo info = {
        .program = "test", .user = "tester", .summary = "{}", .undoes = undoes, .undo_keep = 1000};
    guint64 number, generation;
    tbl_draft_commit(fixture_draft(world->fixture), &info, &number, &generation, &error);
    g_assert_no_error(error);
    g_clear_pointer(&world->fixture->draft, tbl_draft_free);
    if (number != 0) {
        g_assert_cmpuint(number, ==, world->dumps->len);
        g_ptr_array_add(world->dumps, dump_store(world->fixture));
    }
    return number;
}

/* ---- Random changes ---- */

static char *
random_address(World *world)
{
    return g_strdup_printf("u%u@%s", below(world, LOCALS), domain_names[below(world, DOMAINS)]);
}

static bool
is_free(World *world, guint64 self, const char *address)
{
    TblClaim claim = {0};
    g_assert_cmpint(tbl_claim_address(fixture_draft(world->fixture), self, tbl_slice("SMTP"),
                                      tbl_slice(address), &claim),
                    ==, TBL_FOUND);
    bool is = claim.fault == TBL_CLAIM_FREE;
    tbl_claim_clear(&claim);
    return is;
}

static bool
has(const TblObject *object, const char *address)
{
    for (guint i = 0; i < object->addresses->len; i++)
        if (strcmp(((TblProxy *)g_ptr_array_index(object->addresses, i))->value, address) == 0)
            return true;
    return false;
}

static void
change_object(World *world, TblObject *object)
{
    guint count = below(world, 3);
    for (guint i = 0; i < count && object->addresses->len > 0; i++)
        g_ptr_array_remove_index(object->addresses, below(world, object->addresses->len));
    count = below(world, 4);
    for (guint i = 0; i < count; i++) {
        g_autofree char *address = random_address(world);
        if (!has(object, address) && is_free(world, object->id, address))
            g_ptr_array_add(object->addresses,
                            tbl_proxy_new(tbl_slice("SMTP"), tbl_slice(address), false));
    }
    guint primary = below(world, 3);
    for (guint i = 0; i < object->addresses->len; i++)
        ((TblProxy *)g_ptr_array_index(object->addresses, i))->primary = i == primary;
    if (below(world, 2) == 0) {
        g_autofree char *text = g_strdup_printf("v%u", below(world, 3));
        tbl_object_set_text(object, TBL_TEXT_DISPLAY, text);
    }
    g_ptr_array_set_size(object->refs[TBL_REFS_MEMBERS], 0);
    for (guint i = below(world, 3); i > 0; i--)
        g_ptr_array_add(object->refs[TBL_REFS_MEMBERS],
                        g_strdup_printf("p%u", below(world, NAMES)));
}

static void
random_object(World *world)
{
    TblDraft *draft = fixture_draft(world->fixture);
    g_autofree char *name =
        g_strdup_printf("%c%u", below(world, 2) ? 'p' : 'P', below(world, NAMES));
    g_autoptr(TblObject) object = tbl_draft_find(draft, TBL_ORIGIN_LOCAL, name, NULL);
    if (object && below(world, 3) == 0) {
        g_assert_true(tbl_draft_delete(draft, object->id, NULL));
        return;
    }
    if (!object)
        object = tbl_object_new(TBL_ORIGIN_LOCAL,
                                below(world, 3) ? TBL_CLASS_MAILBOX : TBL_CLASS_DL, name);
    change_object(world, object);
    g_autoptr(GError) error = NULL;
    tbl_draft_put(draft, object, &error);
    g_assert_no_error(error);
}

static void
random_domain(World *world)
{
    TblDraft *draft = fixture_draft(world->fixture);
    const char *name = domain_names[below(world, DOMAINS)];
    if (below(world, 3) == 0) {
        tbl_draft_delete_domain(draft, name);
    } else {
        TblDomain *domain =
            tbl_domain_new(name, below(world, 2) ? TBL_DOMAIN_RELAY : TBL_DOMAIN_VIRTUAL_ALIAS);
        if (world->rules && below(world, 2))
            domain->rule = g_strdup(below(world, 2) ? "%m" : "x");
        fixture_declare(world->fixture, domain);
    }
    if (world->rules)
        g_assert_true(tbl_generate_domain(draft, name, true, NULL));
}

static void
random_tombstone(World *world)
{
    TblRows rows;
    g_autofree char *address = random_address(world);
    g_autofree char *key = tbl_proxy_key(tbl_slice("SMTP"), tbl_slice(address));
    TblDraft *draft = fixture_draft(world->fixture);
    if (tbl_draft_rows(draft, key, &rows) == TBL_FOUND && tbl_rows_answer(&rows))
        return;
    TblRow row = {.kind = TBL_ROW_TOMBSTONE,
                  .spelling = tbl_slice(address),
                  .notice = tbl_slice(below(world, 2) ? "a" : "b")};
    g_assert_true(tbl_draft_set_tombstone(draft, key, below(world, 3) ? &row : NULL, NULL));
}

static void
random_batch(World *world)
{
    for (guint i = 1 + below(world, 3); i > 0; i--) {
        guint what = below(world, 8);
        if (what == 0)
            random_domain(world);
        else if (what == 1)
            random_tombstone(world);
        else
            random_object(world);
    }
    commit(world, 0);
}

/* ---- What must hold ---- */

static GHashTable *
dump_after(World *world, guint64 number)
{
    return g_ptr_array_index(world->dumps, number);
}

/* An object without what rules made, as bytes; NULL for none. */
static GBytes *
without_generated(GHashTable *dump, const char *key)
{
    GBytes *bytes = g_hash_table_lookup(dump, key);
    if (!bytes || key[0] != 'o')
        return bytes ? g_bytes_ref(bytes) : NULL;
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    g_autoptr(TblObject) object = tbl_object_decode((TblSlice){data, size}, 1);
    g_assert_nonnull(object);
    g_ptr_array_set_size(object->refs[TBL_REFS_GENERATED], 0);
    GByteArray *encoded = g_byte_array_new();
    tbl_object_encode(object, encoded);
    return g_byte_array_free_to_bytes(encoded);
}

/* Whether a record is the same in both, but for what rules made. */
static bool
means_same(GHashTable *a, GHashTable *b, const char *key)
{
    GBytes *x = without_generated(a, key), *y = without_generated(b, key);
    bool same = x && y ? g_bytes_equal(x, y) : x == y;
    g_clear_pointer(&x, g_bytes_unref);
    g_clear_pointer(&y, g_bytes_unref);
    return same;
}

typedef void (*KeyFunc)(World *world, const char *key, guint64 number, GHashTable *before,
                        GHashTable *after);

/* Objects and domains that are in any of the dumps. */
static void
each_key(World *world, guint64 number, GHashTable *before, GHashTable *after, KeyFunc each)
{
    g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTable *dumps[] = {before, after, dump_after(world, number), dump_after(world, number - 1)};
    GHashTableIter iter;
    gpointer key;
    for (guint i = 0; i < G_N_ELEMENTS(dumps); i++) {
        g_hash_table_iter_init(&iter, dumps[i]);
        while (g_hash_table_iter_next(&iter, &key, NULL))
            if (*(char *)key == 'o' || *(char *)key == 'd')
                g_hash_table_add(keys, key);
    }
    g_hash_table_iter_init(&iter, keys);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        each(world, key, number, before, after);
}

/* What the batch changed has its old state again and had not been changed since; all else is as it
 * was. */
static void
check_outcome(World *world, const char *key, guint64 number, GHashTable *before, GHashTable *after)
{
    if (means_same(dump_after(world, number - 1), dump_after(world, number), key)) {
        g_assert_true(means_same(before, after, key));
        return;
    }
    g_assert_true(means_same(dump_after(world, number), before, key));
    g_assert_true(means_same(dump_after(world, number - 1), after, key));
}

/* Every row of an address belongs to an object that says so, and the other way round. */
static bool
count_row(TblSlice key, TblSlice value, gpointer data)
{
    TblRows rows;
    g_assert_true(tbl_rows_decode(&rows, key, value));
    for (guint i = 0; i < rows.count; i++)
        *(guint *)data += rows.row[i].kind != TBL_ROW_TOMBSTONE;
    g_assert_false(rows.count > 1 && tbl_rows_answer(&rows) &&
                   tbl_rows_get(&rows, TBL_ROW_TOMBSTONE) && rows.row[0].kind == TBL_ROW_LOCAL);
    return true;
}

typedef struct {
    Fixture *fixture;
    guint rows, objects;
} Count;

static void
check_row(TblSlice key, const TblRow *row, gpointer data)
{
    Count *count = data;
    TblRows rows;
    g_assert_cmpint(count->fixture->view->rows(count->fixture->view, key, &rows), ==, TBL_FOUND);
    const TblRow *there = tbl_rows_get(&rows, row->kind);
    g_assert_nonnull(there);
    g_assert_cmpuint(there->object, ==, row->object);
    g_assert_true(there->primary == row->primary);
    count->rows++;
}

static bool
check_object(TblSlice key, TblSlice value, gpointer data)
{
    Count *count = data;
    guint64 id = tbl_store_number_of_key(key), named = 0;
    g_autoptr(TblObject) object = tbl_object_decode(value, id);
    g_autofree char *folded = tbl_text_fold(tbl_slice(object->name));
    g_assert_cmpint(
        count->fixture->view->name(count->fixture->view, object->origin, folded, &named), ==,
        TBL_FOUND);
    g_assert_cmpuint(named, ==, id);
    g_assert_true(tbl_object_foreach_row(object, check_row, count));
    count->objects++;
    return true;
}

static void
check_store(Fixture *fixture)
{
    Count count = {fixture, 0, 0};
    guint rows = 0;
    tbl_view_begin(fixture->view);
    TblReader *reader = tbl_view_reader(fixture->view);
    g_assert_cmpint(tbl_reader_each(reader, TBL_DB_OBJECTS, (TblSlice){0}, check_object, &count),
                    ==, TBL_FOUND);
    g_assert_cmpint(tbl_reader_each(reader, TBL_DB_ADDRESSES, (TblSlice){0}, count_row, &rows), ==,
                    TBL_FOUND);
    g_assert_cmpuint(rows, ==, count.rows);
    g_assert_cmpuint(tbl_reader_meta(reader)->objects, ==, count.objects);
    tbl_view_end(fixture->view);
}

/* A refusal names a later batch that is there, and something did change since. */
static void
check_refusal(World *world, guint64 number, const GError *error)
{
    if (error->code == TBL_EXIT_FAILED) {
        g_assert_nonnull(strstr(error->message, "rolled back already"));
        return;
    }
    g_assert_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED);
    const char *named = strstr(error->message, "before later ones: ");
    g_assert_nonnull(named);
    guint64 later = g_ascii_strtoull(named + strlen("before later ones: "), NULL, 10);
    g_assert_cmpuint(later, >, number);
    g_assert_cmpuint(later, <, world->dumps->len);
    world->refused++;
}

/* Rolls one batch back; then, at times, the rollback itself. */
static void
random_rollback(World *world, guint64 number, bool again)
{
    g_autoptr(GError) error = NULL;
    bool mixed;
    GHashTable *before = dump_after(world, world->dumps->len - 1);
    if (!tbl_rollback_apply(fixture_draft(world->fixture), number, &mixed, &error)) {
        g_clear_pointer(&world->fixture->draft, tbl_draft_free);
        g_assert_nonnull(error);
        check_refusal(world, number, error);
        return;
    }
    guint64 batch = commit(world, number);
    if (batch == 0)
        return; /* only what rules made, and it is made again */
    GHashTable *after = dump_after(world, batch);
    each_key(world, number, before, after, check_outcome);
    check_store(world->fixture);
    if (!mixed)
        assert_same(dump_after(world, number - 1), after);
    world->mixed += mixed;
    world->exact += !mixed;
    if (!again)
        return;
    random_rollback(world, batch, false);
    if (!mixed)
        assert_same(before, dump_after(world, world->dumps->len - 1));
}

static void
play(World *world)
{
    world->fixture = fixture_new("");
    world->dumps = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref);
    g_ptr_array_add(world->dumps, dump_store(world->fixture));
    while (world->dumps->len <= BATCHES)
        random_batch(world);
    for (guint i = 0; i < ROLLBACKS; i++) {
        random_rollback(world, 1 + below(world, world->dumps->len - 1), below(world, 2) == 0);
        if (below(world, 3) == 0)
            random_batch(world);
    }
    g_ptr_array_unref(world->dumps);
    fixture_free(world->fixture);
}

static void
test_random(gconstpointer rules)
{
    World world = {.rules = rules != NULL, .rand = g_rand_new_with_seed(g_test_rand_int())};
    for (guint i = 0; i < ROUNDS; i++)
        play(&world);
    g_test_message("%u refused, %u exact, %u beside later batches", world.refused, world.exact,
                   world.mixed);
    g_assert_cmpuint(world.refused, >, 0);
    g_assert_cmpuint(world.exact, >, 0);
    g_assert_cmpuint(world.mixed, >, 0);
    g_rand_free(world.rand);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/rollback/random", NULL, test_random);
    g_test_add_data_func("/rollback/random-with-rules", "rules", test_random);
    return g_test_run();
}
