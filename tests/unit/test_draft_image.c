/* A draft as records: what comes out of one and goes into another commits the same. */
#include "tables/draft_image.h"

#include "tests/unit/dump.h"

typedef struct {
    TblImageRecord record;
    char *bytes;
} Copy;

static void
copy_clear(gpointer pointer)
{
    g_free(((Copy *)pointer)->bytes);
}

static bool
copy_record(const TblImageRecord *record, gpointer data)
{
    Copy copy = {.record = *record};
    gsize lengths[] = {record->key.len, record->before.len, record->after.len};
    char *at = copy.bytes = g_malloc(lengths[0] + lengths[1] + lengths[2] + 1);
    TblSlice *slices[] = {&copy.record.key, &copy.record.before, &copy.record.after};
    for (guint i = 0; i < G_N_ELEMENTS(slices); i++) {
        if (lengths[i])
            memcpy(at, slices[i]->ptr, lengths[i]);
        slices[i]->ptr = at;
        at += lengths[i];
    }
    g_array_append_val((GArray *)data, copy);
    return true;
}

/* Everything that a draft read and would change. */
static GArray *
image_of(TblDraft *draft, GArray *reads)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(tbl_draft_unwatch(draft));
    g_assert_true(tbl_draft_foreach_record(draft, copy_record, reads, &error));
    g_assert_no_error(error);
    return reads;
}

static GArray *
records_new(void)
{
    GArray *records = g_array_new(FALSE, FALSE, sizeof(Copy));
    g_array_set_clear_func(records, copy_clear);
    return records;
}

/* Changes of every kind: a new object, an address that moves, an object that goes, one that stays
 * as it was, a notice, rules' addresses. */
static void
change_much(TblDraft *draft)
{
    g_autoptr(GError) error = NULL;
    TblObject *bob = fixture_object(TBL_CLASS_MAILBOX, "bob", "SMTP:bob@relay.example", NULL);
    TblObject *ann = tbl_draft_find(draft, TBL_ORIGIN_LOCAL, "ann", &error);
    g_autoptr(TblObject) carl = tbl_draft_find(draft, TBL_ORIGIN_LOCAL, "carl", &error);
    TblProxy *moved = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("moving@relay.example"), false);
    g_ptr_array_add(bob->addresses, moved);
    g_ptr_array_remove_index(ann->addresses, ann->addresses->len - 1);
    tbl_object_set_text(ann, TBL_TEXT_FORWARD, "bob"); /* who refers to whom is kept as well */
    tbl_draft_set_source(draft, 1, 7);
    g_assert_true(tbl_draft_put(draft, ann, &error));
    tbl_draft_set_source(draft, 0, 3);
    g_assert_true(tbl_draft_put(draft, bob, &error));
    tbl_draft_set_source(draft, 0, 0);
    g_assert_true(tbl_draft_delete(draft, carl->id, &error));
    const TblRow notice = {.kind = TBL_ROW_TOMBSTONE,
                           .spelling = tbl_slice("carl@relay.example"),
                           .notice = tbl_slice("gone"),
                           .expires = 5000};
    g_assert_true(tbl_draft_set_tombstone(draft, "smtp:carl@relay.example", &notice, &error));
    TblRows rows; /* what is read only: an absence, and what is there */
    g_assert_cmpint(tbl_draft_rows(draft, "smtp:nobody@relay.example", &rows), ==, TBL_NOTFOUND);
    g_assert_cmpint(tbl_draft_rows(draft, "smtp:dora@relay.example", &rows), ==, TBL_FOUND);
    g_assert_no_error(error);
    tbl_object_free(ann);
    tbl_object_free(bob);
}

