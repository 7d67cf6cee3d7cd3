#include "tables/resolve.h"

#define SMTP_PREFIX "smtp:"
#define KEY_SIZE (sizeof SMTP_PREFIX + 2 * TBL_ADDRESS_MAX)

/* ---- One key ---- */

/* Copies what the row borrows; its bytes die with the next look into the view. */
static bool
keep_row(TblLocation *location, const TblRow *row)
{
    char *at = location->bytes;
    size_t room = sizeof location->bytes;
    location->row = *row;
    TblSlice *slices[] = {&location->row.spelling, &location->row.primary_address,
                          &location->row.notice};
    for (guint i = 0; i < G_N_ELEMENTS(slices); i++) {
        if (slices[i]->len > room)
            return false;
        if (slices[i]->len)
            memcpy(at, slices[i]->ptr, slices[i]->len);
        slices[i]->ptr = at;
        at += slices[i]->len;
        room -= slices[i]->len;
    }
    return true;
}

/* Looks `local@domain` up. True when that ends the search: found, a tombstone (where only live rows
 * count it is absence, and no more), hidden, failed. */
static bool
look(const TblContext *context, TblSlice local, const char *domain, bool live_only,
     TblLocation *location)
{
    char key[KEY_SIZE];
    TblRows rows;
    size_t domain_length = strlen(domain), prefix = sizeof SMTP_PREFIX - 1;
    if (prefix + local.len + 1 + domain_length > sizeof key)
        return false;
    memcpy(key, SMTP_PREFIX, prefix);
    memcpy(key + prefix, local.ptr, local.len);
    key[prefix + local.len] = '@';
    memcpy(key + prefix + local.len + 1, domain, domain_length);
    TblSlice slice = {key, prefix + local.len + 1 + domain_length};
    TblResult result = context->view->rows(context->view, slice, &rows);
    if (result != TBL_FOUND) {
        location->result = result;
        return result == TBL_FAILED;
    }
    bool hide = context->config->directory.exclude_disabled, hidden = false;
    for (guint i = 0; i < rows.count; i++) {
        const TblRow *row = &rows.row[i];
        bool answers = row->kind <= TBL_ROW_DIRECTORY_GENERATED;
        if (answers && hide && row->disabled) {
            hidden = true;
            continue;
        }
        bool notice = !answers && tbl_row_is_live_tombstone(row, context->now);
        if (!answers && !notice)
            continue;
        location->tombstone = notice && !live_only;
        location->result = !keep_row(location, row) ? TBL_FAILED
                           : answers                ? TBL_FOUND
                                                    : TBL_NOTFOUND;
        return true;
    }
    location->result = TBL_NOTFOUND;
    location->hidden = hidden;
    return hidden;
}

/* ---- Steps 2 to 4 ---- */

/* Steps 2 and 3 for the local part of `address` at `domain_name`. */
static bool
look_with_extension(const TblContext *context, const TblAddress *address, const char *domain_name,
                    bool extends, bool live_only, TblLocation *location)
{
    if (look(context, (TblSlice){address->text, address->local_len}, domain_name, live_only,
             location))
        return true;
    if (!extends)
        return false;
    const char *delimiters = context->config->addresses.recipient_delimiter;
    size_t base = tbl_address_extension((TblSlice){address->text, address->local_len}, delimiters);
    size_t typed =
        tbl_address_extension((TblSlice){address->typed, address->typed_len}, delimiters);
    if (base == 0 || typed == 0)
        return false;
    if (!look(context, (TblSlice){address->text, base}, domain_name, live_only, location))
        return false;
    location->via = TBL_VIA_EXTENSION;
    memcpy(location->extension, address->typed + typed, address->typed_len - typed);
    location->extension[address->typed_len - typed] = '\0';
    return true;
}

static const TblDomain *
mirrored_domain(const TblContext *context, const TblDomain *domain)
{
    return domain->mirror ? tbl_domains_get(context->view->domains(context->view), domain->mirror)
                          : NULL;
}

