#include "tables/lookup.h"

TblResult
tbl_lookup_fail(GString *value, const char *reason)
{
    g_string_append(value, reason);
    return TBL_FAILED;
}

TblResult
tbl_lookup_store_failed(GString *value)
{
    return tbl_lookup_fail(value, "the store cannot be read");
}

/* Absence in a declared domain is certain only when everything that could hold the address was
 * loaded. */
TblResult
tbl_lookup_absent(const TblContext *context, GString *value)
{
    if (!context->view->usable(context->view))
        return tbl_lookup_store_failed(value);
    if (!context->view->populated(context->view))
        return tbl_lookup_fail(value, "the store is not populated yet");
    if (context->config->directory.set)
        return tbl_lookup_fail(value, "the directory has not been loaded yet");
    return TBL_NOTFOUND;
}

/* Nothing was ever read, or nothing was ever declared or loaded: then nothing is known about any
 * key. */
bool
tbl_lookup_knows_nothing(const TblContext *context)
{
    const TblDomains *domains = context->view->domains(context->view);
    return !domains ||
           (tbl_domains_count(domains) == 0 &&
            !(context->view->usable(context->view) && context->view->populated(context->view)));
}

TblUnknown
tbl_lookup_unknown(const TblLookup *lookup)
{
    TblUnknown unknown = lookup->domain->unknown;
    if (unknown == TBL_UNKNOWN_DEFAULT)
        unknown = (TblUnknown)lookup->context->config->policy.unknown_recipient;
    /* An address that nobody has cannot be accepted where every address must lead elsewhere. */
    if (unknown == TBL_UNKNOWN_ACCEPT && lookup->domain_class == TBL_DOMAIN_VIRTUAL_ALIAS)
        return TBL_UNKNOWN_REJECT;
    return unknown;
}

bool
tbl_lookup_ascii_key(const TblLookup *lookup)
{
    return tbl_slice_is_ascii((TblSlice){lookup->address.text, lookup->address.local_len});
}

/* Whether mail for a located row may have nowhere to go: all but a mailbox's own primary. */
static bool
is_doubtful(const TblLookup *lookup)
{
    const TblRow *row = &lookup->location->row;
    bool plain =
        row->object_class == TBL_CLASS_MAILBOX || row->object_class == TBL_CLASS_PUBLIC_FOLDER;
    return !plain || row->forwards || !row->primary || lookup->location->mirrored;
}

/* A list without recipients is absent where it expands, and so is a pure cycle of forwards and what
 * has nowhere to go; over the limit is a failure. FOUND: none of them. */
TblResult
tbl_lookup_check_recipients(TblLookup *lookup)
{
    if (!lookup->domain || !is_doubtful(lookup))
        return TBL_FOUND;
    gsize length = lookup->value->len;
    TblAlias alias = tbl_resolve_alias(lookup->context, &lookup->address, lookup->domain,
                                       lookup->location, lookup->value);
    g_string_truncate(lookup->value, length); /* who they are was not asked */
    switch (alias) {
    case TBL_ALIAS_EMPTY:
    case TBL_ALIAS_ABSENT:
        return TBL_NOTFOUND;
    case TBL_ALIAS_OVER:
        return tbl_lookup_fail(lookup->value, "the list is over the limits");
    case TBL_ALIAS_FAILED:
        return tbl_lookup_store_failed(lookup->value);
    default:
        return TBL_FOUND;
    }
}

TblResult
tbl_lookup_locate(TblLookup *lookup)
{
    tbl_resolve_locate(lookup->context, &lookup->address, lookup->domain, lookup->location);
    return lookup->location->result == TBL_FAILED ? tbl_lookup_store_failed(lookup->value)
                                                  : lookup->location->result;
}

/* The owner of the located row. FOUND, or FAILED with its reason. */
TblResult
tbl_lookup_owner(TblLookup *lookup, TblObject **object)
{
    TblView *view = lookup->context->view;
    return view->object(view, lookup->location->row.object, object) == TBL_FOUND
               ? TBL_FOUND
               : tbl_lookup_store_failed(lookup->value);
}

void
tbl_lookup_place(TblLookup *lookup)
{
    lookup->domain = tbl_domains_find_mail(lookup->domains, tbl_address_domain(&lookup->address));
    if (lookup->domain)
        lookup->domain_class = tbl_domains_class(lookup->domains, lookup->domain);
}
