#include "policyd/mailbox.h"
#include "tests/unit/fixture.h"

#include <poll.h>

static bool
readable(PdMailbox *mailbox)
{
    struct pollfd entry = {.fd = pd_mailbox_fd(mailbox), .events = POLLIN};

    return poll(&entry, 1, 0) == 1;
}

static void
test_letters(void)
{
    PdMailbox *mailbox = pd_mailbox_new(NULL);
    TblConfig *first = tbl_config_parse("", 0, "first", NULL);
    TblConfig *second = tbl_config_parse("", 0, "second", NULL);

    g_assert_false(pd_mailbox_check(mailbox));
    g_assert_false(readable(mailbox));
    pd_mailbox_post_config(mailbox, first);
    pd_mailbox_post_config(mailbox, second); /* the unread first one is let go */
    pd_mailbox_post_refresh(mailbox);
    g_assert_true(readable(mailbox));
    g_assert_true(pd_mailbox_check(mailbox));
    g_assert_false(pd_mailbox_check(mailbox));
    TblConfig *taken = pd_mailbox_take_config(mailbox);
    g_assert_true(taken == second);
    tbl_config_unref(taken);
    g_assert_null(pd_mailbox_take_config(mailbox));
    g_assert_null(pd_mailbox_take_store(mailbox));
    g_assert_true(pd_mailbox_take_refresh(mailbox));
    g_assert_false(pd_mailbox_take_refresh(mailbox));
    g_assert_false(pd_mailbox_stopped(mailbox));
    pd_mailbox_clear(mailbox);
    g_assert_false(readable(mailbox));
    pd_mailbox_post_stop(mailbox);
    g_assert_true(pd_mailbox_check(mailbox));
    g_assert_true(pd_mailbox_stopped(mailbox));
    g_assert_true(pd_mailbox_stopped(mailbox));
    pd_mailbox_post_config(mailbox, first); /* never read */
    pd_mailbox_free(mailbox);
    tbl_config_unref(first);
    tbl_config_unref(second);
}

/* A store may be closed when the last reader is gone, also of letters that nobody read. */
static void
test_holders(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    PdMailbox *mailbox = pd_mailbox_new(NULL);
    PdStoreShare share = {.store = fixture->store, .holders = 2};

    pd_mailbox_post_store(mailbox, tbl_reader_new(fixture->store, NULL), &share);
    pd_mailbox_post_store(mailbox, tbl_reader_new(fixture->store, NULL), &share);
    g_assert_cmpuint(share.holders, ==, 1);
    pd_mailbox_post_store(mailbox, NULL, NULL);
    g_assert_cmpuint(share.holders, ==, 0);
    PdStoreLetter *letter = pd_mailbox_take_store(mailbox);
    g_assert_nonnull(letter);
    g_assert_null(letter->reader);
    pd_store_letter_free(letter);
    share.holders = 1;
    pd_mailbox_post_store(mailbox, tbl_reader_new(fixture->store, NULL), &share);
    pd_mailbox_free(mailbox);
    g_assert_cmpuint(share.holders, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mailbox/letters", test_letters);
    g_test_add_func("/mailbox/holders", test_holders);
    return g_test_run();
}