void
tbl_resolve_locate(const TblContext *context, const TblAddress *address, const TblDomain *domain,
                   TblLocation *location)
{
    location->result = TBL_NOTFOUND;
    location->tombstone = location->hidden = location->mirrored = false;
    location->via = TBL_VIA_EXACT;
    location->extension[0] = '\0';
    bool extends = domain && tbl_domain_extends(domain);
    if (look_with_extension(context, address, tbl_address_domain(address), extends, false,
                            location) ||
        !domain)
        return;
    const TblDomain *other = mirrored_domain(context, domain);
    if (!other)
        return;
    location->mirrored = look_with_extension(context, address, other->name,
                                             extends && tbl_domain_extends(other), true, location);
}

/* ---- References ---- */

/* The object that has an address of another type than SMTP. */
static TblResult
locate_proxy(const TblContext *context, const char *key, guint64 *id)
{
    TblRows rows;
    TblResult result = context->view->rows(context->view, tbl_slice(key), &rows);
    bool hide = context->config->directory.exclude_disabled;
    for (guint i = 0; result == TBL_FOUND && i < rows.count; i++) {
        const TblRow *row = &rows.row[i];
        if (row->kind > TBL_ROW_DIRECTORY_GENERATED || (hide && row->disabled))
            continue;
        *id = row->object;
        return TBL_FOUND;
    }
    return result == TBL_FOUND ? TBL_NOTFOUND : result;
}

TblResult
tbl_resolve_reference_id(const TblContext *context, TblOrigin origin, const char *reference,
                         guint64 *id)
{
    g_autofree char *folded = tbl_text_fold(tbl_slice(reference));
    TblResult result =
        folded ? context->view->name(context->view, origin, folded, id) : TBL_NOTFOUND;
    if (result != TBL_NOTFOUND)
        return result;
    g_autofree char *key = tbl_address_reference_key(reference);
    if (key)
        return locate_proxy(context, key, id);
    TblAddress address;
    if (!tbl_address_parse_reference(&address, reference))
        return TBL_NOTFOUND;
    TblLocation location;
    const TblDomain *domain =
        tbl_domains_find_mail(context->view->domains(context->view), tbl_address_domain(&address));
    tbl_resolve_locate(context, &address, domain, &location);
    if (location.result == TBL_FOUND)
        *id = location.row.object;
    return location.result;
}

TblResult
tbl_resolve_reference(const TblContext *context, TblOrigin origin, const char *reference,
                      TblObject **object)
{
    guint64 id;
    *object = NULL;
    TblResult result = tbl_resolve_reference_id(context, origin, reference, &id);
    if (result != TBL_FOUND)
        return result;
    /* A name or a row that leads nowhere is damage. */
    return context->view->object(context->view, id, object) == TBL_FOUND ? TBL_FOUND : TBL_FAILED;
}

TblResult
tbl_resolve_target(const TblContext *context, const TblObject *remote)
{
    const TblDomains *domains = context->view->domains(context->view);
    TblAddress address;
    TblLocation location;
    if (!remote->target || strcmp(remote->target->type, "SMTP") != 0 ||
        !tbl_address_parse(&address, tbl_slice(remote->target->value)))
        return TBL_NOTFOUND;
    const TblDomain *domain = tbl_domains_find_mail(domains, tbl_address_domain(&address));
    if (!domain)
        return TBL_FOUND;
    tbl_resolve_locate(context, &address, domain, &location);
    bool other = location.result == TBL_FOUND && location.row.object != remote->id;
    bool own = location.result == TBL_FOUND && !other &&
               tbl_domains_class(domains, domain) == TBL_DOMAIN_RELAY;
    return location.result == TBL_FAILED ? TBL_FAILED : other || own ? TBL_FOUND : TBL_NOTFOUND;
}

void
tbl_resolve_append(GString *out, const TblDomains *domains, TblSlice spelling,
                   const char *extension)
{
    TblAddress address;
    const TblDomain *domain = NULL;
    bool extend = extension && *extension && tbl_address_parse(&address, spelling);
    if (extend)
        domain = tbl_domains_find_mail(domains, tbl_address_domain(&address));
    if (!extend || (domain && !tbl_domain_extends(domain))) {
        g_string_append_len(out, spelling.ptr, (gssize)spelling.len);
        return;
    }
    g_autofree char *local = g_strconcat(address.typed, extension, NULL);
    tbl_address_append_external(out, tbl_slice(local), tbl_slice(tbl_address_domain(&address)));
}
