/* The policy half of tables/maps.h. */
#include "tables/lookup.h"

static void
judge(TblLookup *lookup, TblRecipient *recipient)
{
    switch (tbl_resolve_alias(lookup->context, &lookup->address, lookup->domain, lookup->location,
                              lookup->value)) {
    case TBL_ALIAS_VALUE:
        recipient->kind = TBL_RECIPIENT_FOUND;
        break;
    case TBL_ALIAS_EMPTY:
        recipient->kind = TBL_RECIPIENT_EMPTY_LIST;
        break;
    case TBL_ALIAS_OVER:
        recipient->kind = TBL_RECIPIENT_OVER_LIMIT;
        break;
    case TBL_ALIAS_FAILED:
        recipient->kind = TBL_RECIPIENT_FAILED;
        break;
    case TBL_ALIAS_ABSENT:
        recipient->kind = TBL_RECIPIENT_ABSENT;
        break;
    case TBL_ALIAS_NONE:
        /* In a virtual-alias domain what the map does not answer is absent; elsewhere the recipient
         * map knows it. */
        recipient->kind = lookup->location->result == TBL_FOUND &&
                                  lookup->domain_class != TBL_DOMAIN_VIRTUAL_ALIAS
                              ? TBL_RECIPIENT_FOUND
                              : TBL_RECIPIENT_ABSENT;
        break;
    }
    bool nobody = lookup->location->result == TBL_NOTFOUND && !lookup->location->hidden;
    bool certain =
        recipient->kind == TBL_RECIPIENT_FOUND || recipient->kind == TBL_RECIPIENT_ABSENT;
    if (nobody && certain && recipient->unknown != TBL_UNKNOWN_ACCEPT &&
        tbl_lookup_absent(lookup->context, lookup->value) == TBL_FAILED)
        recipient->kind = TBL_RECIPIENT_FAILED;
}

/* The domain of a key that is no address, which may be ours all the same. False: it has none, or an
 * address literal. */
static bool
odd_key_domain(TblSlice key, char *name)
{
    const char *at = memrchr(key.ptr, '@', key.len);
    return at && at != key.ptr &&
           tbl_domain_canonical((TblSlice){at + 1, (size_t)(key.ptr + key.len - at) - 1}, false,
                                name);
}

/* A local part that nobody can have, in a domain that may be ours: the maps answer it as absent. */
static void
judge_domain(TblLookup *lookup, const char *name, TblRecipient *recipient)
{
    lookup->domain = tbl_domains_find_mail(lookup->domains, name);
    if (!lookup->domain)
        return;
    lookup->domain_class = tbl_domains_class(lookup->domains, lookup->domain);
    recipient->unknown = tbl_lookup_unknown(lookup);
    recipient->kind = TBL_RECIPIENT_ABSENT;
}

void
tbl_maps_recipient(const TblContext *context, TblSlice key, TblRecipient *recipient)
{
    recipient->kind = TBL_RECIPIENT_NOT_OURS;
    recipient->unknown = TBL_UNKNOWN_REJECT;
    recipient->location.result = TBL_NOTFOUND;
    TblLookup lookup;
    char name[256];
    bool parsed = tbl_address_parse(&lookup.address, key);
    if (!parsed && !odd_key_domain(key, name))
        return; /* nobody's, whatever is declared */
    if (tbl_lookup_knows_nothing(context)) {
        recipient->kind = TBL_RECIPIENT_FAILED;
        return;
    }
    lookup.location = &recipient->location;
    lookup.context = context;
    lookup.domains = context->view->domains(context->view);
    if (!parsed) {
        judge_domain(&lookup, name, recipient);
        return;
    }
    tbl_lookup_place(&lookup);
    if (!lookup.domain)
        return;
    recipient->unknown = tbl_lookup_unknown(&lookup);
    tbl_resolve_locate(context, &lookup.address, lookup.domain, &recipient->location);
    if (recipient->location.result == TBL_FAILED) {
        recipient->kind = TBL_RECIPIENT_FAILED;
    } else if (recipient->location.tombstone) {
        recipient->kind = TBL_RECIPIENT_TOMBSTONE;
    } else if (recipient->location.hidden) {
        recipient->kind = TBL_RECIPIENT_ABSENT;
    } else {
        g_autoptr(GString) value = g_string_new(NULL);
        lookup.value = value;
        judge(&lookup, recipient);
    }
}
