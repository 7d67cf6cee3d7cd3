/* The notice that an address leaves when it is removed: where it moved, or that it is gone. */
#pragma once

#include "policyd/ctl.h"

/* As given on the command line, NULL when not given; `gone` may be empty. Owned. */
typedef struct {
    char *moved_to, *gone, *duration;
} PdCtlNotice;

void pd_ctl_notice_clear(PdCtlNotice *notice);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PdCtlNotice, pd_ctl_notice_clear)

#define PD_CTL_NOTICE_ENTRIES 4 /* three options and the end */
void pd_ctl_notice_entries(PdCtlNotice *notice, GOptionEntry entries[PD_CTL_NOTICE_ENTRIES]);
/* Before the options are parsed: makes a bare --gone one with an empty text, so that it does not
 * take the argument behind it. */
void pd_ctl_notice_prepare(int argc, char **argv);

/* A checked notice. */
typedef struct {
    bool wanted, moved;
    char *text;     /* the new address, or what senders are told; owned */
    gint64 expires; /* seconds since 1970, 0: never */
} PdCtlTombstone;

void pd_ctl_tombstone_clear(PdCtlTombstone *tombstone);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PdCtlTombstone, pd_ctl_tombstone_clear)

/* What the options say about `address`. False with a usage error. */
bool pd_ctl_tombstone_read(const PdCtlNotice *notice, const TblProxy *address,
                           PdCtlTombstone *tombstone, GError **error);
/* Leaves the notice in the draft, before the address is taken from its object: a rule must not make
 * it anew. */
bool pd_ctl_tombstone_leave(PdCtlChange *change, const PdCtlTombstone *tombstone,
                            const TblProxy *address, GError **error);
/* After that: the new address must exist, or lie in an undeclared domain (else 3). */
bool pd_ctl_tombstone_check(PdCtlChange *change, const PdCtlTombstone *tombstone, GError **error);
