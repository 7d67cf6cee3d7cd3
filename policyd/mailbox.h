/*
 * What the main thread tells a worker: letters, each replacing an unread one of its kind, and an
 * eventfd that wakes the reader. Any thread may write, one reads; no locks.
 */
#pragma once

#include "tables/config.h"
#include "tables/store.h"

#include <stdatomic.h>

/* A store as the workers use it: open until `holders` is 0. */
typedef struct {
    TblStore *store;
    _Atomic guint holders;
} PdStoreShare;

/* A reader and the share that it holds; both NULL: there is no store. */
typedef struct {
    TblReader *reader;
    PdStoreShare *share;
} PdStoreLetter;
void pd_store_letter_free(PdStoreLetter *letter); /* frees the reader, lets go of the share */

typedef struct PdMailbox PdMailbox;

PdMailbox *pd_mailbox_new(GError **error);
void pd_mailbox_free(PdMailbox *mailbox);

/* The descriptor that becomes readable when somebody wakes the reader. */
int pd_mailbox_fd(const PdMailbox *mailbox);
void pd_mailbox_wake(PdMailbox *mailbox);
void pd_mailbox_clear(PdMailbox *mailbox); /* awake now */

void pd_mailbox_post_config(PdMailbox *mailbox, TblConfig *config); /* takes a reference */
/* Takes `reader`; the holder was counted by the caller. */
void pd_mailbox_post_store(PdMailbox *mailbox, TblReader *reader, PdStoreShare *share);
void pd_mailbox_post_refresh(PdMailbox *mailbox); /* read the declared domains again */
void pd_mailbox_post_stop(PdMailbox *mailbox);

/* Is there a letter? Cheap. True once for all letters posted so far, which are to be taken then. */
bool pd_mailbox_check(PdMailbox *mailbox);
/* NULL when there is none; the caller owns what is returned. */
TblConfig *pd_mailbox_take_config(PdMailbox *mailbox);
PdStoreLetter *pd_mailbox_take_store(PdMailbox *mailbox);
bool pd_mailbox_take_refresh(PdMailbox *mailbox);
bool pd_mailbox_stopped(const PdMailbox *mailbox); /* once posted, for ever */
