#include "tables/claim.h"

#include "tables/address.h"

void
tbl_claim_clear(TblClaim *claim)
{
    g_free(claim->holder);
    g_free(claim->reason);
    *claim = (TblClaim){0};
}

/* The declaration of an SMTP value's domain; NULL for other types and undeclared domains. */
static const TblDomain *
declared_domain(TblDraft *draft, TblSlice type, TblSlice value)
{
    TblAddress address;
    if (type.len != 4 || g_ascii_strncasecmp(type.ptr, "SMTP", 4) != 0 ||
        !tbl_address_parse(&address, value))
        return NULL;
    TblView *view = tbl_draft_view(draft);
    return tbl_domains_find_mail(view->domains(view), tbl_address_domain(&address));
}

static TblResult
taken(TblDraft *draft, const TblRow *row, int fault, TblSlice type, TblSlice value, TblClaim *claim)
{
    TblView *view = tbl_draft_view(draft);
    g_autoptr(TblObject) holder = NULL;
    TblSource source = row->source;
    if (view->object(view, row->object, &holder) != TBL_FOUND)
        return TBL_FAILED;
    claim->fault = fault;
    claim->holder = g_strdup(holder->name);
    claim->holder_class = holder->object_class;
    bool target = tbl_row_is_target(row->kind);
    claim->by_target = target;
    claim->source = source;
    claim->reason = g_strdup_printf(
        "%.*s:%.*s is %s of %s \"%s\"%s", (int)type.len, type.ptr, (int)value.len, value.ptr,
        target ? "the target" : "an address", tbl_class_name(holder->object_class), holder->name,
        holder->origin == TBL_ORIGIN_DIRECTORY ? " in the directory" : "");
    return TBL_FOUND;
}

static TblResult
load_rows(TblDraft *draft, const char *key, TblRows *rows)
{
    rows->count = 0;
    return key && tbl_draft_rows(draft, key, rows) == TBL_FAILED ? TBL_FAILED : TBL_FOUND;
}

/* The first row of one of `kinds` that belongs to another object than `self`. */
static const TblRow *
other_row(const TblRows *rows, const TblRowKind *kinds, guint n_kinds, guint64 self)
{
    for (guint i = 0; i < n_kinds; i++) {
        const TblRow *row = tbl_rows_get(rows, kinds[i]);
        if (row && row->object != self)
            return row;
    }
    return NULL;
}

/* Another remote's target: of several that share it the row names one, which may be `self`. The row
 * is then another's as well. */
static TblResult
other_target(TblDraft *draft, const char *key, guint64 self, TblRows *rows, const TblRow **other)
{
    static const TblRowKind targets[] = {TBL_ROW_LOCAL_TARGET};
    *other = other_row(rows, targets, G_N_ELEMENTS(targets), self);
    const TblRow *own = tbl_rows_get(rows, TBL_ROW_LOCAL_TARGET);
    if (*other || !own)
        return TBL_FOUND;
    TblRow *row = &rows->row[own - rows->row];
    TblResult result =
        tbl_draft_other_target(draft, TBL_ORIGIN_LOCAL, tbl_slice(key), self, &row->object);
    *other = result == TBL_FOUND ? row : NULL;
    return result == TBL_FAILED ? TBL_FAILED : TBL_FOUND;
}

TblResult
tbl_claim_key(TblDraft *draft, guint64 self, const char *key, TblSlice type, TblSlice value,
              TblClaim *claim)
{
    static const TblRowKind owners[] = {TBL_ROW_LOCAL, TBL_ROW_DIRECTORY};
    TblRows rows;
    *claim = (TblClaim){0};
    if (load_rows(draft, key, &rows) == TBL_FAILED)
        return TBL_FAILED;
    const TblRow *row = other_row(&rows, owners, G_N_ELEMENTS(owners), self);
    /* Outside declared domains targets share the name space; inside, a target must be somebody's
     * address. */
    if (!row && rows.count > 0 && !declared_domain(draft, type, value) &&
        other_target(draft, key, self, &rows, &row) == TBL_FAILED)
        return TBL_FAILED;
    return row ? taken(draft, row, TBL_CLAIM_ADDRESS_TAKEN, type, value, claim) : TBL_FOUND;
}

TblResult
tbl_claim_address(TblDraft *draft, guint64 self, TblSlice type, TblSlice value, TblClaim *claim)
{
    g_autofree char *key = tbl_proxy_key(type, value);
    return tbl_claim_key(draft, self, key, type, value, claim);
}

static bool
has_address(const TblObject *object, const char *key)
{
    for (guint i = 0; key && i < object->addresses->len; i++) {
        if (g_strcmp0(tbl_proxy_own_key(g_ptr_array_index(object->addresses, i)), key) == 0)
            return true;
    }
    return false;
}

static bool
is_noticed(const TblRows *rows)
{
    const TblRow *row = tbl_rows_get(rows, TBL_ROW_TOMBSTONE);
    return row && tbl_row_is_live_tombstone(row, g_get_real_time() / G_USEC_PER_SEC);
}

/* Where a mirror finds an address that it has no row of; NULL for nowhere. Caller frees. */
static char *
mirrored_key(const TblDomain *domain, const TblRows *rows, const char *key)
{
    if (!domain->mirror || tbl_rows_answer(rows) || is_noticed(rows))
        return NULL;
    return g_strdup_printf("%.*s@%s", (int)(strrchr(key, '@') - key), key, domain->mirror);
}

TblResult
tbl_claim_target(TblDraft *draft, const TblObject *object, TblClaim *claim)
{
    static const TblRowKind owners[] = {TBL_ROW_LOCAL, TBL_ROW_DIRECTORY, TBL_ROW_LOCAL_GENERATED,
                                        TBL_ROW_DIRECTORY_GENERATED};
    TblRows rows;
    *claim = (TblClaim){0};
    if (!object->target)
        return TBL_FOUND;
    TblSlice type = tbl_slice(object->target->type), value = tbl_slice(object->target->value);
    const char *key = tbl_proxy_own_key(object->target);
    if (load_rows(draft, key, &rows) == TBL_FAILED)
        return TBL_FAILED;
    const TblRow *row;
    if (other_target(draft, key, object->id, &rows, &row) == TBL_FAILED)
        return TBL_FAILED;
    if (row)
        return taken(draft, row, TBL_CLAIM_TARGET_TAKEN, type, value, claim);
    const TblRow *owner = other_row(&rows, owners, G_N_ELEMENTS(owners), object->id);
    const TblDomain *domain = declared_domain(draft, type, value);
    if (!domain)
        return owner ? taken(draft, owner, TBL_CLAIM_TARGET_TAKEN, type, value, claim) : TBL_FOUND;
    TblView *view = tbl_draft_view(draft);
    bool relay = tbl_domains_class(view->domains(view), domain) == TBL_DOMAIN_RELAY;
    if (owner || (relay && has_address(object, key)))
        return TBL_FOUND;
    g_autofree char *mirrored = mirrored_key(domain, &rows, key);
    if (mirrored && load_rows(draft, mirrored, &rows) == TBL_FAILED)
        return TBL_FAILED;
    if (mirrored && (other_row(&rows, owners, G_N_ELEMENTS(owners), object->id) ||
                     (relay && has_address(object, mirrored))))
        return TBL_FOUND;
    claim->fault = TBL_CLAIM_TARGET_INVALID;
    claim->reason = g_strdup_printf("the target %s:%s lies in the declared domain %s; there it "
                                    "must be an address of another object%s",
                                    object->target->type, object->target->value, domain->name,
                                    relay ? " or the remote's own" : "");
    return TBL_FOUND;
}
