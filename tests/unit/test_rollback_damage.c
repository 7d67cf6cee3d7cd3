/* A record that cannot be read is no absence: a rollback that needs it fails and changes nothing.
 */
#include "tests/unit/fixture.h"

#include "tables/rollback.h"

/* Makes the record of an object one that means nothing. */
static void
spoil(Fixture *fixture, guint64 id)
{
    char key[8];
    tbl_store_key_number(id, key);
    fixture_plant(fixture, TBL_DB_OBJECTS, (TblSlice){key, sizeof key}, tbl_slice("\xff\xff"));
}

static guint64
put_mailbox(Fixture *fixture, const char *name, const char *address)
{
    fixture_put(fixture, fixture_object(TBL_CLASS_MAILBOX, name, address, NULL));
    g_autoptr(TblObject) object =
        tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, name, NULL);
    return object->id;
}

static void
assert_fails(Fixture *fixture, guint64 batch)
{
    g_autoptr(GError) error = NULL;
    bool mixed;
    g_assert_false(tbl_rollback_apply(fixture_draft(fixture), batch, &mixed, &error));
    g_assert_error(error, TBL_STORE_ERROR, TBL_STORE_ERROR_CORRUPT);
}

/* Whoever came to the domain later can't be asked whether it is needed. */
static void
test_newcomer(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    fixture_declare_class(fixture, "north.example", TBL_DOMAIN_RELAY);
    guint64 declared = fixture_commit(fixture);
    guint64 id = put_mailbox(fixture, "new", "SMTP:new@north.example");
    fixture_commit(fixture);
    spoil(fixture, id);
    assert_fails(fixture, declared);
}

/* What the batch made has a later state that nobody can read. */
static void
test_later_state(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    guint64 id = put_mailbox(fixture, "ann", "SMTP:ann@north.example");
    guint64 made = fixture_commit(fixture);
    spoil(fixture, id);
    assert_fails(fixture, made);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rollback-damage/newcomer", test_newcomer);
    g_test_add_func("/rollback-damage/later-state", test_later_state);
    return g_test_run();
}
