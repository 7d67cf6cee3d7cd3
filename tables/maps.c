#include "tables/lookup.h"

#define OK_PREFIX_SIZE 3 /* "OK " counts into [limits] reply */

#define NAME(text)                                                                                 \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }
static const TblSlice map_names[TBL_MAP_COUNT] = {
    [TBL_MAP_VIRTUAL_ALIAS_DOMAINS] = NAME("virtual_alias_domains"),
    [TBL_MAP_VIRTUAL_MAILBOX_DOMAINS] = NAME("virtual_mailbox_domains"),
    [TBL_MAP_RELAY_DOMAINS] = NAME("relay_domains"),
    [TBL_MAP_VIRTUAL_MAILBOX_MAPS] = NAME("virtual_mailbox_maps"),
    [TBL_MAP_RELAY_RECIPIENT_MAPS] = NAME("relay_recipient_maps"),
    [TBL_MAP_VIRTUAL_ALIAS_MAPS] = NAME("virtual_alias_maps"),
    [TBL_MAP_TRANSPORT_MAPS] = NAME("transport_maps"),
    [TBL_MAP_SENDER_LOGIN_MAPS] = NAME("smtpd_sender_login_maps"),
    [TBL_MAP_SENDER_CANONICAL_MAPS] = NAME("sender_canonical_maps"),
    [TBL_MAP_RECIPIENT_CANONICAL_MAPS] = NAME("recipient_canonical_maps"),
    [TBL_MAP_CANONICAL_MAPS] = NAME("canonical_maps"),
    [TBL_MAP_RELOCATED_MAPS] = NAME("relocated_maps"),
};

TblMap
tbl_map_from_name(TblSlice name)
{
    for (int map = 0; map < TBL_MAP_COUNT; map++)
        if (tbl_slice_equal(map_names[map], name))
            return (TblMap)map;
    return TBL_MAP_COUNT;
}

const char *
tbl_map_name(TblMap map)
{
    return map_names[map].ptr;
}

bool
tbl_map_is_domains(TblMap map)
{
    return map <= TBL_MAP_RELAY_DOMAINS;
}

/* ---- The maps ---- */

static TblResult
lookup_domain(const TblContext *context, TblMap map, TblSlice key, GString *value)
{
    char name[256];
    const TblDomains *domains = context->view->domains(context->view);
    if (tbl_lookup_knows_nothing(context) ||
        (tbl_domains_count(domains) == 0 && !context->view->usable(context->view)))
        return tbl_lookup_fail(value, "no declared domain could be read yet");
    if (!tbl_domain_canonical(key, false, name))
        return TBL_NOTFOUND;
    const TblDomain *domain = tbl_domains_find_mail(domains, name);
    if (!domain)
        return TBL_NOTFOUND;
    TblDomainClass asked = map == TBL_MAP_RELAY_DOMAINS             ? TBL_DOMAIN_RELAY
                           : map == TBL_MAP_VIRTUAL_MAILBOX_DOMAINS ? TBL_DOMAIN_VIRTUAL_MAILBOX
                                                                    : TBL_DOMAIN_VIRTUAL_ALIAS;
    if (tbl_domains_class(domains, domain) != asked)
        return TBL_NOTFOUND;
    g_string_append(value, domain->name);
    return TBL_FOUND;
}

/* The owner's ASCII address for an ASCII key whose primary is not; the key's own row is one, so
 * there is one. */
static TblResult
append_ascii_address(TblLookup *lookup)
{
    g_autoptr(TblObject) object = NULL;
    g_autofree char *lowest_key = NULL;
    const TblProxy *lowest = NULL;
    if (tbl_lookup_owner(lookup, &object) != TBL_FOUND)
        return TBL_FAILED;
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        TblAddress address;
        if (strcmp(proxy->type, "SMTP") != 0 || !tbl_slice_is_ascii(tbl_slice(proxy->value)) ||
            !tbl_address_parse(&address, tbl_slice(proxy->value)) ||
            !tbl_domains_find_mail(lookup->domains, tbl_address_domain(&address)))
            continue;
        if (!lowest_key || strcmp(address.text, lowest_key) < 0) {
            g_free(lowest_key);
            lowest_key = g_strdup(address.text);
            lowest = proxy;
        }
    }
    TblSlice spelling = lowest ? tbl_slice(lowest->value) : lookup->location->row.spelling;
    g_string_append_len(lookup->value, spelling.ptr, (gssize)spelling.len);
    return TBL_FOUND;
}