static Fixture *
world_new(void)
{
    Fixture *fixture = fixture_world("");
    TblDomain *ruled = tbl_domain_new("rule.example", TBL_DOMAIN_RELAY);
    g_free(ruled->rule);
    ruled->rule = g_strdup("%m@rule.example");
    fixture_declare(fixture, ruled);
    fixture_put(fixture,
                fixture_object(TBL_CLASS_MAILBOX, "carl", "SMTP:carl@relay.example", NULL));
    fixture_put(fixture,
                fixture_object(TBL_CLASS_MAILBOX, "dora", "SMTP:dora@relay.example", NULL));
    TblObject *ann = tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "ann", NULL);
    g_ptr_array_add(ann->addresses,
                    tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("moving@relay.example"), false));
    fixture_put(fixture, ann);
    g_assert_cmpuint(fixture_commit(fixture), ==, 1);
    return fixture;
}

static void
replicate(Fixture *fixture, const char *name, const char *address)
{
    guint64 number, generation;
    TblObject *object = fixture_object(TBL_CLASS_MAILBOX, name, address, NULL);
    object->origin = TBL_ORIGIN_DIRECTORY;
    fixture_put(fixture, object);
    g_assert_true(tbl_draft_commit(fixture_draft(fixture), NULL, &number, &generation, NULL));
    g_clear_pointer(&fixture->draft, tbl_draft_free);
}

/* What the draft of a world would do, as records; the draft is dropped. */
static GArray *
plan_much(Fixture *fixture, guint64 *first, guint64 *next)
{
    GArray *records = records_new();
    TblDraft *draft = fixture_draft(fixture);
    tbl_draft_watch(draft, copy_record, records);
    change_much(draft);
    (void)image_of(draft, records);
    *first = tbl_draft_base(draft)->next_id;
    *next = tbl_draft_next_id(draft);
    g_clear_pointer(&fixture->draft, tbl_draft_free);
    return records;
}

/* How many of the records the store no longer holds. */
static guint
count_moved(TblDraft *draft, const GArray *records)
{
    guint moved = 0;
    for (guint i = 0; i < records->len; i++) {
        const Copy *copy = &g_array_index(records, Copy, i);
        moved += tbl_draft_compare_record(draft, &copy->record) == TBL_NOTFOUND;
    }
    return moved;
}

static void
load(TblDraft *draft, const GArray *records)
{
    for (guint i = 0; i < records->len; i++) {
        const Copy *copy = &g_array_index(records, Copy, i);
        if (copy->record.changed)
            g_assert_true(tbl_draft_load_record(draft, &copy->record));
    }
}

static void
test_same_commit(void)
{
    g_autoptr(Fixture) direct = world_new(), planned = world_new();
    guint64 first, next;
    change_much(fixture_draft(direct));
    guint64 batch = fixture_commit(direct);
    g_autoptr(GArray) records = plan_much(planned, &first, &next);
    TblDraft *draft = fixture_draft(planned);
    g_assert_true(tbl_draft_begin_image(draft, first, next, 0));
    g_assert_cmpuint(count_moved(draft, records), ==, 0);
    load(draft, records);
    g_assert_cmpuint(fixture_commit(planned), ==, batch);
    g_autoptr(GHashTable) a = dump_store(direct);
    g_autoptr(GHashTable) b = dump_store(planned);
    assert_same(a, b);
    tbl_view_begin(direct->view);
    tbl_view_begin(planned->view);
    const TblMeta *m = tbl_reader_meta(tbl_view_reader(direct->view));
    const TblMeta *n = tbl_reader_meta(tbl_view_reader(planned->view));
    g_assert_cmpuint(m->next_id, ==, n->next_id);
    g_assert_cmpuint(m->objects, ==, n->objects);
    g_assert_cmpuint(m->addresses, ==, n->addresses);
    g_autoptr(TblBatch) x = NULL, y = NULL;
    g_assert_cmpint(tbl_batch_read(tbl_view_reader(direct->view), batch, &x), ==, TBL_FOUND);
    g_assert_cmpint(tbl_batch_read(tbl_view_reader(planned->view), batch, &y), ==, TBL_FOUND);
    g_assert_cmpmem(x->undo_digest, TBL_SHA256_SIZE, y->undo_digest, TBL_SHA256_SIZE);
    tbl_view_end(direct->view);
    tbl_view_end(planned->view);
}

/* Replication took the ids that the draft had given; notices expire later by the time that passed.
 */
