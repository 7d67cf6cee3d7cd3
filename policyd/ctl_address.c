/* address add, remove, promote. */
#include "policyd/ctl_object.h"
#include "policyd/ctl_tombstone.h"

#include "tables/address.h"

#include <string.h>

/* ---- add ---- */

static int
add_address(PdCtlChange *change, const char *summary, const char *name, TblProxy *address)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *key = tbl_proxy_key(tbl_slice(address->type), tbl_slice(address->value));
    g_autoptr(TblObject) before = pd_ctl_named(change, name, &error);
    if (!before)
        return pd_ctl_error(error);
    if (pd_ctl_address_index(before, key) >= 0)
        return TBL_EXIT_OK;
    g_autoptr(TblObject) after = tbl_object_copy(before);
    bool primary = !tbl_object_primary(after, address->type);
    g_ptr_array_add(after->addresses,
                    tbl_proxy_new(tbl_slice(address->type), tbl_slice(address->value), primary));
    if (!pd_ctl_claim(change, before, after, &error))
        return pd_ctl_error(error);
    return pd_ctl_object_commit(change, summary, before, after);
}

/* ---- remove ---- */

static guint
count_of_type(const TblObject *object, const char *type)
{
    guint count = 0;
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        count += strcmp(proxy->type, type) == 0;
    }
    return count;
}

static int
remove_address(PdCtlChange *change, const char *summary, const TblObject *before, const char *key,
               const PdCtlTombstone *tombstone)
{
    g_autoptr(GError) error = NULL;
    guint index = (guint)pd_ctl_address_index(before, key);
    const TblProxy *address = g_ptr_array_index(before->addresses, index);
    if (address->primary && count_of_type(before, address->type) > 1)
        return pd_ctl_fail(
            TBL_EXIT_FAILED,
            "%s is the %s primary of \"%s\", which has secondaries; promote one of them first",
            address->value, address->type, before->name);
    g_autoptr(TblObject) after = tbl_object_copy(before);
    g_ptr_array_remove_index(after->addresses, index);
    if (!pd_ctl_tombstone_leave(change, tombstone, address, &error) ||
        !tbl_draft_put(change->draft, after, &error) ||
        !pd_ctl_tombstone_check(change, tombstone, &error))
        return pd_ctl_error(error);
    return pd_ctl_object_commit(change, summary, before, after);
}

/* ---- promote ---- */

static int
promote_address(PdCtlChange *change, const char *summary, const TblObject *before, const char *key)
{
    g_autoptr(TblObject) after = tbl_object_copy(before);
    TblProxy *address =
        g_ptr_array_index(after->addresses, (guint)pd_ctl_address_index(after, key));
    if (address->primary)
        return TBL_EXIT_OK;
    for (guint i = 0; i < after->addresses->len; i++) {
        TblProxy *other = g_ptr_array_index(after->addresses, i);
        if (strcmp(other->type, address->type) == 0)
            other->primary = false;
    }
    address->primary = true;
    return pd_ctl_object_commit(change, summary, before, after);
}

/* ---- Verbs ---- */

int
pd_ctl_address_add(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {{0}};
    g_autofree char *summary = pd_ctl_summary("address add", argc, argv);
    int code = pd_ctl_options(entries, "NAME ADDRESS", 2, 2, &argc, argv);
    if (code != 0)
        return code;
    g_autoptr(TblProxy) address = pd_ctl_proxy(argv[2], false, &error);
    g_autoptr(PdCtlChange) change = address ? pd_ctl_change_new(config, &error) : NULL;
    return change ? add_address(change, summary, argv[1], address) : pd_ctl_error(error);
}

/* The object that has an address; NULL with an error. */
static TblObject *
find_holder(PdCtlChange *change, const TblProxy *address, const char *key, GError **error)
{
    g_autoptr(TblObject) holder = pd_ctl_holder(change, address, key, error);
    if (!holder || pd_ctl_address_index(holder, key) >= 0)
        return g_steal_pointer(&holder);
    g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED,
                "the store is damaged: \"%s\" has a row for %s that it should not have",
                holder->name, address->value);
    return NULL;
}

int
pd_ctl_address_remove(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_auto(PdCtlNotice) notice = {0};
    g_auto(PdCtlTombstone) tombstone = {0};
    GOptionEntry entries[PD_CTL_NOTICE_ENTRIES];
    g_autofree char *summary = pd_ctl_summary("address remove", argc, argv);
    pd_ctl_notice_entries(&notice, entries);
    pd_ctl_notice_prepare(argc, argv);
    int code =
        pd_ctl_options(entries, "ADDRESS [--moved-to=ADDRESS | --gone[=TEXT]] [--for=DURATION]", 1,
                       1, &argc, argv);
    if (code != 0)
        return code;
    g_autoptr(TblProxy) address = pd_ctl_proxy(argv[1], false, &error);
    if (!address || !pd_ctl_tombstone_read(&notice, address, &tombstone, &error))
        return pd_ctl_error(error);
    g_autofree char *key = tbl_proxy_key(tbl_slice(address->type), tbl_slice(address->value));
    g_autoptr(PdCtlChange) change = pd_ctl_change_new(config, &error);
    g_autoptr(TblObject) holder = change ? find_holder(change, address, key, &error) : NULL;
    return holder ? remove_address(change, summary, holder, key, &tombstone) : pd_ctl_error(error);
}

int
pd_ctl_address_promote(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {{0}};
    g_autofree char *summary = pd_ctl_summary("address promote", argc, argv);
    int code = pd_ctl_options(entries, "ADDRESS", 1, 1, &argc, argv);
    if (code != 0)
        return code;
    g_autoptr(TblProxy) address = pd_ctl_proxy(argv[1], false, &error);
    if (!address)
        return pd_ctl_error(error);
    g_autofree char *key = tbl_proxy_key(tbl_slice(address->type), tbl_slice(address->value));
    g_autoptr(PdCtlChange) change = pd_ctl_change_new(config, &error);
    g_autoptr(TblObject) holder = change ? find_holder(change, address, key, &error) : NULL;
    return holder ? promote_address(change, summary, holder, key) : pd_ctl_error(error);
}