static TblResult
lookup_recipient(TblLookup *lookup, TblDomainClass asked)
{
    if (!lookup->domain)
        return TBL_NOTFOUND;
    TblResult result = tbl_lookup_locate(lookup);
    if (result == TBL_FAILED)
        return result;
    /* The other class's map: that is absent too, but only a store that can be read says so. */
    if (lookup->domain_class != asked)
        return tbl_lookup_absent(lookup->context, lookup->value);
    if (result == TBL_FOUND) {
        if ((result = tbl_lookup_check_recipients(lookup)) != TBL_FOUND)
            return result;
        TblSlice primary = lookup->location->row.primary_address;
        if (primary.len && tbl_lookup_ascii_key(lookup) && !tbl_slice_is_ascii(primary))
            return append_ascii_address(lookup);
        TblSlice spelling = primary.len ? primary : lookup->location->row.spelling;
        g_string_append_len(lookup->value, spelling.ptr, (gssize)spelling.len);
        return TBL_FOUND;
    }
    if (lookup->location->tombstone || lookup->location->hidden)
        return result;
    switch (tbl_lookup_unknown(lookup)) {
    case TBL_UNKNOWN_ACCEPT:
        tbl_address_append_external(lookup->value,
                                    (TblSlice){lookup->address.text, lookup->address.local_len},
                                    tbl_slice(tbl_address_domain(&lookup->address)));
        return TBL_FOUND;
    case TBL_UNKNOWN_DEFER:
        return tbl_lookup_fail(lookup->value, "unknown recipients are deferred in this domain");
    default:
        return tbl_lookup_absent(lookup->context, lookup->value);
    }
}

static TblResult
lookup_alias(TblLookup *lookup)
{
    if (!lookup->domain)
        return TBL_NOTFOUND;
    if (tbl_lookup_locate(lookup) == TBL_FAILED)
        return TBL_FAILED;
    const TblLocation *location = lookup->location;
    bool nobody = location->result == TBL_NOTFOUND && !location->tombstone && !location->hidden;
    switch (tbl_resolve_alias(lookup->context, &lookup->address, lookup->domain, location,
                              lookup->value)) {
    case TBL_ALIAS_VALUE: {
        if (!nobody)
            return TBL_FOUND;
        /* A catch-all or the postmaster stands in, which is right only when the address is
         * certainly nobody's. */
        g_autoptr(GString) reason = g_string_new(NULL);
        if (tbl_lookup_absent(lookup->context, reason) == TBL_NOTFOUND)
            return TBL_FOUND;
        g_string_assign(lookup->value, reason->str);
        return TBL_FAILED;
    }
    case TBL_ALIAS_EMPTY:
        return nobody ? tbl_lookup_absent(lookup->context, lookup->value) : TBL_NOTFOUND;
    case TBL_ALIAS_OVER:
        return tbl_lookup_fail(lookup->value, "the list is over the limits");
    case TBL_ALIAS_FAILED:
        return tbl_lookup_store_failed(lookup->value);
    case TBL_ALIAS_ABSENT:
    case TBL_ALIAS_NONE:
        break;
    }
    if (location->tombstone || location->hidden)
        return TBL_NOTFOUND;
    if (lookup->domain_class == TBL_DOMAIN_VIRTUAL_ALIAS &&
        tbl_lookup_unknown(lookup) == TBL_UNKNOWN_DEFER)
        return tbl_lookup_fail(lookup->value, "unknown recipients are deferred in this domain");
    return nobody ? tbl_lookup_absent(lookup->context, lookup->value) : TBL_NOTFOUND;
}