static void
test_moved_ids(void)
{
    g_autoptr(Fixture) fixture = world_new();
    guint64 first, next;
    g_autoptr(GArray) records = plan_much(fixture, &first, &next);
    replicate(fixture, "eve", "SMTP:eve@relay.example");
    TblDraft *draft = fixture_draft(fixture);
    g_assert_true(tbl_draft_begin_image(draft, first, next, 100));
    g_assert_cmpuint(count_moved(draft, records), ==, 0);
    load(draft, records);
    (void)fixture_commit(fixture);
    assert_lookup(fixture, "relay_recipient_maps", "eve@relay.example", "OK eve@relay.example");
    assert_lookup(fixture, "relay_recipient_maps", "bob@relay.example", "OK bob@relay.example");
    assert_lookup(fixture, "relay_recipient_maps", "moving@relay.example", "OK bob@relay.example");
    assert_lookup(fixture, "relay_recipient_maps", "bob@rule.example", "OK bob@relay.example");
    g_autoptr(TblObject) bob =
        tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "bob", NULL);
    g_assert_cmpuint(bob->id, ==, first + 1);
    TblRows rows;
    g_assert_cmpint(tbl_draft_rows(fixture_draft(fixture), "smtp:carl@relay.example", &rows), ==,
                    TBL_FOUND);
    g_assert_cmpint(tbl_rows_get(&rows, TBL_ROW_TOMBSTONE)->expires, ==, 5100);
}

/* What was only read counts, also when it was not there; what was not read does not. */
static void
test_what_moved(void)
{
    static const struct {
        const char *address;
        guint moved;
    } cases[] = {
        {"SMTP:nobody@relay.example", 1}, /* an absence that was read */
        {"SMTP:dora@relay.example", 1},   /* a row that was read */
        {"SMTP:bob@relay.example", 1},    /* a row that is claimed */
        {"SMTP:carl@relay.example", 1},   /* one that goes */
        {"SMTP:frank@relay.example", 0},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Fixture) fixture = world_new();
        guint64 first, next;
        g_autoptr(GArray) records = plan_much(fixture, &first, &next);
        replicate(fixture, "eve", cases[i].address);
        g_assert_true(tbl_draft_begin_image(fixture_draft(fixture), first, next, 0));
        g_assert_cmpuint(count_moved(fixture_draft(fixture), records), ==, cases[i].moved);
    }
}

static void
test_meaningless_records(void)
{
    g_autoptr(Fixture) fixture = world_new();
    guint64 first, next;
    g_autoptr(GArray) records = plan_much(fixture, &first, &next);
    TblDraft *draft = fixture_draft(fixture);
    g_assert_false(tbl_draft_begin_image(draft, 0, 1, 0));
    g_assert_false(tbl_draft_begin_image(draft, 5, 4, 0));
    g_assert_false(tbl_draft_begin_image(draft, 5, G_MAXUINT64, 0));
    g_assert_false(tbl_draft_begin_image(draft, 5, 6, -1));
    g_assert_true(tbl_draft_begin_image(draft, first, next, 0));
    for (guint i = 0; i < records->len; i++) {
        TblImageRecord record = g_array_index(records, Copy, i).record;
        if (!record.changed || record.after.len < 2)
            continue;
        record.after.len--;
        g_assert_false(tbl_draft_load_record(draft, &record));
    }
    TblImageRecord other = {.db = TBL_DB_DOMAINS, .key = tbl_slice("a"), .after = tbl_slice("b")};
    g_assert_false(tbl_draft_load_record(draft, &other));
    char late[8]; /* an object that the image says it does not make */
    tbl_store_key_number(next, late);
    TblImageRecord name = {
        .db = TBL_DB_NAMES, .key = tbl_slice("1x"), .after = {late, sizeof late}};
    g_assert_false(tbl_draft_load_record(draft, &name));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/draft-image/same-commit", test_same_commit);
    g_test_add_func("/draft-image/moved-ids", test_moved_ids);
    g_test_add_func("/draft-image/what-moved", test_what_moved);
    g_test_add_func("/draft-image/meaningless", test_meaningless_records);
    return g_test_run();
}
