#include "gif/guard.h"

#include "tables/maps.h"
#include "tables/object_brief.h"

/* So few removals are never a breach of a percentage: small stores live. */
#define FLOOR 5

struct GifGuard {
    guint64 limit;
    bool percent;
    GPtrArray *keep;    /* char *: SMTP addresses without their type, others as TYPE:value */
    GHashTable *stands; /* those that resolved before; borrowed keys */
    guint64 objects, addresses; /* of the local origin before; set by the check */
};

void
gif_guard_free(GifGuard *guard)
{
    if (guard) {
        g_ptr_array_unref(guard->keep);
        g_hash_table_unref(guard->stands);
        g_free(guard);
    }
}

/* A `TYPE:value` of another type than SMTP. `value` is what stands behind the type, or all of a
 * text without one, which is an SMTP address. */
static bool
is_other_type(const char *text, TblSlice *type, TblSlice *value)
{
    if (tbl_proxy_split(tbl_slice(text), type, value) != 0) {
        *value = tbl_slice(text);
        return false;
    }
    return type->len != strlen("smtp") || g_ascii_strncasecmp(type->ptr, "smtp", type->len) != 0;
}

bool
gif_guard_add_must_keep(GifGuard *guard, const char *const *must_keep, GError **error)
{
    for (gsize i = 0; must_keep && must_keep[i]; i++) {
        TblAddress address;
        TblSlice type, value;
        bool other = is_other_type(must_keep[i], &type, &value);
        g_autofree char *key = other ? tbl_proxy_key(type, value) : NULL;
        if (other ? !key : !tbl_address_parse(&address, value)) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "must-keep: %s is no address", must_keep[i]);
            return false;
        }
        g_ptr_array_add(guard->keep, g_strdup(other ? must_keep[i] : value.ptr));
    }
    return true;
}

GifGuard *
gif_guard_new(const char *max_delete, const char *const *must_keep, GError **error)
{
    g_autoptr(GifGuard) guard = g_new0(GifGuard, 1);
    guard->keep = g_ptr_array_new_with_free_func(g_free);
    guard->stands = g_hash_table_new(g_str_hash, g_str_equal);
    g_autofree char *number = g_strdup(max_delete);
    guard->percent = g_str_has_suffix(number, "%");
    if (guard->percent) {
        number[strlen(number) - 1] = '\0';
    }
    if (!g_ascii_string_to_unsigned(number, 10, 0, guard->percent ? 100 : G_MAXINT64, &guard->limit,
                                    NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "max-delete: %s is neither a number nor a percentage from 0%% to 100%%",
                    max_delete);
        return NULL;
    }
    return gif_guard_add_must_keep(guard, must_keep, error) ? g_steal_pointer(&guard) : NULL;
}

/* Does an object have it? */
static TblResult
proxy_stands(TblDraft *draft, TblSlice type, TblSlice value)
{
    g_autofree char *key = tbl_proxy_key(type, value);
    TblRows rows;
    TblResult result = key ? tbl_draft_rows(draft, key, &rows) : TBL_NOTFOUND;
    return result == TBL_FOUND && !tbl_rows_answer(&rows) ? TBL_NOTFOUND : result;
}

/* Does mail for an address find somebody? In undeclared domains, and for other types than SMTP:
 * does an object have it? */
static TblResult
address_stands(TblDraft *draft, const TblConfig *config, const char *text)
{
    TblSlice type, value;
    if (is_other_type(text, &type, &value)) {
        return proxy_stands(draft, type, value);
    }
    TblContext context = {tbl_draft_view(draft), config, g_get_real_time() / G_USEC_PER_SEC};
    TblRecipient recipient;
    tbl_maps_recipient(&context, tbl_slice(text), &recipient);
    if (recipient.kind == TBL_RECIPIENT_FAILED) {
        return TBL_FAILED;
    }
    if (recipient.kind != TBL_RECIPIENT_NOT_OURS) {
        return recipient.kind == TBL_RECIPIENT_FOUND ? TBL_FOUND : TBL_NOTFOUND;
    }
    TblAddress address;
    TblLocation location;
    if (!tbl_address_parse(&address, tbl_slice(text))) {
        return TBL_NOTFOUND;
    }
    tbl_resolve_locate(&context, &address, NULL, &location);
    return location.result;
}

