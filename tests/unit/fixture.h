/* A temporary store for unit tests: declare, put, commit, look up. */
#pragma once

#include "tables/address.h"
#include "tables/batch.h"
#include "tables/claim.h"
#include "tables/config.h"
#include "tables/draft.h"
#include "tables/maps.h"

typedef struct {
    char *directory, *path;
    TblStore *store;
    TblConfig *config;
    TblDraft *draft; /* open between fixture_open_draft and fixture_commit */
    TblView *view;   /* of the committed store */
} Fixture;

Fixture *fixture_new(const char *config_text);
void fixture_free(Fixture *fixture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fixture, fixture_free)

/* Starts a draft when there is none. */
TblDraft *fixture_draft(Fixture *fixture);
/* Commits the draft; returns the batch (0: no net change). Fails the test on an error. */
guint64 fixture_commit(Fixture *fixture);

void fixture_declare(Fixture *fixture, TblDomain *domain); /* in the draft; takes it */
void fixture_declare_class(Fixture *fixture, const char *name, TblDomainClass domain_class);
/* In the draft: relay.example, box.example and alias.example, one of each class, and the mailbox
 * "ann" with a primary in the relay domain and secondaries everywhere. */
Fixture *fixture_world(const char *config_text);

/* A local object with proxy addresses ("SMTP:a@b" primary, "smtp:c@d" secondary), ended by NULL.
 * Caller changes it and puts it. */
TblObject *fixture_object(TblClass object_class, const char *name, ...) G_GNUC_NULL_TERMINATED;
void fixture_put(Fixture *fixture, TblObject *object); /* takes it */

/* Puts a record into the committed store, with a right check sum, behind everybody's back; a value
 * of {0} deletes it. */
void fixture_plant(Fixture *fixture, TblDb db, TblSlice key, TblSlice value);

/* "OK value", "NOTFOUND" or "TEMP", from the committed store. Caller frees. */
char *fixture_lookup(Fixture *fixture, const char *map, const char *key);
/* The same from the draft. */
char *fixture_lookup_draft(Fixture *fixture, const char *map, const char *key);
#define assert_lookup(fixture, map, key, expected)                                                 \
    do {                                                                                           \
        g_autofree char *got_ = fixture_lookup(fixture, map, key);                                 \
        g_assert_cmpstr(got_, ==, expected);                                                       \
    } while (0)