static TblResult
lookup_canonical(TblLookup *lookup)
{
    if (!lookup->domain)
        return TBL_NOTFOUND;
    TblResult result = tbl_lookup_locate(lookup);
    if (result == TBL_NOTFOUND && !lookup->location->tombstone && !lookup->location->hidden)
        return tbl_lookup_absent(lookup->context, lookup->value);
    const TblRow *row = &lookup->location->row;
    if (result != TBL_FOUND)
        return result;
    TblAddress primary;
    bool person =
        row->object_class == TBL_CLASS_MAILBOX || row->object_class == TBL_CLASS_PUBLIC_FOLDER;
    bool other_name = !row->primary || lookup->location->mirrored;
    if (!person || !other_name || !row->primary_address.len ||
        !tbl_address_parse(&primary, row->primary_address) ||
        !tbl_domains_find_mail(lookup->domains, tbl_address_domain(&primary)))
        return TBL_NOTFOUND;
    if (tbl_lookup_ascii_key(lookup) && !tbl_slice_is_ascii(row->primary_address))
        return TBL_NOTFOUND;
    if ((result = tbl_lookup_check_recipients(lookup)) != TBL_FOUND)
        return result;
    bool propagate = lookup->context->config->addresses.propagate_canonical;
    tbl_resolve_append(lookup->value, lookup->domains, row->primary_address,
                       propagate ? lookup->location->extension : NULL);
    return TBL_FOUND;
}

/* Never a failure: a moved notice is a courtesy, and Postfix asks for it before it delivers
 * anything. */
static TblResult
lookup_relocated(TblLookup *lookup)
{
    if (!lookup->domain)
        return TBL_NOTFOUND;
    tbl_resolve_locate(lookup->context, &lookup->address, lookup->domain, lookup->location);
    const TblRow *row = &lookup->location->row;
    if (lookup->location->result != TBL_NOTFOUND || !lookup->location->tombstone || !row->moved)
        return TBL_NOTFOUND;
    g_string_append_len(lookup->value, row->notice.ptr, (gssize)row->notice.len);
    return TBL_FOUND;
}

static TblResult
lookup_address(TblLookup *lookup, TblMap map)
{
    switch (map) {
    case TBL_MAP_VIRTUAL_ALIAS_MAPS:
        return lookup_alias(lookup);
    case TBL_MAP_VIRTUAL_MAILBOX_MAPS:
        return lookup_recipient(lookup, TBL_DOMAIN_VIRTUAL_MAILBOX);
    case TBL_MAP_RELAY_RECIPIENT_MAPS:
        return lookup_recipient(lookup, TBL_DOMAIN_RELAY);
    case TBL_MAP_SENDER_LOGIN_MAPS:
        return tbl_lookup_login(lookup);
    case TBL_MAP_RELOCATED_MAPS:
        return lookup_relocated(lookup);
    default:
        return lookup_canonical(lookup);
    }
}

TblResult
tbl_maps_lookup(const TblContext *context, TblMap map, TblSlice key, GString *value)
{
    if (tbl_map_is_domains(map))
        return lookup_domain(context, map, key, value);
    if (tbl_lookup_knows_nothing(context))
        return tbl_lookup_fail(value, "nothing has been declared or imported yet");
    gsize start = value->len;
    TblLocation location;
    TblLookup lookup;
    lookup.location = &location;
    lookup.context = context;
    lookup.domains = context->view->domains(context->view);
    lookup.domain = NULL;
    lookup.value = value;
    TblResult result;
    if (map == TBL_MAP_TRANSPORT_MAPS) {
        result = tbl_lookup_transport(&lookup, key);
    } else {
        if (!tbl_address_parse(&lookup.address, key))
            return TBL_NOTFOUND;
        tbl_lookup_place(&lookup);
        result = lookup_address(&lookup, map);
    }
    if (result == TBL_FOUND &&
        value->len - start + OK_PREFIX_SIZE > context->config->limits.reply) {
        g_string_truncate(value, start);
        return tbl_lookup_fail(value, "the answer is over the limits");
    }
    return result;
}