bool
gif_guard_begin(GifGuard *guard, TblDraft *draft, const TblConfig *config)
{
    TblView *view = tbl_draft_view(draft);
    /* In a store without objects nothing resolves yet. */
    for (guint i = 0; view->populated(view) && i < guard->keep->len; i++) {
        TblResult result = address_stands(draft, config, g_ptr_array_index(guard->keep, i));
        if (result == TBL_FAILED) {
            return false;
        }
        if (result == TBL_FOUND) {
            g_hash_table_add(guard->stands, g_ptr_array_index(guard->keep, i));
        }
    }
    return true;
}

static bool
over_limit(const GifGuard *guard, guint64 gone, guint64 before)
{
    if (!guard->percent) {
        return gone > guard->limit;
    }
    return gone > FLOOR && gone * 100 > before * guard->limit;
}

static bool
count_local(TblSlice key, TblSlice value, gpointer data)
{
    GifGuard *guard = data;
    TblObjectBrief brief;
    (void)key;
    if (!tbl_object_brief(value, &brief)) {
        return false;
    }
    if (brief.origin == TBL_ORIGIN_LOCAL) {
        guard->objects++;
        guard->addresses += brief.addresses;
    }
    return true;
}

static bool
stop_at_first(TblSlice key, TblSlice value, gpointer data)
{
    bool *any = data;
    (void)key;
    (void)value;
    *any = true;
    return false;
}

/* What the local origin held before the run. The store counts all origins together, so where the
 * directory has objects they are counted one by one. False: the store failed. */
static bool
count_before(GifGuard *guard, TblDraft *draft, const GifChanges *changes)
{
    const TblMeta *base = tbl_draft_base(draft);
    TblReader *reader = tbl_draft_reader(draft);
    g_autofree char *directory = tbl_name_key(TBL_ORIGIN_DIRECTORY, ""); /* the last of origins */
    bool any = false;
    guard->objects = base->objects;
    guard->addresses = base->addresses;
    if (changes->deleted == 0 && changes->addresses_gone == 0) {
        return true;
    }
    if (tbl_reader_each(reader, TBL_DB_NAMES, tbl_slice(directory), stop_at_first, &any) !=
        TBL_FOUND) {
        return false;
    }
    if (!any) {
        return true;
    }
    guard->objects = guard->addresses = 0;
    TblResult result = tbl_reader_each(reader, TBL_DB_OBJECTS, (TblSlice){0}, count_local, guard);
    return result == TBL_FOUND;
}

GifGuardResult
gif_guard_check(GifGuard *guard, TblDraft *draft, const TblConfig *config,
                const GifChanges *changes, char **reason)
{
    for (guint i = 0; i < guard->keep->len; i++) {
        const char *address = g_ptr_array_index(guard->keep, i);
        if (!g_hash_table_contains(guard->stands, address)) {
            continue;
        }
        TblResult result = address_stands(draft, config, address);
        if (result == TBL_FAILED) {
            return GIF_GUARD_FAILED;
        }
        if (result == TBL_NOTFOUND) {
            *reason = g_strdup_printf(
                "%s must be kept and would not resolve any more; --force overrides", address);
            return GIF_GUARD_MUST_KEEP;
        }
    }
    if (!count_before(guard, draft, changes)) {
        return GIF_GUARD_FAILED;
    }
    if (over_limit(guard, changes->deleted, guard->objects) ||
        over_limit(guard, changes->addresses_gone, guard->addresses)) {
        *reason = g_strdup_printf("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                                  " objects and %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                                  " addresses would go, more than max-delete %" G_GUINT64_FORMAT
                                  "%s allows; --force overrides",
                                  changes->deleted, guard->objects, changes->addresses_gone,
                                  guard->addresses, guard->limit, guard->percent ? "%" : "");
        return GIF_GUARD_MAX_DELETE;
    }
    return GIF_GUARD_PASSED;
}

char *
gif_guard_describe(const GifGuard *guard, const GifChanges *changes)
{
    g_autofree char *limit =
        guard->percent
            ? g_strdup_printf("%" G_GUINT64_FORMAT "%% (%d in any case)", guard->limit, FLOOR)
            : g_strdup_printf("%" G_GUINT64_FORMAT, guard->limit);
    return g_strdup_printf("Passed: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                           " objects and %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                           " addresses go, max-delete allows %s; %u addresses of must-keep stay.",
                           changes->deleted, guard->objects, changes->addresses_gone,
                           guard->addresses, limit, g_hash_table_size(guard->stands));
}
