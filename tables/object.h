/*
 * A directory object: identity, class, addresses, target, members and what an import file keeps on
 * it; with its compact encoding. Pure; a TblObject belongs to one thread at a time.
 */
#pragma once

#include "tables/slice.h"

#include <glib.h>

typedef enum {
    TBL_CLASS_MAILBOX = 1,
    TBL_CLASS_REMOTE,
    TBL_CLASS_DL,
    TBL_CLASS_PUBLIC_FOLDER,
} TblClass;

typedef enum {
    TBL_ORIGIN_LOCAL = 1, /* imports, policyctl */
    TBL_ORIGIN_DIRECTORY, /* the LDAP replica */
} TblOrigin;

/* One proxy address. `type` is upper case ("SMTP"); `value` is the stored spelling (SMTP: local
 * part as typed in external form, canonical domain). Both lie behind the struct, in one piece of
 * memory with it; only `primary` changes after it was made. */
typedef struct {
    const char *type;
    const char *value;
    char *key; /* see tbl_proxy_own_key */
    bool primary;
    bool key_alone; /* the key has memory of its own */
    char bytes[];
} TblProxy;

/* Single-valued text attributes, indices of TblObject.text. */
typedef enum {
    TBL_TEXT_DISPLAY,
    TBL_TEXT_ALIAS,
    TBL_TEXT_FIRST,
    TBL_TEXT_LAST,
    TBL_TEXT_INITIALS,
    TBL_TEXT_ACCOUNT,     /* Primary Windows NT Account */
    TBL_TEXT_HOME_SERVER, /* as written; its last RDN chooses the route */
    TBL_TEXT_FORWARD,     /* Alt-Recipient: a reference (name, else address) */
    TBL_TEXT_CONTAINER,
    TBL_TEXT_COUNT,
} TblText;

/* Multi-valued references (names, else addresses), indices of TblObject.refs. */
typedef enum {
    TBL_REFS_MEMBERS,
    TBL_REFS_ACCEPT_FROM,    /* Auth-Orig */
    TBL_REFS_REJECT_FROM,    /* Unauth-Orig */
    TBL_REFS_ACCEPT_FROM_DL, /* DL-Mem-Submit-Perms */
    TBL_REFS_REJECT_FROM_DL, /* DL-Mem-Reject-Perms */
    TBL_REFS_GENERATED,      /* no references: SMTP addresses that domain rules made, as stored */
    TBL_REFS_COUNT,
} TblRefs;

/* Size limits in kB of 1024 bytes; absent is no limit, 0 is zero kB (KB Q241868). */
#define TBL_LIMIT_NONE (-1)

typedef struct {
    guint64 id; /* assigned by the store, 0 before */
    TblOrigin origin;
    TblClass object_class;
    char *name;                      /* as first spelt */
    GPtrArray *addresses;            /* TblProxy *, owned */
    TblProxy *target;                /* where a remote's mail really goes; NULL for none */
    char *text[TBL_TEXT_COUNT];      /* NULL when absent */
    GPtrArray *refs[TBL_REFS_COUNT]; /* char *, owned; never NULL, may be empty */
    gint64 limit_in, limit_out;      /* kB or TBL_LIMIT_NONE */
    bool hidden;
    bool deliver_and_redirect;
    bool authenticated_only; /* msExchRequireAuthToSendTo */
    bool disabled;
    guint64 created;  /* seconds since 1970, replicated rows only, else 0 */
    char *dn;         /* where the directory has it; replicated objects only, else NULL */
    GPtrArray *other; /* char * pairs: attribute name, value; kept and exported only; owned */
} TblObject;

TblObject *tbl_object_new(TblOrigin origin, TblClass object_class, const char *name);
TblObject *tbl_object_copy(const TblObject *object);
void tbl_object_free(TblObject *object);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblObject, tbl_object_free)

/* Equality of everything but the id. The order of addresses, references and other pairs does not
 * count. */
bool tbl_object_equal(const TblObject *a, const TblObject *b);

TblProxy *tbl_proxy_new(TblSlice type, TblSlice value,
                        bool primary); /* folds the type to upper case */
/* The same when its unique key is known already: an importer that has 4 million of them must not
 * make each one several times. */
TblProxy *tbl_proxy_new_keyed(TblSlice type, TblSlice value, TblSlice key, bool primary);
void tbl_proxy_free(TblProxy *proxy);
/* The unique key (tbl_proxy_key), made once and kept; NULL when the value has none. Borrowed. */
const char *tbl_proxy_own_key(TblProxy *proxy);
/* "SMTP:ann@north.example", or "smtp:..." for a secondary. Caller frees. */
char *tbl_proxy_text(const TblProxy *proxy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TblProxy, tbl_proxy_free)

/* The primary of a type ("SMTP"), or NULL. Borrowed. */
const TblProxy *tbl_object_primary(const TblObject *object, const char *type);

void tbl_object_set_text(TblObject *object, TblText which,
                         const char *value); /* copies; NULL or "" removes */

/* "display", "alias", "home_server", ...; and "members", "accept_from", ...: the names of exports.
 */
const char *tbl_text_name(TblText which);
const char *tbl_refs_name(TblRefs which);

/* "mailbox", "remote", "dl", "public-folder"; and back, 0 when unknown (exact, lower case). */
const char *tbl_class_name(TblClass object_class);
TblClass tbl_class_from_name(const char *name);

/* Appends the compact encoding (everything but id). */
void tbl_object_encode(const TblObject *object, GByteArray *out);
/* NULL when the bytes are not exactly one encoded object. Never reads past `bytes`, never allocates
 * more than they hold. */
TblObject *tbl_object_decode(TblSlice bytes, guint64 id);
