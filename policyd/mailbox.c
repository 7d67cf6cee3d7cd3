#include "policyd/mailbox.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct PdMailbox {
    int wake;
    _Atomic(TblConfig *) config;
    _Atomic(PdStoreLetter *) store;
    _Atomic bool refresh, stop;
    _Atomic bool mail; /* there is some letter */
};

PdMailbox *
pd_mailbox_new(GError **error)
{
    int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    if (wake < 0) {
        g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "eventfd: %s",
                    g_strerror(errno));
        return NULL;
    }
    PdMailbox *mailbox = g_new0(PdMailbox, 1);
    mailbox->wake = wake;
    return mailbox;
}

void
pd_store_letter_free(PdStoreLetter *letter)
{
    if (!letter)
        return;
    if (letter->reader)
        tbl_reader_free(letter->reader);
    if (letter->share)
        atomic_fetch_sub(&letter->share->holders, 1);
    g_free(letter);
}

void
pd_mailbox_free(PdMailbox *mailbox)
{
    if (!mailbox)
        return;
    TblConfig *config = pd_mailbox_take_config(mailbox);
    if (config)
        tbl_config_unref(config);
    pd_store_letter_free(pd_mailbox_take_store(mailbox));
    close(mailbox->wake);
    g_free(mailbox);
}

int
pd_mailbox_fd(const PdMailbox *mailbox)
{
    return mailbox->wake;
}

void
pd_mailbox_wake(PdMailbox *mailbox)
{
    /* Fails when the counter is full: then the reader is awake. */
    eventfd_write(mailbox->wake, 1);
}

void
pd_mailbox_clear(PdMailbox *mailbox)
{
    eventfd_t count;

    eventfd_read(mailbox->wake, &count);
}

static void
mailbox_announce(PdMailbox *mailbox)
{
    atomic_store(&mailbox->mail, true);
    pd_mailbox_wake(mailbox);
}

void
pd_mailbox_post_config(PdMailbox *mailbox, TblConfig *config)
{
    TblConfig *unread = atomic_exchange(&mailbox->config, tbl_config_ref(config));

    if (unread)
        tbl_config_unref(unread);
    mailbox_announce(mailbox);
}

void
pd_mailbox_post_store(PdMailbox *mailbox, TblReader *reader, PdStoreShare *share)
{
    PdStoreLetter *letter = g_new0(PdStoreLetter, 1);

    *letter = (PdStoreLetter){reader, share};
    pd_store_letter_free(atomic_exchange(&mailbox->store, letter));
    mailbox_announce(mailbox);
}

void
pd_mailbox_post_refresh(PdMailbox *mailbox)
{
    atomic_store(&mailbox->refresh, true);
    mailbox_announce(mailbox);
}

void
pd_mailbox_post_stop(PdMailbox *mailbox)
{
    atomic_store(&mailbox->stop, true);
    mailbox_announce(mailbox);
}

bool
pd_mailbox_check(PdMailbox *mailbox)
{
    if (!atomic_load_explicit(&mailbox->mail, memory_order_acquire))
        return false;
    /* Before the letters are taken: one that comes meanwhile is taken now, or announced again. */
    atomic_store(&mailbox->mail, false);
    return true;
}

TblConfig *
pd_mailbox_take_config(PdMailbox *mailbox)
{
    return atomic_exchange(&mailbox->config, NULL);
}

PdStoreLetter *
pd_mailbox_take_store(PdMailbox *mailbox)
{
    return atomic_exchange(&mailbox->store, NULL);
}

bool
pd_mailbox_take_refresh(PdMailbox *mailbox)
{
    return atomic_exchange(&mailbox->refresh, false);
}

bool
pd_mailbox_stopped(const PdMailbox *mailbox)
{
    return atomic_load(&mailbox->stop);
}
