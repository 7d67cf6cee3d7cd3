/*
 * Mail addresses, mail domains and `TYPE:value` proxy addresses: one canonical form for comparing,
 * one external form for answers. Pure: no I/O, no log, no globals; safe from any thread.
 *
 * Canonical form: local part NFC, full case fold, NFC, without quotes; domain as an IDNA2008
 * A-label (UTS 46, non-transitional), lower case, without trailing dot. The last `@` splits. Quoted
 * and unquoted local parts that mean the same are the same (RFC 5321 section 4.1.2).
 */
#pragma once

#include "tables/arena.h"
#include "tables/slice.h"

#include <glib.h>

/* Longest key that can name an address: RFC 5321's 254 octets and a generous extension. A longer
 * key is absent. */
#define TBL_ADDRESS_MAX 1024
/* Longest address that can be stored (RFC 5321 4.5.3.1, erratum 1690), and its parts. */
#define TBL_ADDRESS_STORED_MAX 254
#define TBL_LOCAL_STORED_MAX 64
#define TBL_LABEL_MAX 63
/* Exchange's limit on the type of a proxy address (event 232). */
#define TBL_PROXY_TYPE_MAX 8
/* Longest `TYPE:value` (rangeUpper of proxyAddresses, MS-ADA3 2.169). */
#define TBL_PROXY_MAX 1123

/* A parsed address. Large, meant for the stack; only `len` bytes of `text` and `typed_len` of
 * `typed` are set. */
typedef struct {
    uint16_t local_len;             /* bytes of the canonical local part; text[local_len] is '@' */
    uint16_t len;                   /* bytes of the canonical address */
    uint16_t typed_len;             /* bytes of the local part as typed, quotes removed */
    char text[TBL_ADDRESS_MAX + 1]; /* canonical, NUL-terminated */
    char
        typed[TBL_ADDRESS_MAX + 1]; /* local part as typed (unquoted, not folded), NUL-terminated */
} TblAddress;

/* Parses a lookup key leniently, as Postfix sends it (`"john smith"@d`, `john smith@d`, upper case,
 * U-labels, a trailing dot). False: the bytes name no address here (no `@`, empty part, invalid
 * UTF-8, NUL, CR, LF or other control, a domain literal, a broken quoted string, over
 * TBL_ADDRESS_MAX). */
bool tbl_address_parse(TblAddress *address, TblSlice key);

/* Parses an address that is to be stored: on top of the above the length limits hold, a local part
 * that needs quotes must have them, comments and obsolete forms are refused. False with `error` set
 * (G_IO_ERROR_INVALID_ARGUMENT, a sentence naming what is wrong and what would be right). */
bool tbl_address_parse_strict(TblAddress *address, TblSlice value, GError **error);

/* The SMTP address that a reference to an object gives: tbl_address_parse of what is behind
 * `smtp:`, or of all of it; false for an address of another type. */
bool tbl_address_parse_reference(TblAddress *address, const char *reference);
/* The key of an address of another type that a reference gives as `TYPE:value`; NULL when it gives
 * none. Caller frees. */
char *tbl_address_reference_key(const char *reference);

/* An address as the store has it; both are NUL-terminated. */
typedef struct {
    TblSlice value; /* spelling: tbl_address_append_spelling; of other types what was written */
    TblSlice key;   /* what tbl_proxy_key makes of it */
    bool plain;     /* the key is type and value in small ASCII letters */
} TblStoredAddress;
/* All that an import needs of an SMTP address, at once: tbl_address_parse_strict, its spelling and
 * its unique key, both in `memory`. */
bool tbl_address_store(TblSlice value, TblArena *memory, TblStoredAddress *stored, GError **error);
/* The same of an address of another type, which is not judged. False when it has no key. */
bool tbl_proxy_store(TblSlice type, TblSlice value, TblArena *memory, TblStoredAddress *stored);

/* The canonical domain of a parsed address: a NUL-terminated borrow from it. */
const char *tbl_address_domain(const TblAddress *address);

/* Canonical form of a domain name into `out` (at least 256 bytes). A leading dot (Postfix's
 * notation for subdomains) is kept when `allow_dot`. False when it is no domain name. A name
 * without a dot is a domain. */
bool tbl_domain_canonical(TblSlice name, bool allow_dot, char out[256]);

/* Appends the external form (RFC 5321 Mailbox): `local` quoted where it must be, `@`, `domain`. */
void tbl_address_append_external(GString *out, TblSlice local, TblSlice domain);

/* Appends the form that is stored and answered: the local part as typed, external, and the
 * canonical domain. */
void tbl_address_append_spelling(GString *out, const TblAddress *address);

/* Offset of the extension's delimiter in an unquoted local part, or 0 if it has none (Postfix
 * split_addr.c: the first delimiter of the set; never postmaster, mailer-daemon, double-bounce;
 * with `-` in the set never owner-* or
 * *-request; never an empty rest before it; a delimiter at the very end counts). */
size_t tbl_address_extension(TblSlice local, const char *delimiters);

/* Splits `TYPE:value` at the first colon. 0, or the Exchange event that names the fault: 230 no
 * colon, 231 no type, 232 type too long, 245 a type with characters other than letters and digits.
 * Borrows from `text`. */
int tbl_proxy_split(TblSlice text, TblSlice *type, TblSlice *value);

/* The key under which a proxy address is unique: `smtp:` + canonical address for SMTP, else
 * lower-case type, colon, NFC case-folded value. For SMTP the value is parsed leniently. NULL when
 * an SMTP value is no address or a value is empty or not UTF-8. Caller frees. */
char *tbl_proxy_key(TblSlice type, TblSlice value);

/* NFC and full case fold of a name (directory names, logins, headers); invalid UTF-8 gives NULL.
 * Caller frees. */
char *tbl_text_fold(TblSlice text);
